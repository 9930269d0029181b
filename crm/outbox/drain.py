"""Drain: the third door. A delivery is `sending` on disk before the first byte leaves; nothing is sent twice by itself."""

import asyncio
import logging
from collections.abc import Callable, Sequence

from crm.base.db import DEFAULT, Order, Store
from crm.base.durations import Durations
from crm.base.leases import Seat
from crm.base.outbound import (
    GONE,
    ApprovedTemplate,
    Carrier,
    Delete,
    Edit,
    Limits,
    OpenMedia,
    Outbound,
    Reason,
    RetryLater,
    Say,
    Uncertain,
    Undeliverable,
    Window,
)
from crm.base.time import SECOND
from crm.base.wakes import send_topic
from crm.outbox.arrivals import AS_TEMPLATE
from crm.outbox.breaker import Breaker, Flight
from crm.outbox.claim import Claimed, Load, Owe, Sender, Tend, turn
from crm.outbox.deliveries import State
from crm.outbox.pace import Pace
from crm.outbox.settle import Result
from crm.outbox.shares import Share

log = logging.getLogger(__name__)
WINDOW = 256
HANDFUL = 128
"""How many are claimed at a time: the first of a window fly while the rest is claimed, and so they do not land all at once."""


async def carry(
    carrier: Carrier, part: Claimed, open_media: OpenMedia, clock: Callable[[], int], durations: Durations = DEFAULT
) -> tuple[Result, RetryLater | None]:
    """Send one part and name the outcome; whatever a carrier raises beyond its contract means that nobody knows."""
    try:
        receipt = await carrier.send(part.address, part.outbound, open_media)
    except RetryLater as error:
        after = max(error.after, durations.backoff * 2 ** min(part.attempts, 6) if part.attempts > 1 else 0.0)
        return Result(part.delivery_id, State.QUEUED, clock() + int(after * SECOND), detail="retry later"), error
    except Undeliverable as error:
        if error.reason is Reason.ACCOUNT_PROBLEM:  # our own trouble, not this customer's: nothing left, and nothing is given up
            until, rest = clock() + int(durations.trouble * SECOND), RetryLater(durations.trouble, account=True, answered=True)
            return Result(part.delivery_id, State.QUEUED, until, detail=f"{error.reason}: {error.detail}"), rest
        gone = isinstance(part.outbound, Edit) and error.detail == GONE
        return Result(part.delivery_id, State.FAILED, detail=f"{error.reason}: {error.detail}", gone=gone), None
    except (Uncertain, OSError, TimeoutError) as error:
        if isinstance(part.outbound, Edit | Delete) and part.attempts < 4:  # doing these twice changes nothing
            return Result(part.delivery_id, State.QUEUED, clock() + int(durations.backoff * SECOND) * 2**part.attempts, detail=str(error)), None
        return Result(part.delivery_id, State.UNKNOWN, detail=str(error) or type(error).__name__), None
    except Exception as error:  # the books must balance even when a carrier breaks its contract
        log.exception("the carrier of %s broke its contract on delivery %s", carrier.account, part.delivery_id)
        return Result(part.delivery_id, State.UNKNOWN, detail=type(error).__name__), None
    target = part.outbound.message if isinstance(part.outbound, Edit | Delete) else None
    shown = f"{AS_TEMPLATE}{part.outbound.name}" if isinstance(part.outbound, ApprovedTemplate) else None
    if receipt.each and len(receipt.ids) > 1:
        return Result(part.delivery_id, State.SENT, detail=shown, pieces=receipt.ids), None
    return Result(part.delivery_id, State.SENT, external_id=target or (receipt.ids[0] if receipt.ids else None), detail=shown), None


def slow(outbound: Outbound) -> bool:
    """Whether a sending may take its time: a file has to be carried up first."""
    return isinstance(outbound, Say) and outbound.media is not None


def answered(result: Result, asked: RetryLater | None) -> bool | None:
    """Whether the platform said what became of a sending; None for one that never reached it."""
    if result.state is State.QUEUED:  # what is repeated because nobody knows, or put off by a platform, or by ourselves
        return (True if asked.answered else None) if asked else False
    return result.state is not State.UNKNOWN


class Drain:
    """The sender of one account: settles what ended with the claim of what comes next, at most `window` on the way."""

    def __init__(
        self,
        store: Store,
        carrier: Carrier,
        open_media: OpenMedia,
        *,
        node: str,
        clock: Callable[[], int],
        window: int = WINDOW,
        seat: Seat | None = None,
        durations: Durations = DEFAULT,
        owe: Owe | None = None,
        tend: Tend | None = None,
        share: Share | None = None,
    ) -> None:
        self._store, self._carrier, self._open_media = store, carrier, open_media
        self._node, self._clock, self._window, self._seat, self._durations = node, clock, window, seat, durations
        self._owe, self._tend, self._share = owe, tend, share
        self._topic, self._pace, self._breaker = send_topic(carrier.account), Pace(), Breaker(carrier.account, durations)
        self._flying: dict[asyncio.Task[tuple[Result, RetryLater | None]], tuple[Claimed, Flight]] = {}
        self._ended: list[Result] = []
        self._unheard: tuple[int, ...] = ()
        self._turning: asyncio.Future[Load] | None = None

    async def run(self) -> int:
        """Send until nothing is due; answers the instant to look again (0 = when woken)."""
        await self._carrier.open()
        while True:
            now = self._clock()
            limits = self._carrier.limits(Window(), now)
            room = self._room(limits, now)
            load = await self._turn(limits, min(HANDFUL, room), now)
            if load.inherited:
                self._pace.inherit(load.inherited.paced, self._clock() - load.inherited.at)
                continue
            for part in load.claimed:
                self._pace.claimed(part.address, limits, now)
                self._flying[asyncio.create_task(self._send(part, limits))] = (part, Flight(now, self._breaker.open, slow(part.outbound)))
            now = self._clock()
            free = self._pace.room(limits, now)
            again = load.next_at if room > 0 and free > 0 else self._pace.free_at(limits, now)
            if load.more and self._room(limits, now) > 0:
                self._collect([task for task in self._flying if task.done()])
            elif not self._flying:
                return again
            else:
                full = len(self._flying) >= self._window or (free > 0 and not self._room(limits, now))
                await self._land_or_news(0 if full else again)

    def _room(self, limits: Limits, now: int) -> int:
        """How many more may be on the way now."""
        room = min(self._window - len(self._flying), self._pace.room(limits, now))
        return self._breaker.room(room, [flight for _, flight in self._flying.values()], now)

    async def _send(self, part: Claimed, limits: Limits) -> tuple[Result, RetryLater | None]:
        self._pace.leaves(limits, self._clock())
        try:
            return await carry(self._carrier, part, self._open_media, self._clock, self._durations)
        finally:
            self._store.wakes.ring({self._topic})

    async def close(self, grace: float) -> None:
        """Let what flies arrive for at most `grace` seconds and settle it; the rest stays `sending`, which the next sender calls `unknown`.

        What a turn claimed while the loop was being cancelled never left: it goes back.
        """
        self._window = 0
        if self._turning is not None:
            load = await self._turning
            self._ended += [Result(part.delivery_id, State.QUEUED, self._clock(), detail="handed back") for part in load.claimed]
        if self._flying:
            await asyncio.wait(self._flying, timeout=grace)
        for task in self._flying:
            if not task.done():
                task.cancel()
        await asyncio.gather(*self._flying, return_exceptions=True)
        self._collect([task for task in self._flying if not task.cancelled()])
        await self._turn(self._carrier.limits(Window(), self._clock()), 0, self._clock())
        self._flying = {}

    async def _turn(self, limits: Limits, room: int, now: int) -> Load:
        ended = tuple(self._ended)
        waits = self._pace.busy(limits, now), self._pace.spent(limits, now)
        doubt = self._unheard, tuple(part.delivery_id for part, _ in self._flying.values())
        who, pace = (self._carrier.account, self._node, limits, room), self._pace if self._seat else None
        sender = Sender(*who, *waits, self._seat, pace, *doubt, self._carrier.limits, self._owe, self._tend, self._share)
        self._turning = asyncio.ensure_future(self._store.write(lambda session: turn(session, sender, ended, now=now), Order.FLOW))
        try:
            load = await asyncio.shield(self._turning)  # a claim that commits must be known to `close` even when this wait is cancelled
        except asyncio.CancelledError:
            raise
        except Exception:  # it may have been committed all the same: what it claimed is nobody's until the next turn gives it back
            self._turning, self._unheard = None, (*self._unheard, now)
            raise
        self._turning, self._unheard = None, ()
        self._ended = self._ended[len(ended) :]  # only now: a refused commit must not lose how a sending ended
        return load

    async def _land_or_news(self, again: int) -> None:
        """Wait until something has landed, or something new may leave: one slow send must not hold everybody else's."""
        pause = min(1.0, max(0.005, (again - self._clock()) / SECOND)) if again else 1.0
        await self._store.wakes.wait(self._topic, pause)
        self._collect([task for task in self._flying if task.done()])

    def _collect(self, done: Sequence[asyncio.Task[tuple[Result, RetryLater | None]]]) -> None:
        now = self._clock()
        for task in done:
            part, flight = self._flying.pop(task)
            if task.cancelled() or task.exception() is not None:
                self._ended.append(Result(part.delivery_id, State.UNKNOWN, detail="the sending broke off"))
                continue
            result, asked = task.result()
            if rests := self._breaker.landed(flight, answered(result, asked), now=now):
                self._pace.hold_account(rests)
            if asked is not None and asked.account:
                self._pace.hold_account(result.due_at)
            elif asked is not None:
                self._pace.hold(part.address, result.due_at, now)
            self._ended.append(result)
