"""Calls through Twilio: what its signed callbacks tell, and, where the firm wants it, to whom an incoming call is put through.

Whether somebody spoke is told by the Dial that puts a call through (DialCallStatus); the call itself is "completed" as soon as Twilio has taken it.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import partial
from xml.sax.saxutils import escape, quoteattr

from aiohttp import web

from channels import twilio
from channels.base import Firm, Keep
from channels.callback import by_name, duration, fields_of
from channels.http import read_body
from channels.telephony import BODY_MOST, Rung, Telephone, form_of, of_form, recorded
from crm.base.errors import Invalid, Misconfigured
from crm.base.events import CallPhase, Event, MediaRef, Unknown

CALL, DIAL, ANSWER, MENU = "call", "dial", "answer", "menu"
PHASES: Mapping[str, CallPhase] = {
    **dict.fromkeys(("queued", "initiated", "ringing"), CallPhase.RINGING),
    **dict.fromkeys(("in-progress", "answered"), CallPhase.ANSWERED),
    "completed": CallPhase.ENDED,
    **dict.fromkeys(("busy", "no-answer", "failed", "canceled"), CallPhase.MISSED),
}
HIDDEN = frozenset({"+266696687", "+7378742833", "+2562533", "+8656696", "+464"})
"""What Twilio writes for a caller who is anonymous, restricted, blocked or unknown."""
KNOWN = 1_000
"""So many of the newest calls are known to have been put through: the end of a call and of its Dial are told within a moment."""


@dataclass(frozen=True, slots=True)
class VoiceOptions:
    """One account at Twilio: all `tokens` are believed, the first (or the API `key` with its `key_secret`) fetches recordings.

    `forward` are the telephones that ring, all at once for `ring_seconds`, when somebody calls our number there; with `record` what is said is recorded.
    `dial` = a Dial of the firm's own tells its end to our address, so that it decides whether somebody spoke; who is gone `menu_seconds` without any
    word of a Dial has hung up before it, in a menu.
    """

    account: str
    sid: str
    tokens: tuple[str, ...] = field(repr=False)
    title: str = "Phone"
    forward: tuple[str, ...] = ()
    ring_seconds: int = 25
    record: bool = False
    dial: bool = False
    menu_seconds: float = 30.0
    key: str = ""
    key_secret: str = field(default="", repr=False)
    api: str = twilio.API
    media_hosts: tuple[str, ...] = twilio.HOMES
    recording_size: int = 20 * 1024 * 1024
    retries: str = twilio.RETRIES
    patience: float = 10.0
    again: int = 2


class Voice(Telephone):
    """A telephone number at Twilio."""

    def __init__(self, options: VoiceOptions, firm: Firm) -> None:
        _check(options)
        super().__init__(options.account, options.title, firm, options.again)
        self._options, self._paths = options, firm.paths(options.account)
        self._menu = Menu(options.menu_seconds, options.again)
        self._believed = twilio.Believed(firm.public_url, options.tokens, ("", options.retries))

    def routes(self, keep: Keep) -> Sequence[web.RouteDef]:
        """Open the secret paths: for what becomes of calls, for the end of a Dial, and for the question who is to be rung."""

        async def take(request: web.Request) -> web.Response:
            return await self._take(request, keep)

        places = (CALL, DIAL, ANSWER) if self._options.forward else (CALL, DIAL)
        return [web.post(f"{path}/{place}", take) for path in self._paths for place in places]

    async def fetch_media(self, ref: MediaRef) -> AsyncIterator[bytes]:
        """The bytes of a recording; raises as `outside.fetch` does."""
        options = self._options
        who = (options.key, options.key_secret) if options.key else (options.sid, options.tokens[0])
        async for chunk in twilio.fetched(ref.ref, options.recording_size, options.api, who, options.media_hosts):
            yield chunk

    async def _take(self, request: web.Request, keep: Keep) -> web.Response:
        body = await read_body(request, limit=BODY_MOST, seconds=self._options.patience)
        try:
            pairs = fields_of(body)
        except Invalid:
            raise web.HTTPBadRequest from None
        if not self._believed.genuine(request, body, pairs):
            raise self.refuse()
        fields, place = by_name(pairs), request.path.rpartition("/")[2]
        if fields.get("CallSid") and not fields.get("ParentCallSid"):  # the legs of a call say nothing that the call does not
            await self._keep(fields, place, keep)
            if self._options.dial:
                self._watch(fields, place, keep)
        words = self._through() if place == ANSWER else twilio.EMPTY
        return web.Response(text=words, content_type=twilio.XML)

    async def _keep(self, fields: dict[str, str], place: str, keep: Keep) -> None:
        """Keep what is told; a caller does not wait for our waiting list to be put through."""
        call, record = fields["CallSid"][:64], fields.get("RecordingSid", "") if place == CALL else ""
        key = f"record:{record[:64]}" if record else f"{place}:{call}:{fields.get('CallStatus', '')[:20]}"
        try:
            await self.take(keep, key, call, of_form({**fields, "At": place}))
        except web.HTTPServiceUnavailable:
            if place != ANSWER:
                raise

    def _watch(self, fields: dict[str, str], place: str, keep: Keep) -> None:
        """Tell a call as missed that was taken and is over, and of which no Dial says a word: that may come a moment before, or after."""
        call = fields["CallSid"][:64]
        if place == DIAL:
            self._menu.dialled(call)
        elif fields.get("CallStatus") == "completed" and not fields.get("RecordingSid") and not _outgoing(fields):
            self._menu.over(call, partial(self.take, keep, f"{MENU}:{call}", call, of_form({**fields, "At": MENU})))

    async def close(self) -> None:
        """Wait for no Dial any more."""
        await self._menu.close()

    def _through(self) -> str:
        """What Twilio is to do with an incoming call."""
        base, options = f"{self._firm.public_url.rstrip('/')}{self._paths[0]}", self._options
        told = quoteattr(f"{base}/{CALL}{options.retries}")
        record = f' record="record-from-answer-dual" recordingStatusCallback={told}' if options.record else ""
        rung = "".join(f"<Number>{escape(number)}</Number>" for number in options.forward)
        action = quoteattr(f"{base}/{DIAL}{options.retries}")
        return twilio.EMPTY.replace("></", f'><Dial answerOnBridge="true" timeout="{options.ring_seconds}" action={action}{record}>{rung}</Dial></')

    def event(self, told: Mapping[str, object], received_at: int) -> Event:
        """What one callback says; raises ValueError for what Twilio would not say."""
        fields = form_of(told)
        key, place = fields.get("CallSid", ""), fields.get("At", "")
        if not key:
            raise ValueError("a call has an id")
        if fields.get("RecordingSid") and place == CALL:
            return self._recorded(fields, key, received_at)
        outgoing = _outgoing(fields)
        number, line = (fields.get(name, "") for name in (("To", "From") if outgoing else ("From", "To")))
        phase, seconds = self._phase(fields, outgoing)
        if phase is None:
            return Unknown("call event", at=received_at)
        at = min(_instant(fields.get("Timestamp", "")) or received_at, received_at)
        shown = "" if number in HIDDEN or ":" in number else number
        return self.call(Rung(key, shown, phase, at, outgoing, seconds, line=line, name=fields.get("CallerName", "")))

    def _phase(self, fields: Mapping[str, str], outgoing: bool) -> tuple[CallPhase | None, int]:
        """Where a call is, and how long they talked."""
        if fields.get("At") == MENU:
            return CallPhase.MISSED, 0
        dialled = fields.get("DialCallStatus", "")
        if dialled:
            seconds = duration(fields.get("DialCallDuration")) or 0
            spoke = PHASES.get(dialled) in (CallPhase.ENDED, CallPhase.ANSWERED) and seconds > 0
            return (CallPhase.ENDED, seconds) if spoke else (CallPhase.MISSED, 0)
        phase, seconds = PHASES.get(fields.get("CallStatus", "")), duration(fields.get("CallDuration")) or 0
        if phase is CallPhase.ENDED and not seconds:
            phase = CallPhase.MISSED
        if phase in (CallPhase.ANSWERED, CallPhase.ENDED) and (self._options.forward or self._options.dial) and not outgoing:
            return CallPhase.RINGING, 0  # it was taken; whether anybody spoke the Dial tells, which may come later
        return phase, seconds if phase is CallPhase.ENDED else 0

    def _recorded(self, fields: Mapping[str, str], key: str, received_at: int) -> Event:
        url = fields.get("RecordingUrl", "")
        if not url or fields.get("RecordingStatus", "completed") != "completed":
            return Unknown("recording", at=received_at)
        return recorded(key, f"{url}.mp3", received_at, fields["RecordingSid"])


def _outgoing(fields: Mapping[str, str]) -> bool:
    return fields.get("Direction", "").startswith("outbound")


class Menu:
    """The calls that are over and of which a Dial may still speak; whoever stops meanwhile forgets them."""

    def __init__(self, seconds: float, again: float) -> None:
        self._seconds, self._again = seconds, again
        self._waits: dict[str, asyncio.Task[None]] = {}
        self._dialled: deque[str] = deque(maxlen=KNOWN)

    def dialled(self, call: str) -> None:
        """A Dial has told how a call ended."""
        self._dialled.append(call)
        if waits := self._waits.pop(call, None):
            waits.cancel()

    def over(self, call: str, tell: Callable[[], Awaitable[None]]) -> None:
        """A call is over: `tell` it where no Dial does."""
        if call not in self._dialled and call not in self._waits:
            self._waits[call] = asyncio.create_task(self._wait(call, tell))

    async def _wait(self, call: str, tell: Callable[[], Awaitable[None]]) -> None:
        await asyncio.sleep(self._seconds)
        while True:
            with suppress(web.HTTPServiceUnavailable):  # the waiting list is full: a while later it is not
                await tell()
                break
            await asyncio.sleep(self._again)
        del self._waits[call]

    async def close(self) -> None:
        """Wait no more."""
        waits = list(self._waits.values())
        for one in waits:
            one.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
        self._waits.clear()


def _instant(text: str) -> int:
    """An instant as Twilio writes it (RFC 2822); 0 = it cannot be read."""
    try:
        return int(parsedate_to_datetime(text).timestamp()) * 1000
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0


def _check(options: VoiceOptions) -> None:
    """Raise Misconfigured for options that cannot work."""
    reasons = (
        (not options.sid.startswith("AC"), "sid is that of the account and begins with AC"),
        (not options.tokens or not all(options.tokens), "tokens has the auth token, and for the time of a change the other one"),
        (bool(options.key) != bool(options.key_secret), "key and key_secret belong together"),
        (options.record and not options.forward, "record needs forward: your own Dial says itself whether it records"),
        (not 0 <= options.menu_seconds <= 600, "menu_seconds is between 0 and 600"),
        (not 5 <= options.ring_seconds <= 600, "ring_seconds is between 5 and 600"),
    )
    for wrong, words in reasons:
        if wrong:
            raise Misconfigured(f"{options.account}: {words}")
