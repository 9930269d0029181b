"""The human side of the telephone over HTTP: `/play/phone/…`, and the recordings at `/phone/recordings/…`."""

import json
from typing import Any

from aiohttp import ClientError, ClientSession, web

from sandbox.phone.ringing import SOUND, Call, Exchange


class PhoneHuman:
    """The telephone system as people see it."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def mount(self, app: web.Application) -> None:
        """Add its routes to an application."""
        app.router.add_put("/play/phone", self.place)
        app.router.add_post("/play/phone/ring", self.ring)
        app.router.add_get("/play/phone", self.shown)
        app.router.add_get("/phone/recordings/{name}", self.recording)

    async def place(self, request: web.Request) -> web.Response:
        """Say where calls are told of (`url`), with which `secret`, and where this system itself is reached (`own_url`)."""
        body = await _body(request)
        for name in ("url", "secret", "line", "own_url"):
            setattr(self._exchange, name, str(body.get(name, getattr(self._exchange, name))))
        return web.json_response({"ok": True})

    async def ring(self, request: web.Request) -> web.Response:
        """Ring the firm, or have it ring; `events` names those that are told, in their order (left out = all, as they happen)."""
        body = await _body(request)
        chosen = body.pop("events", None)
        try:
            events = self._exchange.events(Call(**body))
        except TypeError as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        told = {event["event"]: event for event in events}
        wanted = [told[name] for name in chosen if name in told] if chosen else events
        try:
            async with ClientSession() as session:
                answers = await self._exchange.tell(session, wanted)
        except (ClientError, TimeoutError) as error:
            raise web.HTTPBadGateway(text=type(error).__name__) from None
        return web.json_response({"ok": all(status == 200 for status in answers), "call_id": events[0]["call_id"], "answers": answers})

    async def shown(self, request: web.Request) -> web.Response:
        """What was told."""
        return web.json_response({"told": self._exchange.told})

    async def recording(self, request: web.Request) -> web.Response:
        """The sound of a call."""
        return web.Response(body=SOUND, content_type="audio/mpeg")


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.text() or "{}")
    except ValueError:
        raise web.HTTPBadRequest(text="not JSON") from None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="not a JSON object")
    return body
