"""Clock: APScheduler wakes functions up and holds no state; what is due is rows."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tick:
    """A job and how often it looks, in seconds."""

    name: str
    every: float
    job: Callable[[], Awaitable[None]]


class Clock:
    """A handful of fixed ticks in memory; one that is late runs once, never twice at a time."""

    def __init__(self, ticks: Sequence[Tick]) -> None:
        from apscheduler.schedulers.asyncio import AsyncIOScheduler

        self._scheduler = AsyncIOScheduler(job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None})
        for tick in ticks:
            self._scheduler.add_job(tick.job, "interval", seconds=tick.every, id=tick.name, name=tick.name)

    def start(self) -> None:
        """Begin to look."""
        self._scheduler.start()

    def stop(self) -> None:
        """Look no more; a job that runs is not waited for."""
        self._scheduler.shutdown(wait=False)
