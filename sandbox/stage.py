"""The world as a stage for the demo: the server with its page, the people brought on, the plug beside it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from sandbox.app import Sandbox, Server, serve
from sandbox.control import serve_control
from sandbox.telegram.hands import Hands
from sandbox.town import Town


class Stage:
    """A served sandbox and what a demo does with it."""

    def __init__(self, sandbox: Sandbox, server: Server, hands: Hands) -> None:
        self.url = server.url
        self._sandbox, self._server, self._hands = sandbox, server, hands
        self._close_plug: Callable[[], Awaitable[None]] | None = None

    async def settle(self, file: Path, shop: str) -> None:
        """Write the file of the firm's accounts on the other platforms; `shop` is where the firm is come to."""
        assert self._sandbox.town
        await self._sandbox.town.write_settings(file, self.url, shop)

    def found_at(self, places: Mapping[str, list[str]]) -> None:
        """Learn where the firm is come to, by account."""
        assert self._sandbox.town
        self._sandbox.town.found_at(places, self.url)

    async def introduce(self, person: str, first_name: str, language: str) -> None:
        """Bring a person on."""
        await self._hands.introduce(person, first_name=first_name, language_code=language)

    async def start(self, person: str, payload: str) -> None:
        """Have a person press Start at the staff's bot."""
        await self._hands.do(person, "start", bot="staff", payload=payload)

    async def awake(self, bot: str) -> None:
        """Wait until a bot has asked for updates."""
        while not self._sandbox.world.bots[bot].updates.polls:
            await asyncio.sleep(0.1)

    async def plug(self, running: Callable[[], bool], kill: Callable[[], Awaitable[None]], ready_url: str) -> str:
        """Set up the plug beside the world; answers its address."""
        url, self._close_plug = await serve_control(running, kill, ready_url)
        return url

    async def close(self) -> None:
        """Take everything down."""
        if self._close_plug:
            await self._close_plug()
        await self._hands.close()
        await self._server.close()


async def open_stage(bots: dict[str, str], settings: dict[str, object], port: int = 0) -> Stage:
    """Open a world that listens, with nobody in it yet."""
    sandbox = Sandbox(bots, town=Town())
    sandbox.settings = settings  # the same dict: what the demo learns later is seen by the page
    server = await serve(sandbox, port=port)
    return Stage(sandbox, server, Hands(server.url))
