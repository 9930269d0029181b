"""Workers: the loops that take due rows to their end. Each is woken by a hint over a poll; none holds state that matters."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from crm.base.db import Store
from crm.base.errors import Busy
from crm.base.events import MediaRef
from crm.base.wakes import DESK, INBOX, MEDIA, NEWS, NOTICES, send_topic
from crm.conversations.media import MediaFiles, TooLarge, Wanted, arrived, missing, wanted
from crm.inbox import desk, process
from crm.inbox.process import Claimed, Parse, Rules
from crm.outbox.drain import Drain

log = logging.getLogger(__name__)
POLL = 1.0
REDRAW_EVERY = 0.2
Clock = Callable[[], int]
Changed = Callable[[set[tuple[str, str]]], None]
Fetch = Callable[[str, MediaRef], AsyncIterator[bytes]]


async def forever(name: str, work: Callable[[], Awaitable[Any]], *, most: float = 30.0) -> None:
    """Run a loop again when it breaks, after a pause that grows; only a cancellation ends it."""
    pause = 0.5
    while True:
        try:
            await work()
            return
        except Busy as error:
            log.warning("%s waits: %s", name, error)
        except Exception:
            log.exception("%s broke and starts again in %.1f s", name, pause)
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))
        pause = min(pause * 2, most)


async def receive_loop(store: Store, parse: Parse, rules: Rules, clock: Clock, changed: Changed) -> None:
    """From kept events to rows of the business, until cancelled; `changed` hears whose threads have new lines."""
    while True:
        await settle_inbox(store, parse, rules, clock, changed)
        await store.wakes.wait(INBOX, POLL)


async def settle_inbox(store: Store, parse: Parse, rules: Rules, clock: Clock, changed: Changed) -> int:
    """Process until nothing is due; answers how many events were claimed."""
    done: tuple[Claimed, ...] = ()
    claimed = 0
    while True:
        before, now = done, clock()
        try:
            batch = await store.write(lambda session: process.step(session, before, rules, now=now))  # noqa: B023 - awaited in this round
        except Busy as error:  # what was claimed is not claimed again: a failing database must not use up the attempts of good events
            log.warning("the inbox waits: %s", error)
            await asyncio.sleep(POLL)
            continue
        changed({(one.raw.account, one.raw.lane.removeprefix(one.raw.account + ":")) for one in before})
        if not batch:
            return claimed
        claimed += len(batch)
        done = process.read(batch, parse)


async def desk_loop(store: Store, drive: Callable[[Claimed], Awaitable[None]], clock: Clock) -> None:
    """The staff's updates, one after another, until cancelled."""
    while True:
        await settle_desk(store, drive, clock)
        await store.wakes.wait(DESK, POLL)


async def settle_desk(store: Store, drive: Callable[[Claimed], Awaitable[None]], clock: Clock) -> int:
    """Drive what the staff did until nothing is due; a failing handler fails its own update and holds back its own chat only."""
    driven = 0
    while batch := await store.write(lambda session: desk.claim_desk(session, now=clock())):
        driven += len(batch)
        held: set[str] = set()
        for one in batch:
            if one.raw.lane in held:
                await store.write(lambda session, one=one: desk.give_back(session, [one]))  # type: ignore[misc]
                continue
            try:
                await drive(one)
            except Exception as error:
                log.exception("the staff's update %s failed", one.event_id)
                held.add(one.raw.lane)
                words = f"{type(error).__name__}: {error}"
                await store.write(lambda session, one=one, words=words: desk.failed(session, one, words, now=clock()))  # type: ignore[misc]
            else:
                await store.write(lambda session, one=one: desk.done(session, [one], now=clock()))  # type: ignore[misc]
    return driven


async def notice_loop(store: Store, announce: Callable[[], Awaitable[int]]) -> None:
    """Notices become posts, until cancelled: news at once, redrawings a few at a time, since a chat takes one a second anyway."""
    while True:
        if await announce():
            await store.wakes.wait(NEWS, REDRAW_EVERY)
        else:
            await store.wakes.wait(NOTICES, POLL)


async def send_loop(store: Store, drain: Drain, account: str, clock: Clock) -> None:
    """Deliveries leave, until cancelled."""
    while True:
        next_at = await drain.run()
        pause = POLL if not next_at else min(POLL, max(0.005, (next_at - clock()) / 1000))
        await store.wakes.wait(send_topic(account), pause)


async def media_loop(store: Store, files: MediaFiles, fetch: Fetch, clock: Clock, changed: Changed) -> None:
    """Files are fetched, until cancelled; `changed` hears whose threads can show one more."""
    while True:
        while batch := await store.write(lambda session: wanted(session, now=clock())):
            await asyncio.gather(*(_fetch(store, files, fetch, one, clock, changed) for one in batch))
        await store.wakes.wait(MEDIA, POLL)


async def _fetch(store: Store, files: MediaFiles, fetch: Fetch, one: Wanted, clock: Clock, changed: Changed) -> None:
    try:
        path, size = await files.save(fetch(one.account, one.ref))
    except Exception as error:
        for_good = isinstance(error, TooLarge)
        log.warning("the file of attachment %s cannot be had: %s", one.attachment_id, type(error).__name__)
        await store.write(lambda session: missing(session, one.attachment_id, now=clock(), for_good=for_good))
    else:
        changed({await store.write(lambda session: arrived(session, one.attachment_id, path, size, now=clock()))})
