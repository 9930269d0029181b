"""The promises in figures: each counts what it names, and a look at them changes nothing."""

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm.base import leases
from crm.base.db import Store
from crm.base.events import RawEvent
from crm.base.outbound import Lane
from crm.inbox.log import keep
from crm.outreach import campaigns
from crm.outreach.segments import Segment
from crm.reports.promises import PARKED, QUEUED, SENDING, WAITING, Promises, Queue, Tenure, Waits, promises
from tests.crm.outreach.town import MINUTE, Town


async def figures(town: Town) -> Promises:
    return await town.store.read(lambda session: promises(session, now=town.now))


async def change(town: Town, statement: str) -> None:
    await town.store.write(lambda session: session.execute(text(statement)))


@pytest_asyncio.fixture
async def busy(town: Town) -> Town:
    """Two who were answered on one account, a third whose answer has not left another."""
    await town.writes("ani")
    await town.writes("bob")
    await town.sends()
    await town.writes("eve", account="webchat")
    return town


async def test_an_empty_store_says_nothing_waits(town: Town) -> None:
    found = await figures(town)
    assert found.waits == (Waits(False, 0, 0), Waits(True, 0, 0))
    assert (found.unknown, found.parked, found.sending, found.queues, found.totals, found.campaigns) == ((), (), (), (), (), ())


async def test_what_nobody_knows_is_counted_by_account(busy: Town) -> None:
    await change(busy, "UPDATE deliveries SET state = 'unknown' WHERE account = 'telegram'")
    assert (await figures(busy)).unknown == (("telegram", 2),)


async def test_what_is_on_its_way_is_counted(busy: Town) -> None:
    await change(busy, "UPDATE deliveries SET state = 'sending' WHERE address = 'ani'")
    assert (await figures(busy)).sending == (("telegram", 1),)


async def test_what_waits_is_counted_with_the_age_of_the_oldest_customers_and_staff_apart(busy: Town) -> None:
    later = busy.now + MINUTE
    events = [RawEvent("telegram", "w1", "telegram:x", b"{}", busy.now), RawEvent("telegram", "w2", "telegram:y", b"{}", later)]
    await busy.do(keep, [*events, RawEvent("staff", "s1", "staff:1", b"{}", later, desk=True)])
    busy.now = later + MINUTE
    assert (await figures(busy)).waits == (Waits(False, 2, 2 * MINUTE), Waits(True, 1, MINUTE))


async def test_a_parked_event_no_longer_waits(busy: Town) -> None:
    await busy.do(keep, [RawEvent("telegram", "bad", "telegram:x", b"{}", busy.now)])
    await change(busy, "UPDATE waiting SET parked = 1")
    found = await figures(busy)
    assert (found.parked, found.waits[0].amount) == ((("telegram", 1),), 0)


async def test_a_queue_is_as_late_as_its_oldest_that_is_due(busy: Town) -> None:
    [queue] = (await figures(busy)).queues
    busy.now += MINUTE
    [later] = (await figures(busy)).queues
    assert (queue.account, queue.lane, queue.amount) == ("webchat", Lane.SERVICE, 1)
    assert later.late_ms - queue.late_ms == MINUTE


async def test_what_is_due_later_waits_and_is_not_late(busy: Town) -> None:
    await change(busy, f"UPDATE deliveries SET due_at = {busy.now + MINUTE} WHERE state = 'queued'")
    assert (await figures(busy)).queues == (Queue("webchat", Lane.SERVICE, 1, 0),)


async def test_what_a_manager_holds_is_not_late(town: Town) -> None:
    await town.fans("ani", "bob")
    boss = await town.employ()
    number = await town.do(campaigns.draft, boss, Segment(), "Hello, {name}!", now=town.now)
    await town.do(campaigns.launch, boss, number, 2, now=town.now)
    while await town.do(compose_once, town):
        pass
    town.now += MINUTE
    running = await figures(town)
    await town.do(campaigns.hold, boss, number, now=town.now)
    held = await figures(town)
    assert [(queue.lane, queue.amount, queue.late_ms >= MINUTE) for queue in running.queues] == [(Lane.PROMOTION, 2, True)]
    assert held.queues == (Queue("telegram", Lane.PROMOTION, 2, 0),)
    assert (running.campaigns, held.campaigns) == ((("running", 1),), (("held", 1),))


def compose_once(session: Session, town: Town) -> object:
    from crm.outreach import ticks

    return ticks.compose(session, town.company, now=town.now, rate_per_minute=1200)


async def test_what_was_tallied_is_summed_over_the_days(busy: Town) -> None:
    before = {(account, kind): amount for account, kind, amount in (await figures(busy)).totals}
    busy.now += 3 * 24 * 60 * MINUTE
    await busy.writes("ani")
    after = {(account, kind): amount for account, kind, amount in (await figures(busy)).totals}
    assert (before["telegram", "kept"], after["telegram", "kept"], after["webchat", "done"]) == (2, 3, 1)
    assert all(isinstance(amount, int) for amount in after.values())


async def test_an_installation_on_hold_says_for_how_long(town: Town) -> None:
    assert (await figures(town)).held_ms == 0
    await change(town, f"INSERT INTO installations(name, held_at) VALUES ('here', {town.now - MINUTE})")
    assert (await figures(town)).held_ms == MINUTE


async def test_a_shard_of_the_inbox_is_no_lease_to_count(town: Town) -> None:
    await change(town, "INSERT INTO leases(name, pool, token, until) VALUES ('inbox:3', 'inbox', 900, 1)")
    assert (await figures(town)).leases == ()


async def test_a_lease_counts_how_often_it_changed_hands_and_whether_it_is_held(town: Town) -> None:
    for node in ("one", "one", "two"):
        await town.do(leases.take, "send:shop", node, now=town.now)
        if node == "one":
            await change(town, "UPDATE leases SET until = 1")
    assert (await figures(town)).leases == (Tenure("send:shop", 2, True),)
    await change(town, "UPDATE leases SET until = 1")
    assert (await figures(town)).leases == (Tenure("send:shop", 2, False),)


@pytest.mark.parametrize("table", ["deliveries", "tallies", "waiting"])
async def test_looking_changes_nothing(busy: Town, table: str) -> None:
    before = await busy.store.read(lambda session: session.execute(text(f"SELECT * FROM {table} ORDER BY 1, 2")).all())
    await figures(busy)
    assert await busy.store.read(lambda session: session.execute(text(f"SELECT * FROM {table} ORDER BY 1, 2")).all()) == before


async def test_no_figure_reads_every_event_there_ever_was(file_store: Store) -> None:
    """Only the unknown may be looked for among all deliveries, until an index names them."""

    def plans(session: Session) -> list[str]:
        made = [str(statement.compile(session.connection())) for statement in (PARKED, WAITING, QUEUED, SENDING)]
        return [row[3] for words in made for row in session.execute(text("EXPLAIN QUERY PLAN " + words.replace("?", ":now")), {"now": 0})]

    found = await file_store.read(plans)
    assert [line for line in found if line.startswith("SCAN raw_events") or line == "SCAN deliveries"] == []
