"""The plug: a small server beside the pretended world that tells how the product does and can pull its plug."""

from collections.abc import Awaitable, Callable

from aiohttp import ClientError, ClientSession, ClientTimeout, web

Running = Callable[[], bool]
Kill = Callable[[], Awaitable[None]]
OPEN_TO_ALL = {"Access-Control-Allow-Origin": "*"}


async def serve_control(running: Running, kill: Kill, ready_url: str) -> tuple[str, Callable[[], Awaitable[None]]]:
    """Serve `GET /status` and `POST /kill` on a free port; answers the address and how to close it."""
    session = ClientSession(timeout=ClientTimeout(total=2))

    async def status(_request: web.Request) -> web.Response:
        ready = running() and await _answers(session, ready_url)
        words = "running" if ready else "starting" if running() else "down"
        return web.json_response({"running": running(), "ready": ready, "words": words}, headers=OPEN_TO_ALL)

    async def pull(_request: web.Request) -> web.Response:
        await kill()
        return web.json_response({"ok": True}, headers=OPEN_TO_ALL)

    app = web.Application()
    app.add_routes([web.get("/status", status), web.post("/kill", pull)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()

    async def close() -> None:
        await session.close()
        await runner.cleanup()

    return f"http://127.0.0.1:{runner.addresses[0][1]}", close


async def _answers(session: ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as response:
            return response.status == 200
    except (ClientError, TimeoutError):
        return False
