"""Parked: events that failed five times, kept with their bytes and error until a manager retries or drops them."""

from dataclasses import dataclass

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from crm.base.actors import Actor
from crm.base.errors import NotFound
from crm.base.history import Change, record
from crm.base.policy import Action
from crm.base.rows import add_new, take_ids
from crm.base.tallies import Count, count
from crm.base.wakes import DESK, INBOX, wake
from crm.conversations.threads import Author, Conversation, Message
from crm.inbox.log import RawEventRow, Waiting
from crm.outbox.notices import card, tell
from crm.people.reps import authorise

LOST = "lost"
_PARKED = (
    select(Waiting.event_id, RawEventRow.account, RawEventRow.received_at, Waiting.error)
    .join(RawEventRow, RawEventRow.id == Waiting.event_id)
    .where(Waiting.parked == 1)
    .order_by(Waiting.event_id)
)


@dataclass(frozen=True, slots=True)
class Parked:
    """One parked event, as a manager sees it."""

    event_id: int
    account: str
    received_at: int
    error: str


def placeholder(session: Session, event_id: int, account: str, lane: str, *, now: int) -> None:
    """Show in the thread that something could not be read; a lane whose thread is not known has none to show it in."""
    address = lane.removeprefix(account + ":")
    conversation = session.scalar(select(Conversation).where(Conversation.account == account, Conversation.address == address).limit(1))
    if conversation is None:
        return
    row = {"conversation_id": conversation.id, "author": Author.SYSTEM.value, "kind": LOST, "text": "", "at": now, "once": f"parked:{event_id}"}
    add_new(session, Message, [{"id": next(take_ids(session, 1)), **row}])
    tell(session, [card(conversation.id)], now=now)


def parked(session: Session, actor: Actor, *, limit: int = 10) -> list[Parked]:
    """The oldest parked events."""
    authorise(session, actor, Action.SETTLE_PARKED)
    return [Parked(row.event_id, row.account, row.received_at, row.error or "") for row in session.execute(_PARKED.limit(limit))]


def parked_one(session: Session, actor: Actor, event_id: int) -> Parked | None:
    """One event, while it is parked."""
    authorise(session, actor, Action.SETTLE_PARKED)
    row = session.execute(_PARKED.where(Waiting.event_id == event_id)).first()
    return Parked(row.event_id, row.account, row.received_at, row.error or "") if row else None


def count_parked(session: Session) -> int:
    """How many events are parked."""
    return session.scalar(select(func.count()).select_from(Waiting).where(Waiting.parked == 1)) or 0


def retry(session: Session, actor: Actor, event_id: int, *, now: int) -> None:
    """Let a parked event be tried again, five times more."""
    authorise(session, actor, Action.SETTLE_PARKED)
    done = session.execute(
        update(Waiting).where(Waiting.event_id == event_id, Waiting.parked == 1).values(parked=0, attempts=0, due_at=0).returning(Waiting.desk)
    ).first()
    if done is None:
        raise NotFound("this event is not parked any more")
    record(session, Change("event", event_id, "retried", actor), now=now)
    wake(session, DESK if done.desk else INBOX)


def drop(session: Session, actor: Actor, event_id: int, *, now: int) -> None:
    """Give a parked event up; its bytes stay."""
    authorise(session, actor, Action.SETTLE_PARKED)
    account = session.scalar(select(RawEventRow.account).where(RawEventRow.id == event_id))
    done = session.execute(delete(Waiting).where(Waiting.event_id == event_id, Waiting.parked == 1).returning(Waiting.event_id)).first()
    if done is None or account is None:
        raise NotFound("this event is not parked any more")
    count(session, {(account, Count.DROPPED): 1}, now=now)
    record(session, Change("event", event_id, "dropped", actor), now=now)
