"""Day: a rep's plan: what is overdue, what is to be done today, who waits longest, which deals rot or should close; told when the firm opens."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import String, and_, cast, exists, func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from crm.base.actors import Rep, Role, System
from crm.base.history import Change, DomainEvent, record
from crm.base.policy import Action, may
from crm.base.settings import Company
from crm.base.time import DAY, HOUR, day_start, instant, local
from crm.conversations.threads import Conversation, Status
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.people.calendars import began_since
from crm.people.contacts import Contact
from crm.people.leave import Away, away_on
from crm.people.reps import Member, as_actor, authorise
from crm.people.sight import seen_by
from crm.sales.deals import Deal, DealState
from crm.sales.pipelines import Stage
from crm.sales.todo import Due, Which, tasks_for

TASKS, TALKS, DEALS, FREE = 50, 10, 20, 100
LATE_MS = 2 * HOUR
AT_ONCE = 10
"""How many plans one deed looks at: each takes three questions."""


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation of theirs that waits for an answer."""

    conversation_id: int
    name: str
    waiting_since: int


@dataclass(frozen=True, slots=True)
class Turning:
    """A deal of theirs that has stood too long in its stage (`rots`), or should close today or should have."""

    deal_id: int
    title: str
    stage: str
    rots: bool
    expected_on: str


@dataclass(frozen=True, slots=True)
class Day:
    """The plan of one day, each part the most urgent first; `free` is how many wait whom nobody has taken, for one who may take them.

    `away` are the colleagues who do not work today.
    """

    overdue: tuple[Due, ...] = ()
    today: tuple[Due, ...] = ()
    waiting: tuple[Talk, ...] = ()
    deals: tuple[Turning, ...] = ()
    free: int = 0
    away: tuple[Away, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing of their own to do."""
        return not (self.overdue or self.today or self.waiting or self.deals)


def day_of(session: Session, actor: Rep, company: Company, *, now: int) -> Day:
    """What this member has to do today by the clock where they work."""
    authorise(session, actor, Action.DO_TASK)
    zone = actor.zone or company.zone
    tomorrow = instant(local(day_start(now, zone), zone) + timedelta(days=1))
    due = tasks_for(session, actor, which=Which.MINE, limit=TASKS, before=tomorrow)
    late = tuple(one for one in due if one.due_at <= now)
    gone = tuple(away_on(session, company, now=now, but=(actor.id,)))
    return Day(late, tuple(due[len(late) :]), _waiting(session, actor), _turning(session, actor, zone, tomorrow, now), _free(session, actor), gone)


def plans_due(session: Session, company: Company, *, now: int) -> int:
    """Tell each member on duty who has something to do of their plan when their day has begun, once a day; answers how many were looked at."""
    once = f"plan:{local(now, company.zone).date().isoformat()}:"
    told = exists().where(DomainEvent.once == literal(once) + cast(Member.id, String))
    wanted = select(Member).where(Member.active == 1, Member.available == 1, Member.morning == 1, ~told).order_by(Member.id)
    begun = began_since(session, company, session.scalars(wanted.with_only_columns(Member.id)).all(), now - LATE_MS, now=now)
    members = session.scalars(wanted.where(Member.id.in_(sorted(begun)[:AT_ONCE]))).all() if begun else []
    busy = [one for one in members if may(Role(one.role), Action.DO_TASK) and not day_of(session, as_actor(one), company, now=now).empty]
    record(session, *(Change("rep", one.id, "plan", System("clock"), once=f"{once}{one.id}") for one in members), now=now)
    tell(session, [Notice(NoticeKind.PLAN, one.id, f"{once}{one.id}") for one in busy], now=now)
    return len(members)


def _waiting(session: Session, actor: Rep) -> tuple[Talk, ...]:
    root = aliased(Contact)
    rows = session.execute(
        select(Conversation.id, Conversation.waiting_since, root.name, root.platform_name)
        .join(Contact, Contact.id == Conversation.contact_id)
        .join(root, root.id == Contact.root_id)
        .where(Conversation.rep_id == actor.id, Conversation.status == Status.OPEN.value, Conversation.waiting_since > 0, root.blocked == 0)
        .order_by(Conversation.waiting_since, Conversation.id)
        .limit(TALKS)
    )
    return tuple(Talk(row.id, seen_by(actor).named(row.name or row.platform_name), row.waiting_since) for row in rows)


def _free(session: Session, actor: Rep) -> int:
    """How many wait whom nobody has taken, counted up to `FREE`."""
    if not may(actor.role, Action.TAKE):
        return 0
    root = aliased(Contact)
    waits = (
        select(Conversation.id)
        .join(Contact, Contact.id == Conversation.contact_id)
        .join(root, root.id == Contact.root_id)
        .where(Conversation.rep_id.is_(None), Conversation.status == Status.OPEN.value, Conversation.waiting_since > 0, root.blocked == 0)
        .limit(FREE)
    )
    return session.scalar(select(func.count()).select_from(waits.subquery())) or 0


def _turning(session: Session, actor: Rep, zone: str, tomorrow: int, now: int) -> tuple[Turning, ...]:
    today = local(now, zone).date().isoformat()
    rots = and_(Stage.rotting_days > 0, Deal.entered_at + Stage.rotting_days * DAY < tomorrow)
    rows = session.execute(
        select(Deal.id, Deal.title, Deal.expected_on, Stage.name, rots.label("rots"))
        .join(Stage, Stage.id == Deal.stage_id)
        .where(Deal.rep_id == actor.id, Deal.state == DealState.OPEN.value, or_(rots, and_(Deal.expected_on != "", Deal.expected_on <= today)))
        .order_by(Deal.entered_at, Deal.id)
        .limit(DEALS)
    )
    named = seen_by(actor).named
    return tuple(
        Turning(row.id, named(row.title), row.name, bool(row.rots), row.expected_on if row.expected_on and row.expected_on <= today else "") for row in rows
    )
