"""Hold: an installation that was restored, cloned or moved keeps what is for customers until a manager releases it; staff still hears."""

import asyncio
import logging
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from crm.base.actors import Actor, System
from crm.base.db import Store
from crm.base.errors import Expired
from crm.base.history import Change, record
from crm.base.installation import BY_HAND, MARKS, Installation, Seal, Why, cut_seal, held_since, lock_seal, misfit, pulse, read_seal, seal_file, set_seal
from crm.base.outbound import Lane
from crm.base.policy import Action
from crm.base.wakes import send_topic, wake
from crm.outbox.deliveries import Delivery, State
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.outbox.settle import Result, settle
from crm.people.contacts import Identity
from crm.people.reps import authorise

log = logging.getLogger(__name__)
GUARD = System("guard")
LOOKS = 20


@dataclass(frozen=True, slots=True)
class Waits:
    """What of one lane waits to be sent to customers: how much, how much of it is younger than asked, the instant of the oldest."""

    lane: Lane
    count: int
    young: int
    oldest: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether sending is on hold: since when (0 = it is not), why, and what waits."""

    since: int
    why: Why | None
    waits: tuple[Waits, ...] = ()

    @property
    def count(self) -> int:
        """How much waits in all."""
        return sum(one.count for one in self.waits)

    @property
    def young(self) -> int:
        """How much of it is young."""
        return sum(one.young for one in self.waits)


class Guard:
    """Sees to it that the database and the data folder belong together: `check` before the first sender starts, and every hour."""

    def __init__(self, store: Store, folder: Path, *, clock: Callable[[], int], patience: float = 5.0, marks: Iterable[Path] = MARKS) -> None:
        self._store, self._clock, self._patience = store, clock, patience
        self._file = seal_file(folder, tuple(marks))
        self._works = False

    async def check(self) -> bool:
        """Renew the seal; answers whether sending is on hold. Killed anywhere, the next check answers the same."""
        handle = await asyncio.to_thread(lock_seal, self._file)
        try:
            old = read_seal(self._file)
            fresh, beside = await asyncio.to_thread(cut_seal, self._file, old.name if old else "")
            welcome = not self._works and await self._beside_others(old)  # later it would be our own senders that are seen working
            on_hold = await self._store.write(lambda session: enter(session, old, fresh, welcome=welcome, now=self._clock()))
            await asyncio.to_thread(set_seal, beside, self._file)
            self._works = True
        finally:
            os.close(handle)
        if on_hold:
            log.warning("what is for customers waits until a manager releases it: /release in the staff bot, or `python main.py release`")
        return on_hold

    async def _beside_others(self, old: Seal | None) -> bool:
        """Whether this folder is new to a database on which others work right now: then it is theirs, and no copy of it."""
        if not self._store.many_nodes or await self._store.read(lambda session: known(session, old)):
            return False
        first = await self._store.read(pulse)
        for _ in range(LOOKS):
            await asyncio.sleep(self._patience / LOOKS)
            if await self._store.read(pulse) > first:
                return True
        return False


def known(session: Session, old: Seal | None) -> bool:
    """Whether a seal fits."""
    return old is not None and misfit(session.get(Installation, old.name), old) is None


def enter(session: Session, old: Seal | None, fresh: Seal, *, welcome: bool = False, now: int) -> bool:
    """Write the new seal down; where the old one does not fit a database that knows people, sending is on hold. Answers whether it is."""
    row = session.get(Installation, fresh.name)
    why = None if welcome or not _peopled(session) else misfit(row, old)
    if row is None:
        row = Installation(name=fresh.name, held_at=0, why="")
        session.add(row)
    row.epoch, row.before, row.place, row.seen_at = fresh.epoch, old.epoch if old else "", fresh.place, now
    session.flush()
    if why:
        _stop(session, row, why, GUARD, now=now)
    return held_since(session) > 0


def _peopled(session: Session) -> bool:
    """Whether there is anybody to whom something could be sent twice."""
    return bool(session.scalar(select(exists(select(Identity.id)))))


def _stop(session: Session, row: Installation, why: Why, actor: Actor, *, now: int) -> None:
    if row.held_at:
        return
    row.held_at, row.why = now, why.value
    session.flush()
    record(session, Change("installation", 0, "held", actor, after={"why": why.value, "name": row.name}), now=now)
    tell(session, [Notice(NoticeKind.HELD, 0, "held")], now=now)


def hold(session: Session, actor: Actor, *, now: int) -> None:
    """Send nothing more to customers until somebody releases it: before a machine is copied, or when something is wrong."""
    authorise(session, actor, Action.RELEASE)
    row = session.get(Installation, BY_HAND)
    if row is None:
        row = Installation(name=BY_HAND, held_at=0)
        session.add(row)
    _stop(session, row, Why.BY_HAND, actor, now=now)


def standing(session: Session, actor: Actor, *, young_since: int = 0) -> Standing:
    """Whether sending is on hold and what waits, by lane; `young_since` is the instant from which on something counts as young."""
    authorise(session, actor, Action.RELEASE)
    first = session.scalar(select(Installation).where(Installation.held_at > 0).order_by(Installation.held_at).limit(1))
    young = func.count().filter(Delivery.created_at >= young_since)
    rows = session.execute(
        select(Delivery.lane, func.count(), young, func.min(Delivery.created_at)).where(*_WAITING).group_by(Delivery.lane).order_by(Delivery.lane)
    )
    waits = tuple(Waits(Lane(lane), count, fresh, oldest) for lane, count, fresh, oldest in rows)
    return Standing(first.held_at, Why(first.why), waits) if first else Standing(0, None, waits)


_WAITING = (Delivery.state == State.QUEUED.value, Delivery.desk == 0)


def release(session: Session, actor: Actor, *, drop_before: int = 0, now: int) -> int:
    """Send again; what was queued before an instant is never sent (`expired`). Answers how much that was; raises `Expired` where nothing is held."""
    authorise(session, actor, Action.RELEASE)
    since = held_since(session)
    if not since:
        raise Expired("sending is not on hold")
    late = session.scalars(select(Delivery.id).where(*_WAITING, Delivery.created_at < drop_before)).all() if drop_before else ()
    settle(session, [Result(number, State.EXPIRED, detail="dropped at the release") for number in late], now=now)
    reasons = []
    for row in session.scalars(select(Installation).where(Installation.held_at > 0)).all():
        reasons.append(row.why)
        row.held_at, row.why = 0, ""
    session.flush()
    before = {"since": since, "why": sorted(set(reasons))}
    record(session, Change("installation", 0, "released", actor, before=before, after={"dropped": len(late)}), now=now)
    wake(session, *(send_topic(account) for account in session.scalars(select(Delivery.account).where(*_WAITING).distinct())))
    return len(late)
