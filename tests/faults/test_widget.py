"""F32: the widget's line is cut at random, it is open twice, hundreds come back at once, the server is killed: the screen is the stored thread."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import pytest

from sandbox.proxy import End, Proxy
from tests.faults.checker import checked, settled
from tests.faults.stage import dice, rounds
from tests.faults.visitors import Visitor
from tests.walks.house import PATIENCE, House

pytestmark = [pytest.mark.faults, pytest.mark.asyncio(loop_scope="module")]
STORM = 150
STORED = """SELECT m.id, m.text FROM messages m JOIN conversations c ON c.id = m.conversation_id
WHERE c.account = 'webchat' AND c.address = ? AND m.author IN ('contact', 'bot', 'rep') ORDER BY m.id"""


class Tab:
    """One open page of a visitor: it shows what it was told, and comes back with the last line it has when its line breaks."""

    def __init__(self, visitor: Visitor, url: str) -> None:
        self.visitor, self.url = visitor, url
        self.lines: dict[int, str] = {}
        self.times = 0

    @property
    def shown(self) -> list[tuple[int, str]]:
        """What stands on the screen, oldest first."""
        return sorted(self.lines.items())

    async def watch(self, browser: aiohttp.ClientSession) -> None:
        """Show what comes, for ever."""
        while True:
            with suppress(aiohttp.ClientError, OSError):
                async with browser.ws_connect(f"{self.url}/in/webchat/socket", headers=self.visitor.headers | {"Origin": self.url}) as socket:
                    self.times += 1
                    await socket.send_json({"type": "hello", "secret": self.visitor.secret, "last_seq": max(self.lines, default=0)})
                    await self.follow(socket)
            await asyncio.sleep(0.02)

    async def follow(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Show what comes over one line, until it ends."""
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                self.show(json.loads(message.data))

    def show(self, frame: dict[str, Any]) -> None:
        """One frame of the server's."""
        if frame["type"] == "welcome":
            self.lines = {seq: text for seq, text in self.lines.items() if seq <= frame["after"]}
        lines: Sequence[dict[str, Any]] = frame["lines"] if frame["type"] == "welcome" else [frame] if frame["type"] in ("message", "edit") else []
        for line in lines:
            self.lines[line["seq"]] = line["text"]
        if frame["type"] == "delete":
            self.lines.pop(frame["seq"], None)


@asynccontextmanager
async def open_tabs(tabs: Sequence[Tab]) -> AsyncIterator[None]:
    """All these pages are open for a while."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as browser:
        watching = [asyncio.create_task(tab.watch(browser)) for tab in tabs]
        try:
            yield
        finally:
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)


async def same(tab: Tab, times: int = 1) -> None:
    """Wait until a screen, opened at least so often, shows the stored thread and nothing else."""
    house = tab.visitor.house
    await settled(house)
    try:
        async with asyncio.timeout(PATIENCE):
            while tab.times < times or tab.shown != house.rows(STORED, tab.visitor.address):
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"the screen shows {tab.shown}, stored is {house.rows(STORED, tab.visitor.address)}") from None


async def cut_now_and_then(proxy: Proxy, luck: random.Random) -> None:
    """Break every line at random moments, in every way."""
    while True:
        await asyncio.sleep(luck.uniform(0.02, 0.2))
        proxy.break_lines(luck.choice([End.CLOSE, End.RESET]))


async def test_a_line_cut_at_random_leaves_no_gap_and_no_double_on_screen(receiver: House) -> None:
    proxy = Proxy("127.0.0.1", receiver.port)
    await proxy.open()
    try:
        for number in rounds(100, 2000):
            luck, visitor = dice("F32", number), Visitor(receiver)
            tabs = [Tab(visitor, proxy.url), Tab(visitor, receiver.shop)]
            async with open_tabs(tabs):
                cutting = asyncio.create_task(cut_now_and_then(proxy, luck))
                for _ in range(4):
                    await visitor.insist(visitor.word())
                    await asyncio.sleep(luck.uniform(0.0, 0.1))
                cutting.cancel()
                for tab in tabs:
                    await same(tab)
            await checked(receiver, [visitor])
    finally:
        await proxy.close()


async def test_everybody_comes_back_after_a_killed_server(receiver: House) -> None:
    for number in rounds(3, 30, ci=1):
        dice("F32 storm", number)
        visitors = [Visitor(receiver) for _ in range(STORM)]
        tabs = [Tab(visitor, receiver.shop) for visitor in visitors]
        async with open_tabs(tabs):
            await asyncio.gather(*(visitor.insist(visitor.word()) for visitor in visitors))
            await receiver.kill()
            await receiver.start()
            for tab in tabs:
                await same(tab, times=2)
        await checked(receiver, visitors)
