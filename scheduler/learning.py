"""Learning: a few times a day what ended leads teach is counted anew, from a snapshot, and kept as one row."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from crm.base.db import Order, Store
from crm.base.errors import Busy
from crm.base.settings import Company
from crm.sales.scores import keep, learned, stale
from scheduler.clock import Tick

log = logging.getLogger(__name__)
EVERY = 300.0


def learners(store: Store, company: Company, clock: Callable[[], int]) -> list[Tick]:
    """The ticks that learn."""
    return [Tick("learning", EVERY, learning(store, company, clock))]


def learning(store: Store, company: Company, clock: Callable[[], int]) -> Callable[[], Awaitable[None]]:
    """A tick that counts when what is known is old."""

    async def run() -> None:
        try:
            now = clock()
            if await store.read(lambda session: stale(session, now=now)):
                model = await store.read(lambda session: learned(session, company, now=now))
                await store.write(lambda session: keep(session, model, now=now), Order.CHUNK)
        except Busy as error:
            log.warning("scores wait: %s", error)
        except asyncio.CancelledError:
            log.info("scores stop")  # counted anew at the next start

    return run
