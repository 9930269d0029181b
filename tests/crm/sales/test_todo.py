"""Whose tasks: given, taken, handed back, put off; who may; the lists and their filters; tasks about a person or a deal; what a leaver leaves."""

import pytest
from sqlalchemy import select

from crm.base.actors import Rep, Role, System
from crm.base.db import Session, Store
from crm.base.errors import Forbidden, Invalid, NotFound, Taken
from crm.base.settings import Company
from crm.base.time import DAY, HOUR
from crm.conversations import assign, leaving
from crm.conversations.threads import Conversation
from crm.outbox.notices import NoticeRow
from crm.people import merge
from crm.people.contacts import Contact
from crm.reports.duties import whom
from crm.sales import tasks, todo
from crm.sales.deals import Deal
from crm.sales.pipelines import Pipeline, Stage
from crm.sales.tasks import Duty, Task, TaskKind
from crm.sales.todo import Which
from tests.conftest import NOON
from tests.crm.fake import hear, hire, rows, said

SYSTEM = System("test")


@pytest.fixture
async def talk(store: Store, company: Company) -> int:
    """A conversation with Ann."""
    await hear(store, company, said(1, "ann"))
    [number] = await rows(store, select(Conversation.id))
    await store.write(lambda session: session.query(NoticeRow).delete())
    return int(number)


def duty(rep: Rep | None = None, due_at: int = NOON + HOUR) -> Duty:
    return Duty(TaskKind.LETTER, due_at, "send the offer", rep.id if rep else None)


async def add(store: Store, talk: int, wanted: Duty, actor: Rep | System = SYSTEM) -> int:
    return await store.write(lambda session: tasks.add_task(session, actor, talk, wanted, now=NOON))


async def give(store: Store, actor: Rep, task: int, rep: Rep | None) -> None:
    await store.write(lambda session: tasks.give(session, actor, task, rep.id if rep else None, now=NOON))


async def owner(store: Store, task: int) -> int | None:
    [found] = await rows(store, select(Task.rep_id).where(Task.id == task))
    return found  # type: ignore[no-any-return]


async def listed(store: Store, rep: Rep, which: Which, now: int = NOON) -> list[int]:
    return [one.id for one in await store.read(lambda session: todo.tasks_for(session, rep, limit=20, now=now, which=which))]


async def test_a_trainee_makes_tasks_for_themselves_and_for_nobody_else(store: Store, talk: int) -> None:
    pupil, rep = await hire(store, "pupil", Role.TRAINEE), await hire(store)
    mine = await add(store, talk, duty(pupil), pupil)
    assert await owner(store, mine) == pupil.id
    for wanted in (duty(), duty(rep)):
        with pytest.raises(Forbidden):
            await add(store, talk, wanted, pupil)
    with pytest.raises(Forbidden):
        await give(store, pupil, mine, None)


async def test_a_rep_hands_back_and_takes_but_gives_to_no_colleague(store: Store, talk: int) -> None:
    rep, other = await hire(store), await hire(store, "nare")
    task = await add(store, talk, duty(rep), rep)
    with pytest.raises(Forbidden):
        await give(store, rep, task, other)
    await give(store, rep, task, None)
    assert await owner(store, task) is None
    await give(store, other, task, other)
    assert await owner(store, task) == other.id
    with pytest.raises(Taken):
        await give(store, rep, task, rep)


async def test_whoever_is_given_a_task_by_a_manager_hears_of_it(store: Store, talk: int) -> None:
    rep, boss = await hire(store), await hire(store, "mariam", Role.MANAGER)
    task = await add(store, talk, duty())
    await give(store, boss, task, rep)
    assert await rows(store, select(NoticeRow.subject_id).where(NoticeRow.kind == "task")) == [task]
    assert await owner(store, task) == rep.id


async def test_a_guest_does_no_tasks_and_is_given_none(store: Store, talk: int) -> None:
    guest, boss = await hire(store, "guest", Role.GUEST), await hire(store, "mariam", Role.MANAGER)
    task = await add(store, talk, duty())
    with pytest.raises(Forbidden):
        await store.write(lambda session: tasks.finish(session, guest, task, now=NOON))
    with pytest.raises(Invalid):
        await give(store, boss, task, guest)
    with pytest.raises(Forbidden):
        await listed(store, guest, Which.MINE)


async def test_a_task_is_put_off_to_a_time_that_is_still_to_come(store: Store, talk: int) -> None:
    rep = await hire(store)
    task = await add(store, talk, duty(rep))
    with pytest.raises(Invalid):
        await store.write(lambda session: tasks.put_off(session, rep, task, NOON, now=NOON))
    await store.write(lambda session: tasks.put_off(session, rep, task, NOON + DAY, now=NOON))
    assert await rows(store, select(Task.due_at)) == [NOON + DAY]


async def test_the_lists_show_mine_nobodys_what_is_late_and_everybodys_to_whom_they_concern(store: Store, company: Company, talk: int) -> None:
    rep, other, boss = await hire(store), await hire(store, "nare"), await hire(store, "mariam", Role.MANAGER)
    mine, theirs, free = [await add(store, talk, duty(one, NOON + at)) for at, one in ((1, rep), (2, other), (DAY, None))]
    assert await listed(store, rep, Which.MINE) == [mine]
    assert await listed(store, rep, Which.FREE) == [free]
    assert await listed(store, rep, Which.MINE_AND_FREE) == [mine, free]
    assert await listed(store, rep, Which.OVERDUE, NOON + HOUR) == [mine]
    assert await listed(store, boss, Which.OVERDUE, NOON + HOUR) == [mine, theirs]
    assert await listed(store, boss, Which.EVERYBODYS) == [mine, theirs, free]
    assert await listed(store, rep, Which.EVERYBODYS) == [mine, free]


async def test_a_task_may_be_about_a_person_alone(store: Store, talk: int) -> None:
    rep, other = await hire(store), await hire(store, "nare")
    [ann] = await rows(store, select(Contact.id))
    task = await store.write(lambda session: tasks.add_about(session, rep, ann, duty(rep), now=NOON))
    [one] = await store.read(lambda session: todo.tasks_for(session, rep, limit=5))
    assert (one.id, one.conversation_id, one.name, one.mine, one.owner) == (task, None, "Ann", True, "Tigran")
    await store.write(lambda session: assign.take(session, other, talk, now=NOON))
    with pytest.raises(Taken):
        await store.write(lambda session: tasks.add_about(session, rep, ann, duty(rep), now=NOON))
    await store.write(lambda session: tasks.finish(session, rep, task, now=NOON))
    with pytest.raises(NotFound):
        await store.write(lambda session: tasks.add_about(session, rep, ann + 999, duty(rep), now=NOON))


async def dealt(store: Store, dealer: Rep) -> int:
    """A task of nobody's about a deal of Ann's that somebody has."""
    ann = (await rows(store, select(Contact.id)))[0]

    def deed(session: Session) -> int:
        session.add(Pipeline(id=81, name="Sales", place=1, created_at=NOON))
        session.add(Stage(id=82, pipeline_id=81, name="New", place=1, probability=10))
        session.flush()
        session.add(Deal(id=83, contact_id=ann, pipeline_id=81, stage_id=82, title="Table", rep_id=dealer.id, currency="AMD", created_at=NOON, entered_at=NOON))
        session.flush()
        return tasks.add_to_deal(session, SYSTEM, 83, duty(), now=NOON)

    return await store.write(deed)


async def test_a_task_of_nobodys_is_its_deals_owners_and_no_other_reps(store: Store, talk: int) -> None:
    rep, other = await hire(store), await hire(store, "nare")
    number = await dealt(store, rep)
    assert [await listed(store, rep, which) for which in (Which.MINE, Which.FREE, Which.MINE_AND_FREE)] == [[number], [], [number]]
    assert [await listed(store, other, which) for which in (Which.MINE, Which.FREE, Which.MINE_AND_FREE)] == [[], [], []]
    about = await store.read(lambda session: whom(session, session.get_one(Task, number)))
    assert about.holder_id == rep.id
    with pytest.raises(Taken):
        await store.write(lambda session: tasks.finish(session, other, number, now=NOON) and None)


async def test_a_deals_owner_ends_its_task_while_a_colleague_talks_to_the_customer(store: Store, talk: int) -> None:
    rep, other = await hire(store), await hire(store, "nare")
    number = await dealt(store, rep)
    await store.write(lambda session: assign.take(session, other, talk, now=NOON) and None)
    await store.write(lambda session: tasks.finish(session, rep, number, now=NOON) and None)
    assert await rows(store, select(Task.state).where(Task.id == number)) == ["done"]


async def test_a_task_about_a_deal_is_for_whoever_sees_the_deal(store: Store, talk: int) -> None:
    rep, other, boss = await hire(store), await hire(store, "nare"), await hire(store, "mariam", Role.MANAGER)
    [ann] = await rows(store, select(Contact.id))

    def deal(session: Session) -> int:
        session.add(Pipeline(id=91, name="Sales", place=1, created_at=NOON))
        session.add(Stage(id=92, pipeline_id=91, name="New", place=1, probability=10))
        session.flush()
        session.add(Deal(id=93, contact_id=ann, title="Shelves", pipeline_id=91, stage_id=92, rep_id=rep.id, currency="AMD", entered_at=NOON, created_at=NOON))
        session.flush()
        return 93

    number = await store.write(deal)
    for who in (rep, boss):
        await store.write(lambda session, who=who: tasks.add_to_deal(session, who, number, duty(who), now=NOON))  # type: ignore[misc]
    with pytest.raises(Taken):
        await store.write(lambda session: tasks.add_to_deal(session, other, number, duty(other), now=NOON))
    assert await rows(store, select(Task.deal_id, Task.conversation_id).distinct()) == [(93, None)]


async def test_what_is_to_be_done_for_merged_people_is_one_persons(store: Store, company: Company, talk: int) -> None:
    await hear(store, company, said(2, "anna"))
    one, other = await rows(store, select(Contact.id).order_by(Contact.id))
    [annas] = await rows(store, select(Conversation.id).where(Conversation.address == "anna"))
    first, second = await add(store, talk, duty()), await add(store, annas, duty())

    async def beside() -> list[int]:
        return await store.read(lambda session: [task.id for task in todo.beside(session, session.get_one(Conversation, talk), 5)])

    assert await beside() == [first]
    await store.write(lambda session: merge.join(session, SYSTEM, one, other, now=NOON))
    assert await beside() == [first, second]
    holder = await hire(store)
    await store.write(lambda session: assign.take(session, holder, annas, now=NOON))
    assert await beside() == [first]


async def test_who_leaves_leaves_their_tasks_to_nobody_and_the_managers_hear_it(store: Store, talk: int) -> None:
    rep, boss = await hire(store), await hire(store, "mariam", Role.MANAGER)
    task, done = await add(store, talk, duty(rep)), await add(store, talk, duty(rep))
    await store.write(lambda session: tasks.finish(session, rep, done, now=NOON))
    await store.write(lambda session: leaving.leave(session, boss, rep.id, "staff", now=NOON))
    assert (await owner(store, task), await owner(store, done)) == (None, rep.id)
    [facts] = await rows(store, select(NoticeRow.facts).where(NoticeRow.kind == "left"))
    assert '"tasks": 1' in facts
    assert await listed(store, boss, Which.FREE) == [task]
