"""Absences: leave is planned, taken back, or holds again, and who steers the firm hears of it, as does whom it is about."""

from sqlalchemy.orm import Session

from crm.base.actors import Actor, Rep
from crm.base.settings import Company
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.people import leave
from crm.people.calendars import Leave
from crm.people.leave import Wish


def plan(session: Session, actor: Actor, company: Company, rep_id: int, wish: Wish, *, once: str, now: int) -> int:
    """Write down that a member is away and answer its number; days that were planned before are nobody's news."""
    number = leave.plan_leave(session, actor, company, rep_id, wish, once=once, now=now)
    if session.get_one(Leave, number).created_at == now:
        _tell(session, actor, number, now=now)
    return number


def take_back(session: Session, actor: Actor, leave_id: int, *, now: int) -> None:
    """Take leave back: its days are working days again."""
    _changed(session, actor, leave_id, over=True, now=now)


def renew(session: Session, actor: Actor, leave_id: int, *, now: int) -> None:
    """Take back that leave was taken back."""
    _changed(session, actor, leave_id, over=False, now=now)


def _changed(session: Session, actor: Actor, leave_id: int, *, over: bool, now: int) -> None:
    row = session.get(Leave, leave_id)
    before = bool(row and row.ended_at)
    (leave.end_leave if over else leave.renew_leave)(session, actor, leave_id, now=now)
    if before is not over:
        _tell(session, actor, leave_id, now=now)


def _tell(session: Session, actor: Actor, leave_id: int, *, now: int) -> None:
    """One notice of a leave waits at a time; it says how the leave stands when it is read."""
    tell(session, [Notice(NoticeKind.LEAVE, leave_id, f"leave:{leave_id}", {"by": actor.id if isinstance(actor, Rep) else 0})], now=now)
