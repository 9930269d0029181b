"""A pretended PBX of Zadarma's: it asks whether the address is there, tells of calls by signed notices and gives links to recordings."""

import hashlib
import hmac
import itertools
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import ClientSession, web

from sandbox.phone.ringing import SOUND

LINK = "/v1/pbx/record/request/"
IN, OUT = ("caller_id", "called_did", "call_start"), ("internal", "destination", "call_start")
SIGNED = {
    "NOTIFY_ANSWER": ("caller_id", "destination", "call_start"),
    "NOTIFY_OUT_START": OUT,
    "NOTIFY_OUT_END": OUT,
    "NOTIFY_RECORD": ("pbx_call_id", "call_id_with_rec"),
}


@dataclass(slots=True)
class ZadarmaPbx:
    """One PBX: where it tells of calls, its key and secret, its number, the extension that answers; recordings are `ready` or not yet."""

    url: str = ""
    key: str = "zadarma-key"
    secret: str = "zadarma-secret"
    line: str = "37410111111"
    extension: str = "100"
    zone: str = "Asia/Yerevan"
    own_url: str = ""
    ready: bool = True
    clock: Callable[[], float] = time.time
    told: list[str] = field(default_factory=list)
    _calls: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def mount(self, app: web.Application) -> None:
        """Add its API to an application."""
        app.router.add_get(LINK, self.link, allow_head=False)
        app.router.add_get("/v1/pbx/record/download/{name}", self.sound, allow_head=False)

    async def look(self) -> bool:
        """Whether the address answers with the word it is asked."""
        async with ClientSession() as http, http.get(self.url, params={"zd_echo": "a-word"}) as answer:
            return answer.status == 200 and await answer.text() == "a-word"

    async def ring(self, number: str, seconds: int = 0, *, outgoing: bool = False, recorded: bool = False) -> list[int]:
        """A call from its beginning to its end; the statuses that the firm said."""
        key, began = f"{'out' if outgoing else 'in'}_{next(self._calls)}", datetime.fromtimestamp(self.clock(), ZoneInfo(self.zone))
        known = {"pbx_call_id": key, "call_start": f"{began:%Y-%m-%d %H:%M:%S}"}
        ends = {"internal": self.extension, "destination": number, "caller_id": self.line} if outgoing else {"caller_id": number, "called_did": self.line}
        way, recording = "NOTIFY_OUT" if outgoing else "NOTIFY", f"{int(self.clock())}.{key}"
        over = {"duration": str(seconds), "disposition": "answered" if seconds else "no answer", "status_code": "16" if seconds else "19"}
        notices = [{"event": f"{way}_START", **known, **ends}]
        if seconds and not outgoing:
            notices.append({"event": "NOTIFY_ANSWER", **known, "caller_id": number, "destination": "37477000001", "internal": self.extension})
        heard = {"is_recorded": "1", "call_id_with_rec": recording} if recorded else {"is_recorded": "0"}
        notices.append({"event": f"{way}_END", **known, **ends, **over, **heard, **({"last_internal": self.extension} if seconds else {})})
        if recorded:
            notices.append({"event": "NOTIFY_RECORD", "pbx_call_id": key, "call_id_with_rec": recording})
        async with ClientSession() as http:
            return [await self.tell(http, notice) for notice in notices]

    async def tell(self, http: ClientSession, notice: Mapping[str, str]) -> int:
        """Bring one notice."""
        words = "".join(notice[name] for name in SIGNED.get(notice["event"], IN))
        self.told.append(notice["event"])
        async with http.post(self.url, data=dict(notice), headers={"Signature": signature(words, self.secret)}) as answer:
            return answer.status

    async def link(self, request: web.Request) -> web.Response:
        """Where a recording lies, for whoever signs the question."""
        asked = urlencode(sorted(request.query.items()))
        words = LINK + asked + hashlib.md5(asked.encode(), usedforsecurity=False).hexdigest()
        if request.headers.get("Authorization", "") != f"{self.key}:{signature(words, self.secret)}":
            return web.json_response({"status": "error", "message": "Not authorized"}, status=401)
        if not self.ready:
            return web.json_response({"status": "error", "message": "Record not found"}, status=404)
        return web.json_response({"status": "success", "link": f"{self.own_url}/v1/pbx/record/download/{request.query['call_id']}.mp3"})

    async def sound(self, _request: web.Request) -> web.Response:
        """The sound of a call."""
        return web.Response(body=SOUND, content_type="audio/mpeg")


def signature(words: str, secret: str) -> str:
    """Base64 of the hexadecimal HMAC-SHA1."""
    return b64encode(hmac.new(secret.encode(), words.encode(), hashlib.sha1).hexdigest().encode()).decode()
