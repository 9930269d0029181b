"""A whole installation for a walk: the real product in a process of its own, and the pretended world around it."""

import asyncio
import contextlib
import os
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from console.demo import CUSTOMER_TOKEN, STAFF_TOKEN, variables
from console.invite import write_invite
from crm.base.actors import Role
from main import free_port
from sandbox.app import Sandbox, Server, serve
from sandbox.telegram.hands import Hands

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0


class House:
    """One installation: `hands` are everybody's hands, `shop` is the product's own address."""

    def __init__(self, folder: Path, server: Server, hands: Hands, settings: dict[str, str]) -> None:
        self.folder, self.server, self.hands = folder, server, hands
        self.port = free_port()
        self.shop = f"http://127.0.0.1:{self.port}"
        self.database = folder / "dragoman.db"
        self.log = folder / "product.log"
        self._settings = {**variables(folder, server.url, self.port), **settings}
        self._process: asyncio.subprocess.Process | None = None
        self.http = aiohttp.ClientSession()

    async def invite(self, role: Role) -> str:
        """A way into the staff, while the product does not run."""
        return await write_invite(self.database, role, now=time.time_ns() // 1_000_000)

    async def start(self) -> None:
        """Start the product and wait until it answers."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "main.py", "run", cwd=ROOT, env={**os.environ, **self._settings}, stdout=log, stderr=log, start_new_session=True
            )
        async with asyncio.timeout(PATIENCE):
            while not await self._answers():
                assert self._process.returncode is None, self.log.read_text()
                await asyncio.sleep(0.02)

    async def _answers(self) -> bool:
        with contextlib.suppress(aiohttp.ClientError):
            async with self.http.get(f"{self.shop}/ready") as answer:
                return answer.status == 200
        return False

    def pin(self, cores: set[int]) -> None:
        """Keep the product on some cores, for measuring."""
        assert self._process
        os.sched_setaffinity(self._process.pid, cores)

    async def kill(self) -> None:
        """Pull the plug."""
        if self._process and self._process.returncode is None:
            self._process.kill()
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
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()

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


@asynccontextmanager
async def open_house(folder: Path, **settings: str) -> AsyncIterator[House]:
    """A house that is empty and does not run yet."""
    folder.mkdir(parents=True, exist_ok=True)
    async with await serve(Sandbox({"customer": CUSTOMER_TOKEN, "staff": STAFF_TOKEN})) as server, Hands(server.url) as hands:
        house = House(folder, server, hands, settings)
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
