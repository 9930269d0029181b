"""A stand for the site channels: a real server on a free port, a keep that records, and a store in memory."""

import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aiohttp import ClientWebSocketResponse, web
from aiohttp.test_utils import TestClient, TestServer

from channels.webchat import Author, Line, Webchat, WebchatOptions
from crm.base.errors import Busy, NotFound
from crm.base.events import Message, RawEvent

SECRET = "s" * 43
OTHER_SECRET = "t" * 43
NOON = 1_767_261_600_000
FILES = {1: b"\x89PNG\r\n\x1a\n a bag of beans", 2: b"<script>alert(1)</script>"}


@dataclass
class Shop:
    """What the rest of the product would be: keeps, turns what was said into lines, and answers history."""

    now: int = NOON
    busy: bool = False
    kept: list[RawEvent] = field(default_factory=list)
    lines: dict[str, list[Line]] = field(default_factory=dict)
    numbers: Any = field(default_factory=lambda: itertools.count(101))
    webchat: Webchat | None = None

    def clock(self) -> int:
        return self.now

    async def keep(self, events: Sequence[RawEvent]) -> None:
        if self.busy:
            raise Busy
        known = {(event.account, event.key) for event in self.kept}
        for raw in (event for event in events if (event.account, event.key) not in known):
            self.kept.append(raw)
            for event in self.webchat.parse(raw) if self.webchat else ():
                if isinstance(event, Message):
                    self.line(event.sender.external_id, event.text, Author.YOU, client=event.external_id)

    async def history(self, visitor: str, after: int) -> Sequence[Line]:
        return [line for line in self.lines.get(visitor, []) if line.seq > after]

    def line(self, visitor: str, text: str, author: Author = Author.BOT, **more: Any) -> Line:
        said = Line(next(self.numbers), author, text, self.now, **more)
        self.lines.setdefault(visitor, []).append(said)
        return said

    def change(self, visitor: str, old: Line, text: str) -> None:
        self.lines[visitor] = [replace(line, text=text, edited=True) if line.seq == old.seq else line for line in self.lines[visitor]]

    @asynccontextmanager
    async def open_media(self, number: int) -> AsyncIterator[AsyncIterator[bytes]]:
        if number not in FILES:
            raise NotFound

        async def chunks() -> AsyncIterator[bytes]:
            yield FILES[number]

        yield chunks()


@dataclass
class Stand:
    """A shop with its door open."""

    shop: Shop
    webchat: Webchat
    client: TestClient[web.Request, web.Application]

    @property
    def origin(self) -> str:
        return str(self.client.make_url("/")).rstrip("/")

    async def open_socket(self, **headers: str) -> ClientWebSocketResponse:
        return await self.client.ws_connect("/in/webchat/socket", headers={"Origin": self.origin} | headers)

    async def screen(self, secret: str = SECRET, **hello: object) -> tuple[ClientWebSocketResponse, dict[str, Any]]:
        """Open a widget's socket, say hello, and give it with the welcome."""
        socket = await self.open_socket()
        await socket.send_json({"type": "hello", "secret": secret, **hello})
        return socket, await socket.receive_json()

    async def post(self, path: str, secret: str = SECRET, **more: Any) -> Any:
        headers = {"Origin": self.origin, "X-Visitor": secret} | more.pop("headers", {})
        return await self.client.post(path, headers=headers, **more)


@asynccontextmanager
async def standing(uploads: Path, **options: Any) -> AsyncIterator[Stand]:
    """Serve the widget's doors for one test."""
    shop = Shop()
    shop.webchat = Webchat(WebchatOptions(uploads=uploads, **options), shop.history, shop.open_media, shop.clock)
    app = web.Application()
    app.add_routes(shop.webchat.routes(shop.keep))
    async with TestClient(TestServer(app)) as client:
        yield Stand(shop, shop.webchat, client)
        await shop.webchat.close()
