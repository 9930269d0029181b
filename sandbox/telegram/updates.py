"""The updates that wait for one bot: long polling with confirmed offsets, one poller at a time, or a webhook that takes them."""

import asyncio
import copy
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from sandbox.telegram.shapes import Json, conflict
from sandbox.telegram.webhook import Webhook, lane_of

# Kinds a bot must ask for by name (Bot API reference, getUpdates).
NAMED_ONLY = frozenset(["chat_member", "message_reaction", "message_reaction_count"])
LONGEST_POLL = 50
OTHER_POLLER = "terminated by other getUpdates request; make sure that only one bot instance is running"
WEBHOOK_ACTIVE = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
# An id this far ahead is a hostile one: following it would carry every later update along.
FARTHEST_JUMP = 1_000_000


@dataclass(slots=True)
class Pending:
    """An update not yet confirmed, which it can be once it was delivered: so one with an old id still arrives."""

    update: Json
    delivered: bool = False
    lane: Hashable = field(init=False)

    def __post_init__(self) -> None:
        self.lane = lane_of(self.update)

    def confirmed_by(self, offset: int) -> bool:
        """Tells whether a poll from `offset` confirms this update."""
        number = self.update["update_id"]
        return self.delivered and (not isinstance(number, int) or number < offset)


class UpdateQueue:
    """The updates of one bot, oldest first, and the one poll that may wait for them."""

    def __init__(self, first_id: int) -> None:
        self.allowed: list[str] = []
        self.webhook: Webhook | None = None
        self._next_id = first_id
        self._pending: list[Pending] = []
        self._waiting: asyncio.Future[None] | None = None
        self._news = asyncio.Event()
        self.polls = 0

    def __len__(self) -> int:
        return len(self._pending)

    def put(self, kind: str, value: Json) -> None:
        """Queues an update of a kind the bot asked for; others are lost, as they are in life."""
        wanted = kind in self.allowed if self.allowed else kind not in NAMED_ONLY
        if wanted:
            # The bot reads the message as it was now, not as later edits leave it.
            self._queue(Pending({"update_id": self._number(), kind: copy.deepcopy(value)}))

    def put_raw(self, update: Json) -> Json:
        """Queues an update exactly as given, also one whose id was delivered before."""
        update = dict(update)
        given = update.setdefault("update_id", None)
        if given is None:
            update["update_id"] = self._number()
        elif isinstance(given, int) and self._next_id <= given < self._next_id + FARTHEST_JUMP:
            self._next_id = given + 1
        self._queue(Pending(update))
        return update

    def repeat(self, batch: list[Json]) -> None:
        """Puts a delivered batch in front again, to be delivered once more whatever was confirmed."""
        self._pending = [pending for pending in self._pending if pending.update not in batch]
        self._pending[:0] = [Pending(update) for update in batch]

    def clear(self) -> None:
        """Drops everything that waits."""
        self._pending.clear()

    def lanes(self) -> set[Hashable]:
        """The lanes in which something waits."""
        return {pending.lane for pending in self._pending}

    def first_of(self, lane: Hashable) -> Pending | None:
        """The oldest update of a lane."""
        return next((pending for pending in self._pending if pending.lane == lane), None)

    def holds(self, pending: Pending) -> bool:
        """Tells whether an update still waits."""
        return any(one is pending for one in self._pending)

    def taken(self, pending: Pending, *, again: bool = False) -> None:
        """Confirms an update that a webhook took; `again` queues it once more."""
        place = next((place for place, one in enumerate(self._pending) if one is pending), None)
        if place is not None:
            del self._pending[place]
        if again:
            self._queue(Pending(pending.update))

    async def news(self) -> None:
        """Waits until something new is queued."""
        await self._news.wait()
        self._news.clear()

    def set_webhook(self, webhook: Webhook | None) -> None:
        """Sets or removes the webhook; a new one ends the poll in progress."""
        self.webhook = webhook
        if webhook is not None:
            self._end_poll("terminated by setWebhook request")

    def wake(self) -> None:
        """Lets the waiting poll answer now with what there is."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def poll(self, offset: int, limit: int, seconds: float, alive: Callable[[], bool]) -> list[Json]:
        """Answers updates from `offset` on, waiting up to `seconds`; an earlier poll still waiting is refused."""
        if self.webhook is not None:
            raise conflict(WEBHOOK_ACTIVE)
        # Telegram keeps the newer poll and ends the older one.
        self.polls += 1
        self._end_poll(OTHER_POLLER)
        self._confirm(offset)
        if not self._pending and seconds > 0:
            await self._wait(seconds)
        # Whoever hung up while waiting hears nothing, so nothing counts as delivered.
        batch = self._pending[: limit if 1 <= limit <= 100 else 100] if alive() else []
        for pending in batch:
            pending.delivered = True
        return [pending.update for pending in batch]

    async def _wait(self, seconds: float) -> None:
        waiting = self._waiting = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(min(seconds, LONGEST_POLL)):
                await waiting
        except TimeoutError:
            pass
        finally:
            if self._waiting is waiting:
                self._waiting = None

    def _end_poll(self, reason: str) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(conflict(reason))
        self._waiting = None

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            self._pending = self._pending[offset:]
        elif offset > 0:
            self._pending = [pending for pending in self._pending if not pending.confirmed_by(offset)]

    def _number(self) -> int:
        self._next_id += 1
        return self._next_id - 1

    def _queue(self, pending: Pending) -> None:
        self._pending.append(pending)
        self._news.set()
        self.wake()
