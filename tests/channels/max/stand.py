"""A bot's channel, its public door, the pretended MAX, and hands for the people there."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, web

from channels.base import Firm
from channels.max import Max, MaxOptions
from crm.base.events import Event, RawEvent
from crm.base.outbound import Outbound, Receipt
from sandbox.max.human import MaxHuman
from sandbox.max.server import LARGEST, MaxApi
from sandbox.max.world import TOKEN, World
from tests.channels.pretended import Files, serve
from tests.doors import Inbox, served

FIXTURES = Path(__file__).parent.parent / "fixtures" / "max"
NOW = 1_764_072_000_000
ANI = 54321
OPTIONS = MaxOptions(TOKEN, first_wait=0.01, poll_seconds=1.0, poll_pause=0.01)


def firm(public_url: str = "https://crm.example", keys: tuple[bytes, ...] = (b"k" * 32, b"o" * 32)) -> Firm:
    """A firm whose clock stands still."""
    return Firm("Marani", ("ru", "hy"), "RU", "Europe/Moscow", public_url, keys, Path("/nowhere"), lambda: NOW)


def channel(**more: Any) -> Max:
    """A channel that talks to nobody."""
    return Max(replace(OPTIONS, **more), firm())


def told(name: str, **more: Any) -> list[Event]:
    """What the channel reads in what was captured."""
    body = (FIXTURES / f"{name}.json").read_bytes()
    return list(channel(**{"token": "f9LHodD0cOLtoken", **more}).parse(RawEvent("max", "k1", "max:someone", body, NOW)))


@dataclass
class Stand:
    """Both sides, open to each other."""

    world: World
    human: MaxHuman
    max: Max
    inbox: Inbox
    files: Files
    http: ClientSession
    max_url: str
    shop: str

    async def say(self, outbound: Outbound, person: int = ANI) -> Receipt:
        return await self.max.send(str(person), outbound, self.files.open)

    async def events(self, count: int) -> list[Event]:
        """What the channel reads in the first `count` updates that were kept."""
        return [event for one in (await self.inbox.until(count))[:count] for event in self.max.parse(one)]

    def asked(self, method: str, path: str) -> list[dict[str, Any]]:
        """With what was asked, oldest first."""
        return [fields for how, where, fields in self.world.calls if (how, where) == (method, path)]

    def bodies(self) -> list[dict[str, Any]]:
        """What was to be said, oldest first."""
        return [fields["body"] for fields in self.asked("POST", "/messages")]

    @property
    def door(self) -> str:
        return self.shop + firm(self.shop).paths("max")[0]


@asynccontextmanager
async def stand(*, public: bool = True, hooked: bool = True, inbox: Inbox | None = None, **more: Any) -> AsyncIterator[Stand]:
    """A fresh world; `public` = MAX can come to us, `hooked` = it does already."""
    world, kept, made = World(lambda: NOW / 1000), inbox or Inbox(), list[Max]()
    world.courier.pace.again = 0.01
    human = MaxHuman(world)
    async with AsyncExitStack() as stack:
        max_url = await stack.enter_async_context(serve(MaxApi(world), human, largest=LARGEST))

        def routes(url: str) -> list[web.RouteDef]:
            made.append(Max(replace(OPTIONS, api_base=max_url, **more), firm(url if public else "")))
            return list(made[0].routes(kept))

        shop = await stack.enter_async_context(served(routes))
        http = await stack.enter_async_context(ClientSession())
        stack.push_async_callback(made[0].close)
        if public and hooked:
            await made[0].listener.begin()
        yield Stand(world, human, made[0], kept, Files(), http, max_url, shop)
