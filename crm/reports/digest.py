"""Digest: the day's report goes to managers by itself when the firm closes, once a day."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import System
from crm.base.history import Change, DomainEvent, record
from crm.base.settings import Company
from crm.base.time import HOUR, MINUTE, local
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.people.calendars import firm_hours

LATE_MS = 3 * HOUR
EARLY_MS = 5 * MINUTE
"""How long before midnight the day of a firm that is open until then is told: afterwards it would be another day's report."""


def digest_due(session: Session, company: Company, *, now: int) -> int:
    """Write the notice when closing time has come; after a longer outage the day is let go. Answers how many were written."""
    closing = firm_hours(session, company, now=now).closing_today(now)
    if closing is not None and local(closing + EARLY_MS, company.zone).date() != local(closing, company.zone).date():
        closing -= EARLY_MS
    if closing is None or not closing <= now <= closing + LATE_MS:
        return 0
    day = local(now, company.zone).date().isoformat()
    once = f"digest:{day}"
    if session.scalar(select(DomainEvent.id).where(DomainEvent.once == once)):
        return 0
    record(session, Change("report", 0, "digest", System("clock"), after={"day": day}, once=once), now=now)
    tell(session, [Notice(NoticeKind.DIGEST, 0, once)], now=now)
    return 1
