"""A time a customer confirmed: a task, a notice, an answer; and another one in its place."""

import itertools

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.db import Store
from crm.base.history import DomainEvent
from crm.base.settings import Company
from crm.base.time import DAY, HOUR, MINUTE
from crm.conversations import assign
from crm.conversations.pressing import Press
from crm.conversations.threads import Author, Conversation, Message
from crm.outbox.notices import NoticeKind, NoticeRow
from crm.sales import said_times
from crm.sales.tasks import Task, TaskKind, TaskState
from tests.conftest import NOON
from tests.crm.fake import hear, hire, rows, said

COUNT = itertools.count()


async def ann(store: Store, company: Company, text: str = "Can I come tomorrow at 15:00?") -> int:
    """A customer who has written."""
    await hear(store, company, said("1", "ann", text))
    return await store.read(lambda s: s.scalars(select(Conversation.id)).one())


async def press(store: Store, company: Company, detail: str) -> None:
    """They press a button of ours."""

    def deed(session: Session) -> None:
        talk = session.scalars(select(Conversation)).one()
        made = Press(talk.id, talk.account, talk.address, talk.contact_id, talk.contact_id, "en", detail, f"pressed:{next(COUNT)}", NOON)
        said_times.pressed(session, made, company)

    await store.write(deed)


async def last_words(store: Store) -> str:
    return await store.read(lambda s: s.scalars(select(Message.text).where(Message.author == Author.BOT.value).order_by(Message.id.desc())).first()) or ""


async def test_a_confirmed_time_is_a_task_and_staff_hear_of_it(store: Store, company: Company) -> None:
    number, at = await ann(store, company), NOON + DAY
    await press(store, company, f"m{at // MINUTE}")
    [task] = await rows(store, select(Task))
    assert (task.kind, task.due_at, task.conversation_id, task.rep_id, task.text) == (TaskKind.MEETING, at, number, None, "Can I come tomorrow at 15:00?")
    assert "We have written it down: tomorrow 16:00." in await last_words(store)
    assert [one.subject_id for one in await rows(store, select(NoticeRow)) if one.kind == NoticeKind.TIME_SAID] == [task.id]
    assert await store.read(lambda s: s.scalars(select(Conversation.waiting_since)).one()) > 0  # they still wait for a person's answer to their words


async def test_pressed_twice_it_is_one_task_and_another_time_takes_its_place(store: Store, company: Company) -> None:
    await ann(store, company)
    for at in (NOON + DAY, NOON + DAY, NOON + 2 * DAY, NOON + DAY):
        await press(store, company, f"c{at // MINUTE}")
    first, second = sorted(await rows(store, select(Task)), key=lambda one: one.due_at)
    assert (first.state, second.state) == (TaskState.OPEN, TaskState.DROPPED)


async def test_it_is_the_task_of_whoever_has_the_customer(store: Store, company: Company) -> None:
    number, rep = await ann(store, company), await hire(store, "ruben")
    await store.write(lambda s: assign.take(s, rep, number, now=NOON))
    await press(store, company, f"m{(NOON + HOUR) // MINUTE}")
    assert [task.rep_id for task in await rows(store, select(Task))] == [rep.id]


async def test_a_time_that_is_over_or_made_up_changes_nothing(store: Store, company: Company) -> None:
    await ann(store, company)
    for detail in (f"m{(NOON - HOUR) // MINUTE}", f"m{(NOON + 99 * DAY) // MINUTE}", "m", "", "m-5", "x12", "m٣", "m" + "9" * 40):
        await press(store, company, detail)
        assert "This time is over" in await last_words(store)
    await press(store, company, "other")
    assert "Write the day and the time" in await last_words(store)
    assert await rows(store, select(Task)) == []

    def added(session: Session) -> int:
        return len(session.scalars(select(DomainEvent).where(DomainEvent.subject == "task")).all())

    assert await store.read(added) == 0
