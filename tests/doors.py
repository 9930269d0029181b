"""A door on HTTP for tests, and a store in memory behind it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from aiohttp import web

from crm.base.events import RawEvent


class Inbox:
    """A store in memory, for both ways in; fails first as it is told."""

    def __init__(self, *failures: Exception) -> None:
        self.failures, self.offset = list(failures), 0
        self.events: list[RawEvent] = []
        self.came = asyncio.Condition()

    async def __call__(self, events: Sequence[RawEvent]) -> None:
        if self.failures:
            raise self.failures.pop(0)
        async with self.came:
            known = {event.key for event in self.events}
            self.events += [event for event in events if event.key not in known]
            self.came.notify_all()

    async def get(self, name: str) -> int:
        return self.offset

    async def keep(self, name: str, offset: int, events: Sequence[RawEvent]) -> None:
        await self(events)
        self.offset = offset

    async def until(self, count: int) -> list[RawEvent]:
        async with asyncio.timeout(30), self.came:
            await self.came.wait_for(lambda: len(self.events) >= count)
        return self.events


@asynccontextmanager
async def served(routes: Callable[[str], Sequence[web.RouteDef]]) -> AsyncIterator[str]:
    """Routes on a free port; they are made knowing the address they will be at."""
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = web.Application()
    app.add_routes(routes(url))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    try:
        yield url
    finally:
        await runner.cleanup()
