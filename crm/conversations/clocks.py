"""Clocks: how long customers wait for an answer in working time, and who hears of it before it is too long."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, and_, or_, select, true
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from crm.base.rows import add_new, take_ids
from crm.base.settings import Company
from crm.base.table import Row
from crm.base.time import DAY
from crm.base.worktime import Calendar, after, before
from crm.conversations.queues import Queue, queues
from crm.conversations.threads import Conversation, Status
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.people.calendars import WorkHours, calendar_of
from crm.people.contacts import Contact
from crm.people.pretended import ACCOUNT as PRACTICE

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


@dataclass(frozen=True, slots=True)
class Limit:
    """How long the customers that a rule names may wait for an answer, in ms of the working time of a calendar."""

    rule: ColumnElement[bool]
    within: int
    calendar: Calendar


def within(queue: Queue, company: Company, *, first: bool) -> int:
    """How long a first or a further answer may take in a queue (0 = nobody has said): as it was said of it, else as of first answers, else of the firm."""
    return (queue.answer_within if first else queue.next_within or queue.answer_within) or company.answer_within


def answer_by(session: Session, company: Company, conversation: Conversation) -> int | None:
    """By when whoever waits in a conversation is to be answered; None where nobody waits, nobody has said, or its queue never works."""
    since, team_id = conversation.waiting_since, conversation.team_id
    most = within(queues(session).of(team_id), company, first=not conversation.first_answer_at)
    if not most or not since:
        return None
    return after(calendar_of(session, company, team_id=team_id, around=since), since, most)


def limits(session: Session, company: Company, *, now: int) -> list[Limit]:
    """What was said of answers: of each team that has a queue or hours of its own, and of all others as of the firm."""
    known = queues(session)
    hours = select(WorkHours.team_id).where(WorkHours.team_id.is_not(None), WorkHours.ended_at == 0).distinct()
    teams = sorted({*known.teams, *(number for number in session.scalars(hours) if number)})
    others = or_(Conversation.team_id.is_(None), Conversation.team_id.not_in(teams)) if teams else true()
    found = []
    everywhere: list[int | None] = [None, *teams]
    for team_id in everywhere:
        queue, calendar = known.of(team_id), calendar_of(session, company, team_id=team_id, around=now)
        whose = others if team_id is None else Conversation.team_id == team_id
        first, further = within(queue, company, first=True), within(queue, company, first=False)
        if first == further:
            found.append(Limit(whose, first, calendar))
        else:
            found += [
                Limit(and_(whose, Conversation.first_answer_at == 0), first, calendar),
                Limit(and_(whose, Conversation.first_answer_at > 0), further, calendar),
            ]
    return [one for one in found if one.within]


def warn_due(session: Session, company: Company, *, now: int) -> int:
    """Tell of customers whose answer is due soon, and of those whose is late, each once a waiting; answers how many were told of."""
    said = limits(session, company, now=now)
    late = _of(session, said, 1.0, LATE, now)
    level, found = (LATE, late) if late else (SOON, _of(session, said, WARNED_AT, SOON, now))
    _note(session, found, level)
    session.flush()
    kind = "late" if level == LATE else "soon"
    tell(session, [_notice(one, kind) for one in found] if len(found) <= EACH_MOST else [_together(found, kind)], now=now)
    return len(found)


def _of(session: Session, said: Sequence[Limit], part: float, level: int, now: int) -> list[_Waits]:
    """Who has waited for such a part of what they may; the longest first."""
    found = [one for limit in said for one in _waiting(session, limit.rule, before(limit.calendar, now, round(limit.within * part)), level, now)]
    return sorted(found, key=lambda one: (one.waiting_since, one.conversation_id))[:AT_ONCE]


def _together(found: Sequence[_Waits], kind: str) -> Notice:
    """One notice of many; their holders hear how many of them are theirs."""
    whose = Counter(str(one.rep_id) for one in found if one.rep_id)
    first = found[0]
    key = f"answers:{first.conversation_id}:{first.waiting_since}:{kind}"
    return Notice(NoticeKind.ANSWER_DUE, first.conversation_id, key, {"kind": kind, "count": len(found), "whose": dict(whose)})


def _notice(one: _Waits, kind: str) -> Notice:
    key = f"answer:{one.conversation_id}:{one.waiting_since}:{kind}"
    return Notice(NoticeKind.ANSWER_DUE, one.conversation_id, key, {"kind": kind, "since": one.waiting_since})


def _waiting(session: Session, rule: ColumnElement[bool], since: int | None, level: int, now: int) -> list[_Waits]:
    """Who waits since an instant or longer and was not told of so far; the longest first."""
    if since is None:
        return []
    untold: Any = or_(AnswerClock.id.is_(None), AnswerClock.waiting_since != Conversation.waiting_since, AnswerClock.told < level)
    rows = session.execute(
        select(Conversation.id, Conversation.waiting_since, Conversation.rep_id, AnswerClock)
        .join(Contact, Contact.id == Conversation.contact_id)
        .join(_root, _root.id == Contact.root_id)
        .outerjoin(AnswerClock, AnswerClock.conversation_id == Conversation.id)
        .where(Conversation.waiting_since > max(now - OLDEST, 0), Conversation.waiting_since <= since, Conversation.account != PRACTICE)
        .where(Conversation.status == Status.OPEN.value, _root.blocked == 0, untold, rule)
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
