"""Bringing one's own people in, told as it goes in the staff bot: looked at, tried, brought in, and a mistyped list taken back."""

import io
import zipfile
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from sandbox.telegram.shapes import Json
from tests.walks.desk import ON_DUTY, Desk, Phone, card_of, go_home, labels, taken

pytestmark = pytest.mark.asyncio(loop_scope="session")
PEOPLE = "SELECT name FROM contacts WHERE name LIKE ? ORDER BY name"
PIN = "58203917"
LIST = "Имя;Телефон;Компания\nWalk Anna;+374 91 700001;Marani\nWalk Bagrat;091 70 00 02;Marani\nWalk Nobody;;\n".encode("cp1251")


@pytest_asyncio.fixture(loop_scope="session")
async def manager(desk: Desk) -> AsyncIterator[Phone]:
    """The manager of the desk, in whose chat a list is brought in."""
    yield desk.manager


async def test_a_mistyped_import_is_undone(manager: Phone) -> None:
    await manager.send_file("document", "people.csv", LIST)
    asked = await manager.sees("What the columns are")
    assert "Имя" in asked["text"]
    assert labels(asked) == ["Check it", "Change a column", "Leave it"]
    await manager.press(asked, "Check it")
    ready = await manager.sees("nothing is written yet", after=asked["message_id"] - 1)
    assert "2 new people" in ready["text"]
    assert (await manager.sees("What each row would do"))["file"]["name"] == "people-check.csv"
    assert manager.house.rows(PEOPLE, "Walk %") == []
    await manager.press(ready, "Bring in 2")
    done = await manager.sees("✅ Brought in", after=asked["message_id"] - 1)
    assert manager.house.rows(PEOPLE, "Walk %") == [("Walk Anna",), ("Walk Bagrat",)]
    await manager.press(done, "Undo")
    await manager.press(await manager.sees("Take back all that", after=asked["message_id"] - 1), "Undo")
    await manager.sees("everything is as it was before", after=asked["message_id"] - 1)
    assert manager.house.rows(PEOPLE, "Walk %") == []


async def test_a_column_that_was_guessed_wrong_is_put_right_by_buttons(manager: Phone) -> None:
    await manager.send_file("document", "odd.csv", b"Who;Where\nOdd Lilit;+374 91 700011\n")
    asked = await manager.sees("odd.csv")
    asked = await manager.sees("What the columns are", after=asked["message_id"] - 1)
    await manager.press(asked, "Change a column")
    await manager.press(await manager.sees("Which column"), "1. Who")
    await manager.press(await manager.sees("What is “Who”?"), "Name")
    await manager.sees("Who\u2069 → Name")
    await manager.press(asked, "Change a column")
    await manager.press(await manager.sees("Which column"), "2. Where")
    await manager.press(await manager.sees("What is “Where”?"), "Phone")
    await manager.sees("Where\u2069 → Phone")
    await manager.press(asked, "Check it")
    await manager.press(await manager.sees("1 new person"), "Bring in 1")
    await manager.house.until(PEOPLE, "Odd %", want=[("Odd Lilit",)])


async def test_an_address_book_and_a_pasted_table_come_in_as_well(manager: Phone) -> None:
    await manager.say("/import")
    await manager.sees("Send me your people")
    await manager.say("Name\tPhone\nPasted Gor\t+374 91 700021")
    asked = await manager.sees("table.txt")
    await manager.press(await manager.sees("What the columns are", after=asked["message_id"] - 1), "Check it")
    await manager.press(await manager.sees("1 new person", after=asked["message_id"] - 1), "Bring in 1")
    await manager.house.until(PEOPLE, "Pasted %", want=[("Pasted Gor",)])
    await manager.send_file("document", "phone.vcf", b"".join(map(card, ("Card Hasmik", "Card Sona"), ("+37491700022", "+37491700023"))))
    card_post = await manager.sees("phone.vcf")
    await manager.press(await manager.sees("What the columns are", after=card_post["message_id"] - 1), "Check it")
    await manager.press(await manager.sees("2 new people", after=card_post["message_id"] - 1), "Bring in 2")
    await manager.house.until(PEOPLE, "Card %", want=[("Card Hasmik",), ("Card Sona",)])


def card(name: str, phone: str) -> bytes:
    """Somebody as a phone shares them."""
    return f"BEGIN:VCARD\nVERSION:3.0\nFN:{name}\nTEL:{phone}\nEND:VCARD\n".encode()


async def served(manager: Phone, name: str, words: str) -> tuple[Phone, Json]:
    """A customer who wrote to the manager, and their card."""
    await manager.say("/available")
    await manager.house.until(ON_DUTY, str(manager.id), want=[(1,)])
    who, _ = await taken(manager, name, words)
    await go_home(manager)
    return who, await card_of(manager, name)


async def prove(manager: Phone, after: int) -> int:
    """Show that it is they, by a PIN; answers the number of the question."""
    asked = await manager.sees("PIN", after=after)
    await manager.say(PIN)
    await manager.press(await manager.sees("For five minutes you may go on", after=asked["message_id"]), "Do it now")
    return int(asked["message_id"])


async def zipped(manager: Phone, after: int) -> zipfile.ZipFile:
    """The archive that came."""
    made = await manager.sees("It holds personal data", after=after)
    return zipfile.ZipFile(io.BytesIO(await manager.file_of(made)))


async def test_everything_and_one_persons_data_come_as_files_after_a_second_look(manager: Phone) -> None:
    _, card = await served(manager, "yeva", "Hello, my words are mine")
    await manager.say("/export")
    offer = await manager.sees("everything the firm has")
    assert labels(offer) == ["Everything", "With people's files"]
    await manager.press(offer, "Everything")
    asked = await prove(manager, offer["message_id"])
    with await zipped(manager, asked) as book:
        assert {"people.csv", "messages.csv", "everything/contacts.jsonl"} <= set(book.namelist())
    await manager.say("/export", reply_to=card["message_id"])
    offer = await manager.sees("for them to read")
    await manager.press(offer, labels(offer)[0])
    with await zipped(manager, offer["message_id"]) as book:
        assert "my words are mine" in book.read("index.html").decode()


async def test_a_person_is_forgotten_and_is_a_stranger_when_they_write_again(manager: Phone) -> None:
    who, card = await served(manager, "zaruhi", "Hello, forget these words")
    await manager.say("/erase", reply_to=card["message_id"])
    offer = await manager.sees("This cannot be undone")
    await manager.press(offer, "Erase for good")
    asked = await prove(manager, offer["message_id"])
    certificate = await manager.sees("It holds personal data", after=asked)
    assert b"Certificate of erasure" in await manager.file_of(certificate)
    assert manager.house.rows("SELECT 1 FROM messages WHERE text = ?", "Hello, forget these words") == []
    await who.say("Hello once more")
    await manager.house.until("SELECT COUNT(*) FROM identities WHERE external_id = ?", str(who.id), want=[(1,)])


async def test_the_file_for_whoever_helps_comes_as_a_document_with_nobodys_words(manager: Phone) -> None:
    who, _ = await served(manager, "vardan", "Hello, my secret is walnut")
    asked = await manager.say("/support")
    made = await manager.sees("No names, messages or passwords are in it", after=asked)
    words = (await manager.file_of(made)).decode()
    assert all(part in words for part in ("telegram: well", "DOCTOR", "contacts: ", "to be read, customers: "))
    assert not [one for one in ("vardan", "walnut", str(who.id), str(manager.house.folder), "@") if one in words.lower()]
