"""The ladder: told when due, again when late, then the managers, each once, never at night; and what a reply makes needless."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from crm.base.actors import System
from crm.base.db import Session, Store
from crm.base.settings import Company
from crm.base.time import DAY, HOUR, MINUTE, Hours, instant, local, parse_hours
from crm.conversations.threads import Conversation
from crm.outbox.notices import NoticeRow
from crm.people import merge
from crm.people.contacts import Contact
from crm.sales import ladder, tasks
from crm.sales.ladder import ESCALATION, RUNGS, overdue_from
from crm.sales.tasks import Duty, Task, TaskKind
from tests.conftest import NOON
from tests.crm.fake import hear, hire, rows, said

YEREVAN, BERLIN = "Asia/Yerevan", "Europe/Berlin"
OFFICE = parse_hours("mon-fri 09:00-18:00", YEREVAN)
WORKING = Company("Marani", ("en",), YEREVAN, "AMD", "AM", OFFICE, b"key")
SYSTEM = System("test")


def clock(day: int, hour: int, minute: int = 0, zone: str = YEREVAN, month: int = 11, year: int = 2025) -> int:
    """An instant; 24 November 2025 is a Monday."""
    return instant(datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(zone)))


@pytest.fixture
async def talk(store: Store, company: Company) -> int:
    """A conversation with Ann."""
    await hear(store, company, said(1, "ann"))
    [number] = await rows(store, select(Conversation.id))
    await store.write(lambda session: session.query(NoticeRow).delete())
    return int(number)


async def add(store: Store, talk: int, due_at: int, **more: Any) -> int:
    return await store.write(lambda session: tasks.add_task(session, SYSTEM, talk, Duty(TaskKind.CALL, due_at, **more), now=due_at - DAY))


async def told(store: Store, now: int, company: Company = WORKING) -> list[str]:
    """What is told at an instant, by the name of the step."""

    def deed(session: Session) -> None:
        while ladder.remind(session, now=now) + ladder.escalate(session, company, now=now):
            pass

    await store.write(deed)
    keys = await rows(store, select(NoticeRow.key).where(NoticeRow.kind == "task").order_by(NoticeRow.id))
    await store.write(lambda session: session.query(NoticeRow).delete())
    return [key.split(":")[2] for key in keys]


async def test_a_task_is_told_of_when_due_when_late_and_to_the_managers_each_once(store: Store, talk: int) -> None:
    due = clock(24, 11)
    await add(store, talk, due)
    story = {due - 1: [], due: ["due"], due + HOUR: [], due + 2 * HOUR: ["late"], clock(24, 17, 59): [], clock(25, 10, 59): [], clock(25, 11): ["raised"]}
    assert {at: await told(store, at) for at in story} == story
    assert await told(store, clock(27, 12)) == []


async def test_nothing_is_raised_at_night_or_on_a_day_off(store: Store, talk: int) -> None:
    due = clock(28, 17)  # a Friday
    await add(store, talk, due)
    story = {due: ["due"], clock(28, 19): [], clock(28, 23): [], clock(29, 12): [], clock(30, 12): []}
    assert {at: await told(store, at) for at in story} == story
    monday = {clock(1, 8, 59, month=12): [], clock(1, 9, month=12): ["late"], clock(1, 16, 59, month=12): [], clock(1, 17, month=12): ["raised"]}
    assert {at: await told(store, at) for at in monday} == monday


async def test_what_is_put_off_begins_anew(store: Store, talk: int) -> None:
    rep, task = await hire(store), await add(store, talk, clock(24, 11))
    assert await told(store, clock(24, 13)) == ["due", "late"]
    await store.write(lambda session: tasks.put_off(session, rep, task, clock(24, 14), now=clock(24, 13)))
    story = {clock(24, 13, 30): [], clock(24, 14): ["due"], clock(24, 15, 59): [], clock(24, 16): ["late"], clock(25, 13, 59): [], clock(25, 14): ["raised"]}
    assert {at: await told(store, at) for at in story} == story


async def test_what_is_done_is_not_told_of(store: Store, talk: int) -> None:
    task = await add(store, talk, clock(24, 11))
    await store.write(lambda session: tasks.finish(session, SYSTEM, task, now=clock(24, 10)))
    assert [await told(store, at) for at in (clock(24, 11), clock(24, 13), clock(25, 12))] == [[], [], []]


async def test_after_a_long_outage_each_step_is_told_once(store: Store, talk: int) -> None:
    await add(store, talk, clock(24, 11))
    assert await told(store, clock(26, 10)) == ["due", "late", "raised"]
    assert await told(store, clock(26, 11)) == []


async def test_what_was_forgotten_for_a_week_is_let_go(store: Store, talk: int) -> None:
    await add(store, talk, clock(17, 11))
    assert await told(store, clock(25, 12)) == []


async def test_where_the_house_has_no_hours_nothing_is_kept_back(store: Store, talk: int) -> None:
    never = Company("Marani", ("en",), YEREVAN, "AMD", "AM", Hours((None,) * 7, YEREVAN))
    await add(store, talk, clock(24, 11))
    assert await told(store, clock(24, 23), never) == ["due", "late"]


@pytest.mark.parametrize(("day", "month"), [(30, 3), (26, 10)])
def test_a_working_day_is_the_same_time_of_day_across_a_clock_change(day: int, month: int) -> None:
    hours = parse_hours("mon-sun 09:00-18:00", BERLIN)
    now = clock(day, 12, zone=BERLIN, month=month)
    assert overdue_from(RUNGS["raised"], now, hours) == clock(day - 1, 12, zone=BERLIN, month=month)


@given(st.integers(1_700_000_000_000, 1_800_000_000_000), st.integers(0, 3 * DAY))
def test_what_is_overdue_stays_overdue(now: int, later: int) -> None:
    after = now + later
    if OFFICE.open_at(now) and OFFICE.open_at(after):
        for rung in ESCALATION:
            assert overdue_from(rung, now, OFFICE) <= overdue_from(rung, after, OFFICE) < after
    assert local(overdue_from(RUNGS["raised"], now, OFFICE), YEREVAN).weekday() < 5


async def state(store: Store, task: int) -> str:
    [found] = await rows(store, select(Task.state).where(Task.id == task))
    return str(found)


async def test_a_reply_makes_needless_what_waits_for_silence_and_nothing_else(store: Store, company: Company, talk: int) -> None:
    silent, certain = await add(store, talk, NOON + HOUR, unless_reply=True), await add(store, talk, NOON + HOUR)
    await hear(store, company, said(2, "ben"), now=NOON)
    assert (await state(store, silent), await state(store, certain)) == ("open", "open")
    await hear(store, company, said(3, "ann"), now=NOON)
    assert (await state(store, silent), await state(store, certain)) == ("dropped", "open")


async def test_a_reply_after_the_time_is_too_late(store: Store, company: Company, talk: int) -> None:
    silent = await add(store, talk, NOON - MINUTE, unless_reply=True)
    await hear(store, company, said(3, "ann"), now=NOON)
    assert await state(store, silent) == "open"


async def test_whoever_was_found_to_be_the_same_person_replies_for_both(store: Store, company: Company, talk: int) -> None:
    await hear(store, company, said(2, "anna"))
    one, other = await rows(store, select(Contact.id).order_by(Contact.id))
    await store.write(lambda session: merge.join(session, SYSTEM, one, other, now=NOON))
    silent = await add(store, talk, NOON + HOUR, unless_reply=True)
    await hear(store, company, said(4, "anna"), now=NOON)
    assert await state(store, silent) == "dropped"
