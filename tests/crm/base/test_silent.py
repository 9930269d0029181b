"""A client whose line breaks in the middle of a statement: the server calls it active and would wait for it for hours."""

import asyncio
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest_asyncio
from sqlalchemy import text

from crm.base.db import Store
from crm.base.errors import Busy
from crm.base.postgres import PostgresStore, parsed

ALONE = b"SELECT pg_advisory_xact_lock(7213, 1)"
SAID = text("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'dragoman' AND state = 'active' AND wait_event = 'ClientRead'")


@dataclass(slots=True)
class Silent:
    """A session spoken to by hand, so that it can stop in the middle of a sentence."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ready(self) -> None:
        """Read until the server waits for the next word."""
        while True:
            kind, size = struct.unpack("!cI", await self.reader.readexactly(5))
            await self.reader.readexactly(size - 4)
            if kind == b"Z":
                return

    def say(self, kind: bytes, words: bytes) -> None:
        """One message of the protocol."""
        self.writer.write(kind + struct.pack("!I", len(words) + 4) + words)

    async def ask(self, statement: bytes) -> None:
        """A whole statement and its answer."""
        self.say(b"Q", statement + b"\0")
        await self.ready()

    def begin(self) -> None:
        """Half a statement: the server may answer the first part and waits for the second."""
        self.say(b"P", b"\0SELECT 1\0\0\0")
        self.say(b"H", b"")


async def introduced(url: str, name: str = "dragoman") -> Silent:
    """A session under our own name, or somebody else's."""
    place = parsed(url)
    silent = Silent(*await asyncio.open_connection(place.host, place.port))
    given = {"user": place.username, "database": place.database, "application_name": name}
    words = b"".join(f"{name}\0{value}\0".encode() for name, value in given.items()) + b"\0"
    silent.say(b"", struct.pack("!I", 196608) + words)
    await silent.ready()
    return silent


@pytest_asyncio.fixture
async def hasty(server_database: str) -> AsyncIterator[Store]:
    """A node that waits for a second."""
    made = PostgresStore(server_database, seconds=1.0)
    yield made
    await made.close()


@pytest_asyncio.fixture
async def guest(server_database: str) -> AsyncIterator[Silent]:
    """Somebody at a prompt, who is slow too."""
    made = await introduced(server_database, "psql")
    await made.ask(b"BEGIN")
    made.begin()
    yield made
    made.writer.close()


@pytest_asyncio.fixture
async def silent(server_store: Store, server_database: str) -> AsyncIterator[Silent]:
    """A client that holds up every deed and has said half a statement."""
    made = await introduced(server_database)
    await made.ask(b"BEGIN")
    await made.ask(ALONE)
    made.begin()
    async with asyncio.timeout(30):
        while not await server_store.read(lambda session: session.scalar(SAID)):
            await asyncio.sleep(0.01)
    yield made
    made.writer.close()


async def insisted(store: Store) -> None:
    """A deed that needs what is held, tried again while the store says Busy; it changes nothing, for a commit may be done and not heard of."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await store.write(lambda _: None)
            except Busy:
                await asyncio.sleep(0.05)


async def test_who_fell_silent_in_the_middle_of_a_statement_is_made_to_let_go(hasty: Store, silent: Silent) -> None:
    await insisted(hasty)
    assert b"terminat" in await silent.reader.read()


async def test_however_many_wait_they_are_freed(hasty: Store, silent: Silent) -> None:
    await asyncio.gather(*(insisted(hasty) for _ in range(60)))
    assert b"terminat" in await silent.reader.read()


async def test_who_is_not_of_the_house_is_left_alone(hasty: Store, guest: Silent, silent: Silent) -> None:
    await insisted(hasty)
    guest.say(b"S", b"")
    await guest.ready()
    await guest.ask(b"ROLLBACK")
