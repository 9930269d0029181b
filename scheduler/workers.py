"""Workers: the loops that take due rows to their end. Each is woken by a hint over a poll; none holds state that matters."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from crm.base.db import DEFAULT, Order, Session, Store
from crm.base.durations import Durations
from crm.base.errors import Busy, Lost
from crm.base.events import MediaRef
from crm.base.leases import Seat
from crm.base.time import HOUR
from crm.base.wakes import DESK, INBOX, MEDIA, NEWS, NOTICES, send_topic
from crm.conversations.media import MediaFiles, TooLarge, Wanted, arrived, missing, wanted
from crm.documents import sending
from crm.inbox import desk, process
from crm.inbox.process import Claimed, Parse, Rules
from crm.outbox.drain import Drain

log = logging.getLogger(__name__)
POLL = 1.0
REDRAW_EVERY = 0.2
Clock = Callable[[], int]
Changed = Callable[[set[tuple[str, str]]], None]
Drive = Callable[[Claimed], Awaitable[None]]
Fetch = Callable[[str, MediaRef], AsyncIterator[bytes]]


async def forever(name: str, work: Callable[[], Awaitable[Any]], durations: Durations = DEFAULT) -> None:
    """Run a loop again when it breaks, after a pause that grows; only a cancellation ends it."""
    pause = durations.backoff / 2
    while True:
        try:
            await work()
            return
        except Busy as error:
            log.warning("%s waits: %s", name, error)
        except Exception:
            log.exception("%s broke and starts again in %.1f s", name, pause)
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))
        pause = min(pause * 2, durations.backoff_most)


async def receive_loop(store: Store, parse: Parse, rules: Rules, clock: Clock, changed: Changed, look: float = POLL) -> None:
    """From kept events to rows of the business, until cancelled; `changed` hears whose threads have new lines."""
    while True:
        await settle_inbox(store, parse, rules, clock, changed, look)
        await store.wakes.wait(INBOX, look)


async def settle_inbox(store: Store, parse: Parse, rules: Rules, clock: Clock, changed: Changed, look: float = POLL) -> int:
    """Process until nothing is due; answers how many events were claimed."""
    done: tuple[Claimed, ...] = ()
    claimed = 0
    while True:
        before, now = done, clock()
        try:
            batch = await store.write(lambda session: process.step(session, before, rules, now=now), Order.FLOW)  # noqa: B023 - awaited in this round
        except Lost:  # another node goes on with these lanes; what it applies we must not
            done = ()
            continue
        except Busy as error:  # what was claimed is not claimed again: a failing database must not use up the attempts of good events
            log.warning("the inbox waits: %s", error)
            await asyncio.sleep(look)
            continue
        changed({(one.raw.account, one.raw.lane.removeprefix(one.raw.account + ":")) for one in before})
        if not batch:
            return claimed
        claimed += len(batch)
        done = process.read(batch, parse)


async def desk_loop(store: Store, drive: Drive, clock: Clock, seat: Seat | None = None, durations: Durations = DEFAULT) -> None:
    """The staff's updates, one after another, until cancelled."""
    while True:
        await settle_desk(store, drive, clock, seat, backoff_ms=int(durations.backoff * 1000))
        await store.wakes.wait(DESK, durations.look)


async def settle_desk(store: Store, drive: Drive, clock: Clock, seat: Seat | None = None, *, backoff_ms: int = 1000) -> int:
    """Drive what the staff did until nothing is due; a failing handler fails its own update and holds back its own chat only."""
    driven = 0
    while batch := await store.write(lambda session: desk.claim_desk(session, now=clock(), seat=seat)):
        driven += len(batch)
        try:
            for one, fault in await _drive_all(store, drive, clock, batch, seat):
                await store.write(partial(desk.failed, one=one, error=fault, now=clock(), backoff_ms=backoff_ms))
            if seat:
                await store.write(partial(desk.let_go, batch=batch, now=clock()))
        except Lost:  # another node goes on with these chats; what was done is on record, and doing it again changes nothing
            log.warning("the staff's updates %s were taken over by another node", [one.event_id for one in batch])
    return driven


async def _drive_all(store: Store, drive: Drive, clock: Clock, batch: Sequence[Claimed], seat: Seat | None) -> list[tuple[Claimed, str]]:
    """Drive a batch; answers what failed, with the words of the fault."""
    faults: list[tuple[Claimed, str]] = []
    held: set[str] = set()
    for one in batch:
        if one.raw.lane in held:
            await store.write(partial(desk.give_back, events=[one]))
            continue
        try:
            await drive(one)
        except Exception as error:
            log.exception("the staff's update %s failed", one.event_id)
            held.add(one.raw.lane)
            faults.append((one, f"{type(error).__name__}: {error}"))
        else:
            await store.write(partial(_done, one=one, batch=batch, seat=seat, now=clock()))
    return faults


def _done(session: Session, one: Claimed, batch: Sequence[Claimed], seat: Seat | None, now: int) -> None:
    desk.hold_on(session, batch, seat, now=now)
    desk.done(session, [one], now=now)


async def notice_loop(store: Store, announce: Callable[[], Awaitable[int]], look: float = POLL) -> None:
    """Notices become posts, until cancelled: news at once, redrawings a few at a time, since a chat takes one a second anyway."""
    while True:
        if await announce():
            await store.wakes.wait(NEWS, REDRAW_EVERY)
        else:
            await store.wakes.wait(NOTICES, look)


async def send_loop(store: Store, drain: Drain, account: str, clock: Clock, look: float = POLL) -> None:
    """Deliveries leave, until cancelled."""
    while True:
        next_at = await drain.run()
        pause = look if not next_at else min(look, max(0.005, (next_at - clock()) / 1000))
        await store.wakes.wait(send_topic(account), pause)


async def media_loop(store: Store, files: MediaFiles, fetch: Fetch, clock: Clock, changed: Changed, look: float = POLL) -> None:
    """Files are fetched, until cancelled; `changed` hears whose threads can show one more. What was kept in doubt is tidied once an hour."""
    tidied = 0
    while True:
        if not 0 <= clock() - tidied < HOUR:
            await _tidy(files)
            tidied = clock()
        while batch := await store.write(lambda session: wanted(session, now=clock())):
            await asyncio.gather(*(_fetch(store, files, fetch, one, clock, changed) for one in batch))
        await store.wakes.wait(MEDIA, look)


async def _tidy(files: MediaFiles) -> None:
    """A file that cannot be taken away must not keep others from being fetched."""
    try:
        await files.tidy()
    except (OSError, Busy) as error:
        log.warning("files in doubt could not be tidied: %s: %s", type(error).__name__, error)


def _missing(session: Session, one: Wanted, *, now: int, for_good: bool) -> None:
    """Of a document no words leave in its place: nobody shall accept what they never saw."""
    if missing(session, one.attachment_id, now=now, for_good=for_good) and one.account == sending.PAPERS:
        sending.undrawn(session, one.attachment_id, now=now)


async def _fetch(store: Store, files: MediaFiles, fetch: Fetch, one: Wanted, clock: Clock, changed: Changed) -> None:
    try:
        path, size = await files.save(fetch(one.account, one.ref))
    except Exception as error:
        for_good = isinstance(error, TooLarge)
        log.warning("the file of attachment %s cannot be had: %s", one.attachment_id, type(error).__name__)
        await store.write(lambda session: _missing(session, one, now=clock(), for_good=for_good))
    else:
        changed({await store.write(lambda session: arrived(session, one.attachment_id, path, size, now=clock()))})
