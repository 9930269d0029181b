"""Today: the day of the firm on one screen."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from crm.base.actors import Actor
from crm.base.installation import held_since
from crm.base.policy import Action
from crm.base.seals import anchor
from crm.base.settings import Company
from crm.base.time import DAY, HOUR, day_start
from crm.conversations.threads import Author, Conversation, Kind, Message, Status
from crm.outbox.deliveries import Delivery, State
from crm.outreach.sequences import Enrollment, EnrollmentState, SequenceState
from crm.outreach.sequences import Sequence as FollowUps
from crm.people.contacts import Contact
from crm.people.pretended import ACCOUNT as PRACTICE
from crm.people.reps import authorise
from crm.sales.leads import Lead, LeadStatus

SHOWN = 5

_own, _root = aliased(Contact), aliased(Contact)


@dataclass(frozen=True, slots=True)
class Unanswered:
    """One customer who waits for a person."""

    conversation_id: int
    name: str
    channel: str
    waits_ms: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """Messages of one channel account: heard from customers, said by us."""

    channel: str
    heard: int
    said: int


@dataclass(frozen=True, slots=True)
class Today:
    """The local day of the company so far; durations in milliseconds, None where nothing was measured.

    A first response is a person's first answer in a thread that began today; the bot's answers do not count.
    """

    since: int
    new_leads: int
    unanswered: int
    oldest_ms: int
    waiting: tuple[Unanswered, ...]
    answered: int
    response_median_ms: int | None
    response_p90_ms: int | None
    traffic: tuple[Traffic, ...]
    follow_ups_due: int
    failed: int
    unknown: int
    parked: int
    held_since: int = 0
    seal: str = ""


def today(session: Session, actor: Actor, company: Company, *, now: int, parked: int = 0) -> Today:
    """Report the day; `parked` is the number of parked events, which the inbox counts."""
    authorise(session, actor, Action.SEE_REPORTS)
    since = day_start(now, company.zone)
    waiting = _waiting(session, now)
    count, oldest = _unanswered(session, now)
    responses = _responses(session, since)
    troubled = _troubled(session, since)
    return Today(
        since=since,
        new_leads=_new_leads(session, since),
        unanswered=count,
        oldest_ms=oldest,
        waiting=waiting,
        answered=len(responses),
        response_median_ms=percentile(responses, 50),
        response_p90_ms=percentile(responses, 90),
        traffic=_traffic(session, since),
        follow_ups_due=_due(session, day_start(since + DAY + 2 * HOUR, company.zone)),
        failed=troubled.get(State.FAILED, 0),
        unknown=troubled.get(State.UNKNOWN, 0),
        parked=parked,
        held_since=held_since(session),
        seal=anchor(session),
    )


def percentile(values: Sequence[int], share: int) -> int | None:
    """The nearest-rank percentile; None of nothing; pure."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)] if ordered else None


def _new_leads(session: Session, since: int) -> int:
    return session.scalar(select(func.count()).select_from(Lead).where(Lead.created_at >= since, Lead.status != LeadStatus.SPAM, Lead.channel != PRACTICE)) or 0


def _unanswered(session: Session, now: int) -> tuple[int, int]:
    question = select(func.count(), func.min(Conversation.waiting_since)).select_from(Conversation)
    waits = (Conversation.waiting_since > 0, _root.blocked == 0, Conversation.account != PRACTICE)
    count, oldest = session.execute(question.join(_own, _own.id == Conversation.contact_id).join(_root, _root.id == _own.root_id).where(*waits)).one()
    return count, now - oldest if oldest else 0


def _waiting(session: Session, now: int) -> tuple[Unanswered, ...]:
    rows = session.execute(
        select(Conversation.id, Conversation.account, Conversation.waiting_since, _root.name, _root.platform_name)
        .join(_own, _own.id == Conversation.contact_id)
        .join(_root, _root.id == _own.root_id)
        .where(Conversation.waiting_since > 0, _root.blocked == 0, Conversation.account != PRACTICE)
        .order_by(Conversation.waiting_since, Conversation.id)
        .limit(SHOWN)
    )
    return tuple(Unanswered(row.id, row.name or row.platform_name, row.account, now - row.waiting_since) for row in rows)


def _responses(session: Session, since: int) -> list[int]:
    """How long people who first wrote today waited for a person; `last_at` is indexed and never earlier than the first word."""
    recent = (Conversation.status.in_([status.value for status in Status]), Conversation.last_at >= since, Conversation.account != PRACTICE)
    rows = session.execute(
        select(Conversation.first_answer_at - Conversation.first_heard_at).where(
            *recent, Conversation.first_heard_at >= since, Conversation.first_answer_at > 0
        )
    )
    return [max(0, row[0]) for row in rows]


def _traffic(session: Session, since: int) -> tuple[Traffic, ...]:
    heard = func.count().filter(Message.author == Author.CONTACT.value)
    said = func.count().filter(Message.author.in_((Author.BOT.value, Author.REP.value)), Message.kind != Kind.REACTION.value)
    rows = session.execute(
        select(Conversation.account, heard, said)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Message.at >= since, Conversation.account != PRACTICE)
        .group_by(Conversation.account)
        .order_by(Conversation.account)
    )
    return tuple(Traffic(row[0], row[1], row[2]) for row in rows)


def _due(session: Session, before: int) -> int:
    running = select(FollowUps.id).where(FollowUps.state == SequenceState.RUNNING.value)
    mine = (Enrollment.state == EnrollmentState.ACTIVE.value, Enrollment.due_at < before, Enrollment.sequence_id.in_(running))
    return session.scalar(select(func.count()).select_from(Enrollment).where(*mine)) or 0


def _troubled(session: Session, since: int) -> dict[str, int]:
    """What was said today to customers and failed, or nobody knows."""
    rows = session.execute(
        select(Delivery.state, func.count())
        .select_from(Message)
        .join(Delivery, Delivery.message_id == Message.id)
        .where(Message.at >= since, Delivery.desk == 0, Delivery.state.in_((State.FAILED.value, State.UNKNOWN.value)))
        .group_by(Delivery.state)
    )
    return {row[0]: row[1] for row in rows}
