"""The human side of the pretended MAX: people start the bot, write, press, share their number, stop it; `/play/max/…` lets a test do it over HTTP."""

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

from aiohttp import web

from sandbox.max.world import TOKEN, Json, World


class MaxHuman:
    """What people do."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._deeds: dict[str, Callable[..., object]] = {
            name: getattr(self, name) for name in ("say", "start", "stop", "press", "photo", "share_contact", "edit", "remove", "dialog")
        }

    def mount(self, app: web.Application) -> None:
        """Add its routes to an application."""
        app.router.add_post("/play/max/people/{number}/{deed}", self._do)
        app.router.add_get("/play/max/people/{number}", self._chat)
        app.router.add_post("/play/max/faults", self._fault)

    def start(self, number: int, payload: str = "") -> None:
        """Press Start, or follow a link."""
        person = self._world.person(number)
        person.started, person.stopped = True, False
        about = {"chat_id": person.chat, "user": person.told(self._world.now()), "payload": payload or None, "user_locale": "ru"}
        self._world.happened("bot_started", **about)

    def stop(self, number: int) -> None:
        """Stop the bot: it may not write any more."""
        person = self._world.person(number)
        person.stopped = True
        self._world.happened("bot_stopped", chat_id=person.chat, user=person.told(self._world.now()), user_locale="ru")

    def dialog(self, number: int, what: str) -> None:
        """Do something to the dialog at one's own end: cleared, muted, unmuted, removed."""
        person = self._world.person(number)
        self._world.happened(f"dialog_{what}", chat_id=person.chat, user=person.told(self._world.now()), user_locale="ru")

    def say(self, number: int, text: str | None, *attachments: Json, reply_to: str = "") -> str:
        """Write; answers the message's id."""
        person = self._world.person(number)
        link = {"type": "reply", "sender": self._world.bot(), "chat_id": person.chat, "message": {"mid": reply_to, "seq": 1}} if reply_to else None
        line = self._world.put(person, text, list(attachments), ours=False, link=link)
        self._world.happened("message_created", message=self._world.message(person, line), user_locale="ru")
        return line.mid

    def photo(self, number: int, base: str, text: str = "", body: bytes = b"\xff\xd8\xff picture") -> str:
        """Send a picture that lies at our own address."""
        word = f"sent-{self._world.next()}"
        self._world.files[word] = body
        return self.say(number, text, {"type": "image", "payload": {"photo_id": self._world.next(), "token": word, "url": f"{base}/files/{word}"}})

    def video(self, number: int, body: bytes = b"video") -> str:
        """Send a video."""
        word = f"sent-{self._world.next()}"
        self._world.files[word] = body
        return self.say(number, None, {"type": "video", "payload": {"url": "https://max.ru/v", "token": word}})

    def share_contact(self, number: int) -> str:
        """Press the button that asks for one's own number."""
        person = self._world.person(number)
        vcf = f"BEGIN:VCARD\r\nVERSION:3.0\r\nTEL;TYPE=cell:{person.phone}\r\nFN:{person.first} {person.last}\r\nEND:VCARD\r\n"
        mark = hmac.new(TOKEN.encode(), vcf.encode(), hashlib.sha256).hexdigest()
        return self.say(number, None, {"type": "contact", "payload": {"vcf_info": vcf, "hash": mark, "max_info": person.told(self._world.now())}})

    def press(self, number: int, label: str) -> str:
        """Press a button under the newest message that has it; answers the press's id."""
        person = self._world.person(number)
        for line in reversed(person.lines):
            for one in line.body.get("attachments", []):
                buttons = [button for row in one["payload"].get("buttons", []) for button in row]
                for button in buttons:
                    if button["text"] == label and button["type"] == "callback":
                        press = f"f9LHodD0cOI{self._world.next():020x}"
                        callback = {"timestamp": self._world.now(), "callback_id": press, "user": person.told(self._world.now()), "payload": button["payload"]}
                        self._world.happened("message_callback", callback=callback, message=self._world.message(person, line), user_locale="ru")
                        return press
        raise LookupError(f"no button {label!r}")

    def edit(self, number: int, mid: str, text: str) -> None:
        """Change a message."""
        found = self._world.line(mid)
        assert found
        found[1].body["text"] = text
        self._world.happened("message_edited", message=self._world.message(*found))

    def remove(self, number: int, mid: str) -> None:
        """Take a message back."""
        found = self._world.line(mid)
        assert found
        found[1].gone = True
        self._world.happened("message_removed", message_id=mid, chat_id=found[0].chat, user_id=number)

    async def _do(self, request: web.Request) -> web.Response:
        deed = self._deeds.get(request.match_info["deed"])
        if deed is None:
            raise web.HTTPNotFound(text="nobody does that")
        given: dict[str, Any] = await request.json() if request.can_read_body else {}
        try:
            made = deed(int(request.match_info["number"]), **given)
        except (TypeError, ValueError, LookupError) as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        return web.json_response({"ok": True, "made": made})

    async def _chat(self, request: web.Request) -> web.Response:
        person = self._world.person(int(request.match_info["number"]))
        lines = [{"id": one.mid, "text": one.body.get("text"), "ours": one.ours} for one in person.lines if not one.gone]
        return web.json_response({"ok": True, "lines": lines})

    async def _fault(self, request: web.Request) -> web.Response:
        try:
            self._world.faults.add(**await request.json())
        except (TypeError, ValueError) as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        return web.json_response({"ok": True})
