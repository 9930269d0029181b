"""The pretended Matrix server over HTTP: the client-server API that one account's program asks."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from sandbox.matrix import stream
from sandbox.matrix.world import SERVER, SHOP, TOKEN, Json, No, Room, World
from sandbox.vk.faults import hang_up

LARGEST = 64 * 1024 * 1024
Method = Callable[[web.Request, Any], Awaitable[Json]]


class MatrixApi:
    """The server as a program sees it; `root` goes before each path where several platforms share an address."""

    def __init__(self, world: World, root: str = "") -> None:
        self._world, self._root = world, root

    def mount(self, app: web.Application) -> None:
        """Add its routes to an application."""
        app.on_startup.append(self._open)
        app.on_shutdown.append(self._close)
        client, room = "/_matrix/client/v3", "/_matrix/client/v3/rooms/{room}"
        for method, path, take in (
            ("GET", f"{client}/account/whoami", self.whoami),
            ("GET", f"{client}/sync", self.sync),
            ("POST", f"{room}/join", self.join),
            ("POST", f"{room}/leave", self.leave),
            ("GET", f"{room}/members", self.members),
            ("GET", f"{room}/messages", self.messages),
            ("GET", f"{room}/event/{{event}}", self.event),
            ("PUT", f"{room}/send/{{type}}/{{key}}", self.send),
            ("PUT", f"{room}/redact/{{event}}/{{key}}", self.redact),
            ("PUT", f"{room}/typing/{{user}}", self.typing),
            ("GET", "/_matrix/client/v1/rooms/{room}/relations/{event}/m.annotation/m.reaction", self.reactions),
            ("POST", "/_matrix/media/v3/upload", self.upload),
        ):
            app.router.add_route(method, self._root + path, self._answered(take))
        app.router.add_get(f"{self._root}/_matrix/client/v1/media/download/{{server}}/{{file}}", self.file)
        app.router.add_get(f"{self._root}/_matrix/media/v3/download/{{server}}/{{file}}", self.file)

    def _answered(self, take: Method) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def answer(request: web.Request) -> web.StreamResponse:
            instead = await self._world.faults.before(request)
            if instead is not None:
                return instead
            try:
                told, status = await take(request, await self._read(request)), 200
            except No as no:
                told, status = no.told, no.status
            return hang_up(request) if self._world.faults.take(request.path, "drop_after") else web.json_response(told, status=status)

        return answer

    async def _read(self, request: web.Request) -> Any:
        self._let_in(request)
        body: Any = None
        if request.path.endswith("/upload"):
            body = await request.read()
        elif request.can_read_body:
            try:
                body = await request.json()
            except ValueError:
                raise No(400, "M_NOT_JSON", "Content not JSON.") from None
        if not request.path.endswith("/sync"):
            self._world.calls.append((request.method, request.path.removeprefix(self._root), body))
        fault = self._world.faults.take(request.path, "error")
        if fault is not None:
            raise No(fault.code, fault.word, "told so by the sandbox", **({"retry_after_ms": fault.after} if fault.after else {}))
        return body

    def _let_in(self, request: web.Request) -> None:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise No(401, "M_UNKNOWN_TOKEN", "Invalid access token passed.", soft_logout=False)

    def _room(self, request: web.Request, *how: str) -> Room:
        room = self._world.room(request.match_info["room"])
        if room.members.get(SHOP) not in (how or ("join",)):
            raise No(403, "M_FORBIDDEN", f"User {SHOP} not in room {room.id}")
        return room

    async def whoami(self, request: web.Request, body: Any) -> Json:
        """Who the account is."""
        return {"user_id": SHOP, "device_id": "SANDBOX", "is_guest": False}

    async def sync(self, request: web.Request, body: Any) -> Json:
        """What happened since; waits for something to happen."""
        since = self._world.at(request.query["since"]) if "since" in request.query else None
        limit = int(json.loads(request.query.get("filter", "{}")).get("room", {}).get("timeline", {}).get("limit", 10))
        until = asyncio.get_running_loop().time() + int(request.query.get("timeout", "0")) / 1000
        while True:
            told, place = stream.told(self._world, SHOP, since, limit), self._world.place
            left = until - asyncio.get_running_loop().time()
            if told["rooms"] or since is None or left <= 0 or self._world.faults.closing.is_set():
                return told
            await self._news(place, left)

    async def _news(self, place: int, seconds: float) -> None:
        """Wait until something has happened."""
        try:
            async with asyncio.timeout(seconds), self._world.came:
                await self._world.came.wait_for(lambda: self._world.place > place or self._world.faults.closing.is_set())
        except TimeoutError:
            return

    async def join(self, request: web.Request, body: Any) -> Json:
        """Follow an invitation."""
        room = self._room(request, "invite", "join")
        if room.members[SHOP] != "join":
            self._world.member(room, SHOP, "join")
        return {"room_id": room.id}

    async def leave(self, request: web.Request, body: Any) -> Json:
        """Go, or decline."""
        self._world.member(self._room(request, "invite", "join"), SHOP, "leave")
        return {}

    async def members(self, request: web.Request, body: Any) -> Json:
        """Who is and was in a room."""
        room = self._room(request)
        newest = {one.event["state_key"]: one.event for one in room.events if one.event["type"] == "m.room.member"}
        return {"chunk": list(newest.values())}

    async def messages(self, request: web.Request, body: Any) -> Json:
        """What happened before."""
        asked = request.query
        if asked.get("dir") != "b" or "from" not in asked:
            raise No(400, "M_MISSING_PARAM", "dir and from")
        room, start = self._room(request), self._world.at(asked["from"])
        end = self._world.at(asked["to"]) if "to" in asked else 0
        return stream.before(self._world, room, SHOP, start, end, min(int(asked.get("limit", "10")), 100))

    async def event(self, request: web.Request, body: Any) -> Json:
        """One event."""
        return stream.shown(self._world.event(self._room(request), request.match_info["event"]), SHOP)

    async def send(self, request: web.Request, body: Any) -> Json:
        """Say something; under one key once only."""
        once = (request.path, TOKEN)
        if once not in self._world.sent:
            room, what = self._room(request), request.match_info["type"]
            self._check(room, what, body)
            self._world.sent[once] = self._world.happen(room, what, SHOP, body, key=request.match_info["key"])
        return {"event_id": self._world.sent[once]}

    def _check(self, room: Room, what: str, body: Any) -> None:
        if not isinstance(body, dict):
            raise No(400, "M_BAD_JSON", "content must be an object")
        relates = body.get("m.relates_to", {})
        if what == "m.reaction":
            there = [one.event for one in room.events if one.event["type"] == what and one.event["sender"] == SHOP]
            if any(one["content"].get("m.relates_to") == relates for one in there):
                raise No(400, "M_DUPLICATE_ANNOTATION", "Can't send same reaction twice")
            return
        if not isinstance(body.get("msgtype"), str) or not isinstance(body.get("body"), str) or not body["body"]:
            raise No(400, "M_BAD_JSON", "a message has a msgtype and a body")
        if "url" in body and body["url"] not in self._world.files:
            raise No(400, "M_BAD_JSON", "no such file")
        if "event_id" in relates:
            self._world.event(room, relates["event_id"])

    async def redact(self, request: web.Request, body: Any) -> Json:
        """Take an event back."""
        once = (request.path, TOKEN)
        if once not in self._world.sent:
            self._world.sent[once] = self._world.redact(self._room(request), request.match_info["event"], SHOP, request.match_info["key"])
        return {"event_id": self._world.sent[once]}

    async def typing(self, request: web.Request, body: Any) -> Json:
        """Show that something is being written."""
        if request.match_info["user"] != SHOP or body.get("typing") is not True or not 0 < body.get("timeout", 0) <= 120_000:
            raise No(400, "M_BAD_JSON", "typing and a timeout")
        self._world.typing.append(self._room(request).id)
        return {}

    async def reactions(self, request: web.Request, body: Any) -> Json:
        """The reactions on an event."""
        room, on = self._room(request), request.match_info["event"]
        self._world.event(room, on)
        held = [one.event for one in room.events if one.event["type"] == "m.reaction"]
        return {"chunk": [one for one in held if one["content"].get("m.relates_to", {}).get("event_id") == on]}

    async def upload(self, request: web.Request, body: Any) -> Json:
        """Take a file."""
        url = f"mxc://{SERVER}/up{self._world.next():06d}"
        self._world.files[url] = (body, request.headers.get("Content-Type", ""))
        return {"content_uri": url}

    async def file(self, request: web.Request) -> web.StreamResponse:
        """Bring a file, to those who are let in; an older server knows the older address alone."""
        try:
            self._let_in(request)
        except No as no:
            return web.json_response(no.told, status=no.status)
        found = self._world.files.get(f"mxc://{request.match_info['server']}/{request.match_info['file']}")
        newer = "/client/v1/" in request.path
        if found is None or newer == self._world.older_media:
            return web.json_response({"errcode": "M_UNRECOGNIZED" if newer else "M_NOT_FOUND", "error": "nothing here"}, status=404)
        return web.Response(body=found[0], content_type=found[1].partition(";")[0] or "application/octet-stream")

    async def _open(self, _app: web.Application) -> None:
        self._world.faults.closing.clear()

    async def _close(self, _app: web.Application) -> None:
        self._world.faults.closing.set()
        async with self._world.came:
            self._world.came.notify_all()
