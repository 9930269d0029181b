"""Calls through Mango Office: its signed events, and recordings, whose links it gives to whoever signs the question."""

import hashlib
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from channels import outside
from channels.base import Firm, Keep
from channels.callback import any_equal, fields_of, moment, plain
from channels.http import read_body, strict_json
from channels.payload import part, whole
from channels.telephony import BODY_MOST, Rung, Telephone, moved, recorded
from crm.base.errors import Invalid, Misconfigured, NotFound
from crm.base.events import CallPhase, Event, MediaRef, Unknown
from crm.base.outbound import RetryLater

API, LINK = "https://app.mango-office.ru", "/vpbx/queries/recording/post"
HEARD = ("call", "summary", "recording")
INCOMING, OUTGOING = 1, 2
_NOT_YET = 60.0
_ID = re.compile(r"[A-Za-z0-9+/=_-]{1,200}")


@dataclass(frozen=True, slots=True)
class MangoOptions:
    """One virtual PBX: `keys` and `salts` as its page of the API shows them, each key with the salt in the same place; the first pair asks for recordings."""

    account: str
    keys: tuple[str, ...] = field(repr=False)
    salts: tuple[str, ...] = field(repr=False)
    title: str = "Phone"
    api: str = API
    recordings: tuple[str, ...] = (".mango-office.ru",)
    recording_size: int = 20 * 1024 * 1024
    link_seconds: float = 30.0
    patience: float = 10.0
    again: int = 5


class Mango(Telephone):
    """A virtual PBX at Mango Office."""

    def __init__(self, options: MangoOptions, firm: Firm) -> None:
        if not options.keys or len(options.keys) != len(options.salts) or not all((*options.keys, *options.salts)):
            raise Misconfigured(f"{options.account} needs keys and salts, as many of the one as of the other")
        super().__init__(options.account, options.title, firm, options.again)
        self._options = options

    def routes(self, keep: Keep) -> Sequence[web.RouteDef]:
        """Open the secret paths, to which Mango itself appends what an event is about."""

        async def take(request: web.Request) -> web.Response:
            return await self._take(request, keep)

        return [web.post(f"{path}/events/{what}", take) for path in self._firm.paths(self.account) for what in HEARD]

    async def fetch_media(self, ref: MediaRef) -> AsyncIterator[bytes]:
        """The bytes of a recording; raises as `outside.fetch` does, and RetryLater while it is not ready."""
        if not _ID.fullmatch(ref.ref):
            raise NotFound("this is no recording")
        hosts, link = (*self._options.recordings, urlsplit(self._options.api).hostname or ""), await self._link(ref.ref)
        if not link:
            raise RetryLater(_NOT_YET)
        async for chunk in outside.fetch(link, most=self._options.recording_size, hosts=hosts, trusted=moved(self._options.api, API)):
            yield chunk

    async def _link(self, recording: str) -> str:
        """Where a recording lies until it is first fetched ("" = it is not ready)."""
        asked = json.dumps({"recording_id": recording, "action": "download"}, separators=(",", ":"))
        key, salt = self._options.keys[0], self._options.salts[0]
        form = {"vpbx_api_key": key, "sign": sign(key, asked, salt), "json": asked}
        url, timeout = f"{self._options.api}{LINK}", ClientTimeout(total=self._options.link_seconds)
        try:
            async with ClientSession(trust_env=False, timeout=timeout) as http, http.post(url, data=form, allow_redirects=False) as answer:
                link = answer.headers.get("Location", "") if answer.status in (301, 302, 303, 307) else ""
        except (ClientError, TimeoutError, OSError):
            raise RetryLater(_NOT_YET) from None
        try:
            return urljoin(url, link) if link else ""
        except ValueError:
            return ""

    async def _take(self, request: web.Request, keep: Keep) -> web.Response:
        body = await read_body(request, limit=BODY_MOST, seconds=self._options.patience)
        try:
            fields = dict(fields_of(body))
            words = fields.get("json", "")
            if not self._believed(fields, words):
                raise self.refuse()
            told = strict_json(words)
        except Invalid:
            raise web.HTTPBadRequest from None
        what = request.path.rpartition("/events/")[2]
        if key := _key(what, told):
            lane = plain(told, "entry_id")[:120] or "call"
            await self.take(keep, key, lane, b'{"v": 1, "what": "%s", "told": %s}' % (what.encode(), words.strip().encode()))
        return web.Response()

    def _believed(self, fields: Mapping[str, str], words: str) -> bool:
        pairs = zip(self._options.keys, self._options.salts, strict=True)
        known = [f"{key}\n{sign(key, words, salt)}" for key, salt in pairs]
        return any_equal(f"{fields.get('vpbx_api_key', '')}\n{fields.get('sign', '').lower()}", known)

    def event(self, told: Mapping[str, object], received_at: int) -> Event:
        """What one event says; raises ValueError for what Mango would not say."""
        about = part(told, "told")
        key = plain(about, "entry_id")[:200]
        if not key:
            raise ValueError("a call has an id")
        match told.get("what"):
            case "call":
                return self._rung(about, key, received_at)
            case "summary":
                return self._over(about, key, received_at)
            case "recording":
                recording = plain(about, "recording_id")
                if recording and plain(about, "recording_state") == "Completed":
                    return recorded(key, recording, min(moment(about.get("timestamp"), "UTC") or received_at, received_at), recording)
        return Unknown("call event", at=received_at)

    def _rung(self, about: Mapping[str, object], key: str, received_at: int) -> Event:
        """A call that has begun, or that a member of the staff has taken."""
        caller, called = part(about, "from"), part(about, "to")
        outgoing, at = bool(plain(caller, "extension")), min(moment(about.get("timestamp"), "UTC") or received_at, received_at)
        if outgoing and plain(called, "extension"):
            return Unknown("call within the house", at=received_at)
        taken = plain(about, "call_state") == "Connected" and plain(about, "location") == "abonent"
        agent = plain(caller if outgoing else called, "extension") if taken else ""
        number, line = plain(called if outgoing else caller, "number"), plain(called, "line_number")
        return self.call(Rung(key, number, CallPhase.ANSWERED if taken else CallPhase.RINGING, at, outgoing, 0, agent, line))

    def _over(self, about: Mapping[str, object], key: str, received_at: int) -> Event:
        """A call that is over: whether they spoke, and how long."""
        way, caller, called = whole(about, "call_direction"), part(about, "from"), part(about, "to")
        if way not in (INCOMING, OUTGOING):
            return Unknown("call within the house", at=received_at)
        ours, theirs = (caller, called) if way == OUTGOING else (called, caller)
        began, spoke, ended = (min(moment(about.get(name), "UTC"), received_at) for name in ("create_time", "talk_time", "end_time"))
        if whole(about, "entry_result") == 1 and spoke and ended >= spoke:
            seconds, agent = max(1, (ended - spoke) // 1000), plain(ours, "extension")
            return self.call(Rung(key, plain(theirs, "number"), CallPhase.ENDED, ended, way == OUTGOING, seconds, agent, plain(about, "line_number")))
        return self.call(Rung(key, plain(theirs, "number"), CallPhase.MISSED, began or received_at, way == OUTGOING, line=plain(about, "line_number")))


def _key(what: str, told: Mapping[str, object]) -> str:
    """What an event is known by; "" for one that says nothing: a leg that ended or waits, a recording that has begun."""
    entry = plain(told, "entry_id")[:120]
    match what:
        case "call" if plain(told, "call_state") in ("Appeared", "Connected"):
            return f"call:{entry}:{plain(told, 'call_id')[:120]}:{plain(told, 'seq')[:20]}"
        case "recording" if plain(told, "recording_state") == "Completed":
            return f"recording:{plain(told, 'recording_id')[:200]}"
        case "summary":
            return f"summary:{entry}"
    return ""


def sign(key: str, words: str, salt: str) -> str:
    """Mango's mark: the plain SHA-256 of the key, the words and the salt, in hexadecimal."""
    return hashlib.sha256(f"{key}{words}{salt}".encode("utf-8", "surrogateescape")).hexdigest()
