"""The books: they balance after a day's work, and a row that somebody cooked is found and named."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm.base.actors import System
from crm.base.events import RawEvent
from crm.inbox import parked
from crm.inbox.log import keep
from crm.inbox.process import Rules, read, step
from crm.outreach import campaigns
from crm.outreach.segments import Segment
from crm.reports.books import Books, check
from tests.crm.outreach.town import Town, parse, turn


async def books(town: Town) -> Books:
    return await town.store.read(check)


async def cook(town: Town, statement: str) -> None:
    await town.store.write(lambda session: session.execute(text(statement)))


async def work(town: Town) -> None:
    """A day with everything in it: answers, a promotion, an unreadable event, one that still waits."""
    await town.fans("ani", "bob")
    await town.writes("eve", account="webchat")
    boss = await town.employ()
    number = await town.do(campaigns.draft, boss, Segment(), "Hello, {name}!", now=town.now)
    await town.do(campaigns.launch, boss, number, 2, now=town.now)
    await town.promotions()
    await poison(town)
    await town.do(keep, [RawEvent("telegram", "waits", "telegram:dan", b"{}", town.now)])


async def poison(town: Town) -> None:
    await town.do(keep, [RawEvent("telegram", "bad", "telegram:bad", b"not json", town.now)])
    for _ in range(5):
        batch = await town.do(step, (), Rules(turn, town.company), now=town.now)
        await town.do(step, read(batch, parse), Rules(turn, town.company), now=town.now)
        town.now += 3_600_000


async def test_an_empty_store_balances(town: Town) -> None:
    assert await books(town) == Books((), ())


async def test_a_days_work_balances(town: Town) -> None:
    await work(town)
    found = await books(town)
    assert found.problems == ()
    [telegram] = [one for one in found.accounts if one.account == "telegram"]
    assert (telegram.kept, telegram.done, telegram.parked, telegram.waiting) == (4, 2, 1, 1)
    assert dict(telegram.deliveries) == {"sent": 4}


async def test_what_was_dropped_still_balances(town: Town) -> None:
    await work(town)
    [bad] = await town.do(parked.parked, System("test"))
    await town.do(parked.drop, System("test"), bad.event_id, now=town.now)
    assert (await books(town)).balanced


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("DELETE FROM waiting", "telegram: kept 4 is not"),
        ("DELETE FROM tallies WHERE kind = 'done' AND account = 'webchat'", "webchat: kept 1 is not"),
        ("UPDATE tallies SET amount = 9 WHERE kind = 'kept' AND account = 'telegram'", "telegram: 9 events were kept, 4 are there"),
        ("DELETE FROM deliveries WHERE id IN (SELECT min(id) FROM deliveries WHERE account = 'telegram')", "telegram: 4 deliveries were created, 3 are there"),
        ("UPDATE deliveries SET state = 'lost' WHERE account = 'webchat'", "webchat: deliveries are in unknown states: lost"),
        ("UPDATE conversations SET open_identity_id = NULL WHERE address = 'ani'", "is open but does not hold its identity's place"),
        ("UPDATE conversations SET status = 'closed' WHERE address = 'ani'", "is closed but holds its identity's place"),
        ("UPDATE contacts SET root_id = (SELECT min(id) FROM contacts)", "open leads"),
        ("UPDATE leads SET status = 'won' WHERE channel = 'webchat'", "is closed but holds the person's open place"),
        ("UPDATE campaigns SET total = 5", "5 recipients were counted, 2 are there"),
        ("UPDATE recipients SET message_id = 1", "was composed but nothing was said"),
    ],
)
async def test_a_cooked_row_is_found(town: Town, statement: str, found: str) -> None:
    await work(town)
    await cook(town, statement)
    cooked = await books(town)
    assert not cooked.balanced
    assert any(found in line for line in cooked.problems), cooked.problems


async def test_a_thread_whose_identity_is_gone_is_found(town: Town) -> None:
    await town.writes("ani")

    def gone(session: Session) -> None:
        on_server = session.get_bind().dialect.name == "postgresql"
        session.execute(text("SET LOCAL session_replication_role = replica" if on_server else "PRAGMA defer_foreign_keys=ON"))
        session.execute(text("UPDATE conversations SET identity_id = 999999, open_identity_id = 999999"))
        assert any("its identity is not there" in line for line in check(session).problems)
        session.execute(text("UPDATE conversations SET identity_id = (SELECT id FROM identities), open_identity_id = NULL, status = 'closed'"))

    await town.store.write(gone)
