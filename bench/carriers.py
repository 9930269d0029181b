"""Carriers to measure with: one that only notes what it is given, after a pause if asked, and one that posts it to a pretended platform."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from crm.base.outbound import Limits, OpenMedia, Outbound, Receipt, Say, Uncertain, Window


@asynccontextmanager
async def no_media(number: int) -> AsyncIterator[AsyncIterator[bytes]]:
    """Nothing that is measured carries a file."""
    raise AssertionError("nothing here carries a file")
    yield


class Noting:
    """Takes everything after `pause` seconds and notes when it came, by address (the first time) and in order."""

    def __init__(self, account: str, account_rate: float = 100_000.0, *, pause: float = 0.0, chat_every: float = 0.0) -> None:
        self.account, self.pause = account, pause
        self._limits = Limits(account_rate=account_rate, chat_every=chat_every, chat_burst=3 if chat_every else 1000)
        self.count, self.last = 0, 0.0
        self.came: dict[str, float] = {}
        self.instants: list[float] = []
        self.texts: dict[str, float] = {}

    async def open(self) -> None:
        pass

    def limits(self, window: Window, now: int) -> Limits:
        return self._limits

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt:
        self.last = time.monotonic()
        self.count += 1
        self.came.setdefault(address, self.last)
        self.instants.append(self.last)
        if isinstance(outbound, Say) and outbound.text.startswith("mark "):
            self.texts[outbound.text] = self.last
        if self.pause:
            await asyncio.sleep(self.pause)
        return Receipt((f"{self.count}",))


class Posting:
    """The plainest carrier there can be: one POST of JSON, a short answer."""

    def __init__(self, account: str, port: int, connections: int) -> None:
        self.account = account
        self._url = f"http://127.0.0.1:{port}/send"
        self._limits = Limits(account_rate=1e6, chat_every=0.0, chat_burst=1000)
        self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=connections))

    async def open(self) -> None:
        pass

    def limits(self, window: Window, now: int) -> Limits:
        return self._limits

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt:
        assert isinstance(outbound, Say)
        return Receipt((await self.post(address, outbound.text),))

    async def post(self, address: str, text: str) -> str:
        """One call; answers the platform's id."""
        body = json.dumps({"chat_id": address, "text": text})
        async with self._http.post(self._url, data=body, headers={"Content-Type": "application/json"}) as answer:
            found = json.loads(await answer.read())
            if answer.status != 200:
                raise Uncertain(str(answer.status))
        return str(found["result"]["message_id"])

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()
