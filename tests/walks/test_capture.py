"""Without typing, told as it goes: a card is photographed, a voice is kept, an old chat is brought along, and each of them is taken back."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.walks.desk import Desk, Phone, labels, taken

pytestmark = pytest.mark.asyncio(loop_scope="session")
CARDS = Path(__file__).parents[1] / "crm" / "exchange" / "cards"
NAMED = "SELECT name FROM contacts WHERE name = ?"
NOTES = "SELECT count(*) FROM notes WHERE attachment_id IN (SELECT id FROM attachments WHERE state = ?)"
SAID = "SELECT author, text FROM messages WHERE once LIKE ? ORDER BY id"
TALK = "12/03/2024, 14:05 - Zara Past: Is the green sofa there?\n12/03/2024, 14:06 - Marani: Yes, come by\n"


@pytest_asyncio.fixture(loop_scope="session")
async def manager(desk: Desk) -> AsyncIterator[Phone]:
    """The manager of the desk."""
    yield desk.manager


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="no Debian package tesseract-ocr here")
async def test_a_photographed_card_becomes_a_person(manager: Phone) -> None:
    await manager.send_file("photo", "card.png", (CARDS / "ru.png").read_bytes())
    asked = await manager.sees("Is it right?")
    assert "Иван Сергеевич Петров" in asked["text"]
    assert len(labels(asked)) <= 8
    await manager.press(asked, "✅ Add")
    kept = await manager.sees("is kept")
    assert manager.house.rows(NAMED, "Иван Сергеевич Петров")
    await manager.house.until(NOTES, "ready", want=[(1,)])
    await manager.press(kept, "The whole card")
    await manager.sees("Past")
    await manager.press(kept, "Undo")
    await manager.sees("Taken back")
    await manager.house.until(NAMED, "Иван Сергеевич Петров", want=[])


async def test_a_voice_at_a_card_is_a_note_that_can_be_played(manager: Phone) -> None:
    _, card = await taken(manager, "Voicy Customer", "Is the blue lamp there?")
    await manager.send_file("voice", "v.ogg", b"OggS-a-voice", reply_to=str(card["message_id"]))
    await manager.sees("Kept as a note")
    await manager.house.until(NOTES, "ready", want=[(1,)])
    await manager.press(card, "⋯ More")
    more = await manager.sees("What shall it be about")
    while "📎 Kept with notes" not in labels(more):
        await manager.press(more, "More")
        more = await manager.sees("What shall it be about", since=more["revision"])
    await manager.press(more, "📎 Kept with notes")
    shown = await manager.sees("What is kept with notes")
    await manager.press(shown, labels(shown)[0])
    played = await manager.sees("Voicy", after=shown["message_id"])
    assert played["file"]


async def test_an_old_chat_is_brought_along_found_and_taken_back(manager: Phone) -> None:
    await manager.send_file("document", "WhatsApp Chat with Zara Past.txt", TALK.encode())
    asked = await manager.sees("1 old chat of WhatsApp")
    await manager.press(asked, "Check it")
    ready = await manager.sees("they stand as history")
    assert "2 new messages" in ready["text"]
    assert manager.house.rows(SAID, "past:%") == []
    await manager.press(ready, "Bring in 2")
    done = await manager.sees("stands on the cards")
    assert manager.house.rows(SAID, "past:%") == [("contact", "Is the green sofa there?"), ("rep", "Yes, come by")]
    await manager.press(done, "Undo")
    await manager.press(await manager.sees("Take back all that"), "Undo")
    await manager.house.until(SAID, "past:%", want=[])
    await manager.house.until(NAMED, "Zara Past", want=[])
