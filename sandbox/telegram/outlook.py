"""Looking on: the stream of changes, the log of requests, the faults and the health of the server."""

import json

from aiohttp import web

from sandbox.telegram.faults import KINDS
from sandbox.telegram.human import answered, body_of
from sandbox.telegram.shapes import Json
from sandbox.telegram.webhook import Pace
from sandbox.telegram.world import World


class Outlook:
    """What no person does, but whoever tests or plays needs."""

    def __init__(self, world: World) -> None:
        self._world = world

    def mount(self, app: web.Application) -> None:
        """Adds its routes to an application."""
        app.router.add_get("/play/stream", self.stream)
        app.router.add_get("/play/log", answered(self.log))
        app.router.add_get("/play/deliveries", answered(self.deliveries))
        app.router.add_put("/play/pace", answered(self.set_pace))
        app.router.add_get("/play/health", answered(self.health))
        app.router.add_post("/play/faults", answered(self.add_fault))
        app.router.add_get("/play/faults", answered(self.faults))
        app.router.add_delete("/play/faults", answered(self.clear_faults))

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Sends every change as it comes, as server-sent events."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        with self._world.changes.watched() as changes:
            await response.prepare(request)
            await response.write(b": open\n\n")
            while (change := await changes.get()) is not None:
                try:
                    await response.write(f"id: {change['revision']}\ndata: {json.dumps(change)}\n\n".encode())
                except ConnectionResetError:
                    break  # the page was closed
        return response

    async def log(self, request: web.Request) -> Json:
        """Lists the requests that bots made."""
        query = request.query
        return {"requests": self._world.log.matching(query.get("bot"), query.get("method"), int(query.get("after", "0")))}

    async def deliveries(self, request: web.Request) -> Json:
        """Lists what was brought to webhooks, and how that went."""
        bot, after = request.query.get("bot"), int(request.query.get("after", "0"))
        return {"deliveries": [entry for entry in self._world.couriers.deliveries[after:] if bot in {None, entry["bot"]}]}

    async def set_pace(self, request: web.Request) -> Json:
        """Sets how fast webhooks are tried again; holds for webhooks set from now on where it is the patience."""
        body = await body_of(request)
        given = {name: body.get(name, getattr(self._world.pace, name)) for name in ("first", "longest", "patience")}
        if not all(isinstance(seconds, (int, float)) and seconds >= 0 for seconds in given.values()):
            raise ValueError("first, longest and patience are seconds, not below 0")
        self._world.pace = Pace(**given)
        return {"pace": given}

    async def health(self, _request: web.Request) -> Json:
        """Tells that the server is up and who is there."""
        bots = [{"name": bot.name, **bot.user()} for bot in self._world.bots.values()]
        return {"bots": bots, "people": [{"name": person.name, **person.user()} for person in self._world.people.values()]}

    async def add_fault(self, request: web.Request) -> Json:
        """Adds a rule by which the server misbehaves."""
        body = await body_of(request)
        kind, seconds, count = str(body.get("kind")), body.get("seconds", 1.0), body.get("count", 1)
        if kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(sorted(KINDS))}")
        if not isinstance(seconds, (int, float)) or not isinstance(count, int) or seconds < 0 or count < 0:
            raise ValueError("seconds and count are numbers, not below 0")
        details = {name: body.get(name) for name in ("bot", "chat", "method", "description")}
        return {"fault": self._world.faults.add(kind, count, seconds=seconds, **details).shown()}

    async def faults(self, _request: web.Request) -> Json:
        """Lists the rules in force."""
        return {"faults": [fault.shown() for fault in self._world.faults.listed()]}

    async def clear_faults(self, _request: web.Request) -> Json:
        """Removes every rule."""
        self._world.faults.clear()
        return {}
