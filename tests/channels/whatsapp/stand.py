"""A firm with a WhatsApp number: the channel, its public door, the pretended Meta, and hands for the people there."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, web

from channels.base import Firm
from channels.whatsapp import WhatsApp, WhatsAppOptions
from crm.base.events import Event, RawEvent
from crm.base.outbound import Outbound, Receipt
from sandbox.meta.courier import Pace
from sandbox.meta.graph import GraphApi
from sandbox.meta.human import Human
from sandbox.meta.world import World
from tests.channels.pretended import Files, serve
from tests.doors import Inbox, served

FIXTURES = Path(__file__).parent.parent / "fixtures" / "whatsapp"
NUMBER, BUSINESS, TOKEN = "106540352242922", "102290129340398", "EAAsandboxTOKEN0123456789"
SECRETS = ("app-secret",)
ANAHIT = "37491234567"
NOW = 1_764_072_000_000
LARGEST = 128 * 1024 * 1024


@dataclass
class Clock:
    """The time of everybody here, in milliseconds since 1970; it stands still unless it is moved."""

    now: int = NOW

    def __call__(self) -> int:
        return self.now

    def seconds(self) -> float:
        return self.now / 1000

    def later(self, hours: float) -> None:
        self.now += int(hours * 3_600_000)


def firm(clock: Callable[[], int] = lambda: NOW, public_url: str = "https://crm.example", keys: tuple[bytes, ...] = (b"k" * 32,)) -> Firm:
    return Firm("Lav Hac", ("hy", "ru", "en"), "AM", "Asia/Yerevan", public_url, keys, Path("/nowhere"), clock)


def options(**more: Any) -> WhatsAppOptions:
    return replace(WhatsAppOptions(NUMBER, TOKEN, SECRETS, business=BUSINESS), **more)


def channel(**more: Any) -> WhatsApp:
    """A channel that talks to nobody."""
    return WhatsApp(options(**more), firm())


def raw(body: bytes, *, key: str = "k1", at: int = NOW) -> RawEvent:
    return RawEvent("whatsapp", key, "whatsapp:someone", body, at)


@dataclass
class Town:
    """Everything together; `inbox` holds what the channel kept."""

    world: World
    whatsapp: WhatsApp
    inbox: Inbox
    clock: Clock
    files: Files
    http: ClientSession
    meta_url: str
    public_url: str

    async def play(self, path: str, /, **body: Any) -> dict[str, Any]:
        """Do something on the human side."""
        async with self.http.post(f"{self.meta_url}/play/whatsapp/{path}", json=body) as answer:
            told: dict[str, Any] = await answer.json()
        assert told["ok"], told
        return told

    async def does(self, deed: str, person: str = ANAHIT, /, **body: Any) -> dict[str, Any]:
        return await self.play(f"people/{person}/{deed}", **body)

    async def events(self, count: int) -> list[Event]:
        """What the channel reads in the first `count` raw events."""
        return [event for one in await self.inbox.until(count) for event in self.whatsapp.parse(one)]

    async def heard(self, person: str = ANAHIT, text: str = "Barev") -> str:
        """A person writes, and the channel has kept it; answers the id."""
        known = len(self.inbox.events)
        id_ = (await self.does("send", person, text=text))["id"]
        await self.inbox.until(known + 1)
        return str(id_)

    async def say(self, outbound: Outbound, address: str = ANAHIT) -> Receipt:
        return await self.whatsapp.send(address, outbound, self.files.open)

    def bodies(self) -> list[dict[str, Any]]:
        """What Meta took from us, oldest first."""
        return [one.body for one in self.world.sent.values()]

    def calls(self, what: str) -> list[Mapping[str, Any]]:
        return [one for one in self.world.log if one["what"] == what]


@asynccontextmanager
async def town(*, hooked: bool = True, **more: Any) -> AsyncIterator[Town]:
    """A fresh world; `hooked` = Meta knows the way to us already."""
    clock, doors = Clock(), dict[str, Any]()

    async def lead(request: web.Request) -> web.StreamResponse:
        handler = doors.get(f"{request.method} {request.path}")
        if handler is None:
            raise web.HTTPNotFound
        answer: web.StreamResponse = await handler(request)
        return answer

    async with AsyncExitStack() as stack:
        world = World(clock.seconds)
        world.courier.pace = Pace(again=0.01, longest=0.02)
        meta_url = await stack.enter_async_context(serve(GraphApi(world), Human(world), largest=LARGEST))
        public_url = await stack.enter_async_context(served(lambda _: [web.route("*", "/{path:.*}", lead)]))
        settings = {"api_base": meta_url, "first_wait": 0.01, "look_seconds": 0.02, **more}
        whatsapp = WhatsApp(options(**settings), firm(clock, public_url))
        stack.push_async_callback(whatsapp.close)
        inbox = Inbox()
        doors.update({f"{route.method} {route.path}": route.handler for route in whatsapp.routes(inbox) if isinstance(route, web.RouteDef)})
        http = await stack.enter_async_context(ClientSession())
        made = Town(world, whatsapp, inbox, clock, Files(), http, meta_url, public_url)
        if hooked:
            world.callback = public_url + firm().paths("whatsapp")[0]
        yield made
