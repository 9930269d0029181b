"""Somebody away: a customer who waits too long for them is anybody's, if anybody is there, and they are told."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from crm.base.actors import Rep, Role
from crm.base.db import Session, Store
from crm.base.history import DomainEvent
from crm.base.settings import Company
from crm.base.time import HOUR, MINUTE, parse_hours
from crm.conversations import assign, queues
from crm.conversations.threads import Conversation
from crm.outbox.notices import NoticeRow
from crm.people import reps
from crm.sales import routing
from tests.conftest import NOON
from tests.crm.fake import hear, hire, rows, said


@pytest.fixture
async def boss(store: Store) -> Rep:
    return await hire(store, "mariam", Role.MANAGER)


async def do(store: Store, deed: Callable[[Session], Any]) -> Any:
    return await store.write(deed)


async def writes(store: Store, company: Company, who: str) -> int:
    await hear(store, company, said(f"{who} 1", who))
    [number] = await rows(store, select(Conversation.id).where(Conversation.address == who))
    return int(number)


async def notices(store: Store, kind: str) -> list[str]:
    return await rows(store, select(NoticeRow.facts).where(NoticeRow.kind == kind).order_by(NoticeRow.id))


async def stuck(store: Store, company: Company, holder: Rep, *, by_duty: bool = True) -> int:
    number = await writes(store, company, "ann")
    await do(store, lambda s: assign.take(s, holder, number, now=NOON))
    if by_duty:
        await do(store, lambda s: reps.set_available(s, holder, False, now=NOON))
    return number


async def freed(store: Store, company: Company, now: int) -> int:
    return int(await do(store, lambda s: routing.free_absent(s, company, now=now)))


async def test_their_customer_is_anybodys_after_a_while_and_they_are_told(store: Store, company: Company) -> None:
    ruben = await hire(store, "ruben")
    await hire(store, "sona")
    number = await stuck(store, company, ruben)
    assert await freed(store, company, NOON + 30 * MINUTE - 1) == 0
    assert await freed(store, company, NOON + 30 * MINUTE) == 1
    assert await rows(store, select(Conversation.rep_id)) == [None]
    [facts] = await notices(store, "queue")
    assert '"freed"' in facts
    assert str(ruben.id) in facts
    assert await rows(store, select(DomainEvent.cause).where(DomainEvent.kind == "handed_back")) == ["away"]
    assert await freed(store, company, NOON + HOUR) == 0
    await do(store, lambda s: assign.take(s, ruben, number, now=NOON + HOUR))


async def test_only_where_somebody_else_is_there(store: Store, company: Company) -> None:
    ruben = await hire(store, "ruben")
    await stuck(store, company, ruben)
    assert await freed(store, company, NOON + 5 * HOUR) == 0


async def test_who_is_there_keeps_theirs_however_long_it_takes(store: Store, company: Company) -> None:
    ruben = await hire(store, "ruben")
    await hire(store, "sona")
    await stuck(store, company, ruben, by_duty=False)
    assert await freed(store, company, NOON + 5 * HOUR) == 0


async def test_only_working_time_counts(store: Store, company: Company) -> None:
    quarter_to_close = replace(company, hours=parse_hours("mon-sun 09:00-16:15", company.zone))  # it is 16:00 there
    ruben = await hire(store, "ruben")
    await hire(store, "sona")
    await stuck(store, quarter_to_close, ruben)
    morning = NOON + 17 * HOUR
    assert await freed(store, quarter_to_close, morning + 15 * MINUTE - 1) == 0
    assert await freed(store, quarter_to_close, morning + 15 * MINUTE) == 1


async def test_never_where_a_manager_said_so(store: Store, company: Company, boss: Rep) -> None:
    ruben = await hire(store, "ruben")
    await stuck(store, company, ruben)
    await do(store, lambda s: queues.set_number(s, boss, None, "absent_ms", 0, now=NOON))
    assert await freed(store, company, NOON + 5 * HOUR) == 0


async def test_where_nobody_said_when_the_firm_works_all_hours_count(store: Store, company: Company) -> None:
    ruben = await hire(store, "ruben")
    await hire(store, "sona")
    never = replace(company, hours=parse_hours("", company.zone))
    await stuck(store, never, ruben)
    assert await freed(store, never, NOON + 30 * MINUTE) == 1
