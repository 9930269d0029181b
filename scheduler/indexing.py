"""Indexing: what was said and who is known can be found a moment later, a small chunk at a time and behind everything else."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial

from crm.base.db import Order, Session, Store
from crm.base.errors import Busy
from crm.reports.search_index import Entry, Step, digest, enter, portions, upcoming

log = logging.getLogger(__name__)
IN_TIME = 0.003
"""How late, in seconds, a loop that has little to do comes back to who gave way."""
CALM, LOADED = 1.0, 20.0


def indexing(store: Store, clock: Callable[[], int]) -> Callable[[], Awaitable[None]]:
    """A tick that goes on with the index until it has everything; of two nodes at the same chunk one writes, the other waits for the next tick."""

    async def run() -> None:
        try:
            while await chunk(store, clock()):
                pass
        except Busy as error:
            log.warning("search waits: %s", error)
        except asyncio.CancelledError:
            log.info("search stops")  # the marks are rows: the next start goes on from them

    return run


async def chunk(store: Store, now: int) -> bool:
    """One chunk of the index in portions, each with a rest after it; False = there is none, or somebody else wrote it.

    Cutting words takes longest and is done beside the loop.
    """
    began = time.monotonic()
    step = await store.read(lambda session: upcoming(session, now=now))
    if step is None:
        return False
    entries = await asyncio.to_thread(digest, step)
    for portion in portions(step, entries):
        if not await store.write(partial(_entered, portion), Order.CHUNK):
            return False
        await asyncio.sleep(rest(time.monotonic() - began, await lateness()))
        began = time.monotonic()
    return True


def _entered(portion: tuple[Step, list[Entry]], session: Session) -> bool:
    return enter(session, *portion)


def rest(spent: float, late: float) -> float:
    """How long to leave the machine to others after a chunk: as long as it took, and twenty times that while the loop has much to do; seconds, pure."""
    return spent * (CALM if late < IN_TIME else LOADED)


async def lateness() -> float:
    """How long the loop takes to come round, in seconds."""
    began = time.monotonic()
    await asyncio.sleep(0)
    return time.monotonic() - began
