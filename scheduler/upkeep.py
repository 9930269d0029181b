"""Upkeep: what the clock wakes up besides deeds: the seal that ties the database to its folder, and copies by schedule."""

import logging
from collections.abc import Awaitable, Callable

from crm.base.errors import Busy
from crm.outbox.hold import Guard
from crm.outbox.upkeep import Backups
from scheduler.clock import Tick

log = logging.getLogger(__name__)


def upkeep(guard: Guard, backups: Backups | None) -> list[Tick]:
    """The ticks of upkeep."""
    ticks = [Tick("guard", 3600.0, patient("guard", guard.check))]
    return [*ticks, Tick("backup", 60.0, patient("backup", backups.run))] if backups else ticks


def patient(name: str, work: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
    """A tick for which a database that is away is a line in the log; the next one tries again."""

    async def run() -> None:
        try:
            await work()
        except Busy as error:
            log.warning("%s waits: %s", name, error)

    return run
