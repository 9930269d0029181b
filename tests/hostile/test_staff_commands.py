"""Staff commands (rows 16-18): strangers get one answer, members get words or a clear refusal, and nothing but a typed command in their own chat commands."""

from typing import Any

import pytest
from hypothesis import given

from bots.staff.commands import COMMANDS
from bots.staff.updates import Other, Press, Text, read
from crm.base.actors import Rep, Role
from crm.base.policy import may
from crm.base.text import is_command
from crm.inbox.log import Waiting
from crm.people.contacts import Contact
from crm.people.reps import Invite, Member
from tests.bots.staff.office import Office
from tests.hostile.corpus import TEXTS, anything, steady
from tests.hostile.ledger import amount

MANAGERS = [command.name for command in COMMANDS if not may(Role.REP, command.needs)]
ARGUMENTS = {
    "ten thousand characters": "9" * 10_000,
    "lines": "\n/available\n/invite manager",
    "another bot": "@otherbot",
    "Arabic digits": " ٣",
    "a raised two": " ²",
    "dashes": " --drop --force",
    "quotes": " \"'`; DROP TABLE reps; --",
    "half a character": " \ud800",
    "NUL": " \x00x",
    "turned around": " \u202e1",
    "fields": " {name} %s {{7*7}}",
    "negative": " -1",
    "huge": f" {2**63}",
    "markup": " <b>&lt;</b>",
}


async def update(office: Office, person: str, text: str, **more: Any) -> None:
    """Have an update delivered exactly as it is, and heard."""
    who = (await office.hands.introduce(person, first_name=person.title(), language_code="en"))["person"]
    head = {"id": who["id"], "first_name": "X", "is_bot": False, "language_code": "en"}
    entities = [{"type": "bot_command", "offset": 0, "length": len(text.split(maxsplit=1)[0])}] if text.startswith("/") else []
    message = {
        "message_id": 70_000 + office.now() % 1000,
        "date": 1,
        "chat": {**head, "type": "private"},
        "from": head,
        "text": text,
        "entities": entities,
        **more,
    }
    await office.hands.post("/play/raw", {"bot": "staff", "update": {"message": message}})
    await office.listen()


async def whole_staff(office: Office) -> list[tuple[Any, ...]]:
    """Everybody of the staff, as they are."""
    return await office.store.read(lambda s: [(one.address, one.role, one.active, one.available, one.language) for one in s.query(Member).order_by(Member.id)])


async def test_no_argument_of_any_command_does_harm(office: Office) -> None:
    rep = await office.member("tigran")
    before = await whole_staff(office)
    for name in ("inbox", "lead", "invite", "language"):
        for words in ARGUMENTS.values():
            await update(office, "tigran", f"/{name}{words}")
    assert await whole_staff(office) == before
    assert await amount(office.store, Invite) == 1
    assert await amount(office.store, Waiting) == 0
    assert rep.role is Role.REP


@pytest.mark.parametrize("words", [f"/{name}" for name in MANAGERS] + ["/invite manager", "/grant", "/export", "/stats", "/sudo", "/İnvite manager"])
async def test_a_managers_command_of_a_rep_does_nothing(office: Office, words: str) -> None:
    await office.member("tigran")
    before = await whole_staff(office)
    await update(office, "tigran", words)
    assert await whole_staff(office) == before
    assert await amount(office.store, Invite) == 1


async def test_a_stranger_hears_the_same_whatever_they_try(office: Office) -> None:
    await office.member("tigran")
    before = await whole_staff(office)
    await office.hands.introduce("eve", first_name="Eve", language_code="en")
    await office.hands.do("eve", "start", bot="staff")
    for words in ("/today", "/start " + "A" * 22, "/invite manager", "hello", *ARGUMENTS.values()):
        if words.strip():
            await update(office, "eve", words)
    await office.show()
    assert len(set(await office.posts("eve"))) == 1
    assert await whole_staff(office) == before
    assert await amount(office.store, Contact) == 0


FOREIGN: dict[str, dict[str, Any]] = {
    "forwarded": {"forward_origin": {"type": "user", "sender_user": {"id": 1, "is_bot": False, "first_name": "M"}, "date": 1}},
    "by an inline bot": {"via_bot": {"id": 9, "is_bot": True, "first_name": "I"}},
    "in a group": {"chat": {"id": -100, "type": "group", "title": "Us"}},
    "in a channel": {"chat": {"id": -100, "type": "channel", "title": "Us"}},
    "for a chat": {"sender_chat": {"id": -100, "type": "supergroup", "title": "Us"}},
    "by a bot": {"from": {"id": 5, "is_bot": True, "first_name": "B"}},
    "in somebody else's chat": {"from": {"id": 424_242, "is_bot": False, "first_name": "Eve"}},
    "by nobody": {"from": None},
}


@pytest.mark.parametrize("more", FOREIGN.values(), ids=FOREIGN)
async def test_a_command_that_its_member_did_not_type_is_none(office: Office, more: dict[str, Any]) -> None:
    await office.member("tigran")
    before = await whole_staff(office)
    await update(office, "tigran", "/available", **more)
    assert await whole_staff(office) == before
    assert await amount(office.store, Waiting) == 0


async def test_who_was_removed_is_a_stranger_at_once(office: Office) -> None:
    rep: Rep = await office.member("tigran")
    await office.store.write(lambda s: setattr(s.get_one(Member, rep.id), "active", 0))
    before = await whole_staff(office)
    for words in ("/available", "/language", "/inbox", "/invite"):
        await update(office, "tigran", words)
    assert await whole_staff(office) == before
    await office.show()
    assert "for the staff" in str((await office.last("tigran"))["text"])


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
async def test_whatever_a_member_writes_is_answered_and_sent_to_nobody(office: Office, text: str) -> None:
    await office.member("tigran")
    await update(office, "tigran", text)
    await office.show()
    assert office.letters.sent == []
    assert await amount(office.store, Waiting) == 0


@steady
@given(anything(80))
def test_any_text_is_a_command_or_not_without_an_error(text: str) -> None:
    if is_command(text):
        assert text.strip()[0] == "/"
        assert text.split(maxsplit=1)[0]


@steady
@given(anything(60), anything(60))
def test_any_words_are_read_as_said_by_their_writer_alone(text: str, name: str) -> None:
    import json

    person = {"id": 7, "first_name": name, "is_bot": False, "username": text}
    message = {"message_id": 5, "date": 1, "chat": {**person, "type": "private"}, "from": person, "text": text}
    said = read(json.dumps({"update_id": 1, "message": message}).encode())
    assert isinstance(said, Text | Other)
    press = read(json.dumps({"update_id": 1, "callback_query": {"id": "1", "from": person, "message": message, "data": text}}).encode())
    assert isinstance(press, Press | Other)
    for one in (said, press):
        if isinstance(one, Text | Press):
            assert one.chat_id == one.user_id == 7
