"""/team as a manager sees it: roles, removal, invitations; and as those see it whom it is about."""

import pytest

from bots.staff.notices import post_all, render
from bots.staff.posts import ACCOUNT
from bots.staff.sight import look
from crm.base.actors import Role
from crm.base.settings import Company
from crm.conversations.leaving import leave
from crm.outbox.notices import waiting_notices
from tests.bots.staff.firm import ask, firm, label, labels, press, toast
from tests.bots.staff.office import Office


@pytest.fixture
def company() -> Company:
    return firm()


async def member(office: Office, name: str) -> dict[str, object]:
    """The page of a member, opened by the manager."""
    page = await ask(office, "mariam", "/team")
    return await press(office, "mariam", page, label(page, name))


async def staffed(office: Office) -> list[str]:
    """A manager, a rep, and a customer whom the rep has taken; answers both addresses."""
    staff = [await office.member("mariam", Role.MANAGER), await office.member("ruben")]
    await office.letter("Do you have tables?")
    await office.show()
    await office.press("ruben", await office.find("ruben", "Do you have tables?"), "Take")
    return [rep.address for rep in staff]


async def commands(office: Office, address: str) -> list[str]:
    """The newest list of commands set beside somebody's chat."""
    calls = [call["parameters"] for call in await office.hands.log(bot="staff", method="setMyCommands")]
    newest = [call["commands"] for call in calls if address in str(call.get("scope", ""))][-1]
    return [command["command"] for command in newest]


def words(message: dict[str, object]) -> str:
    """The text of a message without the marks around names."""
    return str(message["text"]).replace("\u2068", "").replace("\u2069", "")


async def test_a_member_is_removed_after_a_question_and_their_customers_wait_for_somebody_again(office: Office) -> None:
    await staffed(office)
    page = await member(office, "Ruben")
    assert "1 conversation taken" in words(page)
    page = await press(office, "mariam", page, "Remove")
    assert "1 conversation goes back to the inbox." in words(page)
    page = await press(office, "mariam", page, "Yes, remove")
    assert words(page).startswith("Ruben is not of the team any more. 1 conversation is back in the inbox.")
    assert words(await office.last("ruben")).startswith("You are not of the team any more.")
    assert "Take" in labels(await office.find("mariam", "Do you have tables?"))


async def test_who_was_removed_sees_nothing_of_what_comes_later(office: Office) -> None:
    _, ruben = await staffed(office)
    page = await press(office, "mariam", await member(office, "Ruben"), "Remove")
    await press(office, "mariam", page, "Yes, remove")
    before = len(await office.posts("ruben"))
    await office.letter("Are you there?")
    await office.show()
    assert "invitation, open its link" in words(await ask(office, "ruben", "/inbox"))
    assert len(await office.posts("ruben")) == before + 1
    assert await commands(office, ruben) == ["start"]
    assert "Are you there?" in words(await office.find("mariam", "Do you have tables?"))


async def test_what_was_closed_comes_to_everybody_when_its_customer_writes_after_its_rep_left(office: Office) -> None:
    await staffed(office)
    await office.member("zara")
    await office.press("ruben", await office.find("ruben", "Do you have tables?"), "Close")
    page = await press(office, "mariam", await member(office, "Ruben"), "Remove")
    await press(office, "mariam", page, "Yes, remove")
    before = len(await office.posts("ruben"))
    await office.letter("Are you there?")
    await office.show()
    for person in ("mariam", "zara"):
        assert "Take" in labels(await office.find(person, "Are you there?"))
    assert len(await office.posts("ruben")) == before


async def test_cancelling_the_question_removes_nobody(office: Office) -> None:
    await staffed(office)
    page = await press(office, "mariam", await member(office, "Ruben"), "Remove")
    page = await press(office, "mariam", page, "Cancel")
    assert labels(page) == ["Make a manager", "Remove", "The team"]
    assert "2 people" in words(await press(office, "mariam", page, "The team"))


async def test_the_last_manager_can_neither_leave_nor_become_a_rep(office: Office) -> None:
    await staffed(office)
    page = await member(office, "Mariam")
    await press(office, "mariam", page, "Make a rep")
    assert await toast(office) == "The firm needs a manager. Make somebody else one first."
    page = await press(office, "mariam", page, "Remove")
    await press(office, "mariam", page, "Yes, remove")
    assert await toast(office) == "The firm needs a manager. Make somebody else one first."


async def test_a_new_manager_is_told_and_gets_a_managers_commands(office: Office) -> None:
    mariam, ruben = await staffed(office)
    page = await press(office, "mariam", await member(office, "Ruben"), "Make a manager")
    assert labels(page) == ["Make a rep", "Remove", "The team"]
    assert words(await office.last("ruben")) == "You are a manager now. See /help for what you can do."
    assert "team" in await commands(office, ruben)
    page = await press(office, "mariam", await member(office, "Mariam"), "Make a rep")
    assert words(page) == "You are a rep now. See /help for what you can do."
    assert "team" not in await commands(office, mariam)


async def test_other_managers_hear_who_left_and_one_may_leave_by_oneself(office: Office) -> None:
    await staffed(office)
    await office.member("zara", Role.MANAGER)
    page = await press(office, "mariam", await member(office, "Mariam"), "Remove")
    await press(office, "mariam", page, "Yes, remove")
    await office.show()
    assert words(await office.find("zara", "not of the team")) == "Mariam is not of the team any more."
    assert words(await office.last("mariam")).startswith("You are not of the team any more.")


async def test_an_invitation_is_taken_back(office: Office) -> None:
    await staffed(office)
    invited = words(await ask(office, "mariam", "/invite manager"))
    page = await ask(office, "mariam", "/team")
    assert "1 invitation is open." in words(page)
    page = await press(office, "mariam", page, "Open invitations")
    assert "1. manager · by Mariam · until" in words(page)
    assert words(await press(office, "mariam", page, "✖️ Take back 1")) == "No invitation is open."
    await office.hands.introduce("eve", first_name="Eve", language_code="en")
    await office.hands.do("eve", "start", bot="staff", payload=invited.rpartition("start=")[2])
    await office.settle()
    assert "invitation, open its link" in words(await office.last("eve"))


async def test_a_large_team_has_pages_of_at_most_eight_buttons(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    for number in range(6):
        await office.member(f"rep{number}")
    await ask(office, "mariam", "/invite rep")
    page = await ask(office, "mariam", "/team")
    assert len(labels(page)) == 8
    assert labels(page)[-3:] == ["More", "Invite somebody", "Open invitations"]
    assert [one for one in labels(await press(office, "mariam", page, "More")) if "rep" in one] == ["🟢 \u2068Rep4\u2069 · rep", "🟢 \u2068Rep5\u2069 · rep"]


async def test_a_rep_has_no_such_command(office: Office) -> None:
    await staffed(office)
    await ask(office, "ruben", "/team")
    assert "/team is for managers." in await office.posts("ruben")


async def test_what_was_made_ready_before_somebody_left_is_not_shown_to_them(office: Office) -> None:
    mariam, ruben = await office.member("mariam", Role.MANAGER), await office.member("ruben")
    await office.letter("Do you have tables?")
    now = office.now()
    ready = await office.store.read(lambda s: render(s, waiting_notices(s, 50), look(s, office.company, {}, now=now)))
    await office.store.write(lambda s: leave(s, mariam, ruben.id, ACCOUNT, now=now))
    await office.store.write(lambda s: post_all(s, ready, office.company, now=now))
    await office.show()
    assert "Do you have tables?" in words(await office.last("mariam"))
    assert not [post for post in await office.posts("ruben") if "Do you have tables?" in post]
