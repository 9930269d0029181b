"""Works: takes long jobs to their end, one after another; a job that was left by a crash goes on from its last chunk."""

import asyncio
import logging
from collections.abc import Callable

from crm.base import jobs
from crm.base.db import Store
from crm.base.errors import Busy
from crm.exchange.working import Working, work_once
from scheduler.clock import Tick
from scheduler.upkeep import patient

log = logging.getLogger(__name__)
EVERY, TIDY_EVERY = 1.0, 3600.0


def works(store: Store, working: Working, holder: str, clock: Callable[[], int]) -> list[Tick]:
    """The ticks that look for jobs, and tidy behind them."""

    async def run() -> None:
        try:
            while await store.read(jobs.waits) and await work_once(store, working, holder, clock):
                pass
        except Busy as error:
            log.warning("jobs wait: %s", error)
        except asyncio.CancelledError:
            log.info("jobs go on at the next start")

    return [Tick("jobs", EVERY, run), Tick("made_files", TIDY_EVERY, patient("made files", working.tidy))]


__all__ = ["EVERY", "TIDY_EVERY", "work_once", "works"]
