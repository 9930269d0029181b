"""Queues in figures: each answer counts once, from when the customer began to wait, in working time; who waits, and in whose queue."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from crm.base.actors import Rep, Role
from crm.base.db import Store
from crm.base.errors import Forbidden
from crm.base.settings import Company
from crm.base.time import HOUR, MINUTE, parse_hours
from crm.conversations import assign, handing
from crm.conversations.talk import reply
from crm.conversations.threads import Conversation
from crm.people import teams
from crm.reports.queues import Said, Spread, Standing, answers, my_queue, speeds, spread, standings
from tests.conftest import NOON
from tests.crm.fake import hear, hire, rows, said

thread = st.lists(st.tuples(st.integers(1, 3), st.booleans()), max_size=30)


@given(thread)
def test_an_answer_is_the_first_word_of_a_rep_after_a_customers(steps: list[tuple[int, bool]]) -> None:
    words = [Said(number, None, customer, at) for at, (number, customer) in enumerate(steps, 1)]
    found = list(answers(words))
    for answer, since in found:
        between = [one for one in words if one.conversation_id == answer.conversation_id and since <= one.at < answer.at]
        assert between
        assert all(one.customer for one in between)
    turns = 0
    for number in (1, 2, 3):
        own = [one.customer for one in words if one.conversation_id == number]
        turns += sum(before and not after for before, after in pairwise(own))
    assert len(found) == turns


@given(st.lists(st.integers(0, 1000), min_size=1))
def test_half_come_within_the_median_and_nine_of_ten_within_the_most(values: list[int]) -> None:
    found = spread(values)
    assert found is not None
    assert sum(value <= found.median for value in values) * 2 >= len(values)
    assert sum(value <= found.most for value in values) * 10 >= 9 * len(values)
    assert found.count == len(values)
    assert {found.median, found.most} <= set(values)


async def writes(store: Store, company: Company, who: str, now: int = NOON) -> int:
    await hear(store, company, said(f"{who}:{now}", who, at=now), now=now)
    [number] = await rows(store, select(Conversation.id).where(Conversation.address == who))
    return int(number)


@pytest.fixture
async def boss(store: Store) -> Rep:
    return await hire(store, "mariam", Role.MANAGER)


async def test_first_and_further_answers_of_each_team_in_working_time(store: Store, company: Company, boss: Rep) -> None:
    firm = replace(company, hours=parse_hours("mon-sun 09:00-16:15", company.zone))  # it is 16:00 there
    team = await store.write(lambda s: teams.found_team(s, boss, "Repairs", now=NOON))
    ann, bob = await writes(store, firm, "ann"), await writes(store, firm, "bob")
    await store.write(lambda s: handing.hand_to_team(s, boss, bob, team, now=NOON))
    await store.write(lambda s: reply(s, boss, ann, "one", once="1", now=NOON + 10 * MINUTE))
    await writes(store, firm, "ann", NOON + 11 * MINUTE)
    await store.write(lambda s: reply(s, boss, ann, "two", once="2", now=NOON + 17 * HOUR + 5 * MINUTE))
    await store.write(lambda s: reply(s, boss, ann, "three", once="3", now=NOON + 18 * HOUR))
    await store.write(lambda s: reply(s, boss, bob, "four", once="4", now=NOON + 2 * MINUTE))
    ours, theirs = await store.read(lambda s: speeds(s, boss, firm, since=NOON - HOUR, now=NOON + 19 * HOUR))
    assert (ours.team_id, ours.first, ours.further) == (None, Spread(1, 10 * MINUTE, 10 * MINUTE), Spread(1, 9 * MINUTE, 9 * MINUTE))
    assert (theirs.team_id, theirs.first, theirs.further) == (team, Spread(1, 2 * MINUTE, 2 * MINUTE), None)


async def test_who_waits_is_counted_by_queue_and_shown_to_its_people(store: Store, company: Company, boss: Rep) -> None:
    ruben, sona = await hire(store, "ruben"), await hire(store, "sona")
    team = await store.write(lambda s: teams.found_team(s, boss, "Repairs", now=NOON))
    await store.write(lambda s: teams.put_in(s, boss, sona.id, team, now=NOON))
    ann, bob, cyd = [await writes(store, company, who, NOON + place) for place, who in enumerate(("ann", "bob", "cyd"))]
    await store.write(lambda s: handing.hand_to_team(s, boss, bob, team, now=NOON + 5))
    await store.write(lambda s: assign.take(s, ruben, cyd, now=NOON + 5))
    assert await store.read(lambda s: standings(s, boss)) == {None: Standing(1, NOON), team: Standing(1, NOON + 1)}
    for rep, waiting in ((ruben, [ann]), (sona, [ann, bob])):
        listed, count = await store.read(lambda s, rep=rep: my_queue(s, rep))  # type: ignore[misc]
        assert [one.conversation_id for one in listed] == waiting
        assert count == len(waiting)
    with pytest.raises(Forbidden):
        await store.read(lambda s: standings(s, ruben))
