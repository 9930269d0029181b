"""Clockwork: what happened meanwhile, which makes a rule's wait needless or begins it anew; asked when the wait is over, so that it costs nothing."""

from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.base.history import DomainEvent
from crm.conversations.threads import Author, Conversation, Message
from crm.people.contacts import Identity, family_of
from crm.rules.facts import Subject
from crm.rules.plans import After, Unless
from crm.sales.tasks import Task

MOVES = ("stage", "won", "lost", "reopened")
TAKEN = ("taken", "taken_over", "closed")


def still_due(session: Session, about: Subject, after: After, since: int, due_at: int) -> int:
    """When a wait that was over at `due_at` is over now: then, or later where it began anew; 0 = it is needless."""
    latest = max((_latest(session, about, one, since) for one in after.unless), default=0)
    if latest <= since:
        return due_at
    return latest + after.ms if after.again else 0


def _latest(session: Session, about: Subject, what: Unless, since: int) -> int:
    """The newest instant after another at which this happened (0 = it did not)."""
    family = family_of(session, about.contact_id) if about.contact_id else []
    match what:
        case Unless.HEARD:
            return session.scalar(select(func.max(Identity.last_inbound_at)).where(Identity.contact_id.in_(family))) or 0
        case Unless.SAID:
            return _said(session, family, since)
        case Unless.MOVED:
            return _changed(session, "deal", [about.deal_id] if about.deal_id else [], MOVES, since)
        case Unless.TASK:
            mine = session.execute(select(func.max(Task.created_at), func.max(Task.done_at)).where(Task.contact_id.in_(family))).one()
            return max(mine[0] or 0, mine[1] or 0)
        case Unless.TAKEN:
            talks = session.scalars(select(Conversation.id).where(Conversation.contact_id.in_(family))).all()
            return _changed(session, "conversation", talks, TAKEN, since)


def _said(session: Session, family: Collection[int], since: int) -> int:
    talks = session.scalars(select(Conversation.id).where(Conversation.contact_id.in_(family), Conversation.last_at > since)).all()
    return session.scalar(select(func.max(Message.at)).where(Message.conversation_id.in_(talks), Message.author == Author.REP.value, Message.at > since)) or 0


def _changed(session: Session, subject: str, numbers: Collection[int], kinds: Collection[str], since: int) -> int:
    about = (DomainEvent.subject == subject, DomainEvent.subject_id.in_(numbers), DomainEvent.kind.in_(kinds), DomainEvent.at > since)
    return session.scalar(select(func.max(DomainEvent.at)).where(*about)) or 0
