"""Chunks: what the long works on an import have in common: so many rows a transaction as fit into its time, and how far it came said in the same one."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import select

from crm.base import jobs
from crm.base.actors import Actor, System
from crm.base.db import Order, Session, Store
from crm.base.errors import Forbidden
from crm.base.jobs import Progress, Work
from crm.exchange.grid import Cells
from crm.exchange.imports import ImportRow, redraw
from crm.people.reps import Member, as_actor

CONSOLE = System("console")
LEAST, MOST, FIRST = 20, 250, 50
GOAL_SECONDS = 0.015
"""How long a chunk of an import shall hold the one writer; half of what it may (architecture section 8), since some rows cost more than others."""


@dataclass(slots=True)
class Pace:
    """How many rows a chunk has: as many as fit into the time it may take."""

    size: int = FIRST

    def took(self, seconds: float) -> None:
        """Learn from the last chunk."""
        factor = 2.0 if seconds < GOAL_SECONDS / 2 else GOAL_SECONDS / seconds if seconds > GOAL_SECONDS else 1.0
        self.size = max(LEAST, min(MOST, int(self.size * factor)))


@dataclass(frozen=True, slots=True)
class Row:
    """A row that was read back."""

    id: int
    number: int
    cells: Cells


def timed(session: Session, deed: Callable[[Session], Any]) -> tuple[Any, float]:
    """Run a deed and say how long it held the writer."""
    began = time.monotonic()
    found = deed(session)
    return found, time.monotonic() - began


async def until_over(store: Store, work: Work, deed: Callable[[Work, int], Callable[[Session], tuple[Work, bool]]]) -> None:
    """Do a deed again and again, each time with as many rows as its time allows, until it says that it is over."""
    pace, ended = Pace(), False
    while not ended:
        (work, ended), seconds = await store.write(partial(timed, deed=deed(work, pace.size)), Order.CHUNK)
        pace.took(seconds)


def actor_of(session: Session, rep_id: int | None) -> Actor:
    """Who an import is done by: the member who began it, as they are now, or the machine itself."""
    if rep_id is None:
        return CONSOLE
    member = session.get(Member, rep_id)
    if member is None or not member.active:
        raise Forbidden
    return as_actor(member)


def rows_after(session: Session, import_id: int, after: int, size: int, *, fresh: bool = False) -> list[Row]:
    """The next rows of an import; `fresh` = only those that nothing was done with."""
    found = select(ImportRow.id, ImportRow.number, ImportRow.cells).where(ImportRow.import_id == import_id, ImportRow.number > after)
    found = found.where(ImportRow.outcome == "") if fresh else found
    return [Row(row.id, row.number, tuple(json.loads(row.cells))) for row in session.execute(found.order_by(ImportRow.number).limit(size))]


def over(session: Session, work: Work, done: int, *, now: int) -> Work:
    """A piece of work is at its end."""
    session.flush()
    gone_on = jobs.keep_on(session, work, Progress(work.place, done, over=True), now=now)
    redraw(session, work.subject_id, now=now, urgent=True)
    return gone_on


def went_on(session: Session, work: Work, progress: Progress, *, now: int) -> Work:
    """Say how far it came; the post is drawn again at each twentieth part."""
    gone_on = jobs.keep_on(session, work, progress, now=now)
    part = max(1, gone_on.total // 20)
    if gone_on.done // part != work.done // part:
        redraw(session, work.subject_id, now=now)
    return gone_on
