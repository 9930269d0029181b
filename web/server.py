"""The web server of a node."""

import re
from collections.abc import Collection, Sequence
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from aiohttp import http_parser, web
from aiohttp.typedefs import Handler, Middleware

from crm.base.errors import Misconfigured

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?")
# A name without a dot, as a proxy of the same network may call us: no stranger can own one.
_NEAR = re.compile(r"[a-z0-9_-]+")
INSIDE = tuple(map(ip_network, ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7", "fe80::/10")))
# What programs ask for, by whatever name they know us; a page is nobody's but a person's.
_FOR_ALL = ("/in/", "/health", "/ready", "/metrics", "/static/", "/widget.js")

QUEUE = 1024
"""How many connections may wait to be taken in."""


class Site(web.TCPSite):
    """A site that takes one connection in at a time, however many wait.

    asyncio takes in as many in a row as may wait; when the file handles run out it fails as often in a row, logs each time, and a second later
    each of these failures begins again.
    """

    async def start(self) -> None:
        """Listen as asyncio wants to take in, then let more wait."""
        await super().start()
        for door in getattr(self._server, "sockets", ()):
            with door.dup() as same:
                same.listen(QUEUE)


async def serve(routes: Sequence[web.RouteDef], host: str, port: int, *, shutdown: float, public_url: str = "") -> tuple[web.AppRunner, str]:
    """Start listening and answer the server with its address; refused with the mend when the port is taken.

    `shutdown` = seconds for open requests. Where a `public_url` is set,
    pages are shown under its name, the one listened at, private addresses and names without a dot only.
    """
    public = own_name(public_url)
    app = web.Application(middlewares=[only_as({public, named(host)} - {""})] if public else [])
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=shutdown)
    await runner.setup()
    try:
        await Site(runner, host, port, backlog=1).start()
    except OSError as error:
        await runner.cleanup()
        raise Misconfigured(f"port {port} is taken: stop the other program, or set HTTP_PORT") from error
    found, number = runner.addresses[0][:2]
    return runner, f"http://{found}:{number}"


def own_name(public_url: str) -> str:
    """The name in the address people type, as their browsers send it: letters of other scripts as IDNA ("" = no address)."""
    try:
        return named((urlsplit(public_url).hostname or "").encode("idna").decode())
    except ValueError:
        return ""


def named(host: str) -> str:
    """The name in a Host header, in small letters and without its port ("" for what is none)."""
    found = _HOST.fullmatch(host.lower())
    return found[1].rstrip(".") if found else ""


def only_as(ours: Collection[str]) -> Middleware:
    """Refuse pages (421) under a foreign name: a site whose name is made to lead here would read them in a visitor's browser as its own."""

    @web.middleware
    async def checked(request: web.Request, handler: Handler) -> web.StreamResponse:
        name = named(request.headers.get("Host", ""))
        if name not in ours and not _NEAR.fullmatch(name) and not is_inside(name.strip("[]")) and not request.path.startswith(_FOR_ALL):
            raise web.HTTPMisdirectedRequest(text="this is not the name of this site")
        return await handler(request)

    return checked


def is_inside(address: str) -> bool:
    """Whether an address is of this machine or of a private network."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    plain = getattr(found, "ipv4_mapped", None) or found
    return any(plain in network for network in INSIDE)


def fast_parser() -> bool:
    """Whether aiohttp reads requests with its C parser."""
    return http_parser.HttpRequestParser is not http_parser.HttpRequestParserPy
