"""Papers: draws the pictures of documents that somebody of the staff waits for, outside of every transaction."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

from crm.base.db import Order, Session, Store
from crm.base.errors import Busy
from crm.base.time import DAY
from crm.documents import drawing
from crm.documents.drawing import Wanted
from crm.documents.render import Drawn, Papers, Undrawn
from crm.exchange.made import MadeFiles, write_down
from scheduler.clock import Tick

__all__ = ["EVERY", "Papers", "draw_once", "papers"]

log = logging.getLogger(__name__)
EVERY = 0.5


def papers(store: Store, drawer: Papers, made: MadeFiles, clock: Callable[[], int]) -> list[Tick]:
    """The tick that draws what is wanted until there is no more."""

    async def run() -> None:
        try:
            while await store.read(lambda session: drawing.waits(session, now=clock())):
                if not await draw_once(store, drawer, made, clock):
                    return
        except Busy as error:
            log.warning("pictures wait: %s", error)
        except asyncio.CancelledError:
            log.info("pictures are drawn at the next start")

    return [Tick("papers", EVERY, run)]


async def draw_once(store: Store, drawer: Papers, made: MadeFiles, clock: Callable[[], int]) -> int:
    """Draw a few; answers how many were wanted. One that cannot be drawn costs the others nothing."""
    found = await store.write(lambda session: drawing.wanted(session, now=clock()))
    await asyncio.gather(*(_draw(store, drawer, made, one, clock) for one in found))
    return len(found)


async def _draw(store: Store, drawer: Papers, made: MadeFiles, one: Wanted, clock: Callable[[], int]) -> None:
    try:
        drawn = await drawer.picture(one.data)
        with made.making() as path:
            await asyncio.to_thread(path.write_bytes, drawn.made)
            await store.write(partial(_kept, one=one, drawn=drawn, path=path, now=clock()))
    except (Undrawn, OSError) as error:
        log.warning("a document cannot be drawn: %s", error)
        await store.write(lambda session: drawing.not_drawn(session, one.id, now=clock()), Order.CHUNK)


def _kept(session: Session, one: Wanted, drawn: Drawn, path: Path, now: int) -> None:
    file = write_down(session, one.rep_id, path, "page.png", "image/png", now=now, lasts=DAY)  # a name stands on it
    drawing.drawn(session, one.id, file, drawn.pages, now=now)
