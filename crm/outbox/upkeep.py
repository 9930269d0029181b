"""Upkeep: backups by schedule, outside the writer; one that fails is told to managers, and how the last one went is shown."""

import asyncio
import logging
import threading
from collections.abc import Callable

from sqlalchemy.orm import Session

from crm.base.backup import BadCopy, Plan, Source, Stopped, back_up, copies, due, newest, prune
from crm.base.db import Store
from crm.base.errors import Misconfigured
from crm.base.leases import take
from crm.base.outbound import Health
from crm.base.time import HOUR, MINUTE
from crm.outbox.notices import Notice, NoticeKind, tell

log = logging.getLogger(__name__)
LEASE = "backup"


class Backups:
    """Takes a copy when it is due; of several nodes one does it."""

    def __init__(self, store: Store, source: Source, plan: Plan, *, node: str, clock: Callable[[], int]) -> None:
        self._store, self._source, self._plan, self._node, self._clock = store, source, plan, node, clock

    async def run(self) -> None:
        """Take a copy if it is time; a tick calls this every minute or so. Cancelling it stops the copying."""
        now = self._clock()
        if not await asyncio.to_thread(due, self._plan, now=now) or not await self._mine(now):
            return
        stop = threading.Event()
        try:
            await asyncio.to_thread(self._copy, stop, now)
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
    facts = {"last": str(good.at)} if good else {}
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
