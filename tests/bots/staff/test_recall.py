"""Where the firm wants it, an answer waits a few seconds with a button that calls it back."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from crm.base.actors import System
from crm.base.db import Session
from crm.base.settings import Company
from crm.base.time import HOUR, SECOND
from crm.conversations.threads import Conversation
from crm.sales.tasks import Duty, Task, TaskKind, TaskState, add_task
from tests.bots.staff.firm import Message, firm, press, toast
from tests.bots.staff.office import Office


@pytest.fixture
def company() -> Company:
    return replace(firm(), undo_ms=60 * SECOND)


async def answered(office: Office, *, owed: bool = False) -> Message:
    """Ruben answers; the post with the button that calls it back."""
    await office.member("ruben")
    await office.letter("Do you have tables?")
    await office.show()
    if owed:
        await office.store.write(lambda s: owe(s, office.now()))
    await office.say("ruben", "Yess", reply_to=(await office.find("ruben", "Ann Lee"))["message_id"])
    await office.listen()
    await office.staff.announce()
    await office.drain_staff()
    return await office.find("ruben", "It leaves in 60 seconds.")


def owe(session: Session, now: int) -> None:
    """Nobody in particular owes Ann an answer."""
    thread = session.scalars(select(Conversation.id)).one()
    add_task(session, System("test"), thread, Duty(TaskKind.ANSWER, now + HOUR), now=now)


async def waiting(office: Office) -> bool:
    return bool(await office.store.read(lambda s: s.scalars(select(Conversation.waiting_since)).one()))


async def test_what_is_called_back_in_time_does_not_leave_and_the_customer_waits_again(office: Office) -> None:
    post = await answered(office)
    assert not await waiting(office)
    await office.hands.do("ruben", "click", bot="staff", message_id=post["message_id"], button="Undo", wait=0)
    await office.listen()
    assert await waiting(office)
    office.ahead += 120 * SECOND
    await office.show()
    assert office.letters.texts == []
    assert "Called back" in str((await office.find("ruben", "Called back"))["text"])


async def test_what_has_left_is_not_called_back(office: Office) -> None:
    post = await answered(office)
    office.ahead += 61 * SECOND
    await office.show()
    assert office.letters.texts == ["Yess"]
    await press(office, "ruben", post, "Undo")
    assert await toast(office) == "It has left already."
    assert not await waiting(office)


async def test_what_the_answer_had_settled_is_to_be_done_again(office: Office) -> None:
    post = await answered(office, owed=True)
    assert await office.store.read(lambda s: s.scalars(select(Task.state)).one()) == TaskState.DONE
    await office.hands.do("ruben", "click", bot="staff", message_id=post["message_id"], button="Undo", wait=0)
    await office.listen()
    assert await office.store.read(lambda s: s.scalars(select(Task.state)).one()) == TaskState.OPEN
    [(preview, first)] = await office.store.read(lambda s: list(s.execute(select(Conversation.preview, Conversation.first_answer_at))))
    assert (preview, first) == ("Do you have tables?", 0)
