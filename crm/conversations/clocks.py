"""Clocks: how long customers wait for an answer in working time, and who hears of it before it is too long."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ForeignKey, or_, select
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from crm.base.rows import add_new, take_ids
from crm.base.settings import Company
from crm.base.table import Row
from crm.base.time import DAY
from crm.base.worktime import Calendar, after, before
from crm.conversations.threads import Conversation, Status
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.people.contacts import Contact

SOON, LATE = 1, 2
WARNED_AT = 0.75
"""Of the time an answer may take, how much has passed when whoever has the customer is warned."""
AT_ONCE, EACH_MOST = 200, 10
"""Of so many customers at a time staff are told, of so many one by one: of more at once, as when the firm has just said how long it may take, in one line."""
OLDEST = 7 * DAY
"""Who has waited longer is nobody's news any more."""
_root = aliased(Contact)


class AnswerClock(Row):
    """Of which waiting staff were told already: since when the customer waits, and how far it had come."""

    __tablename__ = "answer_clocks"
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), unique=True)
    waiting_since: Mapped[int]
    told: Mapped[int]


@dataclass(frozen=True, slots=True)
class _Waits:
    """A customer who waits, who has them, and what staff were told of it."""

    conversation_id: int
    waiting_since: int
    rep_id: int | None
    clock: AnswerClock | None


def calendar_of(company: Company) -> Calendar:
    """When the firm works."""
    return Calendar(company.hours)


def answer_by(company: Company, waiting_since: int) -> int | None:
    """By when somebody who waits since an instant is to be answered; None where the firm has not said, or never opens."""
    return after(calendar_of(company), waiting_since, company.answer_within) if company.answer_within else None


def warn_due(session: Session, company: Company, *, now: int) -> int:
    """Tell of customers whose answer is due soon, and of those whose is late, each once a waiting; answers how many were told of."""
    if not company.answer_within:
        return 0
    calendar = calendar_of(company)
    late = _waiting(session, before(calendar, now, company.answer_within), LATE, now)
    level, found = (LATE, late) if late else (SOON, _waiting(session, before(calendar, now, round(company.answer_within * WARNED_AT)), SOON, now))
    _note(session, found, level)
    session.flush()
    kind = "late" if level == LATE else "soon"
    tell(session, [_notice(one, kind) for one in found] if len(found) <= EACH_MOST else [_together(found, kind)], now=now)
    return len(found)


def _together(found: Sequence[_Waits], kind: str) -> Notice:
    """One notice of many; their holders hear how many of them are theirs."""
    whose = Counter(str(one.rep_id) for one in found if one.rep_id)
    first = found[0]
    key = f"answers:{first.conversation_id}:{first.waiting_since}:{kind}"
    return Notice(NoticeKind.ANSWER_DUE, first.conversation_id, key, {"kind": kind, "count": len(found), "whose": dict(whose)})


def _notice(one: _Waits, kind: str) -> Notice:
    key = f"answer:{one.conversation_id}:{one.waiting_since}:{kind}"
    return Notice(NoticeKind.ANSWER_DUE, one.conversation_id, key, {"kind": kind, "since": one.waiting_since})


def _waiting(session: Session, since: int | None, level: int, now: int) -> list[_Waits]:
    """Who waits since an instant or longer and was not told of so far; the longest first."""
    if since is None:
        return []
    untold: Any = or_(AnswerClock.id.is_(None), AnswerClock.waiting_since != Conversation.waiting_since, AnswerClock.told < level)
    rows = session.execute(
        select(Conversation.id, Conversation.waiting_since, Conversation.rep_id, AnswerClock)
        .join(Contact, Contact.id == Conversation.contact_id)
        .join(_root, _root.id == Contact.root_id)
        .outerjoin(AnswerClock, AnswerClock.conversation_id == Conversation.id)
        .where(Conversation.waiting_since > max(now - OLDEST, 0), Conversation.waiting_since <= since)
        .where(Conversation.status == Status.OPEN.value, _root.blocked == 0, untold)
        .order_by(Conversation.waiting_since, Conversation.id)
        .limit(AT_ONCE)
    )
    return [_Waits(*row) for row in rows]


def _note(session: Session, found: Sequence[_Waits], level: int) -> None:
    for one in found:
        if one.clock is not None:
            one.clock.waiting_since, one.clock.told = one.waiting_since, level
    fresh = [one for one in found if one.clock is None]
    ids = take_ids(session, len(fresh))
    rows = [{"id": next(ids), "conversation_id": one.conversation_id, "waiting_since": one.waiting_since, "told": level} for one in fresh]
    if rows:
        add_new(session, AnswerClock, rows)
