"""PostgresStore: the same deeds on a server that many nodes share.

A deed of a person or a clock is alone among all nodes, exactly as on SQLite, so that no verb has to think of races. The set-based loops (keep,
process, drain) stand beside each other: their rows are kept apart by unique keys, shards and leases.
"""

import asyncio
import logging
import random
import secrets
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from crm.base import dialect
from crm.base.db import Ask, Order, Outcome, Undone, call, refusal
from crm.base.errors import Busy, Misconfigured
from crm.base.silent import NAME, end_silent, signs_of_life
from crm.base.wakes import Wakes

if TYPE_CHECKING:
    import asyncpg

log = logging.getLogger(__name__)
T = TypeVar("T")
I = TypeVar("I")
R = TypeVar("R")
TRIES = 5
CHANNEL = "dragoman"
WANTED = "DATABASE_URL must be sqlite:///path/to/file.db or postgresql://user:password@host/database"
BREATH = 0.01
HUSH = 0.02
"""Seconds between two hints to other nodes."""
_NOTIFY = "SELECT pg_notify($1, $2)"


class PostgresStore:
    """The store of many nodes; each node opens one."""

    many_nodes = True

    def __init__(self, url: str, *, waiting_most: int = 5000, connections: int = 10, seconds: float = 10.0) -> None:
        self.url = url
        self.wakes = Wakes()
        self._most, self._seconds = waiting_most, seconds
        self._engine = create_async_engine(async_url(url), pool_size=connections, max_overflow=0, pool_timeout=seconds, connect_args=arguments(url, seconds))
        self._reads = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._asks: dict[Callable[..., Any], list[Ask]] = defaultdict(list)
        self._served: set[Callable[..., Any]] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._open = True
        self._me = secrets.token_hex(4)
        self._news: set[str] = set()
        self._rung = asyncio.Event()
        self._line: asyncpg.Connection[asyncpg.Record] | None = None
        self._stuck = asyncio.Event()
        self._bells = [asyncio.create_task(bell()) for bell in (self._listen, self._tell_others, self._free)]

    async def read(self, question: Callable[[Session], T]) -> T:
        """Answer a question from a snapshot."""
        return await self._refusing(self._ask(question))

    async def _ask(self, question: Callable[[Session], T]) -> T:
        async with AsyncSession(self._reads) as session:
            return await session.run_sync(question)

    async def write(self, deed: Callable[[Session], T], order: Order = Order.DEED) -> T:
        """Run one deed; returns after the commit."""
        if not self._open or len(self._tasks) >= self._most:
            raise Busy
        return await self._own(self._again(deed, order))

    async def gather(self, deed: Callable[[Session, Sequence[I]], list[T]], items: Sequence[I], order: Order = Order.KEEP) -> list[T]:
        """Run a module-level deed for its items together with what others ask of it; returns after the commit."""
        asks = self._asks[deed]
        if not self._open or len(asks) >= self._most:
            raise Busy
        ask = Ask(deed, items, order, asyncio.get_running_loop().create_future())
        asks.append(ask)
        if deed not in self._served:
            self._served.add(deed)
            self._start(self._serve(deed, order))
        return await ask.future  # type: ignore[no-any-return]

    def hint(self, topics: set[str]) -> None:
        """Tell other nodes, in a moment, that something is due there."""
        if topics:
            self._news |= topics
            self._rung.set()

    async def close(self) -> None:
        """Finish what was begun, then let the server go."""
        self._open = False
        while self._tasks:
            await asyncio.wait(self._tasks)
        for bell in self._bells:
            bell.cancel()
        await asyncio.gather(*self._bells, return_exceptions=True)
        await self._engine.dispose()

    async def _own(self, work: Coroutine[Any, Any, R]) -> R:
        """Let what was begun end also when nobody waits for it any more, as the one writer of SQLite does."""
        return await asyncio.shield(self._start(work))

    def _start(self, work: Coroutine[Any, Any, R]) -> asyncio.Task[R]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever asked has it too; nobody may be left to ask

    async def _serve(self, deed: Callable[..., Any], order: Order) -> None:
        try:
            while batch := self._asks.pop(deed, None):
                try:
                    outcomes = await self._together(batch, order)
                except Exception as error:
                    outcomes = [(ask, error) for ask in batch]
                tell(outcomes)
        finally:
            self._served.discard(deed)

    async def _together(self, batch: list[Ask], order: Order) -> list[Outcome]:
        """Dare without savepoints at first, which take two ways to the server each; a deed that fails undoes all, and everybody is asked for apart."""
        try:
            return await self._again(partial(dare, asks=batch), order)
        except Undone as undone:
            if len(batch) == 1:
                return [(batch[0], refusal(undone.error))]
        return await self._again(partial(attempt, asks=batch), order)

    async def _again(self, deed: Callable[[Session], T], order: Order) -> T:
        """Run a deed in a transaction of its own; where others were in the way, once more."""
        for left in reversed(range(TRIES)):
            try:
                return await self._refusing(self._once(deed, order))
            except DBAPIError as error:
                if not dialect.may_go_again(error):
                    raise
                if dialect.waited_in_vain(error):
                    self._stuck.set()
                if not left:
                    raise Busy("others were in the way") from error
            await asyncio.sleep(BREATH * random.uniform(0.5, 1.5) * (TRIES - left))
        raise AssertionError("unreachable")

    async def _once(self, deed: Callable[[Session], T], order: Order) -> T:
        async with AsyncSession(self._engine, expire_on_commit=False) as session:
            async with session.begin():
                done = await session.run_sync(partial(_run, deed, order))
            topics: set[str] = session.info.get("wakes", set())
        self.wakes.ring(topics)
        self.hint(topics)
        return done

    async def _refusing(self, work: Coroutine[Any, Any, T]) -> T:
        """Say in the house's words that the server is away. A commit that was cut off may have happened: keys tell, nothing is repeated blindly."""
        try:
            return await work
        except (OSError, TimeoutError, NoConnection) as error:
            self._stuck.set()
            raise Busy(f"the database does not answer: {type(error).__name__}") from error
        except (InterfaceError, OperationalError) as error:
            if dialect.may_go_again(error):
                raise
            self._stuck.set()
            raise Busy(f"the database refused: {error.orig}") from error
        except DBAPIError as error:
            if error.connection_invalidated or isinstance(error.orig, OSError) or dialect.away(error):
                raise Busy("the database went away") from error
            if why := dialect.shut_out(error):
                raise Busy(f"the database refused: {why}") from error
            raise

    async def _listen(self) -> None:
        """Hear from other nodes what is due; a hint over the polls of every loop, so that it may break and come back."""
        import asyncpg

        while True:
            try:
                connection = await asyncpg.connect(**whispering(arguments(self.url, self._seconds)), **place(self.url))
                gone = asyncio.Event()
                connection.add_termination_listener(lambda *_, gone=gone: gone.set())
                await connection.add_listener(CHANNEL, self._heard)
                self._line = connection
                try:
                    await gone.wait()
                finally:
                    self._line = None
                    connection.terminate()
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.info("the database's hints are not heard: %s", type(error).__name__)
            await asyncio.sleep(random.uniform(0.5, 1.5))

    def _heard(self, _: object, __: int, ___: str, words: str) -> None:
        who, *topics = words.split("\n")
        if who != self._me:
            self.wakes.ring(set(topics))

    async def _tell_others(self) -> None:
        """Pass hints on to other nodes, many at a time and by the line they are heard on: a NOTIFY locks the whole server for a moment."""
        import asyncpg

        while True:
            await self._rung.wait()
            self._rung.clear()
            topics, self._news = self._news, set()
            try:
                if self._line:
                    await self._line.fetch(_NOTIFY, CHANNEL, "\n".join((self._me, *sorted(topics))))
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.info("no hint to other nodes: %s", type(error).__name__)
                if self._line:  # a line that is dead one way is dead: a new one is laid
                    self._line.terminate()
            await asyncio.sleep(HUSH)

    async def _free(self) -> None:
        """When deeds wait in vain, it may be for a node that fell silent in the middle of one."""
        import asyncpg

        while True:
            await self._stuck.wait()
            try:
                await end_silent({**arguments(self.url, self._seconds), **place(self.url)}, self._seconds)
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.info("nobody could be made to let go: %s", type(error).__name__)
            self._stuck.clear()
            await asyncio.sleep(self._seconds / 2)


def _run(deed: Callable[[Session], T], order: Order, session: Session) -> T:
    {Order.KEEP: dialect.keeping, Order.FLOW: dialect.beside}.get(order, dialect.alone)(session)
    return deed(session)


def dare(session: Session, asks: list[Ask]) -> list[Outcome]:
    """Run one deed for its asks straight in the transaction; when it fails, `Undone` takes everything back."""
    try:
        outcomes = call(session, asks)
        session.flush()  # what fails at the commit would fail everybody
        return outcomes
    except (OSError, TimeoutError):
        raise
    except DBAPIError as error:
        if error.connection_invalidated or dialect.may_go_again(error):
            raise
        raise Undone(error) from error
    except Exception as error:
        raise Undone(error) from error


def attempt(session: Session, asks: list[Ask]) -> list[Outcome]:
    """Run one deed for its asks; when it fails for many, run it for each, so that one failure fails one caller."""
    try:
        with session.begin_nested():
            return call(session, asks)
    except DBAPIError as error:
        if dialect.may_go_again(error) or not dialect.in_transaction(session.connection()):
            raise
        if len(asks) == 1:
            return [(asks[0], refusal(error))]
    except Exception as error:
        if len(asks) == 1:
            return [(asks[0], refusal(error))]
    return [outcome for ask in asks for outcome in attempt(session, [ask])]


def tell(outcomes: Sequence[Outcome]) -> None:
    """Answer the callers."""
    for ask, outcome in outcomes:
        if ask.future.done():
            continue
        if isinstance(outcome, Exception):
            ask.future.set_exception(outcome)
        else:
            ask.future.set_result(outcome)


def parsed(url: str) -> URL:
    """A database address as people write it."""
    try:
        found = make_url(url)
    except ArgumentError as error:
        raise Misconfigured(WANTED) from error
    if found.get_backend_name() not in ("postgresql", "postgres") or not found.database:
        raise Misconfigured(WANTED)
    return found


def async_url(url: str) -> URL:
    """The same address for SQLAlchemy; what asks for encryption goes to the driver by itself."""
    return parsed(url).set(drivername="postgresql+asyncpg", query={})


def place(url: str) -> dict[str, Any]:
    """Where the server is, for the bare driver."""
    found = parsed(url)
    return {"host": found.host, "port": found.port, "user": found.username, "password": found.password, "database": found.database}


def arguments(url: str, seconds: float, name: str = NAME) -> dict[str, Any]:
    """What every connection is opened with: nothing waits for ever on a server that does not answer."""
    asked = parsed(url).query.get("sslmode")
    limit = str(int(seconds * 1000))
    settings = {"application_name": name, "jit": "off", "lock_timeout": limit, "idle_in_transaction_session_timeout": limit}
    settings |= signs_of_life(seconds)
    settings["random_page_cost"] = "1.1"  # a few rows by an index, not the whole table: what is worked on is in memory, or on a disk without arms
    return {"timeout": seconds, "command_timeout": seconds, "server_settings": settings, **({"ssl": asked} if asked else {})}


def whispering(given: dict[str, Any]) -> dict[str, Any]:
    """The same for hints, which nobody misses when the server falls over: they wait for no disk."""
    return {**given, "server_settings": {**given["server_settings"], "synchronous_commit": "off"}}
