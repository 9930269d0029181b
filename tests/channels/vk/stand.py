"""A community's channel, its public door, the pretended VK, and hands for the people there."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, web

from channels.base import Firm
from channels.vk import Vk, VkOptions
from crm.base.events import Event, RawEvent
from crm.base.outbound import Outbound, Receipt
from sandbox.vk.human import VkHuman
from sandbox.vk.server import LARGEST, VkApi
from sandbox.vk.world import GROUP, TOKEN, World
from tests.channels.pretended import Files, serve
from tests.doors import Inbox, served

__all__ = ["Files"]

FIXTURES = Path(__file__).parent.parent / "fixtures" / "vk"
NOW = 1_764_072_000_000
ANI = 51515151
OPTIONS = VkOptions(GROUP, TOKEN, first_wait=0.01, look_seconds=3600.0)


def firm(public_url: str = "https://crm.example", keys: tuple[bytes, ...] = (b"k" * 32, b"o" * 32)) -> Firm:
    """A firm whose clock stands still."""
    return Firm("Marani", ("ru", "hy"), "RU", "Europe/Moscow", public_url, keys, Path("/nowhere"), lambda: NOW)


def channel(**more: Any) -> Vk:
    """A channel that talks to nobody."""
    return Vk(replace(OPTIONS, **more), firm())


def fixture(name: str) -> bytes:
    """What VK brought once."""
    return (FIXTURES / f"{name}.json").read_bytes()


def told(name: str, **more: Any) -> list[Event]:
    """What the channel reads in what was captured."""
    return list(channel(**more).parse(RawEvent("vk", "k1", "vk:someone", fixture(name), NOW)))


@dataclass
class Stand:
    """Both sides, open to each other."""

    world: World
    human: VkHuman
    vk: Vk
    inbox: Inbox
    files: Files
    http: ClientSession
    vk_url: str
    shop: str

    async def say(self, outbound: Outbound, person: int = ANI) -> Receipt:
        return await self.vk.send(str(person), outbound, self.files.open)

    async def events(self, count: int) -> list[Event]:
        """What the channel reads in the first `count` events that were kept."""
        return [event for one in (await self.inbox.until(count))[:count] for event in self.vk.parse(one)]

    def heard(self, text: str = "Здравствуйте") -> int:
        """Ани writes: from now on she can be answered."""
        return self.human.say(ANI, text)

    def sent(self, method: str = "messages.send") -> list[dict[str, str]]:
        """With what a method was asked, oldest first."""
        return [fields for name, fields in self.world.calls if name == method]

    @property
    def door(self) -> str:
        return self.shop + firm(self.shop).paths("vk")[0]


@asynccontextmanager
async def stand(*, hooked: bool = True, inbox: Inbox | None = None, **more: Any) -> AsyncIterator[Stand]:
    """A fresh world; `hooked` = VK brings everything to us already."""
    world, kept, made = World(lambda: NOW / 1000), inbox or Inbox(), list[Vk]()
    world.courier.pace.again = 0.01
    human = VkHuman(world)
    async with AsyncExitStack() as stack:
        vk_url = await stack.enter_async_context(serve(VkApi(world), human, largest=LARGEST))

        def routes(url: str) -> list[web.RouteDef]:
            made.append(Vk(replace(OPTIONS, api_base=vk_url, **more), firm(url)))
            return list(made[0].routes(kept))

        shop = await stack.enter_async_context(served(routes))
        http = await stack.enter_async_context(ClientSession())
        stack.push_async_callback(made[0].close)
        if hooked:
            await made[0].watch.look()
            assert made[0].watch.trouble == ""
        yield Stand(world, human, made[0], kept, Files(), http, vk_url, shop)
