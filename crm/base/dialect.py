"""All that is said to one engine in its own words: connections, list parameters, upserts, ids. PostgreSQL's half joins here."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Dialect, Engine, Table, Text, TypeDecorator, bindparam, event, literal_column, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.dml import Insert
from sqlalchemy.sql.functions import FunctionElement

# Measured choices (worst batch 11 ms, FULL costs nothing from 50 rows a commit on); secure_delete is compiled in by Debian and slow.
WRITER = ("journal_mode=WAL", "synchronous=FULL")
PRAGMAS = (
    "busy_timeout=5000",  # first: the next ones may have to wait for somebody
    "foreign_keys=ON",
    "cache_size=-65536",
    "mmap_size=268435456",
    "temp_store=MEMORY",
    "wal_autocheckpoint=1000",
    "journal_size_limit=67108864",
    "secure_delete=FAST",
)
_TAKE = text("UPDATE counters SET next = next + :n WHERE name = 'ids' RETURNING next")


def prepare(engine: Engine, *, writes: bool) -> None:
    """Open every connection with our pragmas and every transaction in our words: the driver's own mode loses updates silently."""
    begin = "BEGIN IMMEDIATE" if writes else "BEGIN"

    def connected(connection: Any, _: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        if writes:
            cursor.execute("PRAGMA page_size=8192")
        for pragma in (*PRAGMAS, *(WRITER if writes else ("query_only=ON",))):
            cursor.execute("PRAGMA " + pragma)
        cursor.close()

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))


def in_transaction(connection: Connection) -> bool:
    """Whether the transaction still stands: on a full disk or a read error SQLite takes all of it back by itself."""
    driver = connection.connection.driver_connection
    return driver is not None and bool(driver.in_transaction)


def found(connection: Connection) -> None:
    """Write the rows every store stands on."""
    connection.execute(text("INSERT INTO counters(name, next) VALUES ('ids', 1) ON CONFLICT DO NOTHING"))


class Many(TypeDecorator[Any]):
    """A list in one parameter: JSON on SQLite."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        return json.dumps(list(value))


class each(FunctionElement[Any]):
    """The elements of a `Many` as rows."""

    inherit_cache = True


@compiles(each, "sqlite")
def _json_each(element: each, compiler: Any, **options: Any) -> str:
    return f"(SELECT value FROM json_each({compiler.process(element.clauses, **options)}))"


def among(column: InstrumentedAttribute[Any], name: str) -> ColumnElement[bool]:
    """`column IN :name` with a list as one parameter, so that the statement is a constant of its module."""
    return column.op("IN", is_comparison=True)(each(bindparam(name, type_=Many())))


def fixed(value: str | int) -> ColumnElement[Any]:
    """A constant written into the statement: a partial index is used only where the planner sees its predicate."""
    return literal_column(repr(value))


def take_ids(session: Session, count: int) -> Iterator[int]:
    """Reserve `count` ids, rising; gaps are normal."""
    if not count:
        return iter(())
    stop: int = session.execute(_TAKE, {"n": count}).scalar_one()
    return iter(range(stop - count, stop))


def insert_ignoring(table: Table) -> Insert:
    """An insert that passes over rows which break a unique key."""
    return sqlite.insert(table).on_conflict_do_nothing()


def insert_or_bump(table: Table, key: str, bump: str, newer: Sequence[str] = ()) -> Insert:
    """An insert that, where `key` is there already, raises `bump` by one and takes over the columns `newer`."""
    statement = sqlite.insert(table)
    changes: dict[str, Any] = {bump: table.c[bump] + fixed(1), **{name: statement.excluded[name] for name in newer}}
    return statement.on_conflict_do_update(index_elements=[key], set_=changes)


def insert_or_add(table: Table, keys: Sequence[str], amount: str) -> Insert:
    """An insert that, where the keys are there already, adds its amount to theirs."""
    statement = sqlite.insert(table)
    return statement.on_conflict_do_update(index_elements=list(keys), set_={amount: table.c[amount] + statement.excluded[amount]})


def insert_or_replace(table: Table, key: str, value: str) -> Insert:
    """An insert that, where the key is there already, takes over the new value."""
    statement = sqlite.insert(table)
    return statement.on_conflict_do_update(index_elements=[key], set_={value: statement.excluded[value]})
