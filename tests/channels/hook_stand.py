"""A public address for the Telegram channel under test, what it keeps there, and a pretended Telegram that knows the way."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from aiohttp import web

import channels.telegram.line  # noqa: F401 - aiogram takes seconds to import, and no test should wait for that
from channels.base import Keep
from channels.telegram import Telegram, TelegramOptions
from channels.telegram.hook import HookOptions
from crm.base.events import RawEvent
from sandbox.app import Sandbox, serve
from sandbox.telegram.hands import BareBot, Hands
from sandbox.telegram.webhook import Pace

TOKEN = "100:CUSTOMER"
KEY, OLD_KEY = b"k" * 32, b"o" * 32
QUICK = HookOptions(look=0.02, again=0, patience=5.0)
Doors = dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]]


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


class Town:
    """One sandbox, one public address, and channels that come and go."""

    def __init__(self, hands: Hands, bot: BareBot, public_url: str, stack: AsyncExitStack, doors: Doors) -> None:
        self.hands, self.bot, self.public_url, self._stack, self._doors = hands, bot, public_url, stack, doors

    def channel(self, *, hooked: bool = True, **more: object) -> Telegram:
        """The channel with settings for tests; closed at the end."""
        settings = {"public_url": self.public_url, "keys": (KEY,), "hook": QUICK} if hooked else {}
        times = {"poll_seconds": 5, "send_seconds": 5, "first_wait": 0.01, "longest_wait": 0.05}
        options = TelegramOptions(TOKEN, api_base=self.hands.url, **{**times, **settings, **more})  # type: ignore[arg-type]
        made = Telegram(options)
        self._stack.push_async_callback(made.close)
        return made

    def open(self, telegram: Telegram, keep: Keep) -> None:
        """Let the public address lead to this channel."""
        self._doors.clear()
        self._doors.update({route.path: route.handler for route in telegram.routes(keep) if isinstance(route, web.RouteDef)})

    @asynccontextmanager
    async def at_work(self, telegram: Telegram, inbox: Inbox) -> AsyncIterator[None]:
        """The channel's door is open and it listens, until the end of the block."""
        self.open(telegram, inbox)
        task = asyncio.create_task(telegram.listen(inbox))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def webhook(self) -> dict[str, object]:
        """What Telegram tells of the webhook."""
        return dict((await self.bot.call("getWebhookInfo"))["result"])

    async def until(self, true: Callable[[dict[str, object]], bool]) -> dict[str, object]:
        """What Telegram tells of the webhook once something is true of it."""
        async with asyncio.timeout(30):
            while not true(told := await self.webhook()):
                pass
        return told

    async def hooked(self) -> None:
        """Wait until the webhook is set and everything has been brought."""
        await self.until(lambda told: str(told["url"]).startswith(self.public_url) and told["pending_update_count"] == 0)

    async def say(self, text: str) -> None:
        await self.hands.do("anahit", "send", text=text)


@asynccontextmanager
async def town() -> AsyncIterator[Town]:
    """A fresh world in which Anahit has pressed Start, and a public address that leads nowhere yet."""
    sandbox = Sandbox({"customer": TOKEN, "staff": "200:STAFF"})
    sandbox.world.pace = Pace(first=0.01, longest=0.02, patience=5.0)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(await serve(sandbox))
        hands = await stack.enter_async_context(Hands(server.url))
        doors: Doors = {}
        url = await stack.enter_async_context(plain(lambda _: [web.post("/{path:.*}", to(doors))]))
        bot = BareBot(server.url, TOKEN)
        stack.push_async_callback(bot.close)
        made = Town(hands, bot, url, stack, doors)
        await hands.introduce("anahit", first_name="Anahit")
        await hands.do("anahit", "start")
        yield made


def to(doors: Doors) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Leads to the door of the moment."""

    async def lead(request: web.Request) -> web.StreamResponse:
        if request.path not in doors:
            raise web.HTTPNotFound
        return await doors[request.path](request)

    return lead


@asynccontextmanager
async def plain(routes: Callable[[str], Sequence[web.RouteDef]]) -> AsyncIterator[str]:
    """Serves fixed routes; they are made knowing the address they will be at."""
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
