"""Ringing: what a telephone system tells of a call, event by event, and the recordings it keeps."""

import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import ClientSession

SOUND = b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"\xff\xfb\x90\x00" * 64
RINGS = 20.0
DELAY = 5.0
Told = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One call: who rings whom, whether it is answered (`seconds` > 0 = for how long) and by whom, and whether it is recorded."""

    number: str
    seconds: int = 0
    agent: str = ""
    outgoing: bool = False
    recorded: bool = False


@dataclass(slots=True)
class Exchange:
    """The telephone system: where it tells of calls and with which secret, its own number, and where it can be reached itself."""

    url: str = ""
    secret: str = ""
    line: str = "+37410111111"
    own_url: str = ""
    clock: Callable[[], float] = time.time
    told: list[Told] = field(default_factory=list)
    _calls: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def events(self, call: Call) -> list[Told]:
        """What is told of a call, in the order in which it happens."""
        key, began = f"call-{next(self._calls)}", self.clock()
        ends = (self.line, call.number) if call.outgoing else (call.number, self.line)
        common = {"call_id": key, "from": ends[0], "to": ends[1], "direction": "out" if call.outgoing else "in"}

        def at(seconds: float) -> str:
            return datetime.fromtimestamp(began + seconds, UTC).isoformat()

        told: list[Told] = [{**common, "event": "ringing", "at": at(0)}]
        if not call.seconds:
            return [*told, {**common, "event": "missed", "at": at(RINGS)}]
        over = DELAY + call.seconds
        told.append({**common, "event": "answered", "at": at(DELAY), "agent": call.agent})
        told.append({**common, "event": "ended", "at": at(over), "duration": call.seconds, "agent": call.agent})
        if call.recorded:
            told.append({**common, "event": "recorded", "at": at(over + 1), "recording_url": f"{self.own_url}/phone/recordings/{key}.mp3"})
        return told

    async def tell(self, session: ClientSession, events: Sequence[Told]) -> list[int]:
        """Tell the firm of events, one after another; answers the statuses it said."""
        answers = []
        for event in events:
            body = json.dumps(event).encode()
            mark = hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
            headers = {"Content-Type": "application/json", "X-Signature": mark}
            async with session.post(self.url, data=body, headers=headers) as answer:
                answers.append(answer.status)
            self.told.append(event)
        return answers
