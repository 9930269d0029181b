"""The store of many nodes: deeds are alone among all nodes, loops stand side by side, and what one node does others hear of."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import create_async_engine

from crm.base import dialect
from crm.base.db import Order, Session, Store, open_store
from crm.base.errors import Busy, Misconfigured
from crm.base.outbound import Lane, Say
from crm.base.postgres import arguments, async_url
from crm.base.rows import add, table_of, take_ids
from crm.base.tallies import Count, Tally, count
from crm.base.wakes import wake
from crm.inbox.log import Offset
from crm.outbox.claim import DUE
from crm.outbox.queue import Parcel, enqueue
from crm.schema import prepare
from tests.conftest import NOON


@pytest_asyncio.fixture
async def other(server_database: str) -> AsyncIterator[Store]:
    """A second node on the same server."""
    made = open_store(server_database)
    yield made
    await made.close()


def bump(session: Session) -> int:
    """Read, then write: what loses updates where two do it at once."""
    before = session.scalar(select(Offset.value).where(Offset.name == "n")) or 0
    if before:
        session.execute(update(table_of(Offset)).where(table_of(Offset).c.name == "n").values(value=before + 1))
    else:
        add(session, Offset, [{"name": "n", "value": 1}])
    return before + 1


async def test_deeds_of_two_nodes_lose_nothing(server_store: Store, other: Store) -> None:
    done = await asyncio.gather(*(store.write(bump) for _ in range(30) for store in (server_store, other)))
    assert sorted(done) == list(range(1, 61))


def halves(session: Session, items: Sequence[int]) -> list[int]:
    if 13 in items:
        raise ValueError("13")
    return [2 * item for item in items]


async def test_one_bad_item_fails_one_caller(server_store: Store) -> None:
    found = await asyncio.gather(*(server_store.gather(halves, [item]) for item in (1, 13, 3)), return_exceptions=True)
    assert (found[0], type(found[1]), found[2]) == ([2], ValueError, [6])


def doubled(session: Session, items: Sequence[int]) -> list[int]:
    assert not session.in_nested_transaction()
    return halves(session, items)


async def test_what_is_gathered_needs_no_savepoint(server_store: Store) -> None:
    assert await server_store.gather(doubled, [1, 2]) == [2, 4]


async def test_whoever_fails_undoes_what_was_dared_together(server_store: Store) -> None:
    def added(session: Session, items: Sequence[int]) -> list[int]:
        count(session, {("a", Count.KEPT): len(items)}, now=0)
        return halves(session, items)

    found = await asyncio.gather(*(server_store.gather(added, [item]) for item in (1, 13, 3)), return_exceptions=True)
    assert ([isinstance(one, ValueError) for one in found]) == [False, True, False]
    assert await server_store.read(lambda session: session.scalar(select(Tally.amount))) == 2


async def test_two_loops_that_are_in_each_others_way_both_come_through(server_store: Store, other: Store) -> None:
    def crossed(first: str, second: str) -> object:
        def deed(session: Session) -> None:
            for name in (first, second):
                count(session, {(name, Count.KEPT): 1}, now=0)
                session.execute(text("SELECT pg_sleep(0.2)"))

        return deed

    await asyncio.gather(server_store.write(crossed("a", "b"), Order.FLOW), other.write(crossed("b", "a"), Order.FLOW))  # type: ignore[arg-type]
    amounts = await server_store.read(lambda session: session.execute(select(Tally.account, Tally.amount).order_by(Tally.account)).all())
    assert [tuple(row) for row in amounts] == [("a", 2), ("b", 2)]


async def test_what_was_begun_ends_also_when_nobody_waits_for_it(server_store: Store) -> None:
    def slow(session: Session) -> None:
        session.execute(text("SELECT pg_sleep(0.1)"))
        bump(session)

    waiting = asyncio.create_task(server_store.write(slow))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(30):
        while await server_store.read(lambda session: session.scalar(select(Offset.value))) != 1:
            await asyncio.sleep(0.01)


async def test_another_node_hears_what_is_due(server_store: Store, other: Store) -> None:
    async with asyncio.timeout(30):
        ringing = asyncio.create_task(other.wakes.wait("news of the day", 30))
        while not ringing.done():
            await server_store.write(lambda session: wake(session, "news of the day"))
            await asyncio.wait([ringing], timeout=0.05)


async def test_hints_of_another_node_reach_its_screens(server_store: Store, other: Store) -> None:
    heard: set[str] = set()
    other.wakes.follow("screen:", heard.add)
    async with asyncio.timeout(30):
        while not heard:
            server_store.hint({"screen:webchat:ann"})
            await asyncio.sleep(0.05)
    assert heard == {"screen:webchat:ann"}


async def test_ids_rise_whoever_takes_them(server_store: Store, other: Store) -> None:
    first = await server_store.write(lambda session: list(take_ids(session, 3)))
    second = await other.write(lambda session: list(take_ids(session, 2)))
    assert first + second == sorted(set(first + second))


async def test_ids_that_a_deed_left_over_serve_its_next_asking_in_order(server_store: Store) -> None:
    def by_turns(session: Session) -> list[int]:
        first, second = take_ids(session, 20), take_ids(session, 20)
        return [next(ids) for _ in range(20) for ids in (first, second)]

    drawn = await server_store.write(by_turns)
    assert drawn == sorted(set(drawn))


async def test_a_question_sees_one_moment_and_changes_nothing(server_store: Store) -> None:
    with pytest.raises(Exception, match="read-only"):
        await server_store.read(bump)


async def test_a_server_that_is_not_there_is_said_to_be_busy() -> None:
    store = open_store("postgresql://nobody@127.0.0.1:1/nothing")
    with pytest.raises(Busy, match="does not answer"):
        await store.write(bump)
    await store.close()


def test_an_address_as_people_write_it() -> None:
    asked = "postgresql://ann:s%40crt@db.example/dragoman?sslmode=require"
    assert async_url(asked).render_as_string(hide_password=False) == "postgresql+asyncpg://ann:s%40crt@db.example/dragoman"
    assert arguments(asked, 1.0)["ssl"] == "require"


@pytest.mark.parametrize("address", ["mysql://a@b/c", "postgresql://a@b"])
def test_an_address_of_something_else_is_refused_with_words(address: str) -> None:
    with pytest.raises(Misconfigured, match="DATABASE_URL must be"):
        async_url(address)


async def test_who_waits_too_long_for_another_maker_of_tables_is_told_so(server_database: str) -> None:
    maker = create_async_engine(async_url(server_database))
    try:
        async with maker.begin() as connection:
            await connection.run_sync(dialect.migrate_alone)
            with pytest.raises(Misconfigured, match="another program has been bringing the database up to date"):
                await prepare(server_database, seconds=1.0)
    finally:
        await maker.dispose()


def walked(plan: dict[str, Any]) -> float:
    """How many rows a plan touched, all its loops counted."""
    found = plan["Actual Loops"] * (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Join Filter", 0))
    return float(found + sum(walked(below) for below in plan.get("Plans", [])))


@pytest.mark.parametrize("analyzed", [False, True])
async def test_finding_what_is_due_costs_what_is_due_and_not_its_square(server_store: Store, analyzed: bool) -> None:
    parcels = [Parcel("fake", f"person{number}", Say("hi"), Lane.REPLY, f"once{number}", desk=True) for number in range(400)]
    await server_store.write(lambda session: enqueue(session, parcels, now=NOON))
    if analyzed:
        await server_store.write(lambda session: session.execute(text("ANALYZE deliveries")) and None)
    given = {"account": "fake", "now": NOON, "room": 128}

    def explained(session: Session) -> float:
        line = session.connection()
        words = DUE.compile(dialect=line.dialect)
        values = tuple(words.construct_params(given)[name] for name in words.positiontup or [])
        [[found]] = line.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {words}", values)
        return walked(found[0]["Plan"])

    assert await server_store.read(explained) < 400 * 20


async def refuses_everybody(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server that is only just starting: no encryption, and nobody is let in."""
    words = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"
    await reader.read(8)
    writer.write(b"N")
    await reader.read(1024)
    writer.write(b"E" + (4 + len(words)).to_bytes(4, "big") + words)
    await writer.drain()
    writer.close()


async def test_a_server_that_is_starting_is_busy() -> None:
    server = await asyncio.start_server(refuses_everybody, "127.0.0.1", 0)
    store = open_store(f"postgresql://somebody@127.0.0.1:{server.sockets[0].getsockname()[1]}/firm")
    try:
        with pytest.raises(Busy):
            await store.read(lambda session: session.execute(text("SELECT 1")))
        with pytest.raises(Busy):
            await store.write(bump)
    finally:
        await store.close()
        server.close()
