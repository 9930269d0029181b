"""Handing over: a colleague or a team gets a conversation, whoever got it keeps it or gives it back, and nobody else has a say."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from crm.base.actors import Rep, Role
from crm.base.db import Session, Store
from crm.base.errors import Expired, Forbidden, Invalid, Taken
from crm.base.settings import Company
from crm.conversations import assign, handing
from crm.conversations.talk import reply
from crm.conversations.threads import Conversation
from crm.outbox.notices import NoticeRow
from crm.people import teams
from tests.conftest import NOON
from tests.crm.fake import hear, hire, rows, said


@pytest.fixture
async def boss(store: Store) -> Rep:
    return await hire(store, "mariam", Role.MANAGER)


async def do(store: Store, deed: Callable[[Session], Any]) -> Any:
    return await store.write(deed)


async def notices(store: Store, kind: str) -> list[str]:
    return await rows(store, select(NoticeRow.facts).where(NoticeRow.kind == kind).order_by(NoticeRow.id))


@pytest.fixture
async def talk(store: Store, company: Company) -> int:
    """A conversation with Ann, who waits."""
    await hear(store, company, said(1, "ann"))
    [number] = await rows(store, select(Conversation.id))
    return int(number)


async def test_a_colleague_has_it_and_may_give_it_back(store: Store, talk: int) -> None:
    ruben, sona = await hire(store, "ruben"), await hire(store, "sona")
    await do(store, lambda s: assign.take(s, ruben, talk, now=NOON))
    number = await do(store, lambda s: handing.hand_over(s, ruben, talk, sona.id, now=NOON))
    assert await rows(store, select(Conversation.rep_id)) == [sona.id]
    assert len(await notices(store, "handed")) == 1
    await do(store, lambda s: handing.give_back(s, sona, number, now=NOON))
    assert await rows(store, select(Conversation.rep_id)) == [ruben.id]
    assert ['"returned"' in facts for facts in await notices(store, "queue")] == [True]
    with pytest.raises(Expired):
        await do(store, lambda s: handing.give_back(s, sona, number, now=NOON))


async def test_keeping_it_is_told_once(store: Store, talk: int) -> None:
    ruben, sona = await hire(store, "ruben"), await hire(store, "sona")
    number = await do(store, lambda s: handing.hand_over(s, ruben, talk, sona.id, now=NOON))
    for _ in range(2):
        await do(store, lambda s: handing.keep(s, sona, number, now=NOON))
    assert ['"kept"' in facts for facts in await notices(store, "queue")] == [True]
    with pytest.raises(Forbidden):
        await do(store, lambda s: handing.keep(s, ruben, number, now=NOON))


async def test_a_third_one_can_do_nothing_about_it(store: Store, talk: int) -> None:
    ruben, sona, tigran = [await hire(store, name) for name in ("ruben", "sona", "tigran")]
    number = await do(store, lambda s: handing.hand_over(s, ruben, talk, sona.id, now=NOON))
    with pytest.raises(Forbidden):
        await do(store, lambda s: handing.give_back(s, tigran, number, now=NOON))
    with pytest.raises(Taken):
        await do(store, lambda s: handing.hand_over(s, tigran, talk, ruben.id, now=NOON))


async def test_to_a_team_and_undone(store: Store, talk: int, boss: Rep) -> None:
    ruben = await hire(store, "ruben")
    team = await do(store, lambda s: teams.found_team(s, boss, "Tables", now=NOON))
    await do(store, lambda s: reply(s, ruben, talk, "hello", once="r", now=NOON))
    number = await do(store, lambda s: handing.hand_to_team(s, ruben, talk, team, now=NOON + 1))
    where = select(Conversation.rep_id, Conversation.team_id, Conversation.waiting_since)
    assert await rows(store, where) == [(None, team, NOON + 1)]
    await do(store, lambda s: handing.give_back(s, ruben, number, now=NOON + 2))
    assert await rows(store, where) == [(ruben.id, None, 0)]


async def test_nobody_gets_it_who_does_not_talk_to_customers(store: Store, talk: int) -> None:
    ruben, guest = await hire(store, "ruben"), await hire(store, "gor", Role.GUEST)
    with pytest.raises(Invalid):
        await do(store, lambda s: handing.hand_over(s, ruben, talk, guest.id, now=NOON))
    with pytest.raises(Invalid):
        await do(store, lambda s: handing.hand_over(s, ruben, talk, ruben.id, now=NOON) and handing.hand_over(s, ruben, talk, ruben.id, now=NOON))
    with pytest.raises(Forbidden):
        await do(store, lambda s: handing.hand_over(s, guest, talk, ruben.id, now=NOON))
