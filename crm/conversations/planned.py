"""Planned reply: what a rep wrote to be sent later; called back by them, or by itself where the customer writes first."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, func, select
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Rep, System
from crm.base.errors import DragomanError, Expired, Forbidden, Invalid, Stale, Taken, Unreachable
from crm.base.history import Change, record
from crm.base.policy import Action
from crm.base.rows import add_new, take_ids
from crm.base.settings import Company
from crm.base.table import Row
from crm.base.text import clean
from crm.base.time import DAY
from crm.conversations.talk import held_by, holder, reply
from crm.conversations.threads import Conversation, the
from crm.outbox.notices import Notice, NoticeKind, card, tell
from crm.people.contacts import family_of, root_of
from crm.people.reps import Member, as_actor, authorise

TEXT_MOST, AHEAD_MOST, WAITING_MOST, AT_ONCE = 4000, 366 * DAY, 20, 20
CLOCK = System("clock")


class PlannedState(StrEnum):
    """What became of a planned reply: it waits, has been said, was called back, gave way to the customer's words, or could not be said."""

    WAITING = "waiting"
    SAID = "said"
    CANCELLED = "cancelled"
    OVERTAKEN = "overtaken"
    FAILED = "failed"


class PlannedReply(Row):
    """One reply to be said later; `seen_id` is the newest of the customer's messages when it was begun, `unless_reply` = a newer one calls it back."""

    __tablename__ = "planned_replies"
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    rep_id: Mapped[int] = mapped_column(ForeignKey("reps.id"))
    text: Mapped[str]
    due_at: Mapped[int]
    unless_reply: Mapped[int]
    seen_id: Mapped[int]
    state: Mapped[str] = mapped_column(server_default="waiting")
    why: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[int]
    once: Mapped[str] = mapped_column(unique=True)
    __table_args__ = (Index("planned_replies_due", "due_at", sqlite_where=sql("state = 'waiting'"), postgresql_where=sql("state = 'waiting'")),)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be said, and when; `seen` is the newest of the customer's messages when it was begun (None = now)."""

    text: str
    due_at: int
    unless_reply: bool = True
    seen: int | None = None


def plan(session: Session, actor: Rep, conversation_id: int, wanted: Plan, *, once: str, now: int) -> PlannedReply:
    """Keep a reply until its time; the same `once` answers the same. Raises `Taken` where somebody else has the conversation, `Invalid` for no words."""
    authorise(session, actor, Action.TALK)
    conversation, said = the(session, conversation_id), clean(wanted.text, TEXT_MOST).strip()
    if held_by(session, conversation) not in (None, actor.id):
        raise Taken(holder(session, conversation))
    if root_of(session, conversation.contact_id).blocked:
        raise Forbidden("this customer is blocked: unblock them first")
    if not said or not now < wanted.due_at <= now + AHEAD_MOST:
        raise Invalid("a planned reply has words, and a time within a year")
    if len(planned_for(session, conversation_id)) >= WAITING_MOST:
        raise Invalid(f"{WAITING_MOST} replies are planned already")
    row = {"conversation_id": conversation_id, "rep_id": actor.id, "text": said, "due_at": wanted.due_at, "unless_reply": int(wanted.unless_reply)}
    number, seen = next(take_ids(session, 1)), heard_last(session, conversation) if wanted.seen is None else wanted.seen
    made = add_new(session, PlannedReply, [{"id": number, **row, "seen_id": seen, "created_at": now, "once": once}])
    found = session.scalars(select(PlannedReply).where(PlannedReply.once == once)).one()
    if made:
        record(session, Change("conversation", conversation_id, "planned", actor, after={"text": said, "due": wanted.due_at}), now=now)
        tell(session, [card(conversation_id)], now=now)
    return found


def call_back(session: Session, actor: Rep, planned_id: int, *, now: int) -> PlannedReply:
    """Say it after all not; raises `Expired` where it has been said, or ended otherwise."""
    return _turned(session, actor, planned_id, PlannedState.WAITING, PlannedState.CANCELLED, now=now)


def plan_again(session: Session, actor: Rep, planned_id: int, *, now: int) -> PlannedReply:
    """Undo that it was called back; raises `Expired` once its time is over."""
    return _turned(session, actor, planned_id, PlannedState.CANCELLED, PlannedState.WAITING, now=now)


def say_now(session: Session, actor: Rep, planned_id: int, *, now: int, sendable: Collection[str] = ()) -> int:
    """Say it at once, whatever the customer wrote since; answers the message's number. `sendable` = the accounts that can carry it (empty = all)."""
    row = _mine(session, actor, planned_id)
    if row.state == PlannedState.SAID:
        raise Expired
    _carried(the(session, row.conversation_id), sendable)
    number = reply(session, actor, row.conversation_id, row.text, once=f"planned:{row.id}", now=now)
    _end(session, row, PlannedState.SAID, "", now=now)
    return number


def planned_at(session: Session, actor: Rep, planned_id: int) -> PlannedReply:
    """A planned reply of this member's."""
    return _mine(session, actor, planned_id)


def planned_for(session: Session, conversation_id: int) -> list[PlannedReply]:
    """What waits to be said in a conversation, the next first."""
    waits = (PlannedReply.conversation_id == conversation_id, PlannedReply.state == PlannedState.WAITING.value)
    return list(session.scalars(select(PlannedReply).where(*waits).order_by(PlannedReply.due_at, PlannedReply.id)))


def heard_last(session: Session, conversation: Conversation) -> int:
    """The newest message of a customer on any of their channels."""
    family = family_of(session, conversation.contact_id)
    return session.scalar(select(func.max(Conversation.last_heard_id)).where(Conversation.contact_id.in_(family))) or 0


def say_due(session: Session, company: Company, *, now: int) -> int:
    """Say what is due, each once, or tell its author why not; answers how many were handled, so that whoever asks goes on until there are none."""
    due = select(PlannedReply).where(PlannedReply.state == PlannedState.WAITING.value, PlannedReply.due_at <= now)
    rows = session.scalars(due.order_by(PlannedReply.due_at, PlannedReply.id).limit(AT_ONCE)).all()
    for row in rows:
        _said(session, row, company, now=now)
    return len(rows)


def _said(session: Session, row: PlannedReply, company: Company, *, now: int) -> None:
    conversation, member = the(session, row.conversation_id), session.get_one(Member, row.rep_id)
    if row.unless_reply and heard_last(session, conversation) > row.seen_id:
        return _end(session, row, PlannedState.OVERTAKEN, "", now=now)
    try:
        _leave(session, row, conversation, member, company, now=now)  # what it refuses it refuses before it writes
    except (Taken, Forbidden, Stale, Unreachable) as error:
        return _end(session, row, PlannedState.FAILED, _why(error), now=now)
    return _end(session, row, PlannedState.SAID, "", now=now)


def _leave(session: Session, row: PlannedReply, conversation: Conversation, member: Member, company: Company, *, now: int) -> None:
    _carried(conversation, company.sendable)
    reply(session, as_actor(member), conversation.id, row.text, once=f"planned:{row.id}", now=now)


def _carried(conversation: Conversation, sendable: Collection[str]) -> None:
    if sendable and conversation.account not in sendable:
        raise Unreachable


def _why(error: DragomanError) -> str:
    """The kind of a refusal, and whom it names."""
    return f"{type(error).__name__}:{error.detail if isinstance(error, Taken) else ''}"


def _turned(session: Session, actor: Rep, planned_id: int, expected: PlannedState, state: PlannedState, *, now: int) -> PlannedReply:
    row = _mine(session, actor, planned_id)
    if row.state == state:
        return row
    if row.state != expected or row.due_at <= now:
        raise Expired
    _end(session, row, state, "", now=now, actor=actor)
    return row


def _mine(session: Session, actor: Rep, planned_id: int) -> PlannedReply:
    """A planned reply of this member's own; others' are not shown to them."""
    authorise(session, actor, Action.TALK)
    row = session.get(PlannedReply, planned_id)
    if row is None or row.rep_id != actor.id:
        raise Expired
    return row


def _end(session: Session, row: PlannedReply, state: PlannedState, why: str, *, now: int, actor: Rep | System = CLOCK) -> None:
    after = {"planned": row.id, **({"why": why} if why else {})}  # its words are on record once, where they are taken away with the person
    record(session, Change("conversation", row.conversation_id, f"planned_{state.value}", actor, after=after), now=now)
    row.state, row.why = state.value, why
    session.flush()
    news = [Notice(NoticeKind.PLANNED, row.id, f"planned:{row.id}")] if state in (PlannedState.OVERTAKEN, PlannedState.FAILED) else []
    tell(session, [card(row.conversation_id), *news], now=now)
