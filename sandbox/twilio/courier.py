"""The courier: brings callbacks as Twilio does, signed, once or as often as the address itself asks for (#rc=3)."""

import asyncio
import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import parse_qs, urldefrag

from aiohttp import ClientError, ClientSession, web
from yarl import URL

from sandbox.twilio.world import World

AGAIN = 0.05
XML = ("text/xml", "application/xml")


def signature(token: str, address: str, fields: Mapping[str, str]) -> str:
    """What Twilio signs a form with."""
    words = address + "".join(name + fields[name] for name in sorted(fields))
    return b64encode(hmac.new(token.encode(), words.encode(), hashlib.sha1).digest()).decode()


class Courier:
    """Brings one callback after another to whoever wants to hear; `quiet` waits until all are brought or given up."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()
        self._session: ClientSession | None = None

    def mount(self, app: web.Application) -> None:
        """Live as long as an application."""
        app.on_startup.append(self._open)
        app.on_shutdown.append(self._close)

    def bring(self, address: str, *many: Mapping[str, str], text: bool = False) -> None:
        """Bring callbacks in this order, beside whatever else happens; `text` = the answer has to be TwiML."""
        if address:
            task = asyncio.create_task(self._all(address, many, text))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def quiet(self) -> None:
        """Wait until everything that was to be brought has been, or was given up."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    @property
    def closing(self) -> asyncio.Event:
        return self._closing

    async def ask(self, address: str, fields: Mapping[str, str]) -> tuple[int, str, str]:
        """Bring one callback once; the status, the type and the words of the answer (0 = none came)."""
        place = urldefrag(address).url
        headers = {"X-Twilio-Signature": signature(self._world.tokens[0], place, fields)}
        assert self._session
        with suppress(ClientError, TimeoutError):
            async with self._session.post(URL(place, encoded=True), data=dict(fields), headers=headers, allow_redirects=False) as answer:
                return answer.status, answer.content_type, await answer.text()
        return 0, "", ""

    async def _all(self, address: str, many: tuple[Mapping[str, str], ...], text: bool) -> None:
        for fields in many:
            await self._one(address, fields, text)

    async def _one(self, address: str, fields: Mapping[str, str], text: bool) -> None:
        tries = 1 + int(parse_qs(urldefrag(address).fragment).get("rc", ["0"])[0])
        for _ in range(tries):
            status, kind, words = await self.ask(address, fields)
            if 200 <= status < 300:
                if text and kind not in XML:
                    self._world.wrong.append(f"12300 {kind}: {words[:60]}")
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(AGAIN):
                    await self._closing.wait()
            if self._closing.is_set():
                return
        self._world.wrong.append(f"11200 {status}")

    async def _open(self, _app: web.Application) -> None:
        self._closing.clear()
        self._session = ClientSession()

    async def _close(self, _app: web.Application) -> None:
        self._closing.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session:
            await self._session.close()
