"""Upkeep: what the clock wakes up besides deeds: the tie of the database to its folder, copies by schedule, seals of the record, the end of a guest's time."""

import logging
from collections.abc import Awaitable, Callable, Collection

from crm.base.db import Store
from crm.base.errors import Busy
from crm.base.seals import seal
from crm.outbox.claim import Owe
from crm.outbox.closed import give_up
from crm.outbox.hold import Guard
from crm.outbox.upkeep import Backups
from crm.sales.leaving import show_out
from scheduler.clock import Tick
from scheduler.jobs import job

log = logging.getLogger(__name__)
SEAL_EVERY, GUESTS_EVERY, CLOSED_EVERY = 60.0, 30.0, 30.0


def upkeep(guard: Guard, backups: Backups | None) -> list[Tick]:
    """The ticks of upkeep."""
    ticks = [Tick("guard", 3600.0, patient("guard", guard.check))]
    return [*ticks, Tick("backup", 20.0, patient("backup", backups.run))] if backups else ticks


def closing(store: Store, clock: Callable[[], int], accounts: Collection[str], owe: Owe, *, most: float = 0.0) -> list[Tick]:
    """The tick of accounts that people have an address at and that are no longer set up; `most` is the longest between two (0 = none)."""
    if not accounts:
        return []
    log.warning("no longer set up: %s. What is to be said there fails after an hour, and whoever said it is told", ", ".join(sorted(accounts)))
    work = job(store, "closed", lambda session, now: give_up(session, accounts, owe, now=now), clock)
    return [Tick("closed", min(CLOSED_EVERY, most) if most else CLOSED_EVERY, work)]


def patient(name: str, work: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
    """A tick for which a database that is away is a line in the log; the next one tries again."""

    async def run() -> None:
        try:
            await work()
        except Busy as error:
            log.warning("%s waits: %s", name, error)

    return run


def order(store: Store, clock: Callable[[], int], surface: str, *, most: float = 0.0) -> list[Tick]:
    """The ticks of order in the house; `surface` is the account on which staff is shown things, `most` the longest between two (0 = none)."""
    sealing = job(store, "seal", lambda session, now: seal(session, now=now), clock)
    leaving = job(store, "guests", lambda session, now: show_out(session, surface, now=now), clock)
    every = (min(seconds, most) if most else seconds for seconds in (SEAL_EVERY, GUESTS_EVERY))
    return [Tick(name, next(every), work) for name, work in (("seal", sealing), ("guests", leaving))]
