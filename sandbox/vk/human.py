"""The human side of the pretended VK: people write, press, read, react, allow and forbid; `/play/vk/…` lets a test or a page do it over HTTP."""

import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from sandbox.vk.world import ADMIN, Person, World


class VkHuman:
    """What people do."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._deeds: dict[str, Callable[..., object]] = {
            name: getattr(self, name)
            for name in ("say", "start", "press", "photo", "edit", "react", "read", "allow", "deny", "ban", "unban", "answered_by_hand", "fill_form")
        }

    def mount(self, app: web.Application) -> None:
        """Add its routes to an application."""
        app.router.add_post("/play/vk/people/{number}/{deed}", self._do)
        app.router.add_get("/play/vk/people/{number}", self._chat)
        app.router.add_post("/play/vk/faults", self._fault)

    def say(self, number: int, text: str, **more: Any) -> int:
        """Write; `more` goes into the message as it is. Answers the message's number."""
        person = self._world.person(number)
        line = self._world.put(person, text, ours=False, **more)
        self._world.new(person, line)
        return line.cmid

    def start(self, number: int, ref: str = "") -> int:
        """Press the button that opens a dialog."""
        return self.say(number, "Начать", payload='{"command":"start"}', **({"ref": ref, "ref_source": "vk.me"} if ref else {}))

    def press(self, number: int, label: str) -> int:
        """Press a button under the newest message that has it."""
        person = self._world.person(number)
        for line in reversed(person.lines):
            for row in json.loads(line.fields.get("keyboard", "{}")).get("buttons", []):
                for action in (one["action"] for one in row):
                    if action["label"] == label and action["type"] == "text":
                        return self.say(number, label, payload=action["payload"])
        raise LookupError(f"no button {label!r}")

    def photo(self, number: int, base: str, text: str = "", body: bytes = b"\xff\xd8\xff picture") -> int:
        """Send a picture that lies at our own address."""
        word = f"sent-{self._world.next()}.jpg"
        self._world.files[word] = body
        sizes = [{"type": "x", "width": 604, "height": 453, "url": f"{base}/vk/files/{word}"}]
        attachment = {"type": "photo", "photo": {"id": self._world.next(), "owner_id": number, "album_id": -3, "date": self._world.now(), "sizes": sizes}}
        return self.say(number, text, attachments=[attachment])

    def edit(self, number: int, cmid: int, text: str) -> None:
        """Change a message."""
        person = self._world.person(number)
        line = person.lines[cmid - 1]
        line.text = text
        self._world.happened("message_edit", {**self._world.told(person, line), "update_time": self._world.now()})

    def react(self, number: int, cmid: int, reaction: int) -> None:
        """Put a reaction on a message, or take it away (0)."""
        about = {"reacted_id": number, "peer_id": number, "cmid": cmid, **({"reaction_id": reaction} if reaction else {})}
        self._world.happened("message_reaction_event", about)

    def read(self, number: int) -> None:
        """See everything."""
        person = self._world.person(number)
        last = max((line.cmid for line in person.lines if line.ours), default=0)
        for line in person.lines:
            line.read = line.read or line.ours
        self._world.happened("message_read", {"from_id": number, "peer_id": number, "read_message_id": 5000 + last, "conversation_message_id": last})

    def allow(self, number: int, key: str = "site") -> None:
        """Let the community write."""
        self._world.person(number).allows = True
        self._world.happened("message_allow", {"user_id": number, "key": key})

    def deny(self, number: int) -> None:
        """Forbid it."""
        self._world.person(number).allows = False
        self._world.happened("message_deny", {"user_id": number})

    def ban(self, number: int) -> None:
        """Somebody of the community puts a person on its black list."""
        self._world.person(number).banned = True
        self._world.happened("user_block", {"admin_id": ADMIN, "user_id": number, "unblock_date": 0, "reason": 0, "comment": ""})

    def unban(self, number: int) -> None:
        """And takes them off it."""
        self._world.person(number).banned = False
        self._world.happened("user_unblock", {"admin_id": ADMIN, "user_id": number, "by_end_date": 0})

    def answered_by_hand(self, number: int, text: str) -> int:
        """Somebody of the community answers on its page."""
        person = self._world.person(number)
        line = self._world.put(person, text, ours=True, admin_author_id=ADMIN)
        self._world.happened("message_reply", self._world.told(person, line))
        return line.cmid

    def fill_form(self, number: int, answers: dict[str, str]) -> int:
        """Fill in a lead form."""
        lead = self._world.next()
        told = [{"key": key, "question": key, "answer": answer} for key, answer in answers.items()]
        about = {"lead_id": lead, "group_id": 0, "user_id": number, "form_id": 3, "form_name": "Замер", "ad_id": 0, "answers": told}
        self._world.happened("lead_forms_new", about)
        return lead

    async def _do(self, request: web.Request) -> web.Response:
        deed = self._deeds.get(request.match_info["deed"])
        if deed is None:
            raise web.HTTPNotFound(text="nobody does that")
        try:
            made = deed(int(request.match_info["number"]), **(await request.json() if request.can_read_body else {}))
        except (TypeError, ValueError, LookupError) as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        return web.json_response({"ok": True, "made": made})

    async def _chat(self, request: web.Request) -> web.Response:
        person: Person = self._world.person(int(request.match_info["number"]))
        lines = [{"id": one.cmid, "text": one.text, "ours": one.ours, "reaction": one.reaction, "read": one.read} for one in person.lines if not one.gone]
        return web.json_response({"ok": True, "lines": lines})

    async def _fault(self, request: web.Request) -> web.Response:
        try:
            self._world.faults.add(**await request.json())
        except (TypeError, ValueError) as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        return web.json_response({"ok": True})
