"""Orphans: open leads that nobody has, or about which nothing is planned; told to managers once a day."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from crm.base.actors import Actor, System
from crm.base.history import Change, DomainEvent, record
from crm.base.policy import Action
from crm.base.settings import Company
from crm.base.time import HOUR, instant, local
from crm.conversations.threads import Conversation, Status
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.outreach.sequences import Enrollment, EnrollmentState
from crm.people.calendars import firm_hours
from crm.people.contacts import Contact
from crm.people.pretended import ACCOUNT as PRACTICE
from crm.people.reps import Member
from crm.people.sight import sight_of
from crm.reports.paging import Page, Place
from crm.sales.deals import Deal
from crm.sales.leads import OPEN, Lead
from crm.sales.tasks import Task, TaskState

TOLD_AT, LATE_MS = 8, 3 * HOUR
"""The hour of the firm's day at which managers are told, and until when that still makes sense after an outage."""
SETTLES_MS = HOUR
"""A lead is given so long to be taken before it is called an orphan: the bot still talks with it."""
COUNTED_MOST = 500

_root, _kin, _keeper, _holder = aliased(Contact), aliased(Contact), aliased(Member), aliased(Member)
_statuses = [status.value for status in OPEN]
# As bare columns, states would tempt a planner without statistics to walk the index of all of them for each lead.
_task_state, _enrolled = func.coalesce(Task.state, ""), func.coalesce(Enrollment.state, "")


@dataclass(frozen=True, slots=True)
class Orphan:
    """An open lead with what it lacks."""

    lead_id: int
    conversation_id: int
    name: str
    owner: str
    created_at: int
    owned: bool
    planned: bool


def _of_person(column: InstrumentedAttribute[int]) -> tuple[ColumnElement[bool], ...]:
    """Something hangs on any of the contacts of the lead's person."""
    return (column == _kin.id, _kin.root_id == Lead.open_contact_id)


def has_owner() -> ColumnElement[bool]:
    """Somebody of the staff has accepted the lead, or has a conversation with the person."""
    accepted = exists().where(_keeper.id == Lead.rep_id, _keeper.active == 1)
    held = exists().where(
        *_of_person(Conversation.contact_id), Conversation.status != Status.CLOSED.value, _holder.id == Conversation.rep_id, _holder.active == 1
    )
    return or_(accepted.correlate(Lead), held.correlate(Lead))


def has_next_step() -> ColumnElement[bool]:
    """Something is to be done: a task about the person or a deal of the lead, a follow-up under way, or a customer who waits for an answer."""
    task = exists().where(*_of_person(Task.contact_id), _task_state == TaskState.OPEN.value)
    of_deal = exists().where(Deal.lead_id == Lead.id, Task.deal_id == Deal.id, _task_state == TaskState.OPEN.value)
    followed = exists().where(*_of_person(Enrollment.contact_id), _enrolled == EnrollmentState.ACTIVE.value)
    waits = exists().where(*_of_person(Conversation.contact_id), Conversation.waiting_since > 0, Conversation.status != Status.CLOSED.value)
    return or_(*(one.correlate(Lead) for one in (task, of_deal, followed, waits)))


def forgotten(now: int) -> list[ColumnElement[bool]]:
    """What makes a lead an orphan; a person who was shut out is nobody's to care for."""
    shut_out = exists().where(_root.id == Lead.open_contact_id, _root.blocked == 1).correlate(Lead)
    settled = Lead.created_at <= now - SETTLES_MS
    return [Lead.status.in_(_statuses), Lead.open_contact_id.is_not(None), Lead.channel != PRACTICE, settled, ~shut_out, or_(~has_owner(), ~has_next_step())]


def orphans(session: Session, actor: Actor, *, now: int, after: Place | None = None, limit: int = 6) -> Page[Orphan]:
    """The leads nobody has or nothing is planned about, the longest forgotten first, within the actor's sight."""
    sight = sight_of(session, actor, Action.SEE_LEADS)
    person = aliased(Contact)
    question = (
        select(Lead.id, Lead.conversation_id, Lead.created_at, person.name, person.platform_name, Member.name.label("owner"))
        .add_columns(has_owner().label("owned"), has_next_step().label("planned"))
        .join(person, person.id == Lead.open_contact_id)
        .outerjoin(Member, and_(Member.id == Lead.rep_id, Member.active == 1))
        .where(*forgotten(now), sight.rows(Lead.rep_id))
        .order_by(Lead.created_at, Lead.id)
        .limit(limit + 1)
    )
    if after:
        question = question.where(or_(Lead.created_at > after.at, and_(Lead.created_at == after.at, Lead.id > after.id)))
    found = session.execute(question).all()
    rows = tuple(
        Orphan(row.id, row.conversation_id, row.name or row.platform_name, row.owner or "", row.created_at, bool(row.owned), bool(row.planned))
        for row in found[:limit]
    )
    return Page(rows, Place(rows[-1].created_at, rows[-1].lead_id) if len(found) > limit else None)


def count_orphans(session: Session, *, now: int, most: int = COUNTED_MOST) -> int:
    """How many orphans there are, counted up to `most`."""
    some = select(Lead.id).where(*forgotten(now)).limit(most).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def orphans_due(session: Session, company: Company, *, now: int) -> int:
    """Write the notice to managers when the firm's morning has come, once on each day it is open; answers how many were written.

    Whether there is an orphan at all is read when it is shown: among 100,000 open leads that takes longer than the one writer may be held.
    """
    here = local(now, company.zone)
    begins = instant(here.replace(hour=TOLD_AT, minute=0, second=0, microsecond=0))
    opens = firm_hours(session, company, now=now)
    if not begins <= now <= begins + LATE_MS or (any(opens.days) and opens.on(here.date()) is None):
        return 0
    once = f"orphans:{here.date().isoformat()}"
    if session.scalar(select(DomainEvent.id).where(DomainEvent.once == once)):
        return 0
    record(session, Change("report", 0, "orphans", System("clock"), once=once), now=now)
    tell(session, [Notice(NoticeKind.ORPHANS, 0, once)], now=now)
    return 1
