"""Move: a company's rows from a file to a server, table by table in chunks; what was copied before is passed over, so that it may be stopped and resumed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, create_engine, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from crm.base import dialect, dialect_rows
from crm.base.errors import Invalid, Misconfigured
from crm.base.postgres import arguments, async_url
from crm.schema import bring_server_up_to_date, bring_up_to_date
from crm.tables import metadata

CHUNK = 2000
LEFT_OUT = frozenset(["counters", "leases", "nodes"])
"""What belongs to a running process or to the engine, not to the company."""
# Whatever is kept or said takes an id, and every start of the product renews the epoch.
AS_IT_IS = "SELECT next, (SELECT coalesce(max(epoch), '') FROM installations) FROM counters WHERE name = 'ids'"
Progress = Callable[[str, int, int], None]
"""Hears a table's name, how many rows are there, and how many there are to be."""


async def move(path: Path, url: str, told: Progress) -> int:
    """Copy everything and compare the counts; answers how many rows there are. Raises `Misconfigured` where the server holds another company."""
    bring_up_to_date(path)
    await bring_server_up_to_date(url, called="the address to move to")
    source = create_engine(f"sqlite:///{path}")
    dialect.prepare(source, writes=False)
    server = create_async_engine(async_url(url), connect_args=arguments(url, 120.0, "dragoman-move"))
    try:
        with source.connect() as there:
            async with server.connect() as here:
                return await _copy_all(there, here, told)
    finally:
        source.dispose()
        await server.dispose()


async def _copy_all(there: Connection, here: AsyncConnection, told: Progress) -> int:
    await _begin(there, here)
    total = sum([await _copy(there, here, table, told) for table in metadata.sorted_tables if table.name not in LEFT_OUT])
    await _end(there, here)
    return total


async def _begin(there: Connection, here: AsyncConnection) -> None:
    """Mark the server as the place this file moves to, as the file is now; one that holds rows already must carry this mark."""
    mark = "move:{}:{}".format(*there.execute(text(AS_IT_IS)).one())
    known = (await here.execute(text("SELECT name FROM counters WHERE name LIKE 'move:%'"))).scalars().all()
    if mark in known:
        return
    if known or any([await _count_here(here, table) for table in metadata.sorted_tables if table.name not in LEFT_OUT]):
        raise Misconfigured("the database on the server holds rows that are not of this file as it is now: name an empty one")
    await here.execute(text("INSERT INTO counters(name, next) VALUES (:name, 0)"), {"name": mark})
    await here.commit()


async def _copy(there: Connection, here: AsyncConnection, table: Table, told: Progress) -> int:
    """Copy one table, a chunk a transaction."""
    wanted = there.execute(select(func.count()).select_from(table)).scalar_one()
    done = await _count_here(here, table)
    if done < wanted:
        add = dialect_rows.insert_on_server(table)
        for rows in _chunks(there, table, skip=done):
            await here.execute(add, rows)
            await here.commit()
            done += len(rows)
            told(table.name, min(done, wanted), wanted)
    done = await _count_here(here, table)
    if done != wanted:
        raise Invalid(f"{table.name} has {wanted} rows in the file and {done} on the server: the move is not done, begin it again with an empty database")
    told(table.name, done, wanted)
    return int(done)


def _chunks(there: Connection, table: Table, *, skip: int) -> Iterator[list[dict[str, Any]]]:
    """The rows of a table by their keys. Nobody writes to the file meanwhile, so the first `skip` are those that were copied."""
    question = select(table).order_by(*table.primary_key.columns).offset(skip)
    result = there.execution_options(stream_results=True).execute(question)
    while rows := result.mappings().fetchmany(CHUNK):
        yield [dict(row) for row in rows]


async def _count_here(here: AsyncConnection, table: Table) -> int:
    return int((await here.execute(select(func.count()).select_from(table))).scalar_one())


async def _end(there: Connection, here: AsyncConnection) -> None:
    """New ids begin above the old ones; the mark is taken away, so that nothing is moved over a living company."""
    following = there.execute(text("SELECT next FROM counters WHERE name = 'ids'")).scalar_one()
    await here.execute(text("SELECT setval('ids', :next, false)"), {"next": following})
    await here.execute(text("DELETE FROM counters WHERE name LIKE 'move:%'"))
    await here.commit()
