"""Working: does the oldest job that nobody does; holds it for as long as it takes, and counts a try where it breaks."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Protocol

from crm.base import jobs
from crm.base.db import Order, Session, Store
from crm.base.errors import Busy, DragomanError, Forbidden, Invalid, Lost, NotFound
from crm.base.jobs import LEASE_MS, Work

log = logging.getLogger(__name__)
BEAT = LEASE_MS / 3000
"""How often a job is held anew while a chunk of it runs, in seconds."""
Kind = Callable[[Work], Awaitable[None]]


class Working(Protocol):
    """The kinds of long work, what is done when one breaks for good, and what is tidied now and then."""

    @property
    def kinds(self) -> Mapping[str, Kind]: ...

    def failed(self, session: Session, work: Work, words: str, now: int) -> None: ...

    async def tidy(self) -> None: ...


async def work_once(store: Store, working: Working, holder: str, clock: Callable[[], int], *, beat: float = BEAT) -> bool:
    """Do the oldest job that nobody does; answers whether there was one."""
    work = await store.write(lambda session: jobs.claim(session, holder, many=store.many_nodes, now=clock()), Order.CHUNK)
    if work is None:
        return False
    try:
        async with _holding(store, work, clock, beat):
            await working.kinds[work.kind](work)
    except Lost as error:
        log.info("%s", error)
    except Busy:
        raise
    except Exception as error:
        log.exception("job %d (%s) broke", work.id, work.kind)
        await store.write(partial(_broke, work=work, error=error, working=working, now=clock()))
    return True


@asynccontextmanager
async def _holding(store: Store, work: Work, clock: Callable[[], int], beat: float) -> AsyncIterator[None]:
    """Hold a job anew now and then, so that nobody else takes it while a chunk needs longer than the lease."""

    async def keep() -> None:
        while True:
            await asyncio.sleep(beat)
            with suppress(Busy):
                if not await store.write(partial(jobs.renew, work=work, now=clock())):
                    return

    keeping = asyncio.create_task(keep())
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


def _broke(session: Session, work: Work, error: Exception, working: Working, *, now: int) -> None:
    refused = isinstance(error, Forbidden | Invalid | NotFound)
    words = str(error) if isinstance(error, DragomanError) else type(error).__name__
    if jobs.stumble(session, work, words, for_good=refused, now=now):
        working.failed(session, work, words, now)
