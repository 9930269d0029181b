"""Desk: the staff's own updates, kept by the same door; claimed here one after another and finished when their deeds are done."""

from collections.abc import Sequence

from sqlalchemy import update
from sqlalchemy.orm import Session

from crm.base.leases import Seat, renew
from crm.base.rows import table_of
from crm.base.tallies import Count, count
from crm.base.time import SECOND
from crm.inbox.log import Waiting
from crm.inbox.process import DONE, TRIES, Claimed, claim, tokens
from crm.outbox.notices import Notice, NoticeKind, tell


def claim_desk(session: Session, *, now: int, limit: int = 20, seat: Seat | None = None) -> tuple[Claimed, ...]:
    """The oldest staff updates, an attempt counted on each."""
    return claim(session, desk=True, now=now, limit=limit, seat=seat)


def hold_on(session: Session, batch: Sequence[Claimed], seat: Seat | None, *, now: int) -> None:
    """Hold on to the shards of a batch that takes its time; raises `Lost` when another node has taken one over."""
    renew(session, tokens(batch), now=now, ttl=seat.lease_ms if seat else 0)


def let_go(session: Session, batch: Sequence[Claimed], *, now: int) -> None:
    """The batch is at its end: its shards are free again."""
    renew(session, tokens(batch), now=now, ttl=0)


def done(session: Session, events: Sequence[Claimed], *, now: int) -> None:
    """The deeds of these updates are done."""
    session.execute(DONE, {"ids": [one.event_id for one in events]})
    for one in events:
        count(session, {(one.raw.account, Count.DONE): 1}, now=now)


def failed(session: Session, one: Claimed, error: str, *, now: int, backoff_ms: int = SECOND) -> bool:
    """An update whose handler failed is tried again, and parked at the fifth failure; answers whether it was parked."""
    parked = one.attempts >= TRIES
    values = {"due_at": now + backoff_ms * 2**one.attempts, "parked": int(parked), "error": error[:500]}
    session.execute(update(table_of(Waiting)).where(table_of(Waiting).c.event_id == one.event_id).values(**values))
    if parked:
        tell(session, [Notice(NoticeKind.PARKED, one.event_id, f"parked:{one.event_id}:{now}")], now=now)
    return parked


def give_back(session: Session, events: Sequence[Claimed]) -> None:
    """Claimed but not begun: the attempt does not count."""
    for one in events:
        session.execute(update(table_of(Waiting)).where(table_of(Waiting).c.event_id == one.event_id).values(attempts=one.attempts - 1))
