"""All that is said to an engine in its own words: connections, list parameters, ids, locks, clocks; inserts stand in `dialect_rows`."""

import json
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    Dialect,
    Engine,
    Text,
    TypeDecorator,
    bindparam,
    column,
    event,
    literal_column,
    text,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from crm.base.dialect_search import found_index

# Measured choices (worst batch 11 ms, FULL costs nothing from 50 rows a commit on); secure_delete is compiled in by Debian and slow.
WRITER = ("journal_mode=WAL", "synchronous=FULL")
PRAGMAS = (
    "foreign_keys=ON",
    "cache_size=-65536",
    "mmap_size=268435456",
    "temp_store=MEMORY",
    "wal_autocheckpoint=1000",
    "journal_size_limit=67108864",
    "secure_delete=FAST",
)
_TAKE = "UPDATE counters SET next = next + ? WHERE name = 'ids' RETURNING next"
_NEXT = text("SELECT array_agg(nextval('ids')) FROM generate_series(1, :n)")
FEWEST = 16
"""How many ids are fetched from a server at least: most deeds of people need a handful, asked for by two or three verbs."""
# Two keys of our own in the database's space of advisory locks: who writes, and who brings the schema up to date.
_BESIDE = text("SELECT pg_advisory_xact_lock_shared(7213, 1)")
_KEEPING = text("SELECT pg_advisory_xact_lock_shared(7213, 1), set_config('enable_sort', 'off', true)")
_ALONE = text("SELECT pg_advisory_xact_lock(7213, 1)")
_MIGRATING = text("SELECT pg_advisory_xact_lock(7213, 2)")
# Nothing happened when one of these is raised: the transaction may simply be made again.
_AGAIN = frozenset(["40001", "40P01", "55P03"])
_AWAY = frozenset(["57P01", "57P02", "57P03", "53300"])
# Nobody gets in: there is no such database, the name or the password is wrong, or a right is missing.
_SHUT_OUT = frozenset(["3D000", "28000", "28P01", "42501"])


def prepare(engine: Engine, *, writes: bool, lock_seconds: float = 5.0) -> None:
    """Open every connection with our pragmas and every transaction in our words: the driver's own mode loses updates silently."""
    begin = "BEGIN IMMEDIATE" if writes else "BEGIN"

    def connected(connection: Any, _: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        if writes:
            cursor.execute("PRAGMA page_size=8192")
        # First, since the others may have to wait for somebody.
        cursor.execute(f"PRAGMA busy_timeout={int(lock_seconds * 1000)}")
        for pragma in (*PRAGMAS, *(WRITER if writes else ("query_only=ON",))):
            cursor.execute("PRAGMA " + pragma)
        cursor.close()

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))


def in_transaction(connection: Connection) -> bool:
    """Whether the transaction still stands: on a full disk or a read error SQLite takes all of it back by itself."""
    if connection.dialect.name != "sqlite":
        return not connection.invalidated
    driver = connection.connection.driver_connection
    return driver is not None and bool(driver.in_transaction)


def drive(session: Session, statement: str, given: Any) -> tuple[tuple[str, ...], Sequence[Any]]:
    """Hand a written statement to the driver, for many rows where `given` is a list of them; answers the names of its columns and its rows.

    SQLite's driver is called without SQLAlchemy between, which would take 20 us for each statement where the driver takes 2.
    """
    connection = session.connection()
    if connection.dialect.name != "sqlite":
        result = connection.exec_driver_sql(statement, given)
        return (tuple(result.keys()), result.all()) if result.returns_rows else ((), ())
    cursor = connection.connection.cursor()
    try:
        (cursor.executemany if isinstance(given, list) else cursor.execute)(statement, given)
        return (tuple([about[0] for about in cursor.description]), cursor.fetchall()) if cursor.description else ((), ())
    except connection.dialect.loaded_dbapi.Error as error:
        raise DBAPIError.instance(statement, given, error, connection.dialect.loaded_dbapi.Error, dialect=connection.dialect) from error


def is_server(session: Session) -> bool:
    """Whether many nodes may work on this database at a time."""
    return session.get_bind().dialect.name != "sqlite"


def beside(session: Session) -> None:
    """Work beside others of the set-based loops, never beside a deed that wants to be alone; until the transaction ends."""
    session.execute(_BESIDE)


def keeping(session: Session) -> None:
    """The same for who keeps, by a way that stays right when a table fills: a plan is made once, maybe while nothing waits, when to sort it all seems cheapest.

    Without sorting the first or last of something is what an index begins or ends with, however many there are.
    """
    session.execute(_KEEPING)


def alone(session: Session) -> None:
    """Work as the only writer of all nodes, as every deed on SQLite does; until the transaction ends."""
    session.execute(_ALONE)


def may_go_again(error: DBAPIError) -> bool:
    """Whether a transaction failed only because others were in its way."""
    return getattr(error.orig, "sqlstate", None) in _AGAIN


def away(error: DBAPIError) -> bool:
    """Whether a server is there and serves nobody: it stops, starts, or has no line left."""
    return getattr(error.orig, "sqlstate", None) in _AWAY


def waited_in_vain(error: DBAPIError) -> bool:
    """Whether a transaction gave up waiting for a lock."""
    return getattr(error.orig, "sqlstate", None) == "55P03"


def shut_out(error: DBAPIError) -> str:
    """Why the server lets nobody of this name in, in its own words ("" = it does)."""
    return str(error.orig) if getattr(error.orig, "sqlstate", None) in _SHUT_OUT else ""


def migrate_alone(connection: Connection) -> None:
    """Of two programs that bring one schema up to date, the second waits and then finds nothing to do."""
    if connection.dialect.name != "sqlite":
        connection.execute(_MIGRATING)


def found(connection: Connection) -> None:
    """Make what every store stands on besides its tables."""
    if connection.dialect.name == "sqlite":
        connection.execute(text("INSERT INTO counters(name, next) VALUES ('ids', 1) ON CONFLICT DO NOTHING"))
    else:
        connection.execute(text("CREATE SEQUENCE IF NOT EXISTS ids"))
    found_index(connection)


class Many(TypeDecorator[Any]):
    """A list in one parameter: JSON on SQLite, an array on PostgreSQL."""

    impl = Text
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else ARRAY(self.item))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return json.dumps(list(value)) if dialect.name == "sqlite" else list(value)


class _Among(FunctionElement[bool]):
    """A column that is one of a list."""

    inherit_cache = True
    type = Boolean()

    def self_group(self, against: Any = None) -> Any:
        """A comparison by itself: the `= 1` that SQLAlchemy puts behind a boolean keeps SQLite from its indexes."""
        return self


@compiles(_Among, "sqlite")
def _in_json(element: _Among, compiler: Any, **options: Any) -> str:
    column, given = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({given}))"


@compiles(_Among, "postgresql")
def _in_array(element: _Among, compiler: Any, **options: Any) -> str:
    column, given = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} = ANY ({given})"


def among(column: InstrumentedAttribute[Any], name: str) -> ColumnElement[bool]:
    """`column IN :name` with a list as one parameter, so that the statement is a constant of its module."""
    return _Among(column, bindparam(name, type_=Many(column.type)))


class _Each(FunctionElement[Any]):
    """A list as rows, in a column named `value`; both engines' own functions name it otherwise."""

    inherit_cache = True


@compiles(_Each, "sqlite")
def _of_json(element: _Each, compiler: Any, **options: Any) -> str:
    return f"(SELECT value FROM json_each({compiler.process(element.clauses, **options)}))"


@compiles(_Each, "postgresql")
def _of_array(element: _Each, compiler: Any, **options: Any) -> str:
    return f"(SELECT unnest({compiler.process(element.clauses, **options)}) AS value)"


def each(values: InstrumentedAttribute[Any], name: str) -> ColumnElement[Any]:
    """The items of the list `name`, a row each, to be looked for one by one: each by its own way through an index, and no further than it has to go."""
    given: ColumnElement[Any] = _Each(bindparam(name, type_=Many(values.type))).table_valued(column("value", values.type), name="given").c.value
    return given


class _Instant(FunctionElement[int]):
    """The instant that leases go by."""

    inherit_cache = True
    type = BigInteger()


@compiles(_Instant, "sqlite")
def _given(element: _Instant, compiler: Any, **options: Any) -> str:
    return compiler.process(element.clauses, **options)  # type: ignore[no-any-return]


@compiles(_Instant, "postgresql")
def _by_the_database(element: _Instant, compiler: Any, **options: Any) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"


def instant(name: str) -> ColumnElement[int]:
    """The instant `name` on one machine; where nodes share a server it is the server's clock, since theirs may differ."""
    return _Instant(bindparam(name, type_=BigInteger()))


def fixed(value: str | int) -> ColumnElement[Any]:
    """A constant written into the statement: a partial index is used only where the planner sees its predicate."""
    return literal_column(repr(value))


def take_ids(session: Session, count: int) -> Iterator[int]:
    """Reserve `count` ids, rising; gaps are normal. On a server what one deed reserved and did not use serves its next asking, which saves the way there."""
    if not count:
        return iter(())
    if is_server(session):
        reserve: deque[int] = session.info.setdefault("ids", deque())
        if len(reserve) < count:
            reserve.extend(sorted(session.execute(_NEXT, {"n": max(count, FEWEST)}).scalar_one()))
        return _drawn(session, reserve, count)
    stop: int = drive(session, _TAKE, (count,))[1][0][0]
    return iter(range(stop - count, stop))


def _drawn(session: Session, reserve: "deque[int]", count: int) -> Iterator[int]:
    """Ids are drawn when they are used: of two askings that are answered by turns, each gets ids that nobody else has, and the later draw the higher one."""
    for _ in range(count):
        if not reserve:
            reserve.extend(sorted(session.execute(_NEXT, {"n": FEWEST}).scalar_one()))
        yield reserve.popleft()


_ABOUT = text("""
    SELECT CAST(current_setting('server_version_num') AS INTEGER) AS version, pg_encoding_to_char(encoding) AS encoding, lower('Ж') = 'ж' AS folds,
    current_setting('fsync') = 'on' AND current_setting('synchronous_commit') <> 'off' AS durable, pg_is_in_recovery() AS copy,
    CAST(current_setting('max_connections') AS INTEGER) AS connections, CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) AS at
    FROM pg_database WHERE datname = current_database()
""")


def about_server(session: Session) -> dict[str, Any]:
    """What a PostgreSQL server says of itself, for the doctor."""
    return dict(session.execute(_ABOUT).mappings().one())
