"""Store: where deeds run, and nothing else opens a transaction.

A deed is a plain function on an open `Session`. One writer thread owns the only write connection; a batch is whatever waited while the last
commit ran. Each deed has its own session, and a savepoint where it could harm others, so one failure fails one caller.
"""

import asyncio
import fcntl
import os
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import URL, Connection, create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from crm.base import dialect
from crm.base.durations import Durations
from crm.base.errors import Busy, Misconfigured
from crm.base.wakes import Wakes

__all__ = ["Order", "Session", "SqliteStore", "Store", "file_of", "look", "open_store"]

FILE = "sqlite:///"
DEFAULT = Durations()
T = TypeVar("T")
I = TypeVar("I")


class Order(IntEnum):
    """Who goes first at the writer; `KEEP` and `FLOW` are the set-based loops, which nodes of one server run side by side."""

    KEEP = 0
    DEED = 1
    FLOW = 2
    CHUNK = 3


LOOPS = (Order.KEEP, Order.FLOW)
# Of a file that cannot be read just now: no handle is left to open it, it is held, or its disk fails. The codes' last byte says so.
OUT_OF_REACH = frozenset(
    [sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL]
)


class Store(Protocol):
    """Runs plain functions on an open session and owns every transaction."""

    wakes: Wakes
    many_nodes: bool

    async def read(self, question: Callable[[Session], T]) -> T: ...

    async def write(self, deed: Callable[[Session], T], order: Order = Order.DEED) -> T: ...

    async def gather(self, deed: Callable[[Session, Sequence[I]], list[T]], items: Sequence[I], order: Order = Order.KEEP) -> list[T]: ...

    def hint(self, topics: set[str]) -> None: ...

    async def close(self) -> None: ...


@dataclass(slots=True)
class Ask:
    """One waiting call: a deed alone (`items` is None) or its share of a gathered deed."""

    deed: Callable[..., Any]
    items: Sequence[Any] | None
    order: Order
    future: asyncio.Future[Any]


Outcome = tuple[Ask, Any]


class SqliteStore:
    """The embedded store: one process per file, held by a lock."""

    many_nodes = False

    def __init__(self, path: Path, *, waiting_most: int = 5000, chunk_most: int = 1, lock_seconds: float = 5.0) -> None:
        self.path = path
        self.wakes = Wakes()
        self._most, self._chunk_most = waiting_most, chunk_most
        self._asks: list[Ask] = []
        self._ready = threading.Condition()
        self._open = True
        self._lock = hold(path)
        self._loop = asyncio.get_running_loop()
        self._engine = create_engine(f"sqlite:///{path}")
        self._reads = create_async_engine(f"sqlite+aiosqlite:///{path}", pool_size=4)
        dialect.prepare(self._engine, writes=True, lock_seconds=lock_seconds)
        dialect.prepare(self._reads.sync_engine, writes=False, lock_seconds=lock_seconds)
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    async def read(self, question: Callable[[Session], T]) -> T:
        """Answer a question from a snapshot."""
        try:
            async with AsyncSession(self._reads) as session:
                return await session.run_sync(question)
        except OperationalError as error:
            if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in OUT_OF_REACH:
                raise refusal(error) from error
            raise

    async def write(self, deed: Callable[[Session], T], order: Order = Order.DEED) -> T:
        """Run one deed; returns after the commit."""
        return await self._ask(Ask(deed, None, order, self._loop.create_future()))  # type: ignore[no-any-return]

    async def gather(self, deed: Callable[[Session, Sequence[I]], list[T]], items: Sequence[I], order: Order = Order.KEEP) -> list[T]:
        """Run a module-level deed for its items together with what others ask of it; returns after the commit."""
        return await self._ask(Ask(deed, items, order, self._loop.create_future()))  # type: ignore[no-any-return]

    def hint(self, topics: set[str]) -> None:
        """There is no other node to tell."""

    def _ask(self, ask: Ask) -> asyncio.Future[Any]:
        with self._ready:
            if not self._open or len(self._asks) >= self._most:
                raise Busy
            self._asks.append(ask)
            self._ready.notify()
        return ask.future

    def _run(self) -> None:
        while batch := self._next():
            try:
                self._serve(batch)
            except Exception as error:  # the file cannot be opened: who asked is refused, and the next one may have better luck
                refused = Busy(f"the database cannot be opened: {error}")
                self._loop.call_soon_threadsafe(self._tell, [(ask, refused) for ask in batch], set[str]())

    def _serve(self, batch: list[Ask]) -> None:
        """Work off batches on one connection until the store closes."""
        with self._engine.connect() as connection:
            while batch:
                outcomes, topics = commit(connection, batch)
                self._loop.call_soon_threadsafe(self._tell, outcomes, topics)
                batch = self._next()

    def _next(self) -> list[Ask]:
        with self._ready:
            self._ready.wait_for(lambda: self._asks or not self._open)
            chunks = [ask for ask in self._asks if ask.order is Order.CHUNK]
            later = chunks[self._chunk_most :]
            batch = sorted((ask for ask in self._asks if ask not in later), key=lambda ask: ask.order) if chunks else self._asks
            self._asks = later
        return batch

    def _tell(self, outcomes: list[Outcome], topics: set[str]) -> None:
        for ask, outcome in outcomes:
            if ask.future.done():
                continue
            if isinstance(outcome, Exception):
                ask.future.set_exception(outcome)
            else:
                ask.future.set_result(outcome)
        self.wakes.ring(topics)

    async def close(self) -> None:
        """Finish what waits, then let the file go."""
        with self._ready:
            self._open = False
            self._ready.notify()
        await asyncio.to_thread(self._thread.join)
        self._engine.dispose()
        await self._reads.dispose()
        os.close(self._lock)


def file_of(url: str) -> Path | None:
    """The file an address names; None where it names a server."""
    return Path(url.removeprefix(FILE)) if url.startswith(FILE) else None


def open_store(url: str, durations: Durations = DEFAULT) -> Store:
    """Open the store an address names: `sqlite:///path` or `postgresql://user:password@host/database`; in a running loop."""
    path = file_of(url)
    if path is not None:
        return SqliteStore(path, lock_seconds=durations.lock)
    from crm.base.postgres import PostgresStore

    return PostgresStore(url, seconds=durations.database)


def look(where: str | Path, question: Callable[[Session], T]) -> T:
    """Answer a question from a snapshot of a database that others may work on; a file is opened for reading only and never made."""
    path = where if isinstance(where, Path) else file_of(where)
    if path is None:
        return asyncio.run(_look_at_server(str(where), question))
    engine = create_engine(URL.create("sqlite", database=path.resolve().as_uri(), query={"mode": "ro", "uri": "true"}))
    dialect.prepare(engine, writes=False)
    try:
        with Session(engine) as session:
            return question(session)
    finally:
        engine.dispose()


async def _look_at_server(url: str, question: Callable[[Session], T]) -> T:
    store = open_store(url)
    try:
        return await store.read(question)
    finally:
        await store.close()


def hold(path: Path) -> int:
    """Lock the file beside the database; the one who holds it is the only process that writes."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise Misconfigured(f"another process works on {path.name}: stop it first, or set another DATABASE_URL") from error
    return handle


def commit(connection: Connection, batch: list[Ask]) -> tuple[list[Outcome], set[str]]:
    """Run a batch in one transaction; when the commit itself fails, nobody's deed happened.

    What is alone, or belongs to a loop, runs without a savepoint at first, which costs more than a statement and is hardly ever needed: where such
    a deed fails, everything is taken back and done once more, each deed in a savepoint of its own.
    """
    groups = grouped(batch)
    bold = [len(groups) == 1 or asks[0].order in LOOPS for asks in groups]
    try:
        try:
            return together(connection, groups, bold)
        except Undone as undone:
            if len(batch) == 1:
                return [(batch[0], refusal(undone.error))], set()
        return together(connection, groups, [False] * len(groups))
    except Exception as error:
        return [(ask, refusal(error)) for ask in batch], set()


def together(connection: Connection, groups: list[list[Ask]], bold: list[bool]) -> tuple[list[Outcome], set[str]]:
    """Run deeds in one transaction, the bold ones without a savepoint: when one of these fails, nothing happened, and `Undone` is raised."""
    outcomes: list[Outcome] = []
    topics: set[str] = set()
    with connection.begin():
        for asks, daring in zip(groups, bold, strict=True):
            outcomes += dare(connection, asks, topics) if daring else attempt(connection, asks, topics)
    return outcomes, topics


class Undone(Exception):
    """A deed without a savepoint failed, and with it the whole transaction."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def dare(connection: Connection, asks: list[Ask], topics: set[str]) -> list[Outcome]:
    """Run one deed for its asks straight in the transaction."""
    session = Session(connection, join_transaction_mode="rollback_only", expire_on_commit=False)
    try:
        with session.begin():
            outcomes = call(session, asks)
    except Exception as error:
        raise Undone(error) from error
    finally:
        session.close()
    topics |= session.info.get("wakes", set())
    return outcomes


def grouped(batch: list[Ask]) -> list[list[Ask]]:
    """Put the asks of one gathered deed together, at the place of the first; pure."""
    groups: dict[object, list[Ask]] = {}
    for ask in batch:
        groups.setdefault(ask.deed if ask.items is not None else id(ask), []).append(ask)
    return list(groups.values())


def attempt(connection: Connection, asks: list[Ask], topics: set[str]) -> list[Outcome]:
    """Run one deed for its asks; when it fails for many, run it for each, so that one failure fails one caller."""
    session = Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False)
    try:
        with session.begin():
            outcomes = call(session, asks)
        topics |= session.info.get("wakes", set())
        return outcomes
    except Exception as error:
        if not dialect.in_transaction(connection):
            raise Busy("the database took the whole batch back") from error
        if len(asks) == 1:
            return [(asks[0], refusal(error))]
    finally:
        session.close()
    return [outcome for ask in asks for outcome in attempt(connection, [ask], topics)]


def refusal(error: Exception) -> Exception:
    """What a caller is told; a StopIteration could not even be told, since a future does not carry it."""
    if isinstance(error, OperationalError):
        return Busy(f"the database refused: {error}")
    return RuntimeError("a deed ran out of answers") if isinstance(error, StopIteration) else error


def call(session: Session, asks: list[Ask]) -> list[Outcome]:
    """Call a deed and hand each ask its share of the results."""
    if asks[0].items is None:
        return [(asks[0], asks[0].deed(session))]
    results = iter(asks[0].deed(session, [item for ask in asks for item in ask.items or ()]))
    return [(ask, [next(results) for _ in ask.items or ()]) for ask in asks]
