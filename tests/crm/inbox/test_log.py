"""Log: an event's place among those that wait, and what it costs to find it when many do."""

from collections.abc import Sequence

import pytest
from sqlalchemy import func, insert, select, text, update

from crm.base.db import Order, Session, Store
from crm.base.events import RawEvent
from crm.base.rows import table_of
from crm.inbox.log import RawEventRow, Waiting, keep
from tests.crm.fake import rows, said

WAVE, FLOOD = 50, 3000
RANKS = select(RawEventRow.key, Waiting.rank).join_from(Waiting, RawEventRow, RawEventRow.id == Waiting.event_id)
# How much a server has read of a table and of its indexes, found by an index or not.
READ = text("""
    SELECT sum(pg_stat_get_xact_tuples_returned(oid)) FROM pg_class
    WHERE oid = 'waiting'::regclass OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'waiting'::regclass)
""")


async def ranks(store: Store) -> dict[str, int]:
    """Where each event stands."""
    return dict(await rows(store, RANKS))


async def test_one_who_says_much_stands_further_back_with_each_word_and_nobody_else_does(store: Store) -> None:
    await store.gather(keep, [said("a1", "ani"), said("a2", "ani"), said("d1", "davit")])
    await store.gather(keep, [said("a3", "ani"), said("d2", "davit"), said("l1", "lena")])
    assert await ranks(store) == {"a1": 0, "a2": 1, "a3": 2, "d1": 0, "d2": 1, "l1": 0}


async def test_a_newcomer_stands_at_the_front_of_what_is_left(store: Store) -> None:
    await store.gather(keep, [said(f"a{number}", "ani") for number in range(5)])
    await store.write(lambda session: session.query(Waiting).filter(Waiting.rank < 3).delete())
    await store.gather(keep, [said("d1", "davit"), said("a5", "ani")])
    assert await ranks(store) == {"a3": 3, "a4": 4, "d1": 3, "a5": 5}


async def test_what_is_parked_holds_no_place(store: Store) -> None:
    await store.gather(keep, [said("a1", "ani"), said("a2", "ani"), said("a3", "ani")])
    await store.write(lambda session: session.execute(update(table_of(Waiting)).where(table_of(Waiting).c.rank > 0).values(parked=1)))
    await store.gather(keep, [said("a4", "ani")])
    assert (await ranks(store))["a4"] == 1
    await store.write(lambda session: session.execute(update(table_of(Waiting)).values(parked=1)))
    await store.gather(keep, [said("a5", "ani")])
    assert (await ranks(store))["a5"] == 0


def flood(session: Session) -> None:
    """Many events wait: half of them in one lane, the others in lanes that come back."""
    numbers = range(1_000_000, 1_000_000 + FLOOD)
    session.execute(insert(RawEventRow), [{"id": number, "account": "fake", "key": f"f{number}", "received_at": 0} for number in numbers])
    waiting = [{"event_id": number, "lane": f"fake:who{number % (2 * WAVE) if number % 2 else 0}", "rank": number} for number in numbers]
    session.execute(insert(Waiting), waiting)


def wave(name: str) -> list[RawEvent]:
    """A word of each of some people; one of them is the one who floods."""
    return [said(f"{name}:{number}", f"who{number}") for number in range(WAVE)]


def keep_and_tell(session: Session, events: Sequence[RawEvent]) -> list[int]:
    """Keep, and tell how much of what waits was read for it."""
    before: int = session.execute(READ).scalar_one()
    keep(session, events)
    session.flush()
    return [session.execute(READ).scalar_one() - before] * len(events)


async def looked_at(store: Store) -> None:
    """The server takes note of how few events wait."""
    bare = await store.read(lambda session: session.get_bind().engine.url.render_as_string(hide_password=False))
    import asyncpg

    connection = await asyncpg.connect(bare.replace("+asyncpg", ""))
    await connection.execute("VACUUM ANALYZE waiting")
    await connection.close()


@pytest.mark.parametrize("known", [False, True], ids=["never looked at", "looked at while empty"])
async def test_a_server_that_believes_nothing_waits_reads_no_more_when_much_does(server_store: Store, known: bool) -> None:
    if known:
        await looked_at(server_store)
    for number in range(8):  # a plan that is made again and again becomes one for ever
        await server_store.gather(keep, wave(f"plan{number}"))
        await server_store.write(lambda session: session.query(Waiting).delete())
    await server_store.write(flood)
    read = (await server_store.gather(keep_and_tell, wave("now"), Order.KEEP))[0]
    assert await rows(server_store, select(func.count()).select_from(Waiting)) == [FLOOD + WAVE]
    assert read < FLOOD / 3, f"{read} rows were read for {WAVE} events"
