"""Offer: a waiting customer shown to one member of staff, who takes them or not; and what is told of those nobody is asked about."""

import json
from collections.abc import Iterable, Sequence
from enum import StrEnum

from sqlalchemy import Exists, Index, exists, select
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.rows import add_new, take_ids
from crm.base.table import Row
from crm.conversations.choosing import Reason
from crm.conversations.threads import Conversation
from crm.outbox.notices import Notice, NoticeKind, card, tell

_OPEN = sql("ended_at = 0")


class Outcome(StrEnum):
    """How an offer ended, or why nobody is asked."""

    OPEN = ""
    TAKEN = "taken"
    DECLINED = "declined"
    TIMEOUT = "timeout"
    GONE = "gone"
    """Somebody else took it, it was closed, or whoever was asked went off duty."""
    HANDED = "handed"
    """A colleague handed the conversation over, to somebody or to a team."""
    RETURNED = "returned"
    NOBODY = "nobody"
    """Nobody was at work."""
    FULL = "full"
    """Everybody at work had as many as they may have."""
    EVERYBODY = "everybody"
    """Everybody at work was asked, and nobody took it: it is anybody's."""


class Offer(Row):
    """One asking; `rep_id` None = nobody could be asked. `waiting_since` is the customer's wait it belongs to, `until` when the next one is asked (0 = never).

    `why` is a JSON list of `Reason`; `given_by` is who handed the conversation over (None = it came from the queue), `team_before` the queue it came from.
    """

    __tablename__ = "offers"
    conversation_id: Mapped[int]
    rep_id: Mapped[int | None]
    team_id: Mapped[int | None]
    given_by: Mapped[int | None]
    team_before: Mapped[int | None]
    why: Mapped[str] = mapped_column(server_default="")
    waiting_since: Mapped[int] = mapped_column(server_default="0")
    offered_at: Mapped[int]
    until: Mapped[int] = mapped_column(server_default="0")
    ended_at: Mapped[int] = mapped_column(server_default="0")
    outcome: Mapped[str] = mapped_column(server_default="")
    __table_args__ = (
        Index("offers_conversation", "conversation_id", "id"),
        Index("offers_open", "ended_at", "until", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("offers_one", "conversation_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    )


def reasons_of(offer: Offer) -> list[Reason]:
    """Why it was offered as it was."""
    return [Reason(int(rep_id), str(kind), str(value)) for rep_id, kind, value in json.loads(offer.why or "[]")]


def offer(session: Session, conversation: Conversation, rep_id: int | None, why: Sequence[Reason], *, until: int, outcome: Outcome, now: int) -> int:
    """Ask a member, or write down why nobody is asked; answers the number of the offer, 0 where somebody is asked already."""
    number = next(take_ids(session, 1))
    row = {"id": number, "conversation_id": conversation.id, "rep_id": rep_id, "team_id": conversation.team_id, "waiting_since": conversation.waiting_since}
    packed = json.dumps([one.packed() for one in why], ensure_ascii=False)
    ended = 0 if outcome is Outcome.OPEN else now
    if not add_new(session, Offer, [{**row, "why": packed, "offered_at": now, "until": until, "ended_at": ended, "outcome": outcome.value}]):
        return 0
    asked = [Notice(NoticeKind.OFFERED, number, f"offered:{number}")] if rep_id else []
    tell(session, [*asked, card(conversation.id, urgent=True)], now=now)
    return number


def latest(session: Session, conversation_id: int, *, waiting_since: int) -> Offer | None:
    """The newest offer of a customer's wait."""
    found = session.scalar(select(Offer).where(Offer.conversation_id == conversation_id).order_by(Offer.id.desc()).limit(1))
    return found if found and found.waiting_since == waiting_since else None


def explained(session: Session, conversation_id: int) -> Offer | None:
    """The newest offer of a conversation that says why somebody was asked, or why nobody was."""
    question = select(Offer).where(Offer.conversation_id == conversation_id, Offer.why != "")
    return session.scalar(question.order_by(Offer.id.desc()).limit(1))


def put_by_hand() -> Exists:
    """The condition that somebody has put a conversation into a queue, so that its channel does not any more."""
    return exists().where(Offer.conversation_id == Conversation.id, Offer.given_by.is_not(None), Offer.rep_id.is_(None))


def given_back(session: Session, conversation: Conversation, rep_id: int, *, now: int) -> None:
    """Whoever gives a conversation back to the queue is not asked at once again."""
    if not conversation.waiting_since:
        return
    row = {"conversation_id": conversation.id, "rep_id": rep_id, "team_id": conversation.team_id, "waiting_since": conversation.waiting_since}
    ended = {"offered_at": now, "ended_at": now, "outcome": Outcome.RETURNED.value}
    add_new(session, Offer, [{"id": next(take_ids(session, 1)), **row, **ended}])


def end(session: Session, ended: Iterable[Offer], outcome: Outcome, *, now: int) -> None:
    """Offers are over; what was posted of them is drawn again."""
    told = []
    for one in ended:
        one.ended_at, one.outcome = one.ended_at or now, outcome.value
        told.append(Notice(NoticeKind.OFFERED, one.id, f"offered:{one.id}", urgent=False))
    session.flush()
    tell(session, told, now=now)
