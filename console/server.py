"""What the doctor looks at where the database is a PostgreSQL server: whether it answers, and whether it keeps what it acknowledges."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass

from console.clock import skew
from console.finding import Finding, fault, fine, warning
from console.tokens import masked_address
from crm.base.db import Session
from crm.base.errors import DragomanError, Misconfigured
from crm.schema import HEAD

OLDEST, NEWEST = 15, 18
LEAST_CONNECTIONS = 30  # two nodes with ten each, a migration, and a person who looks
MAKE = "make the database with ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8' TEMPLATE template0"


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What a server says of itself; `folds` = it knows capital letters of other scripts, `durable` = a commit is on its disk; `at` in milliseconds."""

    version: int
    encoding: str
    folds: bool
    durable: bool
    copy: bool
    connections: int
    at: int
    schema: str


def server(url: str) -> Iterator[Finding]:
    """Ask the server an address names, and judge what it says."""
    try:
        facts = asyncio.run(_asked(url))
    except Misconfigured:
        raise
    except (DragomanError, OSError, ImportError, ValueError) as error:
        yield fault("database", f"{masked_address(url)} does not answer ({_plain(error)})", "start the server, or look at DATABASE_URL and its password")
        return
    yield from judged(facts)
    yield skew(facts.at / 1000, time.time(), "the database's server")


async def _asked(url: str) -> ServerFacts:
    from crm.base.postgres import PostgresStore

    store = PostgresStore(url, connections=2, seconds=5.0)
    try:
        return await store.read(question)
    finally:
        await store.close()


def question(session: Session) -> ServerFacts:
    """What the doctor wants to know of a server."""
    from crm.base.dialect import about_server
    from crm.schema import version_at

    return ServerFacts(**about_server(session), schema=version_at(session.connection()))


def _plain(error: BaseException) -> str:
    """The kind of what came first: an engine's own words may hold the address with its password."""
    while error.__cause__:
        error = error.__cause__
    return type(error).__name__


def judged(facts: ServerFacts) -> Iterator[Finding]:
    """What the answers mean; pure."""
    major = facts.version // 10_000
    yield fine("database", f"PostgreSQL {major}.{facts.version % 10_000} answers, {facts.encoding}, {facts.connections} connections at most")
    if major < OLDEST:
        yield fault("database", f"PostgreSQL {major} is too old for our statements", f"take {OLDEST} to {NEWEST}")
    if major > NEWEST:
        yield warning("database", f"PostgreSQL {major} is newer than what we have tried", f"take {OLDEST} to {NEWEST}, or try it with a copy first")
    if facts.encoding != "UTF8":
        yield fault("database", f"it keeps letters as {facts.encoding}, which has none of Armenian, Georgian and Amharic", MAKE)
    if not facts.folds:
        yield warning("database", "it does not know capital letters of our scripts, so its own searching misses names", MAKE)
    if facts.copy:
        yield fault("database", "it is a copy for reading, so nothing can be kept", "let DATABASE_URL name the first server")
    if not facts.durable:
        yield fault(
            "database", "it says yes before its disk has it: a power cut loses what customers were told we have", "set fsync = on and synchronous_commit = on"
        )
    if facts.connections < LEAST_CONNECTIONS:
        yield warning("database", f"{facts.connections} connections are few: a node takes ten", "set max_connections = 100")
    if facts.schema > HEAD:
        yield fault("database", f"its schema is {facts.schema}, this program knows {HEAD}", "install the newer program")
