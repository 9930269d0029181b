"""The sandbox around the Telegram channel: one person, one bot, and what tests look at."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiohttp import ClientSession, web

from channels.telegram import Telegram, TelegramOptions
from crm.base.errors import Busy
from crm.base.events import Event, RawEvent
from crm.base.outbound import Outbound, Receipt
from sandbox.app import Sandbox, serve
from tests.channels.pretended import Stored

TOKEN = "100:CUSTOMER"


class Recorder:
    """Offsets that note every keeping; `busy` refuses that many first."""

    def __init__(self, busy: int = 0) -> None:
        self.offset, self.busy, self.refused = 0, busy, 0
        self.kept: asyncio.Queue[tuple[int, list[RawEvent]]] = asyncio.Queue()

    async def get(self, name: str) -> int:
        return self.offset

    async def keep(self, name: str, offset: int, events: Sequence[RawEvent]) -> None:
        if self.refused < self.busy:
            self.refused += 1
            raise Busy
        self.offset = offset
        self.kept.put_nowait((offset, list(events)))

    async def next(self) -> tuple[int, list[RawEvent]]:
        async with asyncio.timeout(10):
            return await self.kept.get()


class World:
    """The sandbox, one person in it, and the channel under test."""

    def __init__(self, http: ClientSession, url: str) -> None:
        self.http, self.url = http, url
        self.options = TelegramOptions(TOKEN, api_base=url, poll_seconds=5, send_seconds=5, upload_seconds=5, first_wait=0.01)
        self.telegram = Telegram(self.options)
        self.address = ""

    async def act(self, deed: str, **body: object) -> dict[str, Any]:
        async with self.http.post(f"/play/people/anahit/{deed}", json={"bot": "customer", **body}) as answer:
            assert answer.status == 200, await answer.text()
            said: dict[str, Any] = await answer.json()
            return said

    async def fault(self, kind: str, method: str = "", **more: object) -> None:
        async with self.http.post("/play/faults", json={"kind": kind, "bot": "customer", **({"method": method} if method else {}), **more}) as answer:
            assert answer.status == 200, await answer.text()

    async def messages(self) -> list[dict[str, Any]]:
        async with self.http.get("/play/people/anahit/chat", params={"bot": "customer"}) as answer:
            shown: list[dict[str, Any]] = (await answer.json())["messages"]
            return [message for message in shown if message["from"] == "bot"]

    async def log(self, method: str) -> list[dict[str, Any]]:
        async with self.http.get("/play/log", params={"bot": "customer", "method": method}) as answer:
            entries: list[dict[str, Any]] = (await answer.json())["requests"]
            return entries

    async def raw(self, update: object) -> None:
        async with self.http.post("/play/raw", json={"bot": "customer", "update": update}) as answer:
            assert answer.status == 200, await answer.text()

    async def say(self, outbound: Outbound, files: dict[int, bytes] | None = None) -> Receipt:
        return await self.telegram.send(self.address, outbound, Stored(files or {}))

    def heard(self, events: Sequence[RawEvent]) -> list[Event]:
        return [event for raw in events for event in self.telegram.parse(raw)]


@asynccontextmanager
async def listening(telegram: Telegram, offsets: Recorder) -> AsyncIterator[None]:
    """The channel polls until the end of the block."""
    task = asyncio.create_task(telegram.listen(offsets))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def opened_world() -> AsyncIterator[World]:
    """A fresh sandbox in which Anahit has pressed Start."""
    async with await serve(Sandbox(bots={"customer": TOKEN, "staff": "200:STAFF"})) as server, ClientSession(server.url) as http:
        world = World(http, server.url)
        async with http.put("/play/people/anahit", json={"first_name": "Anahit", "last_name": "Quince", "language_code": "hy"}) as answer:
            world.address = str((await answer.json())["person"]["id"])
        await world.act("start", payload="spring")
        try:
            yield world
        finally:
            await world.telegram.close()


@asynccontextmanager
async def scripted(answers: dict[int, str]) -> AsyncIterator[str]:
    """A server that answers a poll from each offset with fixed bytes, and with nothing new elsewhere."""

    async def answer(request: web.Request) -> web.Response:
        form = await request.post()
        return web.Response(text=answers.get(int(str(form.get("offset", "0"))), '{"ok":true,"result":[]}'))

    app = web.Application()
    app.router.add_post("/bot{token}/getUpdates", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
