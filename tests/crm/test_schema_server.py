"""The schema's steps on a server: they end where the tables are, keep every row of an older company, and one that is cut off leaves nothing behind."""

import asyncio
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
import pytest_asyncio
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, MetaData, Table, create_engine, event, insert, select, text
from sqlalchemy.ext.asyncio import create_async_engine

from crm.base import dialect
from crm.base.db import Session, Store, file_of, open_store
from crm.base.errors import Misconfigured
from crm.base.events import RawEvent
from crm.base.postgres import async_url
from crm.base.settings import Company
from crm.base.time import DAY
from crm.inbox.log import keep
from crm.migrations import upgrade
from crm.outreach import campaigns, ticks
from crm.outreach.segments import Segment
from crm.reports.books import check
from crm.schema import HEAD, bring_server_up_to_date, prepare, version_at
from crm.tables import metadata
from tests.cluster import Cluster
from tests.crm.outreach.town import Town, found_default
from tests.crm.test_schema import KILLED_AT

T = TypeVar("T")
Rows = dict[str, list[dict[str, Any]]]
FIRST = "0001"
ROOT = Path(__file__).parents[2]
COMMIT = "COMMIT"
# Every column, index and constraint in the server's own words; Alembic compares neither conditions nor checks.
WORDS = """
SELECT concat_ws(' ', relname, attname, format_type(atttypid, atttypmod), attnotnull, attidentity, pg_get_expr(adbin, adrelid))
FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND NOT attisdropped AND attnum > 0
UNION ALL SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT concat_ws(' ', sequencename, data_type, start_value, increment_by) FROM pg_sequences WHERE schemaname = 'public'
"""
THINGS = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"


async def inside(url: str, deed: Callable[[Connection], T]) -> T:
    """Do something in one transaction of a database, whichever engine it has."""
    path = file_of(url)
    if path is None:
        server = create_async_engine(async_url(url))
        async with server.begin() as connection:
            done = await connection.run_sync(deed)
        await server.dispose()
        return done
    engine = create_engine(f"sqlite:///{path}")
    dialect.prepare(engine, writes=True)
    with engine.begin() as connection:
        done = deed(connection)
    engine.dispose()
    return done


async def words_of(url: str, question: str = WORDS) -> set[str]:
    """What a server says it has, but for Alembic's own table."""
    found = await inside(url, lambda connection: connection.scalars(text(question)).all())
    return {one for one in found if "alembic" not in one}


@pytest.fixture
def fresh(cluster: Cluster) -> Iterator[str]:
    """A database on the server with nothing in it."""
    yield cluster.database("schema")
    cluster.drop("schema")


@pytest.fixture(params=["file", "server"])
def address(request: pytest.FixtureRequest, cluster: Cluster, tmp_path: Path) -> Iterator[str]:
    """A database with nothing in it on each engine."""
    yield cluster.database("older") if request.param == "server" else f"sqlite:///{tmp_path / 'older.db'}"
    cluster.drop("older")


def compared(connection: Connection) -> list[Any]:
    """What Alembic would change."""
    told = {"compare_type": True, "compare_server_default": True}
    found = compare_metadata(MigrationContext.configure(connection, opts=told), metadata)
    return [one for one in found if getattr(one[1], "name", "") != "findable_words"]  # the index of search stands beside the tables


def made(connection: Connection) -> None:
    """The tables as they are, without any steps."""
    metadata.create_all(connection)
    dialect.found(connection)


async def test_the_migrations_end_where_the_tables_are(fresh: str) -> None:
    assert await prepare(fresh) is True
    assert await inside(fresh, compared) == []


async def test_checks_conditions_and_the_sequence_are_the_same_too(fresh: str, cluster: Cluster) -> None:
    await prepare(fresh)
    other = cluster.database("tables")
    await inside(other, made)
    migrated, meant = await words_of(fresh), await words_of(other)
    cluster.drop("tables")
    assert migrated ^ meant == set()
    assert len(meant) > 300


async def test_a_second_start_does_nothing(fresh: str) -> None:
    await prepare(fresh)
    before = await words_of(fresh, "SELECT concat(oid, ' ', relname, xmin) FROM pg_class")
    assert await prepare(fresh) is False
    assert await words_of(fresh, "SELECT concat(oid, ' ', relname, xmin) FROM pg_class") == before


# An older company.

PEOPLE = ("contacts", "identities", "consents", "conversations", "messages", "leads", "reps", "raw_events", "raw_bodies", "waiting")
IMPORTANT = (*PEOPLE, "enrollments", "campaigns", "recipients", "deliveries", "batches", "notices", "domain_events", "leases")


async def lived(town: Town) -> None:
    """A company in the middle of its day: follow-ups and a campaign go on, some is said and some is not, and letters wait."""
    await town.do(found_default, town.now)
    boss = await town.employ()
    await town.fans(*(f"fan{number}" for number in range(12)))
    await town.writes("silent", "a lamp please")
    town.now += 2 * DAY
    await town.follow_ups()
    number = await town.do(campaigns.draft, boss, Segment(), "Hello {name|friend}", now=town.now)
    await town.do(campaigns.launch, boss, number, 12, now=town.now)
    await town.do(ticks.compose, town.company, now=town.now)
    await town.do(ticks.compose, town.company, now=town.now, rate_per_minute=5)
    waiting = [RawEvent("telegram", f"late{one}", f"telegram:fan{one % 3}", b'{"who": "fan0", "name": "Ani", "text": "hi"}', town.now) for one in range(7)]
    await town.do(keep, waiting)


def every_row(tables: MetaData) -> Callable[[Session | Connection], Rows]:
    """A question for all rows of some tables, in the order of their keys."""

    def ask(place: Session | Connection) -> Rows:
        found = {}
        for table in tables.sorted_tables:
            result = place.execute(select(table).order_by(*table.primary_key.columns)).mappings()
            found[table.name] = [{name: bytes(value) if isinstance(value, memoryview) else value for name, value in row.items()} for row in result]
        return found

    return ask


def old_tables(connection: Connection) -> MetaData:
    """The tables of the first schema, made and then read back from the database itself."""
    upgrade(connection, FIRST)
    assert version_at(connection) == FIRST
    tables = MetaData()
    tables.reflect(connection)
    tables.remove(tables.tables["alembic_version"])
    return tables


def filled(rows: Rows) -> Callable[[Connection], tuple[MetaData, Rows]]:
    """A deed that makes the first schema and puts into it what it has columns for; answers both."""

    def deed(connection: Connection) -> tuple[MetaData, Rows]:
        tables = old_tables(connection)
        for table in tables.sorted_tables:
            put(connection, table, rows[table.name])
        if connection.dialect.name != "sqlite":
            connection.execute(text("SELECT setval('ids', :next, false)"), {"next": highest(rows) + 1})
        return tables, every_row(tables)(connection)

    return deed


def put(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """The rows of one table; ids are handed out by each engine in its own way."""
    known = [{name: value for name, value in row.items() if name in table.c} for row in rows]
    if table.name == "counters":
        connection.execute(table.delete())
        known = [{"name": "ids", "next": 1_000_000}] if connection.dialect.name == "sqlite" else []
    if known:
        connection.execute(insert(table), known)


def highest(rows: Rows) -> int:
    return max(int(row["id"]) for table in rows.values() for row in table if "id" in row)


def business(rows: Rows) -> Rows:
    """What must not change: everything but the counter of ids."""
    return {name: found for name, found in rows.items() if name != "counters"}


async def test_an_older_company_keeps_every_row_and_goes_on(store: Store, company: Company, address: str) -> None:
    town = Town(store, company)
    await lived(town)
    tables, before = await inside(address, filled(await store.read(every_row(metadata))))
    assert [name for name in IMPORTANT if not before[name]] == []
    assert await prepare(address) is True
    assert await inside(address, version_at) == HEAD
    after = await inside(address, every_row(tables))
    assert business(after) == business(before)
    await goes_on(address, town)


async def goes_on(address: str, town: Town) -> None:
    """Letters that waited are read in their order, the sender sends, the ticks go on, a newcomer is served; the books balance."""
    upgraded = open_store(address)
    again = Town(upgraded, town.company)
    again.now = town.now + 1
    places = await upgraded.read(lambda session: session.execute(text("SELECT lane, rank, shard FROM waiting ORDER BY event_id")).all())
    assert [row.rank for row in places] == [0, 0, 0, 1, 1, 1, 2]
    assert len({(row.lane, row.shard) for row in places}) == 3
    await again.writes("newcomer", "hello", account="webchat")
    assert await again.sends("webchat") == [("newcomer", "Glad to help.")]
    again.now += DAY
    assert await again.promotions()
    assert await again.count(metadata.tables["waiting"]) == 0
    assert await again.count(metadata.tables["recipients"], metadata.tables["recipients"].c.state == "waiting") == 0
    assert (await upgraded.read(check)).problems == ()
    await upgraded.close()


# A maker that is cut off.


def left_by(connection: Connection) -> tuple[list[str], list[str], str]:
    """What is in the database, the heirloom, and the schema it says it has."""
    return sorted(connection.scalars(text(THINGS))), list(connection.scalars(text("SELECT what FROM heirlooms"))), version_at(connection)


@pytest_asyncio.fixture(params=["", FIRST])
async def old(request: pytest.FixtureRequest, fresh: str) -> str:
    """A database with something of its owner's in it, and with no schema or the first one."""

    def deed(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE heirlooms (what TEXT)"))
        connection.execute(text("INSERT INTO heirlooms VALUES ('teapot')"))
        if request.param:
            upgrade(connection, request.param)

    await inside(fresh, deed)
    return fresh


@contextmanager
def cut_at(words: str, cluster: Cluster) -> Iterator[None]:
    """The server closes the maker's connection just before a statement of its."""

    def cut(*_: object) -> None:
        cluster.execute("SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE application_name = 'dragoman-schema'")

    def statement(_: object, __: object, said: str, *___: object) -> None:
        if words in said:
            cut()

    name, heard = ("commit", cut) if words == COMMIT else ("before_cursor_execute", statement)
    event.listen(Engine, name, heard)
    try:
        yield
    finally:
        event.remove(Engine, name, heard)


MOMENTS = ("CREATE TABLE pending_edits", "CREATE INDEX deliveries_unknown", "UPDATE alembic_version SET version_num='0003'", COMMIT)


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_maker_whose_connection_is_closed_leaves_nothing_behind(old: str, cluster: Cluster, moment: str) -> None:
    before = await inside(old, left_by)
    with cut_at(moment, cluster), pytest.raises(Misconfigured, match="nothing was changed: start again"):
        await bring_server_up_to_date(old)
    assert await inside(old, left_by) == before
    assert await bring_server_up_to_date(old) is True
    assert await inside(old, version_at) == HEAD
    assert (await inside(old, left_by))[1] == ["teapot"]


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_maker_that_is_killed_leaves_nothing_behind(old: str, moment: str) -> None:
    before = await inside(old, left_by)
    killed = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED_AT, old, moment, cwd=ROOT)
    assert await killed.wait() == -signal.SIGKILL
    assert await inside(old, left_by) == before
    assert await bring_server_up_to_date(old) is True
    assert (await inside(old, left_by))[1] == ["teapot"]
