"""The long poll: what happened in all rooms is fetched, kept, and only then is the place moved on."""

import asyncio
import json
import logging
import random
from collections.abc import Callable, Sequence

from channels.base import Offsets
from channels.matrix.api import CLIENT, Api
from channels.matrix.digest import Digest
from channels.matrix.memo import Memo, Place
from channels.matrix.options import MatrixOptions
from channels.matrix.rooms import Rooms
from channels.matrix.verdicts import Refused
from channels.payload import Json, part, text
from crm.base.errors import Busy
from crm.base.events import RawEvent
from crm.base.outbound import Reason, RetryLater, Uncertain, Undeliverable

log = logging.getLogger(__name__)
FAILURES = (RetryLater, Uncertain, Undeliverable, Busy)
BATCH, LONGEST_WAIT = 200, 300.0
_NOTHING = {"not_types": ["*"]}
_SKIPPED = ["m.call.candidates", "m.call.negotiate", "m.call.select_answer", "org.matrix.call.sdp_stream_metadata_changed", "m.typing"]


class Listener:
    """Follows one account; `trouble` says in words what is wrong at the moment ("" = nothing)."""

    def __init__(self, options: MatrixOptions, api: Api, rooms: Rooms, digest: Digest, memo: Memo, clock: Callable[[], int]) -> None:
        self._options, self._api, self._rooms, self._digest, self._memo, self._clock = options, api, rooms, digest, memo, clock
        self._failures = 0
        self.trouble = ""
        self.looked = asyncio.Event()

    async def run(self, offsets: Offsets) -> None:
        """Listen until cancelled, whatever the server says: a token it does not know today may be known again tomorrow."""
        while True:
            try:
                self._api.me = ""
                await self._api.who()
                self.looked.set()
                await self._follow(offsets)
            except FAILURES as error:
                await asyncio.sleep(self._failed(error))

    async def _follow(self, offsets: Offsets) -> None:
        """Fetch, keep, and only then move on; ends by an error alone."""
        offset, place = await offsets.get(self._options.account), await self._memo.load()
        since = place.since if 0 < place.at <= offset else ""
        while True:
            told, since = await self._asked(since)
            self._well()
            offset = await self._take(told, since, offset, offsets)
            since = text(told, "next_batch")
            await self._rooms.invited(part(part(told, "rooms"), "invite"))
            await self._rooms.answer()
            await self._digest.speak()
            if not self._rooms.pending:  # an invitation is told of once; from an older place it is told of again
                await self._memo.save(Place(since, offset))

    async def _take(self, told: Json, since: str, offset: int, offsets: Offsets) -> int:
        """Keep what an answer holds; answers the instant up to which everything is kept. What was said before we first looked is nobody's first word."""
        now = self._clock()
        batch = await self._digest.read(told, since, offset)
        following = max(offset, batch.newest) if offset else max(now, 1)
        await self._keep(offsets, offset, following, batch.events)
        return following

    async def _keep(self, offsets: Offsets, offset: int, following: int, events: Sequence[RawEvent]) -> None:
        if not events and following == offset:
            return
        for first in range(0, len(events) - BATCH, BATCH):
            await offsets.keep(self._options.account, offset, events[first : first + BATCH])
        await offsets.keep(self._options.account, following, events[(max(len(events) - 1, 0) // BATCH) * BATCH :])

    async def _asked(self, since: str) -> tuple[Json, str]:
        """One answer, and the place it was given for; a place that the server does not know any more is given up."""
        wait = 0.0 if not since else 1.0 if self._rooms.pending else self._options.poll_seconds
        asked = {"filter": _filter(self._options.events if since else 1), "timeout": str(round(wait * 1000)), **({"since": since} if since else {})}
        try:
            return await self._api.look(f"{CLIENT}/sync", asked=asked, seconds=wait + self._options.send_seconds + 30), since
        except Refused as refused:
            if not since or refused.status not in (400, 404):
                raise
        log.warning("%s: the server does not know the place any more; what happened since is looked for in each room", self._options.account)
        return await self._asked("")

    def _well(self) -> None:
        self._failures = 0
        self._say("")

    def _failed(self, error: Exception) -> float:
        """Note a failure; answers the seconds to wait: doubling, between half and all of it, so that many nodes do not come back at once."""
        self._failures += 1
        self._say(_words(error))
        longest = min(self._options.first_wait * 2.0 ** min(self._failures - 1, 20), LONGEST_WAIT)
        asked = error.after if isinstance(error, RetryLater) and error.answered else 0.0
        return max(longest * random.uniform(0.5, 1.0), asked)

    def _say(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.log(logging.WARNING if trouble else logging.INFO, "%s: %s", self._options.account, trouble or "well again")
        self.trouble = trouble


def _filter(events: int) -> str:
    timeline = {"limit": events, "lazy_load_members": True, "not_types": _SKIPPED}
    state = {"lazy_load_members": True, "types": ["m.room.member", "m.room.encryption"]}
    rooms = {"account_data": _NOTHING, "ephemeral": {"types": ["m.receipt"]}, "state": state, "timeline": timeline}
    return json.dumps({"presence": _NOTHING, "account_data": _NOTHING, "room": rooms}, separators=(",", ":"))


def _words(error: Exception) -> str:
    if isinstance(error, Undeliverable):
        return f"the server does not take this token: {error.detail}" if error.reason is Reason.ACCOUNT_PROBLEM else f"the server refuses: {error.detail}"
    if isinstance(error, Busy):
        return "our own waiting list is full"
    return "the server asks to wait" if isinstance(error, RetryLater) and error.answered else "the server cannot be reached"
