"""What happened in one room since we last looked, whole: an answer holds the newest events only, and the older ones are asked for."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from channels.matrix.api import Api, room
from channels.matrix.options import MatrixOptions
from channels.matrix.verdicts import Refused
from channels.payload import Json, objects, part, parts, text, whole
from crm.base.outbound import RetryLater

log = logging.getLogger(__name__)
PAGE, _TRIES = 100, 3
_CIPHERED = ("m.room.encryption", "m.room.encrypted")


@dataclass(frozen=True, slots=True)
class Told:
    """The events of a room, oldest first; `fresh` = we came in just now, `ciphered` = what is said there may be encrypted."""

    events: list[Json]
    fresh: bool = False
    ciphered: bool = False


class History:
    """Asks one server; `missed` counts the rooms where more had happened than is asked for."""

    def __init__(self, api: Api, options: MatrixOptions) -> None:
        self._api, self._options = api, options
        self.missed = 0
        self._silent: Counter[str] = Counter()

    async def of(self, id_: str, joined: Json, since: str, after: int) -> Told:
        """A room's part of an answer; without `since` what happened after an instant counts (a token that was lost)."""
        timeline, me = part(joined, "timeline"), self._api.me
        events, token = parts(timeline, "events"), text(timeline, "prev_batch")
        if not since and all(whole(event, "origin_server_ts") <= after for event in events):
            return Told([])
        fresh = any(came(event, me) for event in (*events, *parts(part(joined, "state"), "events")))
        if timeline.get("limited") is True and token:
            events = await self._older(id_, token, "" if fresh else since, after if not since else 0) + events
        if not since:
            events = [event for event in events if whole(event, "origin_server_ts") > after]
            fresh = any(came(event, me) for event in events)
        state = parts(part(joined, "state"), "events") if fresh else []
        return Told(_ordered(events, me) if fresh else events, fresh, any(text(event, "type") in _CIPHERED for event in (*events, *state)))

    async def _older(self, id_: str, token: str, since: str, after: int) -> list[Json]:
        """What happened before `token`: back to `since`, to an instant, or to where we were asked in."""
        found: list[Json] = []
        asked = {"dir": "b", "limit": str(PAGE), **({"to": since} if since else {})}
        for _ in range(self._options.pages):
            told = await self._page(id_, {**asked, "from": token})
            if told is None:
                return found[::-1]
            events = objects(told.get("chunk"))
            found += events
            following = text(told, "end")
            over = any(asked_in(event, self._api.me) for event in events) or any(whole(event, "origin_server_ts") <= after for event in events)
            if not events or not following or following in (token, since) or over:
                return found[::-1]
            token = following
        self.missed += 1
        log.warning("%s: more has happened in a room than is asked for", self._options.account)
        return found[::-1]

    async def _page(self, id_: str, asked: dict[str, str]) -> Json | None:
        """One page; None where it is not told, or a few times not at all: one room is not to hold up all."""
        try:
            told = await self._api.look(room(id_, "messages"), asked=asked)
        except Refused as refused:
            log.warning("%s: what happened before in a room is not told: %s", self._options.account, refused.detail)
            return None
        except RetryLater as later:
            self._silent[id_] += 1
            if later.answered or self._silent[id_] < _TRIES:
                raise
            told = None
        self._silent.pop(id_, None)
        if told is None:
            self.missed += 1
            log.warning("%s: what happened before in a room cannot be had", self._options.account)
        return told


def came(event: Json, me: str) -> bool:
    """Whether we came into the room by this."""
    if text(event, "type") != "m.room.member" or text(event, "state_key") != me:
        return False
    before = part(part(event, "unsigned"), "prev_content") or part(event, "prev_content")
    return text(part(event, "content"), "membership") == "join" and text(before, "membership") != "join"


def asked_in(event: Json, me: str) -> bool:
    """Whether somebody asked us in by this."""
    return text(event, "type") == "m.room.member" and text(event, "state_key") == me and text(part(event, "content"), "membership") == "invite"


def _ordered(events: Sequence[Json], me: str) -> list[Json]:
    """What was said since we were asked in, our own coming first: what stands before was not meant for us."""
    begins = max((place for place, event in enumerate(events) if asked_in(event, me)), default=-1) + 1
    mine = [event for event in events if came(event, me)][-1:]
    return mine + [event for event in events[begins:] if event not in mine]
