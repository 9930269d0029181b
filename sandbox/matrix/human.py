"""The human side of the pretended Matrix: people ask the account into a room, write, change, take back, react, read, leave; `/play/matrix/…` over HTTP."""

from collections.abc import Callable
from typing import Any

from aiohttp import web

from sandbox.matrix.world import SHOP, Json, Room, World


class MatrixHuman:
    """What people do; each has one room with the account until they open another."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.homes: dict[str, str] = {}
        self._deeds: dict[str, Callable[..., object]] = {
            name: getattr(self, name) for name in ("open", "say", "leave", "edit", "remove", "react", "read", "encrypt", "whisper", "ask_in")
        }

    def mount(self, app: web.Application) -> None:
        """Add its routes to an application."""
        app.router.add_post("/play/matrix/people/{name}/{deed}", self._do)
        app.router.add_get("/play/matrix/people/{name}", self._lines)
        app.router.add_post("/play/matrix/faults", self._fault)

    def room(self, name: str) -> Room:
        """The room of somebody and the account."""
        return self.world.rooms[self.homes[name]]

    def open(self, name: str, public: bool = False, encrypted: bool = False, others: list[str] | None = None) -> str:
        """Open a room and ask the account in."""
        room = self.world.found()
        room.public = public
        room.names[_id(name)] = name.title()
        self.world.happen(room, "m.room.create", _id(name), {"room_version": "10"}, state="")
        for who in (name, *(others or [])):
            self.world.member(room, _id(who), "join")
        self.homes[name] = room.id
        if encrypted:
            self.encrypt(name)
        self.world.member(room, SHOP, "invite", _id(name), is_direct=True)
        return room.id

    def ask_in(self, name: str, other: str) -> None:
        """Ask somebody else in, who comes."""
        self.world.member(self.room(name), _id(other), "invite", _id(name))
        self.world.member(self.room(name), _id(other), "join")

    def say(self, name: str, text: str = "", reply_to: str = "", **more: Any) -> str:
        """Write; answers the message's id. Who has no room yet opens one."""
        if name not in self.homes:
            self.open(name)
        relates: Json = {"m.relates_to": {"m.in_reply_to": {"event_id": reply_to}}} if reply_to else {}
        return self.world.happen(self.room(name), "m.room.message", _id(name), {"msgtype": "m.text", "body": text, **relates, **more})

    def photo(self, name: str, text: str = "", body: bytes = b"\xff\xd8\xff picture") -> str:
        """Send a picture."""
        url = f"mxc://{_id(name).partition(':')[2]}/file{self.world.next()}"
        self.world.files[url] = (body, "image/jpeg")
        about: Json = {"msgtype": "m.image", "filename": "wall.jpg", "url": url, "info": {"mimetype": "image/jpeg", "size": len(body)}}
        return self.say(name, text or "wall.jpg", **about)

    def encrypt(self, name: str) -> None:
        """Turn encryption on."""
        self.room(name).encrypted = True
        self.world.happen(self.room(name), "m.room.encryption", _id(name), {"algorithm": "m.megolm.v1.aes-sha2"}, state="")

    def whisper(self, name: str) -> str:
        """Write what only keys open."""
        content = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgAEnACgAkLmt6qF84IK", "device_id": "RJYKSTBOIE", "session_id": "X3lUlvLELL"}
        return self.world.happen(self.room(name), "m.room.encrypted", _id(name), content)

    def edit(self, name: str, message: str, text: str) -> str:
        """Change a message."""
        new = {"msgtype": "m.text", "body": text}
        content = {"msgtype": "m.text", "body": f"* {text}", "m.new_content": new, "m.relates_to": {"rel_type": "m.replace", "event_id": message}}
        return self.world.happen(self.room(name), "m.room.message", _id(name), content)

    def remove(self, name: str, message: str) -> str:
        """Take a message or a reaction back."""
        return self.world.redact(self.room(name), message, _id(name))

    def react(self, name: str, message: str, emoji: str) -> str:
        """Put an emoji on a message; answers its id."""
        relates = {"rel_type": "m.annotation", "event_id": message, "key": emoji}
        return self.world.happen(self.room(name), "m.reaction", _id(name), {"m.relates_to": relates})

    def read(self, name: str, message: str) -> None:
        """Read up to a message."""
        self.world.read(self.room(name), _id(name), message)

    def leave(self, name: str) -> None:
        """Leave the room."""
        self.world.member(self.room(name), _id(name), "leave")

    def put_out(self, name: str) -> None:
        """Ban the account."""
        self.world.member(self.room(name), SHOP, "ban", _id(name))

    def elsewhere(self, name: str, text: str) -> str:
        """Somebody of the firm writes by another program of the same account."""
        return self.world.happen(self.room(name), "m.room.message", SHOP, {"msgtype": "m.text", "body": text})

    def lines(self, name: str) -> list[Json]:
        """What the person's screen shows."""
        if name not in self.homes:
            return []
        said = [one.event for one in self.room(name).events if one.event["type"] == "m.room.message" and one.event["content"]]
        first = [one for one in said if one["content"].get("m.relates_to", {}).get("rel_type") != "m.replace"]
        return [{"id": one["event_id"], "mine": one["sender"] != SHOP, "text": self._shown(one, said)} for one in first]

    def _shown(self, event: Json, said: list[Json]) -> str:
        changes = [one["content"] for one in said if one["content"].get("m.relates_to", {}).get("event_id") == event["event_id"]]
        return str(changes[-1]["m.new_content"]["body"] if changes else event["content"]["body"])

    async def _do(self, request: web.Request) -> web.Response:
        deed = self._deeds.get(request.match_info["deed"])
        if deed is None:
            raise web.HTTPNotFound(text="nobody does that")
        given: dict[str, Any] = await request.json() if request.can_read_body else {}
        try:
            made = deed(request.match_info["name"], **given)
        except (TypeError, ValueError, LookupError) as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        return web.json_response({"ok": True, "made": made})

    async def _lines(self, request: web.Request) -> web.Response:
        return web.json_response({"ok": True, "lines": self.lines(request.match_info["name"])})

    async def _fault(self, request: web.Request) -> web.Response:
        try:
            self.world.faults.add(**await request.json())
        except (TypeError, ValueError) as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        return web.json_response({"ok": True})


def _id(name: str) -> str:
    return name if name.startswith("@") else f"@{name}:matrix.example"
