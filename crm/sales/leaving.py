"""Leaving, with what was being sold: whoever goes leaves no lead or deal behind that nobody looks after, besides what `conversations.leaving` gives back."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session, aliased

from crm.base.actors import Actor, Rep, System
from crm.base.history import Change, record
from crm.conversations import leaving
from crm.conversations.threads import Conversation, Status
from crm.outbox.notices import Notice, NoticeKind, card, tell
from crm.people.contacts import Contact
from crm.people.reps import Member
from crm.people.team import guests_over
from crm.sales.deals import Deal, DealState
from crm.sales.leads import OPEN, Lead

CAUSE = "left the team"
REDRAWN = 200
CLOCK = System("clock")


@dataclass(frozen=True, slots=True)
class Handed:
    """Who left, and how many open conversations, leads and deals are nobody's now."""

    rep: Rep
    conversations: int
    leads: int
    deals: int


def leave(session: Session, actor: Actor, rep_id: int, surface: str, *, now: int) -> Handed:
    """Remove a member and hand back everything open they had; conversations and tasks: see `conversations.leaving.leave`."""
    rep, conversations = leaving.leave(session, actor, rep_id, surface, now=now)
    leads = _free(session, actor, Lead, rep_id, [status.value for status in OPEN], now=now)
    deals = _free(session, actor, Deal, rep_id, [DealState.OPEN.value], now=now)
    _redraw(session, leads, deals, now=now)
    return Handed(rep, conversations, len(leads), len(deals))


def show_out(session: Session, surface: str, *, now: int) -> int:
    """The guests whose time is over leave, and managers hear of it; answers how many."""
    over = guests_over(session, now=now)
    for number in over:
        name = session.get_one(Member, number).name
        leave(session, CLOCK, number, surface, now=now)
        tell(session, [Notice(NoticeKind.GUEST_OVER, number, f"guest_over:{number}:{now}", {"name": name})], now=now)
    return len(over)


def _free(session: Session, actor: Actor, table: type[Lead] | type[Deal], rep_id: int, open_ones: Sequence[str], *, now: int) -> list[int]:
    column = table.status if table is Lead else table.state  # type: ignore[union-attr]
    mine = (table.rep_id == rep_id, column.in_(open_ones))
    ids = list(session.scalars(select(table.id).where(*mine).order_by(table.id)))
    session.execute(update(table).where(*mine).values(rep_id=None), execution_options={"synchronize_session": False})
    session.expire_all()
    subject = table.__tablename__.removesuffix("s")
    record(session, *(Change(subject, number, "rep", actor, {"rep": rep_id}, {"rep": None}, cause=CAUSE) for number in ids), now=now)
    return ids


def _redraw(session: Session, leads: Sequence[int], deals: Sequence[int], *, now: int) -> None:
    """The cards on which any of it stands are drawn again."""
    own, other = aliased(Contact), aliased(Contact)
    people = select(other.id).join(own, own.root_id == other.root_id).join(Deal, Deal.contact_id == own.id).where(Deal.id.in_(deals))
    asked = (
        select(Lead.conversation_id).where(Lead.id.in_(leads)),
        select(Conversation.id).where(Conversation.contact_id.in_(people), Conversation.status != Status.CLOSED.value),
    )
    shown = {number for question in asked for number in session.scalars(question.limit(REDRAWN)) if number}
    tell(session, [card(number) for number in sorted(shown)], now=now)
