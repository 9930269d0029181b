"""A button tapped twice in a row, before its post has changed, does its work once."""

import pytest
from sqlalchemy import func, select

from crm.base.table import Row
from crm.sales.deals import Deal
from crm.sales.tasks import Task, TaskState
from tests.bots.staff.office import Office
from tests.bots.staff.test_deals import Message, same


async def offered(office: Office) -> Message:
    """The post that asks for the next step of a lead that was just accepted."""
    await office.member("ruben")
    await office.letter("I need an oak table")
    await office.show()
    await office.say("ruben", "/lead", reply_to=(await office.last("ruben"))["message_id"])
    await office.settle()
    await office.press("ruben", await office.last("ruben"), "Accepted")
    return await office.find("ruben", "What is the next step?")


async def tap_twice(office: Office, post: Message, button: str) -> None:
    for _ in range(2):
        await office.hands.do("ruben", "click", bot="staff", message_id=post["message_id"], button=button, wait=0)
    await office.settle()


async def many(office: Office, table: type[Row]) -> int:
    return await office.store.read(lambda s: s.scalar(select(func.count()).select_from(table))) or 0


@pytest.mark.parametrize(("button", "table"), [("💼 Make a deal", Deal), ("☎️ Call tomorrow", Task)])
async def test_two_taps_on_the_next_step_of_a_lead_are_one_step(office: Office, button: str, table: type[Row]) -> None:
    await tap_twice(office, await offered(office), button)
    assert await many(office, table) == 1


async def test_two_taps_on_new_deal_make_one_deal(office: Office) -> None:
    await office.member("ruben")
    await office.letter("I need an oak table")
    await office.show()
    await office.press("ruben", await office.find("ruben", "Ann Lee"), "💼 Deal")
    await tap_twice(office, await office.find("ruben", "has no deal yet"), "New deal")
    assert await many(office, Deal) == 1


async def test_a_task_that_was_taken_back_can_be_asked_for_again(office: Office) -> None:
    post = await offered(office)
    for button in ("☎️ Call tomorrow", "Undo", "☎️ Call tomorrow"):
        await office.press("ruben", await same(office, "ruben", post), button)
    states = await office.store.read(lambda s: list(s.scalars(select(Task.state).order_by(Task.id))))
    assert states == [TaskState.DROPPED, TaskState.OPEN]
