"""Capture at the staff's hands: a contact, a card, a voice, a forwarded message; nothing of it reaches a customer unless a button sends it."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from bots.staff.menus import MOST
from bots.staff.updates import Origin, Shared, Text, read
from crm.base.actors import Role
from crm.base.events import MediaRef
from crm.conversations.threads import Conversation, Note
from crm.exchange.works import Exchange
from crm.people.contacts import Contact
from crm.tables import TABLES
from scheduler.works import work_once
from tests.bots.staff.firm import label, labels, press
from tests.bots.staff.office import Office
from tests.bots.staff.test_updates import update

CARDS = Path(__file__).parents[2] / "crm" / "exchange" / "cards"
ORIGIN = {"type": "user", "sender_user": {"id": 5, "is_bot": False, "first_name": "Nare", "last_name": "Avagyan"}, "date": 100}


async def work(office: Office, tmp_path: Path) -> None:
    """What is read behind the bot is read."""

    async def fetch(account: str, ref: MediaRef):  # type: ignore[no-untyped-def]  # noqa: ANN202
        async for piece in office.staff.fetch_media(ref):
            yield piece

    exchange = Exchange(office.store, tmp_path, office.company, office.now, TABLES, fetch)
    while await work_once(office.store, exchange, "here", office.now):
        pass
    await office.show()


async def people(office: Office) -> list[str]:
    return await office.store.read(lambda s: list(s.scalars(select(Contact.name).order_by(Contact.id))))


async def notes(office: Office) -> list[tuple[str, str, bool]]:
    return await office.store.read(lambda s: [(one.text, one.source, one.attachment_id is not None) for one in s.scalars(select(Note).order_by(Note.id))])


async def forward(office: Office, person: str, chat_id: int, message_id: int, words: str, **more: object) -> None:
    """A member forwards something; the sandbox has no hands for it, so that the update is made here."""
    who = {"id": chat_id, "is_bot": False, "first_name": person.title(), "language_code": "en"}
    message = {"message_id": message_id, "from": who, "chat": {"id": chat_id, "type": "private"}, "date": 200, "text": words, "forward_origin": ORIGIN, **more}
    from crm.inbox.desk import claim_desk, done
    from crm.inbox.log import keep

    await office.store.gather(keep, [office.raw({"update_id": 9_000_000 + message_id, "message": message})])
    for claimed in await office.store.write(lambda s: claim_desk(s, now=office.now(), limit=100)):
        await office.staff.drive(claimed)
        await office.store.write(lambda s, one=claimed: done(s, [one], now=office.now()))  # type: ignore[misc]
    await office.show()


def test_a_shared_contact_and_an_origin_are_read() -> None:
    contact = {"phone_number": "37491555000", "first_name": "Anna", "last_name": "P", "user_id": 7, "vcard": "BEGIN:VCARD"}
    said = read(update(text=None, contact=contact))
    assert isinstance(said, Text)
    assert (said.contact, said.text) == (Shared("Anna P", "37491555000", 7, "BEGIN:VCARD"), "")
    said = read(update(forward_origin=ORIGIN))
    assert isinstance(said, Text)
    assert said.origin == Origin("Nare Avagyan", 5, 100_000)


@pytest.mark.parametrize("contact", [{}, {"phone_number": ""}, {"phone_number": 5}, {"phone_number": None, "first_name": "x"}])
def test_a_contact_without_a_number_says_nothing(contact: dict[str, object]) -> None:
    assert not isinstance(read(update(text=None, contact=contact)), Text)


@pytest.mark.parametrize(
    ("origin", "name"),
    [
        ({"type": "hidden_user", "sender_user_name": "Hidden", "date": 1}, "Hidden"),
        ({"type": "channel", "chat": {"id": -1, "title": "News"}, "date": 1}, "News"),
        ({"type": "chat", "sender_chat": {"id": -1, "title": "Group"}, "date": 1}, "Group"),
        ({"type": 5, "sender_user": "x", "date": "y"}, ""),
    ],
)
def test_whoever_hides_is_named_as_far_as_is_told(origin: dict[str, object], name: str) -> None:
    said = read(update(forward_origin=origin))
    assert isinstance(said, Text)
    assert said.origin
    assert said.origin.name == name


async def test_a_shared_contact_is_looked_at_corrected_and_added_and_taken_back(office: Office) -> None:
    await office.member("ruben")
    await office.hands.do("ruben", "contact", bot="staff", phone="+37491555000", user_id=0)
    await office.settle()
    asked = await office.find("ruben", "Is it right?")
    assert "+37491555000" in str(asked["text"])
    assert len(labels(asked)) <= MOST
    question = await press(office, "ruben", asked, "✏️ Company")
    assert "Type what is right" in str(question["text"])
    await office.say("ruben", "Ararat Tours")
    await office.settle()
    fresh = await office.last("ruben")
    assert "Ararat Tours" in str(fresh["text"])
    kept = await press(office, "ruben", fresh, "✅ Add")
    assert labels(kept) == ["The whole card", "Undo"]
    assert len(await people(office)) == 1
    await office.press("ruben", kept, "The whole card")
    assert "Past" in str((await office.last("ruben"))["text"])
    gone = await press(office, "ruben", kept, "Undo")
    assert "Taken back" in str(gone["text"])
    assert await people(office) == []


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="no Debian package tesseract-ocr here")
async def test_a_photographed_card_is_confirmed_field_by_field(office: Office, tmp_path: Path) -> None:
    await office.member("ruben")
    await office.hands.send_file("ruben", "photo", "card.png", (CARDS / "hy.png").read_bytes(), bot="staff")
    await office.settle()
    assert "I am reading it" in (await office.posts("ruben"))[-1]
    await work(office, tmp_path)
    asked = await office.find("ruben", "Is it right?")
    assert "Աննա Պետրոսյան" in str(asked["text"])
    question = await press(office, "ruben", asked, "✏️ Name")
    assert "Վաճառքի մենեջեր" in labels(question)
    asked = await press(office, "ruben", question, "Վաճառքի մենեջեր")
    fresh = await office.last("ruben")
    assert "Վաճառքի մենեջեր" in str(fresh["text"]).splitlines()[1]
    await press(office, "ruben", fresh, "✅ Add")
    assert await people(office) == ["Վաճառքի մենեջեր"]
    assert [filed for _, _, filed in await notes(office)] == [True]


async def test_a_voice_at_a_card_is_a_note_and_leaves_only_by_its_button(office: Office) -> None:
    await office.member("ruben")
    await office.letter("Two bottles, please")
    await office.show()
    card = await office.find("ruben", "Two bottles")
    await office.hands.send_file("ruben", "voice", "v.ogg", b"OggS-voice", bot="staff", reply_to=str(card["message_id"]))
    await office.settle()
    kept = await office.find("ruben", "Kept as a note")
    assert office.letters.sent == []
    assert await notes(office) == [("", "", True)]
    await office.press("ruben", kept, "Undo")
    assert await notes(office) == []
    await office.hands.send_file("ruben", "voice", "v.ogg", b"OggS-voice", bot="staff", reply_to=str(card["message_id"]))
    await office.settle()
    await office.press("ruben", await office.find("ruben", "Kept as a note"), "Send it to them")
    waiting = await office.store.read(lambda s: s.scalars(select(Conversation.rep_id)).one())
    assert waiting is not None


async def test_forwarded_messages_are_gathered_and_become_one_note(office: Office) -> None:
    rep = await office.member("ruben")
    await office.letter("hi", who="nare", name="Nare Avagyan")
    await office.show()
    await forward(office, "ruben", int(rep.address), 801, "I need ten chairs")
    await forward(office, "ruben", int(rep.address), 802, "by Friday")
    asked = await office.find("ruben", "2 things for a note")
    await office.press("ruben", asked, label(asked, "Nare"))
    assert await notes(office) == [("I need ten chairs\nby Friday", "Nare Avagyan", False)]
    assert office.letters.sent == []


async def test_a_forward_of_a_stranger_makes_a_person_and_a_typed_name_finds_one(office: Office) -> None:
    rep = await office.member("ruben", Role.MANAGER)
    await office.letter("hi", who="ann", name="Ann Lee")
    await office.show()
    await forward(office, "ruben", int(rep.address), 801, "I need ten chairs")
    await office.press("ruben", await office.find("ruben", "1 thing for a note"), "Somebody new")
    assert (await people(office))[-1] == "Nare Avagyan"
    assert [source for _, source, _ in await notes(office)] == ["Nare Avagyan"]


async def test_a_bare_voice_asks_whose_note_it_is(office: Office) -> None:
    await office.member("ruben")
    await office.letter("hi")
    await office.show()
    await office.hands.send_file("ruben", "voice", "v.ogg", b"OggS", bot="staff")
    await office.settle()
    asked = await office.find("ruben", "1 thing for a note")
    await office.say("ruben", "nobody of that name")
    await office.settle()
    assert "Nobody is found" in (await office.posts("ruben"))[-1]
    await office.press("ruben", asked, label(asked, "Ann Lee"))
    assert await notes(office) == [("", "", True)]


async def test_what_may_be_handed_over_is_told(office: Office) -> None:
    await office.member("ruben")
    await office.say("ruben", "/capture")
    await office.settle()
    assert "without typing" in (await office.posts("ruben"))[-1]
