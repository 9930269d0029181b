"""The sandbox as one web application, and as a server that listens."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from sandbox.telegram.gathering import Gathering
from sandbox.telegram.human import Human
from sandbox.telegram.outlook import Outlook
from sandbox.telegram.server import BotApi
from sandbox.telegram.world import World
from sandbox.town import Town

PLAY = Path(__file__).parent / "play"
# Room for a file over Telegram's own 50 MB, so that its size and not the body's is what gets refused.
LARGEST_BODY = 64 * 1024 * 1024
# Handlers are woken when the server closes; whoever is not done by then is cut off.
LAST_WORDS = 1.0


class Sandbox:
    """A world of bots and people; `bots` maps short names to tokens, `settings` is what the page asks for, `town` are the other platforms."""

    def __init__(
        self, bots: dict[str, str], settings: Mapping[str, object] | None = None, clock: Callable[[], float] = time.time, town: Town | None = None
    ) -> None:
        self.settings, self.town = dict(settings or {}), town
        self.world = World(bots, clock)

    def app(self) -> web.Application:
        """The application that serves this world: the Bot API, the human side and the page."""
        app = web.Application(client_max_size=LARGEST_BODY)
        app.on_startup.append(self._open)
        app.on_shutdown.append(self._close)
        for part in (BotApi(self.world), Human(self.world), Gathering(self.world), Outlook(self.world)):
            part.mount(app)
        if self.town:
            self.town.mount(app)
        app.router.add_get("/play/settings", self._answer_settings)
        app.router.add_get("/", self._answer_page)
        if PLAY.is_dir():
            app.router.add_static("/", PLAY)
        return app

    async def _open(self, _app: web.Application) -> None:
        self.world.closing.clear()

    async def _close(self, _app: web.Application) -> None:
        self.world.close()

    async def _answer_settings(self, _request: web.Request) -> web.Response:
        return web.json_response(self.settings)

    async def _answer_page(self, _request: web.Request) -> web.StreamResponse:
        page = PLAY / "index.html"
        if not page.is_file():
            raise web.HTTPNotFound(text="The page is not here; the human side is at /play/health.")
        return web.FileResponse(page)


class Server:
    """A sandbox that listens at `url`; closes itself at the end of `async with`."""

    def __init__(self, runner: web.AppRunner, url: str) -> None:
        self.url = url
        self._runner = runner

    async def close(self) -> None:
        """Stops listening; the world stays as it is and may be served again."""
        await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()


async def serve(sandbox: Sandbox, host: str = "127.0.0.1", port: int = 0) -> Server:
    """Serves a sandbox; port 0 takes a free one."""
    runner = web.AppRunner(sandbox.app(), shutdown_timeout=LAST_WORDS, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    try:
        await site.start()
    except OSError:
        await runner.cleanup()
        raise
    bound = runner.addresses[0][1]
    return Server(runner, f"http://{host}:{bound}")
