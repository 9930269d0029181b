"""/team as a manager sees it: roles, removal, invitations; and as those see it whom it is about."""

import pytest
from sqlalchemy import select

from bots.staff.notices import post_all, render
from bots.staff.posts import ACCOUNT
from bots.staff.sight import look
from crm.base.actors import Role
from crm.base.settings import Company
from crm.conversations.leaving import leave
from crm.inbox.log import RawBody
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


async def show_pin(office: Office, person: str, *, fresh: bool = False) -> None:
    """A member writes their PIN when they are asked for it; `fresh` = it is their first."""
    asked = words(await office.last(person))
    assert ("Choose a PIN" if fresh else "write your PIN") in asked
    await office.say(person, "4071")
    await office.settle()


async def promote(office: Office, name: str, role: str, *, fresh: bool = True) -> dict[str, object]:
    """The manager changes a role, and shows that it is they; answers the page as it is then."""
    page = await press(office, "mariam", await member(office, name), "Another role")
    await press(office, "mariam", page, role)
    await show_pin(office, "mariam", fresh=fresh)
    return await press(office, "mariam", await office.last("mariam"), "Do it now")


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
    assert labels(page) == ["Another role", "Team and sight", "History", "Remove", "The team"]
    assert "2 people" in words(await press(office, "mariam", page, "The team"))


async def test_the_last_manager_can_neither_leave_nor_become_a_rep(office: Office) -> None:
    await staffed(office)
    page = await member(office, "Mariam")
    roles = await press(office, "mariam", page, "Another role")
    await press(office, "mariam", roles, "Make a rep")
    assert await toast(office) == "The firm needs an owner. Make somebody else one first."
    page = await press(office, "mariam", await member(office, "Mariam"), "Remove")
    await press(office, "mariam", page, "Yes, remove")
    assert await toast(office) == "The firm needs an owner. Make somebody else one first."


async def test_a_new_manager_is_told_and_gets_a_managers_commands(office: Office) -> None:
    mariam, ruben = await staffed(office)
    page = await promote(office, "Ruben", "Make an owner")
    assert "owner" in words(page)
    assert words(await office.last("ruben")) == "You are an owner now. See /help for what you can do."
    assert "team" in await commands(office, ruben)
    roles = await press(office, "mariam", await member(office, "Mariam"), "Another role")
    page = await press(office, "mariam", roles, "Make a rep")
    assert words(page) == "You are a rep now. See /help for what you can do."
    assert "team" not in await commands(office, mariam)


async def test_other_managers_hear_who_left_and_one_may_leave_by_oneself(office: Office) -> None:
    await staffed(office)
    await office.member("zara", Role.OWNER)
    page = await press(office, "mariam", await member(office, "Mariam"), "Remove")
    await press(office, "mariam", page, "Yes, remove")
    await office.show()
    assert words(await office.find("zara", "not of the team")) == "Mariam is not of the team any more."
    assert words(await office.last("mariam")).startswith("You are not of the team any more.")


async def test_an_invitation_is_taken_back(office: Office) -> None:
    await staffed(office)
    await ask(office, "mariam", "/invite manager")
    await show_pin(office, "mariam", fresh=True)
    await press(office, "mariam", await office.last("mariam"), "Do it now")
    invited = words(await office.last("mariam"))
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


async def test_a_pin_leaves_the_chat_and_is_nowhere_in_what_is_kept(office: Office) -> None:
    await staffed(office)
    await promote(office, "Ruben", "Make a manager")
    assert "4071" not in [message["text"] for message in await office.chat("mariam")]
    bodies = await office.store.read(lambda s: list(s.scalars(select(RawBody.body))))
    assert bodies
    assert not [body for body in bodies if b"4071" in body]


async def test_five_wrong_pins_lock_it_and_the_managers_know(office: Office) -> None:
    await staffed(office)
    await office.member("zara", Role.MANAGER)
    await promote(office, "Ruben", "Make a trainee")
    await ask(office, "mariam", "/pin")
    for digits in ("1111", "2222", "3333", "5555", "6666"):
        await office.say("mariam", digits)
        await office.settle()
    assert "locked for a quarter of an hour" in words(await office.last("mariam")) or "five wrong PINs" in words(await office.last("mariam"))
    assert "five wrong PINs in the chat of Mariam" in words(await office.find("zara", "five wrong"))


async def test_a_second_manager_agrees_and_the_deed_goes_on(office: Office) -> None:
    await staffed(office)
    await office.member("zara", Role.MANAGER)
    roles = await press(office, "mariam", await member(office, "Ruben"), "Another role")
    await press(office, "mariam", roles, "Make a trainee")
    await press(office, "mariam", await office.last("mariam"), "Ask a second manager")
    asked = await office.find("zara", "wants to make")
    assert "Mariam wants to make Ruben a trainee." in words(asked)
    await press(office, "zara", asked, "I agree")
    page = await press(office, "mariam", await office.find("mariam", "Zara\u2069 agrees"), "Do it now")
    assert "trainee" in words(page)


async def test_a_member_is_put_into_a_team_and_leads_it(office: Office) -> None:
    await staffed(office)
    facts = await press(office, "mariam", await member(office, "Ruben"), "Team and sight")
    assert len(labels(facts)) <= 8
    await press(office, "mariam", await press(office, "mariam", facts, "Another team"), "A new team")
    await office.say("mariam", "Chairs")
    await office.settle()
    facts = await press(office, "mariam", await office.last("mariam"), "Let them lead it")
    assert "Team: Chairs · leads it\nsees the work of their team · phones and e-mails in full" in words(facts)
    facts = await press(office, "mariam", facts, "Mask phones")
    assert "phones and e-mails masked" in words(facts)
