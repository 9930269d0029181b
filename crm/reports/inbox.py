"""The inbox as a list: threads that want attention, or those a rep has; newest first."""

from dataclasses import dataclass

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, aliased

from crm.base.actors import Rep
from crm.base.policy import Action
from crm.conversations.threads import Conversation, Status
from crm.people.contacts import Contact
from crm.people.pretended import ACCOUNT as PRACTICE
from crm.people.reps import Member
from crm.people.sight import sight_of
from crm.reports.paging import Page, Place

_own, _root = aliased(Contact), aliased(Contact)


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One thread in a menu; `waits_ms` is how long the customer has waited for a person (0 = they do not), `rep` who has it ("" = nobody)."""

    conversation_id: int
    name: str
    channel: str
    preview: str
    unread: int
    waits_ms: int
    rep: str
    snoozed_until: int
    last_at: int


def inbox(session: Session, actor: Rep, *, mine: bool, now: int, after: Place | None = None, limit: int = 8) -> Page[InboxRow]:
    """The open threads, or with `mine` those this rep has, put off ones included."""
    sight = sight_of(session, actor, Action.TALK)
    statuses = [Status.OPEN.value, Status.SNOOZED.value] if mine else [Status.OPEN.value]
    question = (
        select(Conversation, _root.name, _root.platform_name, Member.name.label("rep"))
        .join(_own, _own.id == Conversation.contact_id)
        .join(_root, _root.id == _own.root_id)
        .outerjoin(Member, Member.id == Conversation.rep_id)
        .where(Conversation.status.in_(statuses), _root.blocked == 0, sight.rows(Conversation.rep_id))
        .where(or_(Conversation.account != PRACTICE, Conversation.rep_id == actor.id))
        .order_by(Conversation.last_at.desc(), Conversation.id.desc())
        .limit(limit + 1)
    )
    if mine:
        question = question.where(Conversation.rep_id == actor.id)
    if after:
        question = question.where(or_(Conversation.last_at < after.at, and_(Conversation.last_at == after.at, Conversation.id < after.id)))
    found = session.execute(question).all()
    rows = tuple(_row(thread, sight.named(name or platform), rep or "", now) for thread, name, platform, rep in found[:limit])
    return Page(rows, Place(rows[-1].last_at, rows[-1].conversation_id) if len(found) > limit else None)


def _row(thread: Conversation, name: str, rep: str, now: int) -> InboxRow:
    waits = now - thread.waiting_since if thread.waiting_since else 0
    return InboxRow(thread.id, name, thread.account, thread.preview, thread.unread, waits, rep, thread.snoozed_until, thread.last_at)
