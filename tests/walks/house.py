"""A whole installation for a walk: the real product in a process of its own, and the pretended world around it."""

import asyncio
import contextlib
import itertools
import os
import re
import secrets
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg

from console import environment
from console.demo import CUSTOMER_TOKEN, STAFF_TOKEN, variables
from console.invite import write_invite
from crm.base.actors import Role
from main import accounts
from sandbox.app import Sandbox, Server, serve
from sandbox.telegram.hands import Hands
from sandbox.town import Town
from tests.cluster import blocking
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0  # for whatever comes at once on a machine that has nothing else to do
SERVER = "DRAGOMAN_TEST_SERVER"


def zone_where_it_is(hour: int) -> str:
    """A time zone whose clocks show this hour now."""
    ahead = next(ahead for ahead in range(-12, 12) if (datetime.now(UTC).hour + ahead) % 24 == hour)
    return f"Etc/GMT{-ahead:+d}"


class House:
    """One installation: `hands` are everybody's hands, `shop` is the product's own address."""

    def __init__(self, folder: Path, server: Server, hands: Hands, settings: dict[str, str]) -> None:
        self.folder, self.server, self.hands = folder, server, hands
        self.port = free_port()
        self.shop = f"http://127.0.0.1:{self.port}"
        self.database = folder / "dragoman.db"
        self.url = new_database() or f"sqlite:///{self.database}"
        self.log = folder / "product.log"
        self.root = ROOT
        # Whatever the hour is, it is noon where the firm is, lest a walk come upon its night.
        self._settings = {**variables(folder, server.url, self.port), "DATABASE_URL": self.url, "COMPANY_ZONE": zone_where_it_is(12), **settings}
        self._process: asyncio.subprocess.Process | None = None
        self.http = aiohttp.ClientSession()

    async def invite(self, role: Role) -> str:
        """A way into the staff, while the product does not run."""
        return await write_invite(self.url, role, now=time.time_ns() // 1_000_000)

    @property
    def zone(self) -> str:
        """Where the firm is."""
        return self._settings["COMPANY_ZONE"]

    @property
    def pid(self) -> int:
        """The number of the product's process (of what it runs under, where it does)."""
        assert self._process
        return self._process.pid

    @property
    def runs(self) -> bool:
        """Whether the product's process is alive."""
        return self._process is not None and self._process.returncode is None

    async def settle_in(self, town: Town) -> None:
        """Have an account on every platform of a town, which learns where to bring things."""
        await town.write_settings(Path(self._settings["CHANNELS_FILE"]), self.server.url, self.shop)
        town.found_at({account: [self.shop + path for path in paths] for account, _, paths in accounts(environment.read(self._settings))}, self.server.url)

    def vary(self, **settings: str) -> None:
        """Change settings for the next start."""
        self._settings |= settings

    async def launch(self, *under: str) -> None:
        """Start the product, under another program where one is named, without waiting."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *under, sys.executable, "main.py", "run", cwd=self.root, env={**os.environ, **self._settings}, stdout=log, stderr=log, start_new_session=True
            )

    async def start(self, *under: str) -> None:
        """Start the product and wait until it answers."""
        await self.launch(*under)
        async with asyncio.timeout(PATIENCE):
            while not await self.answers():
                assert self.runs, self.log.read_text()
                await asyncio.sleep(0.02)

    async def answers(self, page: str = "/ready") -> bool:
        """Whether the product says that it works."""
        with contextlib.suppress(aiohttp.ClientError):
            async with self.http.get(self.shop + page) as answer:
                return answer.status == 200
        return False

    async def ended(self) -> int:
        """Wait until the product's process is gone; answers its exit code."""
        assert self._process
        async with asyncio.timeout(PATIENCE):
            return await self._process.wait()

    def pin(self, cores: set[int]) -> None:
        """Keep the product on some cores, for measuring."""
        assert self._process
        os.sched_setaffinity(self._process.pid, cores)

    async def kill(self) -> None:
        """Pull the plug."""
        if self._process and self._process.returncode is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()

    async def stop(self) -> int:
        """Ask the product to stop; answers its exit code."""
        assert self._process
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            return await self._process.wait()

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Look into the database, read-only."""
        if self.url.startswith("postgresql"):
            return blocking(asked(self.url, sql, values))
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()

    def change(self, sql: str) -> None:
        """Change the database by hand, while the product does not run."""
        if self.url.startswith("postgresql"):
            blocking(asked(self.url, sql, ()))
            return
        with contextlib.closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute(sql)

    async def until(self, sql: str, *values: object, want: object = None) -> list[tuple[Any, ...]]:
        """Wait until a question to the database has rows (or exactly the rows `want`)."""
        found: list[tuple[Any, ...]] = []
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    found = self.rows(sql, *values)
                    if found == want if want is not None else found:
                        return found
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"still {found} for {sql}\n{self.log.read_text()[-4000:]}") from None

    async def close(self) -> None:
        """Take everything down."""
        if self._process and self._process.returncode is None:
            await self.stop()
        await self.http.close()


def new_database() -> str:
    """A database of its own on the server the tests run on; "" where they run on files."""
    server = os.environ.get(SERVER, "")
    if not server:
        return ""
    name = f"house{secrets.token_hex(6)}"
    blocking(asked(server, f"CREATE DATABASE {name}", ()))
    return server.rpartition("/")[0] + "/" + name


async def asked(url: str, sql: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
    """Ask a server in the words the tests use for a file."""
    numbers = itertools.count(1)
    words = re.sub(r"\?", lambda _: f"${next(numbers)}", sql) if values else sql
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(words, *values)]
    except asyncpg.UndefinedTableError as error:
        raise sqlite3.OperationalError(str(error)) from error
    finally:
        await connection.close()


@asynccontextmanager
async def open_house(folder: Path, town: Town | None = None, /, **settings: str) -> AsyncIterator[House]:
    """A house that is empty and does not run yet; with a `town` it has an account on every platform there."""
    folder.mkdir(parents=True, exist_ok=True)
    async with await serve(Sandbox({"customer": CUSTOMER_TOKEN, "staff": STAFF_TOKEN}, town=town)) as server, Hands(server.url) as hands:
        house = House(folder, server, hands, settings)
        if town:
            await house.settle_in(town)
        try:
            yield house
        finally:
            await house.close()


async def staffed(house: House, *, reps: tuple[str, ...] = ("tigran",), managers: tuple[str, ...] = ("mariam",)) -> None:
    """Let people into the staff: they press Start with their invitation before the product first runs."""
    for name, role in (*((name, Role.REP) for name in reps), *((name, Role.MANAGER) for name in managers)):
        secret = await house.invite(role)
        await house.hands.introduce(name, first_name=name.title(), language_code="en")
        await house.hands.do(name, "start", bot="staff", payload=secret)
