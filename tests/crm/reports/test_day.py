"""A rep's day: what is late, what comes, who waits, which deals turn; told once when the firm opens, to whom it concerns."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from crm.base.actors import Rep, Role, System
from crm.base.db import Session, Store
from crm.base.errors import Forbidden, Invalid
from crm.base.settings import Company
from crm.base.time import DAY, HOUR, instant, parse_hours
from crm.conversations import assign
from crm.conversations.threads import Conversation
from crm.outbox.notices import NoticeRow
from crm.people import habits
from crm.people.contacts import Contact
from crm.people.reps import Member, as_actor, set_available
from crm.reports.day import Day, day_of, plans_due
from crm.sales import tasks
from crm.sales.deals import Deal
from crm.sales.pipelines import Pipeline, Stage
from crm.sales.tasks import Duty, TaskKind
from tests.conftest import NOON
from tests.crm.fake import hear, hire, rows, said

YEREVAN = "Asia/Yerevan"
WORKING = Company("Marani", ("en",), YEREVAN, "AMD", "AM", parse_hours("mon-fri 09:00-18:00", YEREVAN), b"key")
SYSTEM = System("test")


def clock(day: int, hour: int, minute: int = 0) -> int:
    """An instant of November 2025; the 24th is a Monday."""
    return instant(datetime(2025, 11, day, hour, minute, tzinfo=ZoneInfo(YEREVAN)))


@pytest.fixture
async def talk(store: Store, company: Company) -> int:
    """A conversation with Ann."""
    await hear(store, company, said(1, "ann"))
    [number] = await rows(store, select(Conversation.id))
    return int(number)


async def add(store: Store, talk: int, rep: Rep, due_at: int) -> int:
    return await store.write(lambda session: tasks.add_task(session, SYSTEM, talk, Duty(TaskKind.CALL, due_at, rep_id=rep.id), now=NOON - 9 * DAY))


async def day(store: Store, rep: Rep, now: int = NOON) -> Day:
    return await store.read(lambda session: day_of(session, rep, WORKING, now=now))


async def plans(store: Store, now: int) -> list[int]:
    """Whom the clock tells of their plan at an instant."""

    def deed(session: Session) -> None:
        while plans_due(session, WORKING, now=now):
            pass

    await store.write(deed)
    found = await rows(store, select(NoticeRow.subject_id).where(NoticeRow.kind == "plan").order_by(NoticeRow.subject_id))
    await store.write(lambda session: session.query(NoticeRow).filter_by(kind="plan").delete())
    return found


async def test_a_day_shows_what_is_late_what_comes_and_who_waits(store: Store, talk: int) -> None:
    rep, other = await hire(store), await hire(store, "nare")
    late, soon = await add(store, talk, rep, NOON - HOUR), await add(store, talk, rep, NOON + HOUR)
    await add(store, talk, rep, NOON + DAY)
    await add(store, talk, other, NOON)
    await store.write(lambda session: assign.take(session, rep, talk, now=NOON))
    found = await day(store, rep)
    assert ([one.id for one in found.overdue], [one.id for one in found.today]) == ([late], [soon])
    assert [(one.conversation_id, one.name) for one in found.waiting] == [(talk, "Ann")]
    assert [one.waiting_since for one in (await day(store, other)).waiting] == []


async def test_today_ends_at_midnight_where_the_rep_works(store: Store, talk: int) -> None:
    rep = await hire(store)
    task = await add(store, talk, rep, clock(26, 2))
    assert (await day(store, rep, clock(25, 16))).today == ()
    await store.write(lambda session: habits.set_zone(session, rep, "America/New_York", now=NOON))
    abroad = await store.read(lambda session: as_actor(session.get_one(Member, rep.id)))
    assert abroad.zone == "America/New_York"
    assert [one.id for one in (await day(store, abroad, clock(25, 16))).today] == [task]


async def test_deals_that_rot_or_should_close_stand_in_the_day_of_whose_they_are(store: Store, talk: int) -> None:
    rep, other = await hire(store), await hire(store, "nare")
    [ann] = await rows(store, select(Contact.id))

    def deed(session: Session) -> None:
        session.add(Pipeline(id=91, name="Sales", place=1, created_at=NOON))
        session.add(Stage(id=92, pipeline_id=91, name="Offer", place=1, probability=10, rotting_days=5))
        session.flush()
        base = {"contact_id": ann, "pipeline_id": 91, "stage_id": 92, "rep_id": rep.id, "currency": "AMD", "created_at": NOON}
        session.add(Deal(id=93, title="Old", entered_at=NOON - 6 * DAY, **base))
        session.add(Deal(id=94, title="Due", entered_at=NOON, expected_on="2025-11-25", **base))
        session.add(Deal(id=95, title="Fresh", entered_at=NOON, expected_on="2025-11-26", **base))
        session.add(Deal(id=96, title="Won", entered_at=NOON - 6 * DAY, state="won", **base))

    await store.write(deed)
    assert [(one.deal_id, one.rots, one.expected_on) for one in (await day(store, rep)).deals] == [(93, True, ""), (94, False, "2025-11-25")]
    assert (await day(store, other)).empty


async def test_the_plan_is_told_once_when_the_firm_opens(store: Store, talk: int) -> None:
    rep = await hire(store)
    await hire(store, "nare")
    await add(store, talk, rep, clock(24, 12))
    story = {clock(24, 8, 59): [], clock(24, 9): [rep.id], clock(24, 9, 1): [], clock(24, 10): []}
    assert {at: await plans(store, at) for at in story} == story
    assert await plans(store, clock(25, 9)) == [rep.id]


async def test_no_plan_on_a_day_off_or_long_after_the_opening(store: Store, talk: int) -> None:
    rep = await hire(store)
    await add(store, talk, rep, clock(22, 12))
    assert [await plans(store, at) for at in (clock(22, 9), clock(23, 9), clock(24, 11, 1))] == [[], [], []]


async def test_who_is_off_duty_or_has_switched_it_off_gets_no_plan_until_they_want_one(store: Store, talk: int) -> None:
    away, quiet = await hire(store), await hire(store, "nare")
    for one in (away, quiet):
        await add(store, talk, one, clock(24, 12))
    await store.write(lambda session: set_available(session, away, False, now=NOON))
    await store.write(lambda session: habits.set_morning(session, quiet, False, now=NOON))
    assert await plans(store, clock(24, 9)) == []
    await store.write(lambda session: set_available(session, away, True, now=NOON))
    assert await plans(store, clock(24, 9, 30)) == [away.id]


async def test_a_guest_has_no_day_and_no_zone_is_made_up(store: Store, talk: int) -> None:
    guest, rep = await hire(store, "guest", Role.GUEST), await hire(store)
    with pytest.raises(Forbidden):
        await day(store, guest)
    assert await plans(store, clock(24, 9)) == []
    with pytest.raises(Invalid):
        await store.write(lambda session: habits.set_zone(session, rep, "Mars/Olympus", now=NOON))
