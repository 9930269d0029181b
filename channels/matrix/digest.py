"""What of an answer is kept: what the one other person of a room did, and what our account did there; nothing of rooms that are not for us."""

from collections.abc import Callable
from dataclasses import dataclass, field

from channels.matrix.api import Api, room
from channels.matrix.history import History, came
from channels.matrix.kept import Seen, Spot, of_event, of_receipt
from channels.matrix.memo import Memo
from channels.matrix.options import MatrixOptions
from channels.matrix.rooms import HERE, Rooms, people
from channels.matrix.say import MARK, Marks
from channels.matrix.verdicts import Refused
from channels.payload import Json, part, parts, text, whole
from crm.base.events import RawEvent
from crm.base.outbound import RetryLater

_REMEMBERED = 20_000
_SAID = ("m.room.message", "m.sticker")


@dataclass(slots=True)
class Batch:
    """What is to be kept, and the newest instant in it."""

    events: list[RawEvent] = field(default_factory=list)
    newest: int = 0


class Digest:
    """Reads the answers of one account in turn; remembers the newest events, of which reactions and receipts speak."""

    def __init__(self, options: MatrixOptions, api: Api, rooms: Rooms, memo: Memo, marks: Marks, clock: Callable[[], int]) -> None:
        self._options, self._api, self._rooms, self._memo, self._marks, self._clock = options, api, rooms, memo, marks, clock
        self.history = History(api, options)
        self._seen: dict[str, Seen] = {}
        self._ciphered: dict[str, None] = {}
        self._crowded: dict[str, None] = {}

    async def read(self, told: Json, since: str, offset: int) -> Batch:
        """What an answer holds; `offset` 0 = nothing, we have never looked before."""
        batch, rooms = Batch(), part(told, "rooms")
        after = offset - round(self._options.slack_seconds * 1000)
        for id_, joined in part(rooms, "join").items():
            if isinstance(joined, dict) and (since or offset):
                await self._room(batch, id_, joined, since, after)
        for id_, left in part(rooms, "leave").items():
            if isinstance(left, dict) and (since or offset):
                self._left(batch, id_, left)
        return batch

    async def speak(self) -> None:
        """Say what is to be said in rooms that are not for us, once what was read there is kept."""
        for id_ in list(self._ciphered):
            if id_ in self._memo.told or await self._rooms.unreadable(id_):
                self._memo.told[id_] = None
                self._ciphered.pop(id_)
        for id_ in list(self._crowded):
            if await self._rooms.part_from(id_):
                self._crowded.pop(id_)

    async def _room(self, batch: Batch, id_: str, joined: Json, since: str, after: int) -> None:
        told = await self.history.of(id_, joined, since, after)
        receipts = [one for one in parts(part(joined, "ephemeral"), "events") if text(one, "type") == "m.receipt"]
        changed = told.fresh or any(_other_came(event, self._api.me) for event in told.events)
        if changed:
            self._rooms.forget(id_)
        crowd = changed and people(joined) > 2
        spot = await self._rooms.spot(id_, told.events) if (told.events or receipts) and not crowd else None
        if spot is None:
            if changed and since:
                self._crowded[id_] = None
            return
        if told.ciphered:
            self._ciphered[id_] = None
        if told.fresh:
            self._rooms.home(spot)
        now = self._clock()
        for event in told.events:
            self._event(batch, spot, event, now)
        for receipt in receipts:
            await self._receipt(batch, spot, receipt, now)

    def _event(self, batch: Batch, spot: Spot, event: Json, now: int) -> None:
        id_, at = text(event, "event_id"), whole(event, "origin_server_ts")
        if not id_:
            return
        self._remember(id_, event, spot.me, at)
        if not self._wanted(event, spot):
            return
        if text(event, "sender") == spot.peer and text(event, "type") in _SAID:
            self._rooms.home(spot)
        gone = self._seen.get(text(event, "redacts") or text(part(event, "content"), "redacts"))
        batch.events.append(of_event(spot, event, now, gone.on if gone else ""))
        batch.newest = max(batch.newest, min(at, now))

    def _wanted(self, event: Json, spot: Spot) -> bool:
        """Whether an event is the other one's doing, or ours where it says something."""
        sender, what = text(event, "sender"), text(event, "type")
        if what == "m.room.member":
            return _turned(event, spot) and not (text(event, "state_key") == spot.peer and self._rooms.moved(spot))
        if "state_key" in event:
            return False
        return sender == spot.peer or (sender == spot.me and what in _SAID)

    def _left(self, batch: Batch, id_: str, left: Json) -> None:
        """Somebody put us out, perhaps with a last word; or we went ourselves, which is no news."""
        spot, now = self._rooms.known(id_) or Spot(self._options.account, id_, self._api.me, "", ""), self._clock()
        for event in parts(part(left, "timeline"), "events"):
            if spot.peer or text(event, "state_key") == spot.me:
                self._event(batch, spot, event, now)
        self._rooms.forget(id_)

    async def _receipt(self, batch: Batch, spot: Spot, receipt: Json, now: int) -> None:
        for id_, kinds in part(receipt, "content").items():
            for one in ("m.read", "m.read.private"):
                told = part(part(kinds, one), spot.peer) if isinstance(kinds, dict) else {}
                about = await self._about(spot, id_) if told else None
                if about:
                    batch.events.append(of_receipt(spot, id_, whole(told, "ts"), about, now))

    async def _about(self, spot: Spot, id_: str) -> Seen | None:
        """What is known of an event, which is asked for where it is not remembered."""
        if id_ not in self._seen:
            try:
                event = await self._api.look(room(spot.room, "event", id_))
            except Refused:
                return None
            except RetryLater as later:
                if later.answered:
                    raise
                return None  # a receipt is not worth that nothing else is heard
            self._remember(id_, event, spot.me, whole(event, "origin_server_ts"))
        return self._seen.get(id_)

    def _remember(self, id_: str, event: Json, me: str, at: int) -> None:
        content, mine = part(event, "content"), text(event, "sender") == me
        ref = self._marks.read(text(content, MARK)) if mine else ""
        relates = part(content, "m.relates_to")
        on = text(relates, "event_id") if text(event, "type") == "m.reaction" else ""
        self._seen.pop(id_, None)
        self._seen[id_] = Seen(mine and text(event, "type") in _SAID, at, ref or "", on)
        while len(self._seen) > _REMEMBERED:
            self._seen.pop(next(iter(self._seen)))


def _other_came(event: Json, me: str) -> bool:
    """Whether somebody else came in or was asked in."""
    what = text(part(event, "content"), "membership")
    return text(event, "type") == "m.room.member" and text(event, "state_key") != me and what in HERE


def _turned(event: Json, spot: Spot) -> bool:
    """Whether somebody came or went who matters: a new name or picture is no news."""
    who, now = text(event, "state_key"), text(part(event, "content"), "membership")
    before = text(part(part(event, "unsigned"), "prev_content"), "membership")
    if who == spot.me:
        return came(event, spot.me) or (now in ("leave", "ban") and text(event, "sender") != spot.me)
    return who == spot.peer and now in ("join", "leave", "ban") and now != before and (now != "join" or bool(before))
