"""Telegram's own ways: ten photos that are one message, a like that rings no bell, and a rep who lets the bot answer in their own account."""

import pytest

from sandbox.telegram.shapes import Json
from tests.walks.desk import Desk, Phone, card_of, customer, labels, taken

pytestmark = pytest.mark.asyncio(loop_scope="session")
PHOTOS = [b"\x89PNG photo %d" % number for number in range(4)]
SAID = "SELECT m.text FROM messages m JOIN conversations c ON c.id = m.conversation_id WHERE c.address = ? AND m.author = 'contact' ORDER BY m.id"
FILES = "SELECT count(*) FROM attachments a JOIN messages m ON m.id = a.message_id JOIN conversations c ON c.id = m.conversation_id WHERE c.address = ?"
SHOWN = """SELECT count(DISTINCT external_id) FROM deliveries WHERE address = ? AND state = 'sent' AND payload LIKE '%"media": [%'"""
HELD = "SELECT r.name, c.waiting_since > 0 FROM conversations c LEFT JOIN reps r ON r.id = c.rep_id WHERE c.address LIKE ?"


async def send_album(who: Phone, photos: list[bytes], album: str, caption: str = "") -> None:
    for place, photo in enumerate(photos):
        await who.send_file("photo", f"{place}.png", photo, media_group_id=album, caption=caption if place == 0 else "")


async def test_a_strangers_album_is_one_message_that_is_answered_once(desk: Desk, rep: Phone) -> None:
    who = await customer(desk.house, "gayane")
    await send_album(who, PHOTOS, "7001", "Can you make doors like these?")
    await who.sees("Marani")
    await desk.house.until(FILES, str(who.id), want=[(4,)])
    assert desk.house.rows(SAID, str(who.id)) == [("Can you make doors like these?",)]
    card = await rep.sees("[photo ×4]")
    assert "Can you make doors like these?" in card["text"]
    assert sum("Marani" in words for words in await who.heard()) == 1
    await rep.press(card, "Take")


async def test_a_rep_gets_an_album_as_one_post_and_the_rest_when_they_ask(rep: Phone) -> None:
    who, card = await taken(rep, "haykuhi")
    await send_album(who, PHOTOS, "7002", "The old door")
    post = await rep.sees("[4 files in all]", after=card["message_id"])
    assert "The old door" in post["text"]
    assert labels(post) == ["Show all files", "📌 Task"]
    posts = [message for message in (await rep.chat())["messages"] if message["message_id"] > card["message_id"] and "file" in message]
    assert len(posts) == 1
    await rep.house.until("SELECT count(*) FROM attachments WHERE state = 'ready' AND message_id = (SELECT max(message_id) FROM attachments)", want=[(4,)])
    await rep.press(post, "Show all files")
    await rep.house.until(SHOWN, str(rep.id), want=[(4,)])


async def test_a_like_stands_on_the_card_and_rings_no_bell(rep: Phone) -> None:
    who, card = await taken(rep, "inga")
    await rep.answer(card, "It is ready")
    answered = await who.sees("It is ready")
    before = await rep.last_id()
    await who.do("react", message_id=answered["message_id"], emoji="👍")
    await rep.sees("reacted: \u2068👍")
    # Other people's customers may ring meanwhile; this one does not.
    assert not [message for message in (await rep.chat())["messages"] if message["message_id"] > before and "Inga" in message["text"]]
    await who.do("react", message_id=answered["message_id"], emoji="👎")
    assert (await rep.sees("👎", after=before))["message_id"] > before


class Account:
    """A rep's own account, to which they connected the customers' bot."""

    def __init__(self, rep: Phone) -> None:
        self.rep = rep

    async def do(self, deed: str, who: str = "", **body: object) -> Json:
        return await self.rep.house.hands.post("/play/own/" + "/".join(filter(None, (self.rep.name, who, deed))), {"bot": "customer", **body})

    async def shown(self, who: str) -> list[tuple[str, bool]]:
        return [(message["text"], message["for_owner"]) for message in (await self.do("chat", who))["messages"]]


async def test_a_rep_answers_in_their_own_account_through_the_staff_bot_and_by_hand(rep: Phone) -> None:
    own, who = Account(rep), await customer(rep.house, "karine")
    await own.do("connect")
    await rep.house.until("SELECT may_write FROM own_accounts WHERE owner = ?", str(rep.id), want=[(1,)])
    await own.do("say", who.name, text="Hello! You gave me your card at the fair")
    card = await card_of(rep, "karine")
    assert "🟢 Yours" in card["text"]
    assert rep.house.rows(HELD, f"{who.id}@%") == [(rep.name.title(), 1)]
    await rep.answer(card, "I remember you. What can I make?")
    await rep.house.until(HELD, f"{who.id}@%", want=[(rep.name.title(), 0)])
    await rep.sees("Our last answer: sent ✓")
    assert (await own.shown(who.name))[1:] == [("I remember you. What can I make?", True)]
    await own.do("say", who.name, text="A bookshelf")
    await rep.house.until(HELD, f"{who.id}@%", want=[(rep.name.title(), 1)])
    await own.do("say", who.name, by="owner", text="With pleasure")
    await rep.house.until(HELD, f"{who.id}@%", want=[(rep.name.title(), 0)])
    await rep.sees("answered elsewhere: \u2068With pleasure")
    assert await who.heard() == []


async def test_the_same_person_at_the_bot_is_somebody_else_until_a_person_says_so(desk: Desk, rep: Phone) -> None:
    own, who = Account(rep), await customer(desk.house, "lusine")
    await who.say("Hello bot")
    await who.sees("Marani")
    await own.do("connect")
    await own.do("say", who.name, text="Hello rep")
    await desk.house.until(
        "SELECT reason FROM suggestions s JOIN identities i ON i.contact_id IN (s.contact_id, s.other_id) WHERE i.external_id = ?", str(who.id)
    )
    assert [len(desk.house.rows(SAID, address)) for address in (str(who.id), f"{who.id}@own{rep.id}")] == [1, 1]


async def test_a_rep_who_takes_the_bot_off_their_account_is_told_that_nothing_arrives_there(rep: Phone) -> None:
    own, who = Account(rep), await customer(rep.house, "satenik")
    await own.do("connect")
    await own.do("say", who.name, text="Hello rep")
    card = await card_of(rep, "satenik")
    await own.do("disconnect")
    await rep.house.until("SELECT reachable FROM identities WHERE external_id = ?", f"{who.id}@own{rep.id}", want=[(0,)])
    await rep.answer(card, "Are you there?")
    assert "failed" in (await rep.sees("failed"))["text"]
    assert await own.shown(who.name) == [("Hello rep", False)]
