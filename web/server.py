"""The web server of a node."""

from collections.abc import Sequence

from aiohttp import http_parser, web

from crm.base.errors import Misconfigured


async def serve(routes: Sequence[web.RouteDef], host: str, port: int, *, shutdown: float) -> tuple[web.AppRunner, str]:
    """Start listening and answer the server with its address; refused with the mend when the port is taken. `shutdown` = seconds for open requests."""
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=shutdown)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, backlog=1024).start()
    except OSError as error:
        await runner.cleanup()
        raise Misconfigured(f"port {port} is taken: stop the other program, or set HTTP_PORT") from error
    found, number = runner.addresses[0][:2]
    return runner, f"http://{found}:{number}"


def fast_parser() -> bool:
    """Whether aiohttp reads requests with its C parser."""
    return http_parser.HttpRequestParser is not http_parser.HttpRequestParserPy
