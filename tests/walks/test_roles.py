"""Order in the house, told as stories: a manager shows that it is they, a removed rep presses an old button, a guest's time ends, a trainee sees masks."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from sandbox.telegram.shapes import Json
from tests.walks.desk import Desk, Phone, card_of, customer, go_home, labels, open_desk, phone, taken

EXPIRED = "Այս կոճակի ժամկետն անցել է։"  # whoever is nobody is told so in the firm's first language
pytestmark = pytest.mark.asyncio(loop_scope="module")
ROLE = "SELECT role FROM reps WHERE address = ?"
ACTIVE = "SELECT active FROM reps WHERE address = ?"
TAKEN = "SELECT count(*) FROM domain_events WHERE kind = 'taken'"
OVER = "UPDATE reps SET expires_at = 1 WHERE role = 'guest'"
HIDDEN = "SELECT 1 FROM deliveries WHERE once LIKE '%:hidden' AND state = 'sent'"
HOLDER = "SELECT r.name FROM conversations c JOIN reps r ON r.id = c.rep_id WHERE c.address = ?"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A house of its own, since its team changes."""
    folder: Path = tmp_path_factory.mktemp("roles")
    async with open_desk(folder, TICK_SECONDS="1") as made:
        yield made


async def member_page(office: Desk, member: Phone) -> tuple[Json, int]:
    """A member's page, as the manager opens it; and the number of what the manager typed for it."""
    asked = await office.manager.say("/team")
    page = await office.manager.sees("The team:", after=asked)
    await office.manager.press(page, next(label for label in labels(page) if member.name.title() in label))
    return await office.manager.sees("Here since", after=asked), asked


async def test_a_manager_steps_up_with_a_pin_that_leaves_the_chat(office: Desk) -> None:
    async with office.rep() as rep:
        page, asked = await member_page(office, rep)
        await office.manager.press(page, "Another role")
        await office.manager.press(await office.manager.sees("An owner may do everything", after=asked), "Make a trainee")
        await office.manager.sees("Choose a PIN", after=asked)
        assert office.house.rows(ROLE, str(rep.id)) == [("rep",)]
        typed = await office.manager.say("4071")
        await office.manager.press(await office.manager.sees("For five minutes you may go on", after=typed), "Do it now")
        await rep.sees("You are a trainee now.")
        await office.house.until(ROLE, str(rep.id), want=[("trainee",)])
        await office.house.until(HIDDEN)
        assert "4071" not in [message["text"] for message in (await office.manager.chat())["messages"]]
        assert not [body for (body,) in office.house.rows("SELECT body FROM raw_bodies") if b"4071" in bytes(body)]


async def test_a_trainee_sees_masks_where_a_rep_sees_the_phone(office: Desk) -> None:
    async with office.rep() as rep:
        asked = await office.manager.say("/invite trainee")
        link = await office.manager.sees("start=", after=asked)
        trainee = await phone(office.house, "pupil", "staff")
        await trainee.do("start", payload=link["text"].rpartition("start=")[2])
        await trainee.sees("Welcome")
        who, _ = await taken(rep, "nazenik")
        await who.do("contact", phone="37491555444")
        await rep.sees("+37491555444")
        await rep.press(await rep.sees("🟢 Yours"), "Hand back")
        card = await trainee.sees("+374•••44")
        assert "555" not in card["text"]
        assert not [text for text in await trainee.heard() if "+37491555444" in text and "Phone:" in text]
        await go_home(trainee)


async def test_a_removed_rep_presses_an_old_button_and_nothing_happens(office: Desk) -> None:
    async with office.rep() as leaver, office.rep() as colleague:
        who = await customer(office.house, "hrachya")
        await who.say("Do you have shelves?")
        card = await card_of(leaver, "hrachya")
        page, asked = await member_page(office, leaver)
        await office.manager.press(page, "Remove")
        await office.manager.press(await office.manager.sees("by a new invitation only", after=asked), "Yes, remove")
        await leaver.sees("You are not of the team any more.")
        changes = office.house.rows(TAKEN)
        assert await leaver.press(card, "Take") == EXPIRED
        assert office.house.rows(TAKEN) == changes
        await colleague.press(await card_of(colleague, "hrachya"), "Take")
        await office.house.until(HOLDER, str(who.id), want=[(colleague.name.title(),)])


async def test_a_guest_looks_on_until_their_time_is_over(office: Desk) -> None:
    asked = await office.manager.say("/invite guest")
    link = await office.manager.sees("start=", after=asked)
    guest = await phone(office.house, "visitor", "staff")
    await guest.do("start", payload=link["text"].rpartition("start=")[2])
    menu = await guest.sees("Welcome")
    button = labels(menu)[0]
    assert await guest.press(menu, button) not in (EXPIRED, "This button has expired.")
    await office.house.stop()
    office.house.change(OVER)
    await office.house.start()
    assert await guest.press(menu, button) == EXPIRED
    await office.manager.sees("The time of the guest")
    await office.house.until(ACTIVE, str(guest.id), want=[(0,)])
