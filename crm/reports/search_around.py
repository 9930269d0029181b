"""A message that was found, in its thread: what was said before it and after it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from crm.base.actors import Actor
from crm.base.errors import NotFound, Taken
from crm.base.policy import Action
from crm.conversations.talk import held_by, holder
from crm.conversations.threads import POINTED, Author, Message, the
from crm.people.contacts import root_of
from crm.people.reps import Member
from crm.people.sight import Sight, sight_of

EACH = 3


@dataclass(frozen=True, slots=True)
class Heard:
    """One thing that was said; `who` is the member of staff who said it ("" = nobody of the staff)."""

    message_id: int
    author: Author
    kind: str
    who: str
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Nearby:
    """A message among its neighbours, in reading order, and whose thread it is."""

    conversation_id: int
    name: str
    lines: tuple[Heard, ...]


def around(session: Session, actor: Actor, message_id: int, each: int = EACH) -> Nearby:
    """So many messages before and after one, for who may see its thread; else `Taken` by whom."""
    sight = sight_of(session, actor, Action.FIND)
    message = session.get(Message, message_id)
    if message is None or message.deleted_at:
        raise NotFound
    conversation = the(session, message.conversation_id)
    root = root_of(session, conversation.contact_id)
    if root.blocked:
        raise NotFound
    if not sight.covers(held_by(session, conversation)):
        raise Taken(holder(session, conversation))
    before = _few(session, conversation.id, Message.id <= message_id, Message.id.desc(), each + 1)
    after = _few(session, conversation.id, Message.id > message_id, Message.id.asc(), each)
    return Nearby(conversation.id, sight.named(root.name or root.platform_name), _heard(session, sight, [*reversed(before), *after]))


def _few(session: Session, conversation_id: int, side: ColumnElement[bool], order: ColumnElement[int], most: int) -> Sequence[Message]:
    question = select(Message).where(Message.conversation_id == conversation_id, Message.deleted_at == 0, side)
    return session.scalars(question.order_by(order).limit(most)).all()


def _heard(session: Session, sight: Sight, messages: Sequence[Message]) -> tuple[Heard, ...]:
    staff = {one.rep_id for one in messages if one.rep_id}
    names = {row.id: row.name for row in session.execute(select(Member.id, Member.name).where(Member.id.in_(staff)))}
    return tuple(
        Heard(one.id, Author(one.author), one.kind, names.get(one.rep_id or 0, ""), sight.told(one.text, points=one.kind in POINTED), one.at)
        for one in messages
    )
