"""Viber's API for bots over HTTP: `/viber/pa/…`; every answer is 200, and the status inside tells."""

import asyncio
import json

from aiohttp import web

from sandbox.viber.checks import BAD_DATA, FILE_MOST, MISSING, REQUEST_MOST, UNKNOWN, UNSUBSCRIBED, wrong
from sandbox.viber.courier import Courier
from sandbox.viber.world import Json, Note, Person, ViberWorld

BAD_URL, NO_TOKEN, NO_WEBHOOK, TOO_MANY = 1, 2, 10, 12
EVENTS = {"delivered", "seen", "failed", "subscribed", "unsubscribed", "conversation_started"}


class ViberApi:
    """The API as bots see it, and what becomes of what they send."""

    def __init__(self, world: ViberWorld) -> None:
        self.world, self.courier = world, Courier(world)
        self._closing = asyncio.Event()
        self._fates: set[asyncio.Task[None]] = set()

    def mount(self, app: web.Application) -> None:
        """Add its routes to an application."""
        app.on_startup.append(self._open)
        app.on_shutdown.append(self._close)
        app.router.add_post("/viber/pa/{method}", self.asked)
        app.router.add_get("/viber/files/{name}", self.file)

    async def asked(self, request: web.Request) -> web.StreamResponse:
        """One call of the API."""
        raw, method = await request.read(), request.match_info["method"]
        given = request.headers.get("X-Viber-Auth-Token", "")
        if given not in self.world.tokens:
            return _told(NO_TOKEN, "invalidAuthToken")
        try:
            body = json.loads(raw)
        except ValueError:
            return _told(BAD_DATA, "badData")
        if not isinstance(body, dict) or len(raw) > REQUEST_MOST:
            return _told(BAD_DATA, "badData")
        self.world.asked.append((method, body))
        self.world.base = f"http://{request.host}/viber/files"
        if method == "send_message":
            return await self._faulty(request, body)
        if method == "set_webhook":
            return await self._set_webhook(body)
        return self._account() if method == "get_account_info" else _told(BAD_DATA, "no such method")

    async def file(self, request: web.Request) -> web.Response:
        """A file that somebody sent."""
        body = self.world.files.get(request.match_info["name"])
        if body is None:
            raise web.HTTPNotFound
        return web.Response(body=body, content_type="application/octet-stream")

    async def quiet(self) -> None:
        """Wait until all that was to be brought has been."""
        while self._fates:
            await asyncio.wait(self._fates)
        await self.courier.quiet.wait()

    def accept(self, person: Person, body: Json, billing: int) -> Note:
        """Take a message for somebody; what becomes of it is told later."""
        note = Note(self.world.number(), body, self.world.clock(), ours=True, billing=billing)
        task = asyncio.create_task(self._carry(person, note))
        self._fates.add(task)
        task.add_done_callback(self._fates.discard)
        return note

    async def _faulty(self, request: web.Request, body: Json) -> web.StreamResponse:
        person, faults = str(body.get("receiver", "")), self.world.faults
        fault = faults.take(person, "429", "500", "502", "hang", "drop", "garbage", "refuse")
        match fault.kind if fault else "":
            case "hang":
                await self._closing.wait()
                return _hang_up(request)
            case "drop":
                return _hang_up(request)
            case "garbage" | "502":
                return web.Response(status=502, text="<html>Bad Gateway</html>", content_type="text/html")
            case "500":
                return web.Response(status=500, text="")
            case "429":
                return web.Response(status=429, headers={"Retry-After": "3"})
            case "refuse":
                assert fault
                return _told(fault.status, fault.words or "refused")
        answer = await self._send(body)
        return _hang_up(request) if faults.take(person, "drop_after") else answer

    async def _send(self, body: Json) -> web.Response:
        person = self.world.people.get(str(body.get("receiver", "")))
        if not body.get("receiver"):
            return _told(MISSING, "missing receiver")
        if not self.world.hook:
            return _told(NO_WEBHOOK, "webhookNotSet")
        if person is None:
            return _told(UNKNOWN, "receiverNotRegistered")
        found = wrong(body, person)
        if found is None and not person.subscribed:
            found = UNSUBSCRIBED, "receiverNotSubscribed"
        if found:
            return _told(*found)
        billing = self.world.billing(person)
        if billing > 3:
            return _told(billing, "noBalance")
        self.world.free_left -= billing == 2
        note = self.accept(person, body, billing)
        return _told(0, "ok", message_token=note.token, chat_hostname="SN-CHAT-03_", billing_status=billing)

    async def _carry(self, person: Person, note: Note) -> None:
        """Fetch the file where there is one, lay the message into the chat, and tell."""
        failed = self.world.faults.take(person.id, "fails")
        if note.body["type"] != "text":
            file = await self.courier.fetch(note.body["media"], FILE_MOST)
            note.file = file or b""
            if file is None or len(file) != note.body.get("size", len(file)):
                note.state = "failed"
        if failed or note.state:
            note.state = "failed"
            await self.world.put(person, note)
            return self._report("failed", person, note, {"desc": failed.words if failed else "the media could not be fetched"})
        note.state = "" if person.off else "seen" if person.reads else "delivered"
        await self.world.put(person, note)
        for state in () if person.off else ("delivered", "seen") if person.reads else ("delivered",):
            self._report(state, person, note)
        return None

    def _report(self, state: str, person: Person, note: Note, more: Json | None = None) -> None:
        self.courier.tell(state, note.token, person, {"user_id": person.id, **(more or {})})

    async def _set_webhook(self, body: Json) -> web.Response:
        """Calls the address before it is taken."""
        url, events = str(body.get("url", "")), body.get("event_types", sorted(EVENTS))
        if not url:
            self.world.hook = ""
            return _told(0, "ok", event_types=[])
        if not isinstance(events, list) or not set(events) <= EVENTS:
            return _told(BAD_DATA, "unknown event types")
        status, _ = await self.courier.bring(self.courier.event("webhook", self.world.number()), url) if url.startswith("http") else (0, b"")
        if status != 200:
            return _told(BAD_URL, f"webhook is not valid: HTTP status {status}")
        self.world.hook, self.world.events = url, list(events)
        self.courier.release()
        await self.world.stir()
        return _told(0, "ok", event_types=events)

    def _account(self) -> web.Response:
        world = self.world
        who = {"id": "pa:75346594275468546724", "name": world.name, "uri": world.uri, "webhook": world.hook, "event_types": [*world.events, "message"]}
        return _told(0, "ok", **who, subscribers_count=sum(person.subscribed for person in world.people.values()))

    async def _open(self, _app: web.Application) -> None:
        self._closing.clear()
        await self.courier.open()

    async def _close(self, _app: web.Application) -> None:
        self._closing.set()
        for task in self._fates:
            task.cancel()
        await asyncio.gather(*self._fates, return_exceptions=True)
        await self.courier.close()


def _told(status: int, words: str, **more: object) -> web.Response:
    return web.json_response({"status": status, "status_message": words, **more})


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
