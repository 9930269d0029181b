"""Controls beside the pretended world: the plug tells how the product does and pulls it out; the weather steers a bad line."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from sandbox.proxy import BLACKHOLE, FAIR, End, Proxy, Weather

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

    url, stop = await _served([web.get("/status", status), web.post("/kill", pull)])

    async def close() -> None:
        await session.close()
        await stop()

    return url, close


async def serve_weather(proxy: Proxy) -> tuple[str, Callable[[], Awaitable[None]]]:
    """Serve a line's weather on a free port: `GET`, `PUT` with the fields of `Weather`, `DELETE` for fair; `POST /blackhole`, `/shut`, `/open`, `/cut`."""

    async def shown(_request: web.Request) -> web.Response:
        return web.json_response({"ok": True, **asdict(proxy.weather)})

    async def change(request: web.Request) -> web.Response:
        try:
            asked = await request.json()
            proxy.set(Weather(**{**asked, "end": End(asked.get("end", End.RESET))}))
        except (ValueError, TypeError, AttributeError) as error:
            return web.json_response({"ok": False, "error": str(error)}, status=400)
        return await shown(request)

    async def clear(request: web.Request) -> web.Response:
        proxy.set(FAIR)
        return await shown(request)

    async def act(request: web.Request) -> web.Response:
        match request.match_info["deed"]:
            case "blackhole":
                proxy.set(BLACKHOLE)
            case "shut":
                await proxy.shut()
            case "open":
                await proxy.open()
            case "cut":
                proxy.break_lines()
            case _:
                raise web.HTTPNotFound
        return await shown(request)

    return await _served([web.get("/", shown), web.put("/", change), web.delete("/", clear), web.post("/{deed}", act)])


async def _served(routes: list[web.RouteDef]) -> tuple[str, Callable[[], Awaitable[None]]]:
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}", runner.cleanup


async def _answers(session: ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as response:
            return response.status == 200
    except (ClientError, TimeoutError):
        return False
