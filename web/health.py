"""Two questions of whoever watches the process: does it live, and may it be sent work."""

from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from crm.base.outbound import Health

Ready = Callable[[], Awaitable[Health]]
"""Answers whether the process may be sent work; its facts name the parts."""


def health_routes(ready: Ready) -> Sequence[web.RouteDef]:
    """Open /health (200 while the process answers at all) and /ready (200 or 503)."""

    async def alive(request: web.Request) -> web.Response:
        return web.json_response({"ok": True}, headers={"Cache-Control": "no-store"})

    async def may_work(request: web.Request) -> web.Response:
        health = await ready()
        told = {"ok": health.ok, "words": health.words, "facts": health.facts}
        return web.json_response(told, status=200 if health.ok else 503, headers={"Cache-Control": "no-store"})

    return [web.get("/health", alive), web.get("/ready", may_work)]
