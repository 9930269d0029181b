"""The human side of SMS over HTTP: `/play/sms/…`, where people write from their telephones and tests look."""

import json
from dataclasses import asdict, replace
from typing import Any

from aiohttp import web

from sandbox.gateway.server import SmsApi
from sandbox.gateway.world import Gateway, Phone


class SmsHuman:
    """The operator as people see it; `PUT /play/sms/places` says where the firm hears of receipts and messages."""

    def __init__(self, world: Gateway, api: SmsApi) -> None:
        self._world, self._api = world, api

    def mount(self, app: web.Application) -> None:
        """Add its routes to an application."""
        app.router.add_put("/play/sms/places", self.places)
        app.router.add_post("/play/sms/faults", self.fault)
        app.router.add_delete("/play/sms/faults", self.mend)
        app.router.add_get("/play/sms/{number}", self.shown)
        app.router.add_put("/play/sms/{number}", self.state)
        app.router.add_post("/play/sms/{number}/send", self.send)

    async def places(self, request: web.Request) -> web.Response:
        """Say where callbacks go."""
        try:
            self._world.places = replace(self._world.places, **await body_of(request))
        except TypeError as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        return web.json_response({"ok": True, **asdict(self._world.places)})

    async def fault(self, request: web.Request) -> web.Response:
        """Have the operator misbehave."""
        try:
            self._world.faults.add(**await body_of(request))
        except (TypeError, ValueError) as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        return web.json_response({"ok": True})

    async def mend(self, request: web.Request) -> web.Response:
        """Have it behave again."""
        self._world.faults.clear()
        return web.json_response({"ok": True})

    async def shown(self, request: web.Request) -> web.Response:
        """What lies on a telephone."""
        return web.json_response(asdict(self._phone(request)))

    async def state(self, request: web.Request) -> web.Response:
        """Say what the operator tells of an SMS to this telephone from now on."""
        phone, body = self._phone(request), await body_of(request)
        phone.state, phone.error = str(body.get("state", phone.state)), str(body.get("error", ""))
        return web.json_response({"ok": True})

    async def send(self, request: web.Request) -> web.Response:
        """Write an SMS to the firm."""
        made = await self._api.write(self._phone(request).number, str((await body_of(request)).get("text", "")))
        return web.json_response({"ok": True, "id": made.id})

    def _phone(self, request: web.Request) -> Phone:
        digits = request.match_info["number"].lstrip("+")
        if not digits.isdecimal():
            raise web.HTTPNotFound(text="this is no number")
        return self._world.phone(f"+{digits}")


async def body_of(request: web.Request) -> dict[str, Any]:
    """The JSON object that was sent."""
    try:
        body = json.loads(await request.text() or "{}")
    except ValueError:
        raise web.HTTPBadRequest(text="not JSON") from None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="not a JSON object")
    return body
