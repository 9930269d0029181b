"""A pretended virtual PBX of Mango Office's: it tells of calls by signed events and leads to recordings, once each."""

import hashlib
import itertools
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientSession, web

from sandbox.phone.ringing import DELAY, RINGS, SOUND

LINK = "/vpbx/queries/recording/post"


@dataclass(slots=True)
class MangoPbx:
    """One PBX: where it tells of calls (it appends /events/…), its key and salt, its number and the extension that answers."""

    url: str = ""
    key: str = "mango-key"
    salt: str = "mango-salt"
    line: str = "37410111111"
    extension: str = "101"
    ready: bool = True
    clock: Callable[[], float] = time.time
    told: list[str] = field(default_factory=list)
    links: set[str] = field(default_factory=set)
    _calls: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def mount(self, app: web.Application) -> None:
        """Add its API to an application."""
        app.router.add_post(LINK, self.link)
        app.router.add_get("/vpbx/files/{name}", self.sound, allow_head=False)

    async def ring(self, number: str, seconds: int = 0, *, outgoing: bool = False, recorded: bool = False) -> list[int]:
        """A call from its beginning to its end; the statuses that the firm said."""
        entry, began = f"RU5UUlk{next(self._calls)}=", int(self.clock())
        digits, staff = number.lstrip("+"), {"extension": self.extension, "number": f"sip:user{self.extension}@shop.mangosip.ru"}
        ends: dict[str, Any] = {"from": staff, "to": {"number": digits}} if outgoing else {"from": {"number": digits}, "to": {"number": self.line}}
        taken = ends if outgoing else {**ends, "to": staff}
        talked = began + int(DELAY)
        over = talked + seconds if seconds else began + int(RINGS)
        call = {"entry_id": entry, "call_id": f"{entry}1"}
        events: list[tuple[str, dict[str, Any]]] = [
            ("call", {**call, "timestamp": began, "seq": 1, "call_state": "Appeared", "location": "abonent" if outgoing else "ivr", **ends})
        ]
        if seconds:
            events.append(("call", {**call, "timestamp": talked, "seq": 2, "call_state": "Connected", "location": "abonent", **taken}))
        events.append(("call", {**call, "timestamp": over, "seq": 3, "call_state": "Disconnected", "location": "abonent", **ends}))
        about = {"entry_id": entry, "call_direction": 2 if outgoing else 1, "line_number": self.line, "create_time": began, "end_time": over}
        spoken = {"talk_time": talked if seconds else 0, "entry_result": int(bool(seconds)), "disconnect_reason": 1110}
        events.append(("summary", {**about, **(taken if seconds else ends), **spoken}))
        if recorded:
            sound = {"recording_id": f"{entry}rec", "recording_state": "Completed", "entry_id": entry, "call_id": f"{entry}1", "timestamp": over, "seq": 4}
            events.append(("recording", sound))
        async with ClientSession() as http:
            return [await self.tell(http, what, told) for what, told in events]

    async def tell(self, http: ClientSession, what: str, told: Mapping[str, Any]) -> int:
        """Bring one event."""
        words = json.dumps(told)
        self.told.append(what)
        form = {"vpbx_api_key": self.key, "sign": sign(self.key, words, self.salt), "json": words}
        async with http.post(f"{self.url}/events/{what}", data=form) as answer:
            return answer.status

    async def link(self, request: web.Request) -> web.Response:
        """Lead to a recording whoever signs the question."""
        asked = await request.post()
        words = str(asked.get("json", ""))
        if (asked.get("vpbx_api_key"), asked.get("sign")) != (self.key, sign(self.key, words, self.salt)):
            return web.json_response({"result": 3102}, status=401)
        told = json.loads(words)
        if not self.ready or told.get("action") != "download":
            return web.json_response({"result": 3300}, status=404)
        self.links.add(name := hashlib.sha256(told["recording_id"].encode()).hexdigest()[:16])
        return web.Response(status=302, headers={"Location": f"/vpbx/files/{name}.mp3"})

    async def sound(self, request: web.Request) -> web.Response:
        """The sound of a call, once for each link."""
        name = request.match_info["name"].removesuffix(".mp3")
        if name not in self.links:
            return web.Response(status=404)
        self.links.discard(name)
        return web.Response(body=SOUND, content_type="audio/mpeg")


def sign(key: str, words: str, salt: str) -> str:
    """The plain SHA-256 of the key, the words and the salt."""
    return hashlib.sha256(f"{key}{words}{salt}".encode()).hexdigest()
