"""Calls through Zadarma's PBX: its signed notices, and recordings, whose links it gives to whoever signs the question."""

import hashlib
import hmac
import json
import re
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from channels import outside
from channels.base import Firm, Keep
from channels.callback import any_equal, by_name, duration, fields_of, moment
from channels.http import read_body
from channels.payload import text
from channels.telephony import BODY_MOST, Rung, Telephone, form_of, moved, of_form, recorded
from crm.base.errors import Invalid, Misconfigured, NotFound
from crm.base.events import CallPhase, Event, MediaRef, Unknown
from crm.base.outbound import RetryLater

API, LINK = "https://api.zadarma.com", "/v1/pbx/record/request/"
SIGNATURE = "Signature"
_ECHO_MOST, _ANSWER_MOST, _NOT_YET = 200, 64 * 1024, 40.0
_COMING, _LEAVING = ("caller_id", "called_did", "call_start"), ("internal", "destination", "call_start")
_RECORDED = "NOTIFY_RECORD"
SIGNED: Mapping[str, tuple[str, ...]] = {
    "NOTIFY_ANSWER": ("caller_id", "destination", "call_start"),
    "NOTIFY_OUT_START": _LEAVING,
    "NOTIFY_OUT_END": _LEAVING,
    _RECORDED: ("pbx_call_id", "call_id_with_rec"),
}
"""Which fields of a notice are signed; those of a call that comes in are, where nothing is said here."""
_RECORDING = re.compile(r"[A-Za-z0-9._-]{1,120}")


@dataclass(frozen=True, slots=True)
class ZadarmaOptions:
    """One PBX: all `secrets` are believed in notices, the first signs with `key` when a recording is asked for; times are told in `zone`."""

    account: str
    key: str
    secrets: tuple[str, ...] = field(repr=False)
    title: str = "Phone"
    zone: str = ""
    api: str = API
    recordings: tuple[str, ...] = (".zadarma.com",)
    recording_size: int = 20 * 1024 * 1024
    patience: float = 10.0
    again: int = 5


class Zadarma(Telephone):
    """A PBX at Zadarma."""

    def __init__(self, options: ZadarmaOptions, firm: Firm) -> None:
        if not options.key or not options.secrets or not all(options.secrets):
            raise Misconfigured(f"{options.account} needs key and secrets, as the page of Zadarma's API shows them")
        super().__init__(options.account, options.title, firm, options.again)
        self._options = options

    def routes(self, keep: Keep) -> Sequence[web.RouteDef]:
        """Open the secret paths: GET for the handshake, POST for notices."""

        async def take(request: web.Request) -> web.Response:
            return await self._take(request, keep)

        return [route for path in self._firm.paths(self.account) for route in (web.get(path, echoed, allow_head=False), web.post(path, take))]

    async def fetch_media(self, ref: MediaRef) -> AsyncIterator[bytes]:
        """The bytes of a recording; raises as `outside.fetch` does, and RetryLater while it is not ready."""
        if not _RECORDING.fullmatch(ref.ref):
            raise NotFound("this is no recording")
        trusted = moved(self._options.api, API)
        hosts, link = (*self._options.recordings, urlsplit(self._options.api).hostname or ""), await self._link(ref.ref, trusted)
        async for chunk in outside.fetch(link, most=self._options.recording_size, hosts=hosts, trusted=trusted):
            yield chunk

    async def _link(self, recording: str, trusted: Sequence[str]) -> str:
        """Where a recording lies for a while."""
        asked = urlencode({"call_id": recording})
        words = LINK + asked + hashlib.md5(asked.encode(), usedforsecurity=False).hexdigest()
        headers = {"Authorization": f"{self._options.key}:{signature(words, self._options.secrets[0])}"}
        try:
            found = outside.fetch(f"{self._options.api}{LINK}?{asked}", most=_ANSWER_MOST, trusted=trusted, headers=headers)
            answer = json.loads(b"".join([chunk async for chunk in found]))
        except (NotFound, ValueError, RecursionError):
            raise RetryLater(_NOT_YET) from None
        link = text(answer, "link") if isinstance(answer, dict) else ""
        if not link:
            raise RetryLater(_NOT_YET)
        return link

    async def _take(self, request: web.Request, keep: Keep) -> web.Response:
        body = await read_body(request, limit=BODY_MOST, seconds=self._options.patience)
        try:
            fields = by_name(fields_of(body))
        except Invalid:
            raise web.HTTPBadRequest from None
        words = "".join(fields.get(name, "") for name in SIGNED.get(fields.get("event", ""), _COMING))
        if not words or not any_equal(request.headers.get(SIGNATURE, ""), [signature(words, secret) for secret in self._options.secrets]):
            raise self.refuse()
        call, event = fields.get("pbx_call_id", "")[:120] or hashlib.sha256(words.encode()).hexdigest(), fields.get("event", "")[:40]
        which = fields.get("call_id_with_rec" if event == _RECORDED else "internal", "")  # a call that was put on has a recording of each part
        await self.take(keep, f"{event}:{call}:{which[:120]}", call, of_form(fields))
        return web.Response()

    def event(self, told: Mapping[str, object], received_at: int) -> Event:
        """What one notice says; a call outside the PBX has no name by which more could be told of it."""
        fields = form_of(told)
        key, kind = fields.get("pbx_call_id", "")[:200], fields.get("event", "")
        if not key:
            return Unknown("call outside the PBX", at=received_at)
        if kind == _RECORDED:
            recording = fields.get("call_id_with_rec", "")
            return recorded(key, recording, received_at, recording) if recording else Unknown("recording", at=received_at)
        began = min(moment(fields.get("call_start", ""), self._options.zone or self._firm.zone) or received_at, received_at)
        agent, outgoing = fields.get("last_internal", "") or fields.get("internal", ""), kind.startswith("NOTIFY_OUT_")
        number, line = (fields.get("destination", ""), fields.get("caller_id", "")) if outgoing else (fields.get("caller_id", ""), fields.get("called_did", ""))
        match kind:
            case "NOTIFY_START" | "NOTIFY_INTERNAL" | "NOTIFY_OUT_START":
                rung = Rung(key, number, CallPhase.RINGING, began, outgoing, line=line)
            case "NOTIFY_ANSWER":
                rung = Rung(key, number, CallPhase.ANSWERED, received_at, agent=agent)
            case "NOTIFY_END" | "NOTIFY_OUT_END":
                seconds = (duration(fields.get("duration")) or 0) if fields.get("disposition") == "answered" else 0
                phase, at = (CallPhase.ENDED, received_at) if seconds else (CallPhase.MISSED, began)
                rung = Rung(key, number, phase, at, outgoing, seconds, agent if seconds else "", line)
            case _:
                return Unknown("call event", at=received_at)
        return self.call(rung)


async def echoed(request: web.Request) -> web.Response:
    """Answer Zadarma's question whether the address is ours: its own word back."""
    word = request.query.get("zd_echo", "")[:_ECHO_MOST]
    return web.Response(text=word, headers={"X-Content-Type-Options": "nosniff"})


def signature(words: str, secret: str) -> str:
    """Zadarma's mark: Base64 of the hexadecimal HMAC-SHA1."""
    made = hmac.new(secret.encode(), words.encode("utf-8", "surrogateescape"), hashlib.sha1).hexdigest()
    return b64encode(made.encode()).decode()
