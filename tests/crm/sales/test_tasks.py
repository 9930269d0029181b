"""Tasks: added once, ended and taken back by who may, listed for whom they concern, told when their time has come."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from crm.base.actors import Bot, Customer, Rep, Role, System
from crm.base.db import Session, Store
from crm.base.errors import Forbidden, NotFound, Taken
from crm.base.history import DomainEvent
from crm.base.settings import Company
from crm.base.time import DAY, HOUR
from crm.conversations import assign
from crm.conversations.threads import Conversation
from crm.outbox.notices import NoticeRow
from crm.sales import ladder, tasks, todo
from crm.sales.tasks import Duty, Task, TaskKind
from tests.conftest import NOON
from tests.crm.fake import counts, fire, hear, hire, rows, said

CALL = Duty(TaskKind.CALL, NOON + HOUR, once="call:1")
SYSTEM = System("test")


@pytest.fixture
async def talk(store: Store, company: Company) -> int:
    """A conversation with Ann."""
    await hear(store, company, said(1, "ann"))
    [number] = await rows(store, select(Conversation.id))
    await store.write(lambda session: session.query(NoticeRow).delete())
    return int(number)


async def add(store: Store, talk: int, duty: Duty = CALL, actor: Rep | System = SYSTEM, now: int = NOON) -> int:
    return await store.write(lambda session: tasks.add_task(session, actor, talk, duty, now=now))


async def state(store: Store, task: int) -> tuple[str, int, int | None]:
    [found] = await rows(store, select(Task.state, Task.done_at, Task.done_by).where(Task.id == task))
    return found  # type: ignore[no-any-return]


async def listed(store: Store, rep: Rep, limit: int = 10, after: tuple[int, int] = (0, 0)) -> list[int]:
    return [due.id for due in await store.read(lambda session: todo.tasks_for(session, rep, limit=limit, after=after))]


async def told(store: Store, now: int) -> int:
    """How many tasks the clock tells of."""

    def deed(session: Session) -> int:
        return ladder.remind(session, now=now)

    return await store.write(deed)


async def test_a_task_is_added_once_however_often_its_cause_is_told(store: Store, talk: int) -> None:
    first = await add(store, talk)
    assert await add(store, talk) == first
    assert await counts(store, Task) == {"tasks": 1}
    assert await rows(store, select(DomainEvent.kind).where(DomainEvent.subject == "task")) == ["added"]
    assert await add(store, talk, Duty(TaskKind.CALL, NOON)) != await add(store, talk, Duty(TaskKind.CALL, NOON))


async def test_a_task_is_ended_by_a_rep_and_taken_back(store: Store, talk: int) -> None:
    rep, task = await hire(store), await add(store, talk)
    for _ in range(2):
        await store.write(lambda session: tasks.finish(session, rep, task, now=NOON + 5))
    assert await state(store, task) == ("done", NOON + 5, rep.id)
    await store.write(lambda session: tasks.reopen(session, rep, task, now=NOON + 6))
    assert await state(store, task) == ("open", 0, None)
    await store.write(lambda session: tasks.drop(session, SYSTEM, task, now=NOON + 7))
    assert await state(store, task) == ("dropped", NOON + 7, None)
    kinds = await rows(store, select(DomainEvent.kind).where(DomainEvent.subject == "task").order_by(DomainEvent.id))
    assert kinds == ["added", "done", "reopened", "dropped"]


@pytest.mark.parametrize("verb", [tasks.finish, tasks.drop, tasks.reopen])
async def test_a_task_of_a_conversation_somebody_has_is_theirs_and_a_managers(store: Store, talk: int, verb: Callable[..., Task]) -> None:
    holder, other, boss = await hire(store), await hire(store, "nare"), await hire(store, "mariam", Role.MANAGER)
    task = await add(store, talk)
    await store.write(lambda session: assign.take(session, holder, talk, now=NOON))
    with pytest.raises(Taken):
        await store.write(lambda session: verb(session, other, task, now=NOON))
    for rep in (holder, boss):
        await store.write(lambda session, rep=rep: verb(session, rep, task, now=NOON))  # type: ignore[misc]


async def test_whose_the_task_is_may_end_it_whoever_has_the_conversation(store: Store, talk: int) -> None:
    holder, owner = await hire(store), await hire(store, "nare")
    task = await add(store, talk, Duty(TaskKind.CALL, NOON, rep_id=owner.id))
    await store.write(lambda session: assign.take(session, holder, talk, now=NOON))
    await store.write(lambda session: tasks.finish(session, owner, task, now=NOON))
    assert (await state(store, task))[0] == "done"


@pytest.mark.parametrize("actor", [Bot(), Customer(1)])
async def test_nobody_but_the_staff_has_tasks(store: Store, talk: int, actor: Bot | Customer) -> None:
    task = await add(store, talk)
    with pytest.raises(Forbidden):
        await store.write(lambda session: tasks.finish(session, actor, task, now=NOON))
    with pytest.raises(Forbidden):
        await store.write(lambda session: tasks.add_task(session, actor, talk, CALL, now=NOON))


async def test_a_rep_gives_tasks_to_themselves_and_a_manager_to_anybody(store: Store, talk: int) -> None:
    rep, other, boss = await hire(store), await hire(store, "nare"), await hire(store, "mariam", Role.MANAGER)
    await add(store, talk, Duty(TaskKind.OTHER, NOON + HOUR, "bring samples", rep.id), rep)
    assert await rows(store, select(NoticeRow.kind).where(NoticeRow.kind == "task")) == []
    with pytest.raises(Forbidden):
        await add(store, talk, Duty(TaskKind.OTHER, NOON + HOUR, rep_id=other.id), rep)
    given = await add(store, talk, Duty(TaskKind.OTHER, NOON + HOUR, rep_id=other.id), boss)
    assert await rows(store, select(NoticeRow.subject_id).where(NoticeRow.kind == "task")) == [given]


async def test_who_has_left_gets_no_task_and_what_is_not_there_is_not_found(store: Store, talk: int) -> None:
    rep = await hire(store)
    await fire(store, rep)
    for duty, number in ((Duty(TaskKind.CALL, NOON, rep_id=rep.id), talk), (CALL, talk + 999)):
        with pytest.raises(NotFound):
            await add(store, number, duty)
    with pytest.raises(NotFound):
        await store.write(lambda session: tasks.finish(session, SYSTEM, 999, now=NOON))


async def test_one_sees_ones_own_tasks_and_nobodys_the_most_urgent_first(store: Store, company: Company, talk: int) -> None:
    rep, other = await hire(store), await hire(store, "nare")
    await hear(store, company, said(2, "ben"))
    [bens] = await rows(store, select(Conversation.id).where(Conversation.address == "ben"))
    late, soon = await add(store, talk, Duty(TaskKind.CALL, NOON + DAY)), await add(store, bens, Duty(TaskKind.CALL, NOON))
    theirs = await add(store, talk, Duty(TaskKind.CALL, NOON, rep_id=other.id))
    assert (await listed(store, rep), await listed(store, other)) == ([soon, late], [soon, theirs, late])
    assert (await listed(store, rep, limit=1), await listed(store, rep, limit=1, after=(NOON, soon))) == ([soon], [late])
    await store.write(lambda session: assign.take(session, other, bens, now=NOON))
    assert (await listed(store, rep), await listed(store, other)) == ([late], [soon, theirs, late])
    assert await store.read(lambda session: [task.id for task in tasks.open_tasks(session, talk)]) == [theirs, late]
    await fire(store, other)
    assert await listed(store, rep) == [soon, theirs, late]


async def test_a_task_is_told_once_when_its_time_has_come(store: Store, talk: int) -> None:
    task, later = await add(store, talk), await add(store, talk, Duty(TaskKind.CALL, NOON + DAY))
    assert [await told(store, NOON), await told(store, NOON + HOUR), await told(store, NOON + HOUR)] == [0, 1, 0]
    assert await rows(store, select(NoticeRow.subject_id, NoticeRow.urgent).where(NoticeRow.kind == "task")) == [(task, 1)]
    await store.write(lambda session: tasks.finish(session, SYSTEM, later, now=NOON))
    assert await told(store, NOON + DAY) == 0


async def test_a_task_that_is_due_at_once_is_told_by_its_card_alone(store: Store, talk: int) -> None:
    await add(store, talk, Duty(TaskKind.CALL, NOON))
    assert await told(store, NOON + HOUR) == 0
    assert await rows(store, select(NoticeRow.kind)) == ["card"]


async def test_what_should_have_been_done_long_ago_is_told_no_more(store: Store, talk: int) -> None:
    await add(store, talk)
    assert await told(store, NOON + 30 * DAY) == 0
