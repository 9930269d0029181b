"""A pretended page or account with its people, the channel under test, and the door its platform brings things to."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, web

from channels.base import Firm
from channels.http import wall
from channels.messenger import Instagram, InstagramOptions, Messenger, MessengerOptions
from channels.messenger.channel import Page
from crm.base.events import Event
from crm.base.outbound import Outbound, Receipt
from sandbox.messenger.courier import signature
from sandbox.messenger.human import Human
from sandbox.messenger.server import Pages
from sandbox.messenger.shapes import Json
from sandbox.messenger.site import Site
from tests.channels.pretended import Stored
from tests.doors import Inbox, served

FIXTURES = Path(__file__).parent.parent / "fixtures"
PAGE, ACCOUNT, APP = "102290129340398", "17841400008460056", "123456789012345"
MADE: dict[str, tuple[Callable[..., Page], Callable[..., Any], str]] = {
    "messenger": (Messenger, MessengerOptions, PAGE),
    "instagram": (Instagram, InstagramOptions, ACCOUNT),
}


def firm(**more: object) -> Firm:
    """A firm with a public address and one key."""
    usual = {"name": "Lamp shop", "languages": ("hy", "en"), "region": "AM", "zone": "Asia/Yerevan", "public_url": "https://crm.example"}
    return Firm(**{**usual, "keys": (b"k" * 32,), "folder": Path("/nowhere"), "clock": wall, **more})  # type: ignore[arg-type]


def channel(kind: str, **more: object) -> Page:
    """The channel of one dialect, with settings a firm would start with."""
    made, options, number = MADE[kind]
    settings = {"id": number, "app": APP, "token": "EAATOKEN", "app_secrets": ("app-secret",), "api_base": "http://127.0.0.1:9"}
    return made(options(**{**settings, **more}), firm())


@dataclass(slots=True)
class World:
    """One site, its people's hands, the channel and what it kept."""

    pages: Pages
    site: Site
    hands: Human
    channel: Page
    inbox: Inbox
    http: ClientSession
    hook: str
    url: str

    async def send(self, address: str, outbound: Outbound, files: dict[int, bytes] | None = None) -> Receipt:
        return await self.channel.send(address, outbound, Stored(files or {}))

    async def heard(self, count: int) -> list[Event]:
        """What the first so many things that were brought mean."""
        return [event for raw in await self.inbox.until(count) for event in self.channel.parse(raw)]

    async def settled(self) -> list[Event]:
        """What everything means that was brought up to a mark made now."""
        self.hands.say("mark", "the mark")
        while True:
            events = await self.heard(len(self.inbox.events) + 1)
            if any(getattr(event, "text", "") == "the mark" for event in events):
                return [event for event in events if getattr(event, "text", "") != "the mark"]

    def said(self, name: str) -> list[Json]:
        """What the page said to somebody, as their phone shows it."""
        return [line.shown() for line in self.site.thread(self.site.person(name)) if line.by_page]

    def asked(self, path: str = "messages") -> list[Json]:
        """The calls made so far."""
        return [entry["asked"] for entry in self.site.log if entry["path"].endswith(path)]

    async def post(self, body: bytes, *, secret: str = "", path: str = "", **headers: str) -> int:
        """Bring something to the channel's door, signed with a secret."""
        signed = {"X-Hub-Signature-256": f"sha256={signature(secret or self.site.secret, body)}", "Content-Type": "application/json", **headers}
        async with self.http.post(path or self.hook, data=body, headers=signed) as answer:
            return answer.status


@asynccontextmanager
async def world(kind: str, **more: object) -> AsyncIterator[World]:
    """Anahit has a phone, the page has its callback, nobody said anything yet."""
    pages = Pages()
    site = pages.messenger if kind == "messenger" else pages.instagram
    app = web.Application(client_max_size=64 * 1024 * 1024)
    pages.mount(app)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    site.cdn = url
    settings = {"token": site.token, "app_secrets": (site.secret,), "api_base": f"{url}/pages", "media_hosts": (url.partition("//")[2],), "pause_seconds": 0.01}
    made = channel(kind, **{**settings, **more})
    inbox, hands = Inbox(), Human(site, pages.courier)
    try:
        async with served(lambda _: made.routes(inbox)) as door, ClientSession() as http:
            hook = door + firm().paths(made.account)[0]
            await pages.courier.connect(site, hook, made.words[0])
            yield World(pages, site, hands, made, inbox, http, hook, url)
    finally:
        await made.close()
        await runner.cleanup()
