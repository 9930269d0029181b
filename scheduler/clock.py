"""Clock: APScheduler wakes functions up and holds no state; what is due is rows."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Tick:
    """A job and how often it looks, in seconds; 0 = only when the clock was set back, and at the start, since it may have been while nobody looked."""

    name: str
    every: float
    job: Callable[[], Awaitable[None]]


class Every:
    """A trigger that has forgotten what was missed; the library's own counts each missed time, which stops the whole program after a month asleep."""

    def __init__(self, seconds: float) -> None:
        self._step = timedelta(seconds=seconds)

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime:
        """One step after the last time, or after now when that is over."""
        after = (previous or now) + self._step
        return after if after > now else now + self._step


def _alone(job: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """A job that is passed over while it still runs; the library would say so in the log each time, as if something were wrong."""
    runs = False

    async def run() -> None:
        nonlocal runs
        if runs:
            return
        runs = True
        try:
            await job()
        finally:
            runs = False

    return run


class Clock:
    """A handful of fixed ticks in memory; one that is late runs once, never twice at a time."""

    def __init__(self, ticks: Sequence[Tick]) -> None:
        from apscheduler.schedulers.asyncio import AsyncIOScheduler
        from apscheduler.triggers.base import BaseTrigger

        BaseTrigger.register(Every)
        self._scheduler = AsyncIOScheduler(job_defaults={"coalesce": True, "max_instances": 2, "misfire_grace_time": None})
        self._guard: asyncio.Task[None] | None = None
        self._set_back = [tick for tick in ticks if not tick.every]
        for tick in (tick for tick in ticks if tick.every):
            self._scheduler.add_job(_alone(tick.job), Every(tick.every), id=tick.name, name=tick.name)

    def start(self) -> None:
        """Begin to look."""
        self._scheduler.start()
        self._straighten()
        self._guard = asyncio.get_running_loop().create_task(self._follow())

    async def _follow(self) -> None:
        """A clock that is set back would stop every tick until it has caught up: they are dated anew."""
        before = time.time() - time.monotonic()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            ahead = time.time() - time.monotonic()
            if ahead < before - LOOK_SECONDS:
                for planned in self._scheduler.get_jobs():
                    planned.modify(next_run_time=datetime.now(UTC))
                self._straighten()
            before = ahead

    def _straighten(self) -> None:
        for tick in self._set_back:
            self._scheduler.add_job(tick.job, id=tick.name, name=tick.name, replace_existing=True)

    def stop(self) -> None:
        """Look no more; a job that runs is not waited for."""
        if self._guard:
            self._guard.cancel()
        self._scheduler.shutdown(wait=False)
