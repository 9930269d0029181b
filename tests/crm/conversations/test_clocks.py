"""Clocks of answers: each queue has its own limits for first and further answers, by the working time of its calendar."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete, select

from crm.base.actors import Rep, Role
from crm.base.db import Session, Store
from crm.base.settings import Company
from crm.base.time import HOUR, MINUTE, parse_hours
from crm.conversations import clocks, handing, queues
from crm.conversations.queues import Queue
from crm.conversations.talk import reply
from crm.conversations.threads import Conversation
from crm.outbox.notices import NoticeRow
from crm.people import teams
from crm.people.calendars import OffDay, WorkHours
from tests.conftest import NOON
from tests.crm.fake import hear, hire, rows, said


@pytest.fixture
async def boss(store: Store) -> Rep:
    return await hire(store, "mariam", Role.MANAGER)


async def do(store: Store, deed: Callable[[Session], Any]) -> Any:
    return await store.write(deed)


async def writes(store: Store, company: Company, who: str, now: int = NOON) -> int:
    await hear(store, company, said(f"{who}:{now}", who, at=now), now=now)
    [number] = await rows(store, select(Conversation.id).where(Conversation.address == who))
    return int(number)


async def told(store: Store, company: Company, now: int) -> list[tuple[int, str]]:
    """What the tick tells, by conversation."""
    await do(store, lambda s: s.execute(delete(NoticeRow).where(NoticeRow.kind == "answer_due")))
    while await store.write(lambda s: clocks.warn_due(s, company, now=now)):
        pass
    found = await rows(store, select(NoticeRow.subject_id, NoticeRow.facts).where(NoticeRow.kind == "answer_due").order_by(NoticeRow.id))
    return [(number, "late" if '"late"' in facts else "soon") for number, facts in found]


async def test_first_and_further_answers_have_limits_of_their_own(store: Store, company: Company, boss: Rep) -> None:
    first, further = await writes(store, company, "ann"), await writes(store, company, "bob")
    await do(store, lambda s: reply(s, boss, further, "hello", once="r", now=NOON))
    await writes(store, company, "bob", NOON + 1)
    await do(store, lambda s: queues.set_number(s, boss, None, "answer_within", 60 * MINUTE, now=NOON))
    await do(store, lambda s: queues.set_number(s, boss, None, "next_within", 20 * MINUTE, now=NOON))
    assert await told(store, company, NOON + 15 * MINUTE) == []
    assert await told(store, company, NOON + 15 * MINUTE + 1) == [(further, "soon")]
    assert await told(store, company, NOON + 44 * MINUTE) == [(further, "late")]
    assert await told(store, company, NOON + 45 * MINUTE) == [(first, "soon")]
    assert await told(store, company, NOON + 60 * MINUTE) == [(first, "late")]
    assert await told(store, company, NOON + 5 * HOUR) == []


async def test_a_teams_limit_is_for_its_own_customers(store: Store, company: Company, boss: Rep) -> None:
    ours, theirs = await writes(store, company, "ann"), await writes(store, company, "bob")
    team = await do(store, lambda s: teams.found_team(s, boss, "Repairs", now=NOON))
    await do(store, lambda s: handing.hand_to_team(s, boss, theirs, team, now=NOON))
    await do(store, lambda s: queues.set_number(s, boss, team, "answer_within", 4 * MINUTE, now=NOON))
    firm = replace(company, answer_within=20 * MINUTE)
    assert await told(store, firm, NOON + 4 * MINUTE) == [(theirs, "late")]
    assert await told(store, firm, NOON + 15 * MINUTE) == [(ours, "soon")]
    by = await store.read(lambda s: [clocks.answer_by(s, firm, s.get_one(Conversation, number)) for number in (ours, theirs)])
    assert by == [NOON + 20 * MINUTE, NOON + 4 * MINUTE]


async def test_hours_and_holidays_stop_the_clock(store: Store, company: Company, boss: Rep) -> None:
    firm = replace(company, hours=parse_hours("mon-sun 09:00-16:15", company.zone), answer_within=20 * MINUTE)  # it is 16:00 there
    number = await writes(store, firm, "ann")
    morning = NOON + 17 * HOUR
    assert await told(store, firm, NOON + 15 * MINUTE) == [(number, "soon")]
    assert await store.read(lambda s: clocks.answer_by(s, firm, s.get_one(Conversation, number))) == morning + 5 * MINUTE
    await do(store, lambda s: s.add(OffDay(id=1, day="2025-11-26", country="AM", name="Ours", off=1, said_at=NOON, ended_at=0)))
    assert await told(store, firm, morning + 5 * MINUTE) == []
    assert await told(store, firm, morning + 24 * HOUR + 5 * MINUTE) == [(number, "late")]


async def test_a_teams_hours_are_its_clock(store: Store, company: Company, boss: Rep) -> None:
    firm = replace(company, answer_within=20 * MINUTE)
    team = await do(store, lambda s: teams.found_team(s, boss, "Repairs", now=NOON))
    number = await writes(store, firm, "ann")
    await do(store, lambda s: handing.hand_to_team(s, boss, number, team, now=NOON))
    hours = WorkHours(id=1, team_id=team, rep_id=None, words="mon-sun 18:00-20:00", zone="", said_at=NOON, ended_at=0)
    await do(store, lambda s: s.add(hours))
    assert await told(store, firm, NOON + HOUR) == []
    assert await told(store, firm, NOON + 2 * HOUR + 20 * MINUTE) == [(number, "late")]


def test_what_was_not_said_is_as_of_first_answers_and_of_the_firm(company: Company) -> None:
    firm = replace(company, answer_within=HOUR)
    assert clocks.within(Queue(), firm, first=True) == clocks.within(Queue(), firm, first=False) == HOUR
    assert clocks.within(Queue(answer_within=MINUTE), firm, first=False) == MINUTE
    assert clocks.within(Queue(next_within=MINUTE), firm, first=True) == HOUR
    assert clocks.within(Queue(), company, first=True) == 0
