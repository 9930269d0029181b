"""The day on one screen: counted from midnight of the firm's own day."""

import pytest
from sqlalchemy import select

from crm.base.actors import Rep, Role, System
from crm.base.errors import Forbidden
from crm.base.time import DAY, HOUR, MINUTE
from crm.conversations import talk
from crm.conversations.threads import Conversation
from crm.reports.today import Today, percentile, today
from tests.crm.outreach.town import Town


async def the_day(town: Town, actor: object = System("test"), parked: int = 0) -> Today:
    found: Today = await town.do(today, actor, town.company, now=town.now, parked=parked)
    return found


async def answer(town: Town, rep: Rep, address: str) -> None:
    number = await town.store.read(lambda session: session.scalar(select(Conversation.id).where(Conversation.address == address)))
    await town.do(talk.reply, rep, number, "Here I am.", once=f"r:{address}", now=town.now)


async def test_a_quiet_day_is_all_noughts(town: Town) -> None:
    seen = await the_day(town)
    assert (seen.new_leads, seen.unanswered, seen.oldest_ms, seen.waiting, seen.traffic) == (0, 0, 0, (), ())
    assert (seen.response_median_ms, seen.response_p90_ms, seen.failed, seen.unknown) == (None, None, 0, 0)


async def test_new_leads_and_who_waits_longest(town: Town) -> None:
    await town.writes("old")
    town.now += DAY
    for number in range(7):
        await town.writes(f"p{number}", name=f"P{number}")
        town.now += MINUTE
    seen = await the_day(town, parked=3)
    assert (seen.new_leads, seen.unanswered, seen.parked) == (7, 8, 3)
    assert [one.name for one in seen.waiting] == ["Ani", "P0", "P1", "P2", "P3"]
    assert seen.oldest_ms == seen.waiting[0].waits_ms > DAY


async def test_first_responses_are_a_persons_in_todays_threads(town: Town) -> None:
    rep = await town.employ(Role.REP)
    for number, minutes in enumerate((1, 2, 30)):
        await town.writes(f"p{number}")
        start = town.now - 1
        town.now = start + minutes * MINUTE
        await answer(town, rep, f"p{number}")
    seen = await the_day(town)
    assert (seen.answered, seen.response_median_ms, seen.response_p90_ms) == (3, 2 * MINUTE, 30 * MINUTE)
    assert seen.unanswered == 0


async def test_traffic_is_counted_by_channel(town: Town) -> None:
    await town.writes("ani")
    await town.writes("ani", "again")
    await town.writes("v1", account="webchat")
    seen = await the_day(town)
    assert [(one.channel, one.heard, one.said) for one in seen.traffic] == [("telegram", 2, 2), ("webchat", 1, 1)]


async def test_trouble_and_follow_ups_of_the_day(town: Town) -> None:
    await town.writes("ani")
    await town.sends()
    town.posts["telegram"].refusing.add("bob")
    await town.writes("bob")
    await town.sends()
    assert (await the_day(town)).failed == 1
    town.now += 21 * HOUR
    await town.follow_ups()
    town.now += 3 * HOUR
    await town.follow_ups()
    assert (await the_day(town)).follow_ups_due == 0
    town.now += 36 * HOUR
    assert (await the_day(town)).follow_ups_due == 1


async def test_reps_do_not_see_it(town: Town) -> None:
    with pytest.raises(Forbidden):
        await the_day(town, await town.employ(Role.REP))


@pytest.mark.parametrize(
    ("values", "median", "p90"),
    [((), None, None), ((7,), 7, 7), ((1, 2), 1, 2), ((1, 2, 3), 2, 3), (tuple(range(1, 11)), 5, 9), (tuple(range(1, 101)), 50, 90)],
)
def test_percentiles_are_nearest_rank(values: tuple[int, ...], median: int | None, p90: int | None) -> None:
    assert (percentile(values, 50), percentile(values, 90)) == (median, p90)
