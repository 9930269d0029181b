"""An account's channel, the pretended Matrix server, and hands for the people there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, web

from channels.base import Firm
from channels.matrix import Matrix, MatrixOptions
from crm.base.events import Event, RawEvent
from crm.base.outbound import Outbound, Receipt
from sandbox.matrix.human import MatrixHuman
from sandbox.matrix.server import LARGEST, MatrixApi
from sandbox.matrix.world import TOKEN, World
from tests.channels.vk.stand import Files
from tests.doors import Inbox

FIXTURES = Path(__file__).parent.parent / "fixtures" / "matrix"
NOW, PATIENCE = 1_764_072_000_000, 120.0
NOWHERE = Path("/nowhere/at/all")
OPTIONS = MatrixOptions(TOKEN, "http://127.0.0.1:9", first_wait=0.01, poll_seconds=2.0)


def firm(folder: Path = NOWHERE, languages: tuple[str, ...] = ("en", "ru")) -> Firm:
    """A firm whose clock stands still."""
    return Firm("Marani", languages, "AM", "Asia/Yerevan", "", (b"k" * 32, b"o" * 32), folder, lambda: NOW)


def channel(**more: Any) -> Matrix:
    """A channel that talks to nobody."""
    return Matrix(replace(OPTIONS, **more), firm())


def seal(older: bool = False) -> str:
    """What stands behind our name in what we sent."""
    return firm().derived("matrix mark", "matrix")[older][:16]


def told(name: str) -> list[Event]:
    """What the channel reads in what was captured."""
    body = (FIXTURES / f"{name}.json").read_bytes().replace(b"SEAL", seal().encode())
    return list(channel().parse(RawEvent("matrix", "k1", "matrix:someone", body, NOW)))


@dataclass
class Stand:
    """Both sides, open to each other."""

    world: World
    human: MatrixHuman
    matrix: Matrix
    inbox: Inbox
    files: Files
    http: ClientSession
    url: str
    folder: Path

    async def say(self, outbound: Outbound, name: str = "ani") -> Receipt:
        return await self.matrix.send(self.human.homes[name], outbound, self.files.open)

    async def events(self, count: int) -> list[Event]:
        """What the channel reads in the first `count` things that were kept."""
        return [event for one in (await self.inbox.until(count))[:count] for event in self.matrix.parse(one)]

    async def until(self, kind: type[Event], count: int = 1) -> list[Any]:
        """The events of a kind, once there are so many."""
        async with asyncio.timeout(PATIENCE), self.inbox.came:
            await self.inbox.came.wait_for(lambda: len(self._of(kind)) >= count)
        return self._of(kind)

    def _of(self, kind: type[Event]) -> list[Any]:
        return [event for one in self.inbox.events for event in self.matrix.parse(one) if isinstance(event, kind)]

    def sent(self, name: str = "ani") -> list[str]:
        """What the firm's side of somebody's room shows."""
        return [one["text"] for one in self.human.lines(name) if not one["mine"]]

    async def once(self, true: Any) -> None:
        """Wait for something at the server."""
        async with asyncio.timeout(PATIENCE):
            while not true():
                await asyncio.sleep(0.005)


@asynccontextmanager
async def listening(stand: Stand, matrix: Matrix | None = None) -> AsyncIterator[None]:
    """The channel follows its account."""
    followed = matrix or stand.matrix
    task = asyncio.create_task(followed.listen(stand.inbox))
    try:
        await followed.listener.looked.wait()
        await stand.once(lambda: stand.inbox.offset > 0)
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def stand(folder: Path, **more: Any) -> AsyncIterator[Stand]:
    """A fresh world, and a channel that does not follow it yet."""
    world = World(lambda: NOW / 1000)
    human = MatrixHuman(world)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(pretended(world, human))
        made = Matrix(replace(OPTIONS, api_base=url, **more), firm(folder))
        stack.push_async_callback(made.close)
        http = await stack.enter_async_context(ClientSession())
        yield Stand(world, human, made, Inbox(), Files(), http, url, folder)


def again(here: Stand, **more: Any) -> Matrix:
    """The channel as it is after a restart: it remembers what stands in its folder."""
    return Matrix(replace(OPTIONS, api_base=here.url, **more), firm(here.folder))


@asynccontextmanager
async def pretended(world: World, human: MatrixHuman) -> AsyncIterator[str]:
    """The world served on a free port."""
    app = web.Application(client_max_size=LARGEST)
    for part in (MatrixApi(world), human):
        part.mount(app)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
