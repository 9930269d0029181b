"""Phone calls as any telephone system can tell them: one signed POST per event; nothing can be said there.

{"call_id": "a1", "event": "missed", "from": "+37491123456", "to": "+37410111111", "at": "2025-11-25T12:00:00Z", "direction": "in"}
"""

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from aiohttp import web

from channels import outside
from channels.base import Firm, Keep
from channels.callback import any_equal, bearer, duration, moment, plain, signed
from channels.http import read_json, strict_json
from channels.telephony import BODY_MOST, Rung, Telephone
from crm.base.errors import Invalid, Misconfigured
from crm.base.events import Call, CallPhase, Event, MediaKind, MediaRef, Unknown

SIGNATURE = "X-Signature"
SHORTEST = 16
_SOUNDS = {".mp3": "audio/mpeg", ".ogg": "audio/ogg", ".opus": "audio/ogg", ".wav": "audio/wav", ".m4a": "audio/mp4", ".amr": "audio/amr"}
PHASES: Mapping[str, CallPhase] = {
    word: phase
    for phase, words in {
        CallPhase.RINGING: "ringing ring start started initiated",
        CallPhase.ANSWERED: "answered answer in-progress in_progress connected",
        CallPhase.ENDED: "ended end completed hangup finished",
        CallPhase.MISSED: "missed no-answer no_answer noanswer busy cancelled canceled failed voicemail",
        CallPhase.RECORDED: "recorded record recording",
    }.items()
    for word in words.split()
}
OUTGOING = frozenset({"out", "outgoing", "outbound"})


@dataclass(frozen=True, slots=True)
class CallsOptions:
    """One telephone system: all `secrets` are believed, so that they can change; with `signed` = false a bearer of one of them is believed too.

    `recordings` are the hosts recordings are fetched from (empty = any of the open internet), `inside` those of the firm's own network as host:port;
    `recording_size` is bytes, `authorization` the header those hosts want.
    """

    account: str
    secrets: tuple[str, ...] = field(repr=False)
    title: str = "Phone"
    signed: bool = True
    recordings: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    authorization: str = field(default="", repr=False)
    recording_size: int = 20 * 1024 * 1024
    patience: float = 10.0
    again: int = 5


class Calls(Telephone):
    """A telephone system that tells of its calls."""

    def __init__(self, options: CallsOptions, firm: Firm) -> None:
        if not options.secrets or any(len(secret) < SHORTEST for secret in options.secrets):
            raise Misconfigured(f"{options.account} needs secrets of at least {SHORTEST} characters")
        if options.authorization and not (options.recordings or options.inside):
            raise Misconfigured(f"{options.account}: name the recordings' hosts that may see the authorization")
        super().__init__(options.account, options.title, firm, options.again)
        self._options = options

    def routes(self, keep: Keep) -> Sequence[web.RouteDef]:
        """Open the secret paths, for POST alone."""

        async def take(request: web.Request) -> web.Response:
            return await self._take(request, keep)

        return [web.post(path, take) for path in self._firm.paths(self.account)]

    async def fetch_media(self, ref: MediaRef) -> AsyncIterator[bytes]:
        """The bytes of a recording; raises as `outside.fetch` does."""
        options = self._options
        headers = {"Authorization": options.authorization} if options.authorization else None
        hosts = (*options.recordings, *(place.partition(":")[0] for place in options.inside)) if options.recordings else ()
        fetched = outside.fetch(ref.ref, most=options.recording_size, hosts=hosts, trusted=options.inside, headers=headers)
        async for chunk in fetched:
            yield chunk

    async def _take(self, request: web.Request, keep: Keep) -> web.Response:
        body = await read_json(request, limit=BODY_MOST, seconds=self._options.patience)
        if not self._believed(body, request.headers):
            raise self.refuse()
        await self.take(keep, f"call:{hashlib.sha256(body).hexdigest()}", self._who(body), body)
        return web.json_response({"ok": True})

    def _believed(self, body: bytes, headers: Mapping[str, str]) -> bool:
        secrets = self._options.secrets
        if signed(body, headers.get(SIGNATURE, ""), secrets):
            return True
        return not self._options.signed and any_equal(bearer(headers.get("Authorization", "")), secrets)

    def _who(self, body: bytes) -> str:
        """The lane of an event: the customer's number; what cannot be read is kept too, and shown to a manager."""
        try:
            event = self.event(strict_json(body), 0)
        except (Invalid, ValueError):
            return "body"
        return event.sender.external_id if isinstance(event, Call) else "body"

    def event(self, told: Mapping[str, object], received_at: int) -> Event:
        """What one event says; raises ValueError for what no telephone system would say."""
        key, phase = plain(told, "call_id")[:200], PHASES.get(plain(told, "event").lower())
        if not key:
            raise ValueError("a call has an id")
        if phase is None:
            return Unknown("call event", at=received_at)
        outgoing = plain(told, "direction").lower() in OUTGOING
        caller, line = ("to", "from") if outgoing else ("from", "to")
        seconds, url = duration(told.get("duration")), plain(told, "recording_url")[:2000]
        if phase is CallPhase.ENDED and seconds == 0 and told.get("duration") is not None:
            phase = CallPhase.MISSED  # it ended, and nobody has spoken
        at = moment(told.get("at"), self._firm.zone) or received_at
        recording = MediaRef(MediaKind.AUDIO, url, *sound(url)) if url else None
        agent, name = plain(told, "agent"), plain(told, "name")
        found = self.call(Rung(key, plain(told, caller), phase, at, outgoing, seconds or 0, agent, plain(told, line), name, recording))
        return replace(found, at=received_at) if isinstance(found, Unknown) else found


def sound(url: str) -> tuple[str, str]:
    """The name and type of a recording, by its address."""
    name = PurePosixPath(urlsplit(url).path).name[:100] or "call"
    return name, _SOUNDS.get(PurePosixPath(name).suffix.lower(), "")
