"""Telephony: what every source of calls has in common. Calls are told and nobody is rung; nothing can be written there."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from aiohttp import web

from channels.base import Firm, Keep
from channels.http import kept
from channels.mute import A_CALL, Mute
from crm.base.events import Call, CallPhase, Event, MediaKind, MediaRef, RawEvent, Sender, Unknown
from crm.base.outbound import Health
from crm.base.phones import normalise
from crm.base.text import clean_name

MP3 = "audio/mpeg"
BODY_MOST = 64 * 1024
NOBODY = Sender("")
"""Whose a recording is that is told without a number: theirs whose call it is of."""


@dataclass(frozen=True, slots=True)
class Rung:
    """What an event tells of a call: the other side's number as it is written, ours, and who of ours spoke."""

    key: str
    number: str
    phase: CallPhase
    at: int
    outgoing: bool = False
    seconds: int = 0
    agent: str = ""
    line: str = ""
    name: str = ""
    recording: MediaRef | None = field(default=None)


class Telephone(Mute):
    """A source of calls; a subclass opens its door (`routes`), reads one event (`event`) and fetches recordings."""

    unanswered = A_CALL

    def __init__(self, account: str, title: str, firm: Firm, again: int) -> None:
        super().__init__(account, title)
        self._firm, self._again = firm, again

    def parse(self, raw: RawEvent) -> Sequence[Event]:
        """Read one event: pure and total."""
        try:
            told = json.loads(raw.body)
            return [self.event(told, raw.received_at)] if isinstance(told, dict) else [Unknown("unreadable", at=raw.received_at)]
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
            return [Unknown("unreadable", at=raw.received_at)]

    def event(self, told: Mapping[str, object], received_at: int) -> Event:
        """What one event says; raises ValueError for what no telephone system would say."""
        raise NotImplementedError

    async def health(self) -> Health:
        """Tell how many events came and how many were turned away."""
        return Health(True, "waits for calls", {name: str(count) for name, count in self.counts.items()})

    def call(self, rung: Rung) -> Event:
        """A call as the business knows it; one with nobody's number is counted."""
        number = normalise(rung.number, self._firm.region)
        if not number:
            return Unknown("call from a hidden number", at=rung.at)
        sender = Sender(number, name=clean_name(rung.name), phone=number, proven=True)
        agent, line = clean_name(rung.agent, 60), clean_name(rung.line, 32)
        return Call(sender, rung.key, rung.phase, rung.at, rung.outgoing, rung.seconds, agent, line, rung.recording)

    def refuse(self) -> web.HTTPUnauthorized:
        """Whoever cannot prove themselves is turned away, and counted."""
        self.counts["refused"] += 1
        return web.HTTPUnauthorized()

    async def take(self, keep: Keep, key: str, lane: str, body: bytes) -> None:
        """Keep one event; raises as `kept` does."""
        await kept(keep, [RawEvent(self._account, key, f"{self._account}:{lane}", body, self._firm.clock())], again=self._again)
        self.counts["kept"] += 1


def recorded(key: str, ref: str, at: int, name: str) -> Event:
    """A recording of a call that has been told before: nothing but the call says whose it is."""
    return Call(NOBODY, key, CallPhase.RECORDED, at, recording=MediaRef(MediaKind.AUDIO, ref[:2000], f"{clean_name(name, 60) or 'call'}.mp3", MP3))


def of_form(fields: Mapping[str, str]) -> bytes:
    """A form as it is kept."""
    return json.dumps({"v": 1, "fields": fields}, ensure_ascii=False).encode()


def form_of(told: Mapping[str, object]) -> dict[str, str]:
    """What `of_form` kept, its texts alone."""
    fields = told["fields"]
    return {name: value for name, value in fields.items() if isinstance(value, str)} if isinstance(fields, dict) else {}


def moved(api: str, usual: str) -> tuple[str, ...]:
    """The host and port of an API that is not where it usually is: the firm has put it there, and it may be anywhere."""
    place = urlsplit(api)
    return () if api == usual else (f"{place.hostname}:{place.port or (443 if place.scheme == 'https' else 80)}",)
