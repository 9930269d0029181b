"""Upkeep: backups by schedule and when somebody asks, outside the writer; how they went is told to managers and shown."""

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Actor
from crm.base.backup import BadCopy, Plan, Source, Stopped, back_up, copies, due, newest, prune
from crm.base.db import Store
from crm.base.errors import Misconfigured
from crm.base.history import Change, DomainEvent, record
from crm.base.leases import take
from crm.base.outbound import Health
from crm.base.policy import Action
from crm.base.time import HOUR, MINUTE, SECOND
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.people.reps import authorise

log = logging.getLogger(__name__)
LEASE = "backup"


class Backups:
    """Takes a copy when it is due; of several nodes one does it."""

    def __init__(self, store: Store, source: Source, plan: Plan, *, node: str, clock: Callable[[], int]) -> None:
        self._store, self._source, self._plan, self._node, self._clock = store, source, plan, node, clock

    async def run(self) -> None:
        """Take a copy if it is time; a tick calls this every minute or so. Cancelling it stops the copying."""
        now = self._clock()
        wish = await self._store.read(lambda session: asked(session, now=now))
        wanted = wish is not None and not await asyncio.to_thread(taken_since, self._plan, wish.at)
        if (not wanted and not await asyncio.to_thread(due, self._plan, now=now)) or not await self._mine(now):
            return
        stop = threading.Event()
        try:
            await asyncio.to_thread(self._copy, stop, now)
            if wish and wanted:
                await self._store.write(lambda session: ready(session, wish, now=self._clock()))
        except (BadCopy, Misconfigured, OSError) as error:
            log.error("%s", error)
            fault = str(error)
            await self._store.write(lambda session: failed(session, fault, now=now))
        except asyncio.CancelledError:
            stop.set()
            raise

    async def _mine(self, now: int) -> bool:
        if not self._store.many_nodes:
            return True
        ttl = max(HOUR, self._plan.every - MINUTE)  # who took the last one takes the next one, unless it is gone by then
        return await self._store.write(lambda session: take(session, LEASE, self._node, now=now, ttl=ttl)) is not None

    def _copy(self, stop: threading.Event, now: int) -> None:
        def progress(what: str, done: int, of: int) -> None:
            if stop.is_set():
                raise Stopped

        try:
            copy = back_up(self._source, self._plan.into, now=now, progress=progress)
        except Stopped:
            log.info("the backup stops")
            return
        log.info("backed up to %s: %s bytes, %s files", copy.folder.name, copy.size, copy.files)
        prune(self._plan)

    async def health(self) -> Health:
        """How the last backup went, for /ready and /today; well where none is wanted."""
        return await asyncio.to_thread(condition, self._plan, now=self._clock())


def condition(plan: Plan, *, now: int) -> Health:
    """How the newest copies are: well when the newest one is good and not older than twice the time between two."""
    last, good = next(iter(copies(plan.into)), None), newest(plan.into)
    facts = {"every": str(plan.every), "folder": str(plan.into), **({"last": str(good.at), "size": str(good.size)} if good else {})}
    if not plan.every:
        return Health(True, "no backups by schedule", facts)
    if last and not last.good:
        return Health(False, f"the last backup failed: {last.fault}", facts)
    if good and now - good.at > 2 * plan.every:
        return Health(False, f"the last good backup is {(now - good.at) // HOUR} hours old", facts)
    return Health(True, "the last backup is good" if good else "no backup yet", facts)


def failed(session: Session, fault: str, *, now: int) -> None:
    """Tell managers that a backup failed."""
    tell(session, [Notice(NoticeKind.BACKUP_FAILED, 0, "backup_failed", {"why": fault})], now=now)


@dataclass(frozen=True, slots=True)
class Wish:
    """A backup that somebody asked for."""

    id: int
    at: int
    rep_id: int | None


def ask_for(session: Session, actor: Actor, *, now: int) -> None:
    """Ask for a backup now; the next look at the clock takes it."""
    authorise(session, actor, Action.BACK_UP)
    record(session, Change("backup", 0, "asked", actor), now=now)


def asked(session: Session, *, now: int) -> Wish | None:
    """The newest wish for a backup of the last hour."""
    wanted = select(DomainEvent).where(DomainEvent.kind == "asked", DomainEvent.subject == "backup", DomainEvent.at > now - HOUR)
    found = session.scalar(wanted.order_by(DomainEvent.at.desc()).limit(1))
    return Wish(found.id, found.at, found.rep_id) if found else None


def taken_since(plan: Plan, at: int) -> bool:
    """Whether a copy, good or bad, was begun after an instant; a copy is named by whole seconds."""
    return any(copy.at >= at - at % SECOND for copy in copies(plan.into))


def ready(session: Session, wish: Wish, *, now: int) -> None:
    """Tell whoever asked that the copy stands."""
    tell(session, [Notice(NoticeKind.BACKUP_READY, wish.rep_id or 0, f"backup_ready:{wish.id}")], now=now)
