"""Sending on hold, as managers see it: they are told, they see what waits, they decide what becomes of it."""

import pytest

from bots.staff.commands import known_to
from crm.base.actors import Role, System
from crm.base.installation import Installation, Seal
from crm.base.settings import Company
from crm.base.time import HOUR
from crm.conversations.talk import reply
from crm.conversations.threads import Conversation
from crm.outbox.hold import enter, hold, release
from crm.outbox.upkeep import failed
from crm.people.reps import reps
from tests.bots.staff.firm import ask, firm, labels, press, toast
from tests.bots.staff.office import Office


@pytest.fixture
def company() -> Company:
    return firm()


async def restored(office: Office) -> None:
    """A manager, a rep who answered a customer two hours ago and again now, and a database that was found restored."""
    for person, role in (("mariam", Role.MANAGER), ("ruben", Role.REP)):
        await office.member(person, role)
    await office.letter("Do you have tables?")
    await office.store.write(lambda s: enter(s, None, Seal("here", "e1"), now=office.now()))
    await answer(office, "Yes, many")
    office.ahead += 2 * HOUR
    await answer(office, "And chairs")
    await office.show()


async def answer(office: Office, words: str) -> None:
    [manager] = await office.store.read(lambda s: [one for one in reps(s) if one.name == "Mariam"])
    await office.store.write(lambda s: reply(s, manager, s.query(Conversation).one().id, words, once=words, now=office.now()))


async def test_managers_are_told_and_reps_are_not(office: Office) -> None:
    await restored(office)
    post = await office.find("mariam", "Nothing is sent to customers")
    assert labels(post) == ["Release sending", "What waits"]
    assert "restored from a backup" in str(post["text"])
    assert not any("Nothing is sent" in words for words in await office.posts("ruben"))
    assert office.letters.texts == []


async def test_what_waits_is_shown_by_kind_and_age(office: Office) -> None:
    await restored(office)
    await office.press("mariam", await office.find("mariam", "Nothing is sent"), "What waits")
    page = await office.last("mariam")
    assert "Answers of the team: 2, the oldest 2 h" in str(page["text"])
    assert labels(page) == ["Send all (2)", "Only the last hour (1)", "Send none of it", "Keep holding"]
    await press(office, "mariam", page, "Keep holding")
    assert await toast(office) == "On hold: nothing is sent to customers."
    assert office.letters.texts == []


@pytest.mark.parametrize(
    ("choice", "sent", "words"),
    [
        ("Send all (2)", ["Yes, many", "And chairs"], "▶️ Customers are written to again."),
        ("Only the last hour (1)", ["And chairs"], "1 message was too old and is never sent."),
        ("Send none of it", [], "2 messages were too old and are never sent."),
    ],
)
async def test_a_manager_decides_what_leaves_and_it_leaves_once(office: Office, choice: str, sent: list[str], words: str) -> None:
    await restored(office)
    await office.press("mariam", await office.find("mariam", "Nothing is sent"), "Release sending")
    page = await press(office, "mariam", await office.last("mariam"), choice)
    await office.show()
    assert words in str(page["text"])
    assert labels(page) == []
    assert office.letters.texts == sent
    await answer(office, "Anything else?")
    await office.show()
    assert office.letters.texts == [*sent, "Anything else?"]


async def test_a_button_of_an_earlier_hold_releases_nothing(office: Office) -> None:
    await restored(office)
    await office.press("mariam", await office.find("mariam", "Nothing is sent"), "What waits")
    old = await office.last("mariam")
    await office.store.write(lambda s: s.query(Installation).update({"held_at": office.now()}))
    page = await press(office, "mariam", old, "Send all (2)")
    assert "Waits to be sent" in str(page["text"])
    assert office.letters.texts == []


async def test_a_manager_holds_sending_by_hand_and_lets_it_go_on(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await office.letter("Hello")
    page = await ask(office, "mariam", "/release")
    assert "nothing is on hold" in str(page["text"])
    page = await press(office, "mariam", page, "Hold sending")
    assert "A manager has put it on hold" in str(page["text"])
    assert labels(page) == ["Release sending", "Keep holding"]
    await answer(office, "Good day")
    await office.show()
    assert office.letters.texts == []
    assert "Nothing is sent to customers since" in str((await ask(office, "mariam", "/today"))["text"])
    page = await press(office, "mariam", page, "Release sending")
    await office.show()
    assert office.letters.texts == ["Good day"]
    assert "since" not in str((await ask(office, "mariam", "/today"))["text"])


async def test_a_rep_can_neither_see_nor_release(office: Office) -> None:
    await restored(office)
    assert "release" not in [command.name for command in known_to(Role.REP)]
    assert "is for managers" in "".join(await _answers(office, "ruben", "/release"))
    assert office.letters.texts == []


async def _answers(office: Office, person: str, words: str) -> list[str]:
    before = len(await office.posts(person))
    await ask(office, person, words)
    return (await office.posts(person))[before:]


async def test_a_notice_that_is_out_of_date_is_shown_to_nobody(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await office.store.write(lambda s: hold(s, System("test"), now=office.now()))
    await office.store.write(lambda s: release(s, System("test"), now=office.now()))
    await office.show()
    assert not any("Nothing is sent" in words for words in await office.posts("mariam"))


async def test_a_backup_that_fails_is_told_to_managers_once_a_day(office: Office) -> None:
    for person, role in (("mariam", Role.MANAGER), ("ruben", Role.REP)):
        await office.member(person, role)
    for _ in range(2):
        await office.store.write(lambda s: failed(s, "No space left on device", now=office.now()))
        await office.show()
    assert len([words for words in await office.posts("mariam") if "The backup failed" in words and "No space left" in words]) == 1
    assert not any("backup" in words for words in await office.posts("ruben"))
