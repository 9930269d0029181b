"""The human side of Viber over HTTP: `/play/viber/…`, where people write and tests look."""

from dataclasses import asdict

from aiohttp import web

from sandbox.gateway.human import body_of
from sandbox.viber.hands import Hands
from sandbox.viber.server import ViberApi
from sandbox.viber.world import Person


class ViberHuman:
    """Viber as people see it; a person's id stands in the address, made at the first asking."""

    def __init__(self, api: ViberApi) -> None:
        self._api, self._world, self._hands = api, api.world, Hands(api)

    def mount(self, app: web.Application) -> None:
        """Add its routes to an application."""
        app.router.add_post("/play/viber/faults", self.fault)
        app.router.add_delete("/play/viber/faults", self.mend)
        app.router.add_get("/play/viber/{person}", self.shown)
        app.router.add_post("/play/viber/{person}/{deed}", self.do)

    async def fault(self, request: web.Request) -> web.Response:
        """Have Viber misbehave."""
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
        """What lies in somebody's chat."""
        person = self._person(request)
        notes = [{name: value for name, value in asdict(note).items() if name != "file"} for note in person.notes]
        return web.json_response({"ok": True, "subscribed": person.subscribed, "notes": notes, "keyboard": person.keyboard})

    async def do(self, request: web.Request) -> web.Response:
        """Do something: open, say, share, subscribe, leave."""
        person, body = self._person(request), await body_of(request)
        match request.match_info["deed"]:
            case "open":
                refused = await self._hands.open(person, str(body.get("context", "")))
                return web.json_response({"ok": not refused, "refused": refused})
            case "say":
                await self._hands.say(person, str(body.get("text", "")))
            case "share":
                await self._hands.share(person)
            case "subscribe":
                self._hands.subscribe(person)
            case "leave":
                self._hands.leave(person)
            case _:
                raise web.HTTPNotFound(text="nobody does that")
        return web.json_response({"ok": True})

    def _person(self, request: web.Request) -> Person:
        return self._world.person(request.match_info["person"])
