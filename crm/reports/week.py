"""Week: what the assistant did by itself last week, in numbers from the record: for one member, or for the whole firm; told once when the week begins."""

from dataclasses import astuple, dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, String, cast, exists, func, literal, select, true
from sqlalchemy.orm import Session

from crm.base.actors import Rep, Role, System
from crm.base.history import Change, DomainEvent, record
from crm.base.policy import Action, may
from crm.base.settings import Company
from crm.base.time import instant, local
from crm.conversations.planned import PlannedReply, PlannedState
from crm.conversations.threads import Author, Conversation, Message
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.outreach.sequences import Enrollment
from crm.people.calendars import Leave, firm_hours
from crm.people.pretended import ACCOUNT as PRACTICE
from crm.people.reps import Member, authorise
from crm.sales.leads import Lead
from crm.sales.tasks import Task

MORNING = time(9)
"""When the week is told where nobody has said when the firm opens."""
AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Week:
    """What was done without anybody: customers answered at once, follow-ups, reminders, leads opened, replies that left at their time.

    `firm` = of everybody, for one who may see reports.
    """

    answered: int = 0
    followed_up: int = 0
    reminded: int = 0
    leads: int = 0
    later: int = 0
    firm: bool = False

    @property
    def empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not any(astuple(self)[:5])


def week_of(session: Session, actor: Rep, company: Company, *, now: int) -> Week:
    """What was done for this member in the week before this one by the firm's clock; for one who may see reports, for all."""
    authorise(session, actor, Action.DO_TASK)
    firm = may(actor.role, Action.SEE_REPORTS)
    start, end = last_week(company, now)
    return Week(
        _answered(session, actor, firm, start, end),
        _on_record(session, "step", Enrollment, Conversation.rep_id, actor, firm, start, end),
        _on_record(session, "due", Task, Task.rep_id, actor, firm, start, end),
        _leads(session, actor, firm, start, end),
        _later(session, actor, firm, start, end),
        firm,
    )


def last_week(company: Company, now: int) -> tuple[int, int]:
    """From when to when the week lasted that is over: from a Monday to a Monday where the firm is."""
    today = local(now, company.zone).date()
    monday = today - timedelta(days=today.weekday())
    start, end = (datetime.combine(day, time.min, ZoneInfo(company.zone)) for day in (monday - timedelta(days=7), monday))
    return instant(start), instant(end)


def weeks_due(session: Session, company: Company, *, now: int) -> int:
    """Write the notice for each member when the firm opens for the first time in a week, once; after a longer outage the week is let go.

    Whoever is on leave that day is left in peace. What is in it is counted when it is shown. Answers how many were written.
    """
    monday = _began(session, company, now)
    if not monday:
        return 0
    once = f"week:{monday}:"
    told = exists().where(DomainEvent.once == literal(once) + cast(Member.id, String))
    today = local(now, company.zone).date().isoformat()
    away = exists().where(Leave.rep_id == Member.id, Leave.ended_at == 0, Leave.to_at == 0, Leave.from_on <= today, Leave.to_on >= today)
    wanted = select(Member).where(Member.active == 1, Member.weekly == 1, ~told, ~away).order_by(Member.id).limit(AT_ONCE)
    members = session.scalars(wanted).all()
    record(session, *(Change("rep", one.id, "week", System("clock"), once=f"{once}{one.id}") for one in members), now=now)
    readers = [one for one in members if may(Role(one.role), Action.DO_TASK)]
    tell(session, [Notice(NoticeKind.WEEK, one.id, f"{once}{one.id}") for one in readers], now=now)
    return len(members)


def _began(session: Session, company: Company, now: int) -> str:
    """The Monday of this week, while the firm's first working day of it has begun and is not over ("" = not now)."""
    hours, today = firm_hours(session, company, now=now), local(now, company.zone).date()
    monday = today - timedelta(days=today.weekday())
    said = any(hours.days)
    before = (monday + timedelta(days=ahead) for ahead in range(today.weekday()))
    if any(not said or hours.on(day) is not None for day in before):
        return ""
    span = hours.on(today) if said else (MORNING, time.max)
    return monday.isoformat() if span and max(span[0], time(6)) <= local(now, company.zone).time() < span[1] else ""


def _mine(whose: Any, actor: Rep, firm: bool) -> ColumnElement[bool]:
    return true() if firm else whose == actor.id


def _answered(session: Session, actor: Rep, firm: bool, start: int, end: int) -> int:
    """Conversations in which the bot answered: it is silent where somebody has taken the customer."""
    said = (Message.at >= start, Message.at < end, Message.author == Author.BOT.value, Message.once.startswith("answer:"))
    mine = (Conversation.account != PRACTICE, _mine(Conversation.rep_id, actor, firm))
    question = select(func.count(func.distinct(Message.conversation_id))).join(Conversation, Conversation.id == Message.conversation_id)
    return session.scalar(question.where(*said, *mine)) or 0


def _on_record(session: Session, kind: str, about: type[Enrollment] | type[Task], whose: Any, actor: Rep, firm: bool, start: int, end: int) -> int:
    """How often the clock did something that is on record, about what is a member's."""
    question = select(func.count()).select_from(DomainEvent).join(about, about.id == DomainEvent.subject_id)
    question = question.outerjoin(Conversation, Conversation.id == about.conversation_id).where(func.coalesce(Conversation.account, "") != PRACTICE)
    subject = {Enrollment: "enrollment", Task: "task"}[about]
    done = (DomainEvent.kind == kind, DomainEvent.at >= start, DomainEvent.at < end, DomainEvent.subject == subject)
    return session.scalar(question.where(*done, _mine(whose, actor, firm))) or 0


def _leads(session: Session, actor: Rep, firm: bool, start: int, end: int) -> int:
    """Leads that came of what a customer did, of nobody's typing."""
    opened = (DomainEvent.kind == "opened", DomainEvent.subject == "lead", DomainEvent.at >= start, DomainEvent.at < end, DomainEvent.rep_id.is_(None))
    question = select(func.count()).select_from(DomainEvent).join(Lead, Lead.id == DomainEvent.subject_id)
    return session.scalar(question.where(*opened, Lead.channel != PRACTICE, _mine(Lead.rep_id, actor, firm))) or 0


def _later(session: Session, actor: Rep, firm: bool, start: int, end: int) -> int:
    """Replies that left by themselves at the time a member had said."""
    left = (PlannedReply.state == PlannedState.SAID.value, PlannedReply.due_at >= start, PlannedReply.due_at < end)
    told = (
        DomainEvent.subject == "conversation",
        DomainEvent.subject_id == PlannedReply.conversation_id,
        DomainEvent.kind == f"planned_{PlannedState.SAID.value}",
    )
    at_its_time = (DomainEvent.at >= PlannedReply.due_at, DomainEvent.after == literal('{"planned": ') + cast(PlannedReply.id, String) + literal("}"))
    question = select(func.count()).select_from(PlannedReply).join(Conversation, Conversation.id == PlannedReply.conversation_id)
    question = question.where(*left, exists().where(*told, *at_its_time), Conversation.account != PRACTICE)
    return session.scalar(question.where(_mine(PlannedReply.rep_id, actor, firm))) or 0
