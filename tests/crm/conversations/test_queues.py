"""Queues as managers set them: only they do, only to what makes sense; a team begins as the firm's queue and can go as it again."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from crm.base.actors import Rep, Role
from crm.base.db import Session, Store
from crm.base.errors import Forbidden, Invalid
from crm.base.time import DAY
from crm.conversations import queues
from crm.conversations.queues import Way
from crm.people import teams
from tests.conftest import NOON
from tests.crm.fake import hire

Deed = Callable[[Session], Any]


@pytest.fixture
async def boss(store: Store) -> Rep:
    return await hire(store, "mariam", Role.MANAGER)


async def do(store: Store, deed: Deed) -> Any:
    return await store.write(deed)


async def test_only_managers_set_queues_and_only_to_what_makes_sense(store: Store, boss: Rep) -> None:
    ruben = await hire(store, "ruben")
    deeds: list[Deed] = [
        lambda s: queues.set_way(s, ruben, None, Way.EVEN, now=NOON),
        lambda s: queues.set_number(s, ruben, None, "cap", 3, now=NOON),
        lambda s: queues.set_talent(s, ruben, ruben.id, "skill", "oak", True, now=NOON),
        lambda s: queues.forget_queue(s, ruben, 1, now=NOON),
    ]
    for deed in deeds:
        with pytest.raises(Forbidden):
            await do(store, deed)
    for name, value in (("cap", -1), ("accept_ms", 1), ("way", 1), ("absent_ms", 90 * DAY)):
        with pytest.raises(Invalid):
            await do(store, partial(queues.set_number, actor=boss, team_id=None, name=name, value=value, now=NOON))
    with pytest.raises(Invalid):
        await do(store, lambda s: queues.set_way(s, boss, 77, Way.EVEN, now=NOON))


async def test_a_team_begins_as_the_firm_and_can_go_as_it_again(store: Store, boss: Rep) -> None:
    team = await do(store, lambda s: teams.found_team(s, boss, "Tables", now=NOON))
    await do(store, lambda s: queues.set_number(s, boss, None, "cap", 7, now=NOON))
    await do(store, lambda s: queues.set_way(s, boss, team, Way.EVEN, now=NOON))
    found = await store.read(lambda s: queues.queues(s))
    assert (found.of(team).cap, found.of(team).way, found.firm.way) == (7, Way.EVEN, Way.EVERYBODY)
    await do(store, lambda s: queues.forget_queue(s, boss, team, now=NOON))
    assert not (await store.read(lambda s: queues.queues(s))).ask
