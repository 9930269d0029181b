"""Places: where a town's database stands, a file or a PostgreSQL of the bench's own, and how one run gets a fresh copy of it."""

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from bench import machine, town
from bench.town import Town
from crm.base.db import Store
from crm.base.leases import Seat, found_shards
from crm.base.postgres import async_url
from crm.inbox.process import POOLS
from tests.cluster import Cluster, blocking, from_wheel

# What a town is full of. Of a table that was looked at while it was empty the planner believes that it stays so, and walks all of it for every key.
_ANALYZE = text("ANALYZE contacts, identities, conversations, leads, consents, reps")


class Place(Protocol):
    """One engine with a town on it."""

    @property
    def engine(self) -> str: ...

    def fresh(self) -> str:
        """The address of a copy that nobody has touched; the copy before it is gone."""


class File:
    """A town in a file."""

    engine = "SQLite"

    def __init__(self, folder: Path, wanted: Town) -> None:
        self._template = town.build(folder / "town.db", wanted)

    def fresh(self) -> str:
        return f"sqlite:///{town.copy(self._template, self._template.with_name('run.db'))}"


class Server:
    """A town on a PostgreSQL that answers a commit only when it is on the disk."""

    engine = "PostgreSQL"

    def __init__(self, cluster: Cluster, wanted: Town) -> None:
        self._cluster = cluster
        blocking(settle(cluster.database("town"), wanted))

    def worked(self) -> float:
        """CPU seconds of the server so far."""
        return machine.worked(self._cluster.process.pid)

    def fresh(self) -> str:
        self._cluster.drop("run")
        return self._cluster.database("run", "town")


async def settle(url: str, wanted: Town) -> None:
    """Write a town into an empty database."""
    engine = create_async_engine(async_url(url))
    async with engine.begin() as connection:
        await connection.run_sync(town.found, wanted)
    async with engine.connect() as connection:
        plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await plain.execute(_ANALYZE)
    await engine.dispose()


@contextmanager
def file(wanted: Town) -> Iterator[Place]:
    """A town in a file, for as long as the block lasts."""
    with tempfile.TemporaryDirectory() as folder:
        yield File(Path(folder), wanted)


@contextmanager
def server(wanted: Town) -> Iterator[Server]:
    """A town on a server of its own, for as long as the block lasts."""
    cluster = Cluster(from_wheel(), durable=True)
    try:
        yield Server(cluster, wanted)
    finally:
        cluster.remove()


ENGINES = {"sqlite": file, "postgres": server}


async def seat(store: Store) -> Seat | None:
    """This process's place among the nodes of a server; None on a file, where it is alone."""
    if not store.many_nodes:
        return None
    await store.write(lambda session: found_shards(session, POOLS))
    return Seat(f"bench:{os.getpid()}:{secrets.token_hex(2)}")
