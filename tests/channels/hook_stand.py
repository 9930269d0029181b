"""A public address for the Telegram channel under test, what it keeps there, and a pretended Telegram that knows the way."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from aiohttp import web

import channels.telegram.line  # noqa: F401 - aiogram takes seconds to import, and no test should wait for that
from channels.base import Keep
from channels.telegram import Telegram, TelegramOptions
from channels.telegram.hook import HookOptions
from sandbox.app import Sandbox, serve
from sandbox.telegram.hands import BareBot, Hands
from sandbox.telegram.webhook import Pace
from tests.doors import Inbox, served

TOKEN = "100:CUSTOMER"
KEY, OLD_KEY = b"k" * 32, b"o" * 32
QUICK = HookOptions(look=0.02, again=0, patience=5.0)
Doors = dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]]


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
        url = await stack.enter_async_context(served(lambda _: [web.post("/{path:.*}", to(doors))]))
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
