"""Recall: an answer is called back while nothing of it has left; whoever it was for waits again, as if it had never been written."""

from sqlalchemy import ColumnElement, and_, exists, func, not_, or_, select, update
from sqlalchemy.orm import Session, aliased

from crm.base.actors import Rep
from crm.base.errors import Forbidden
from crm.base.history import Change, record
from crm.base.policy import Action
from crm.base.text import cut
from crm.conversations.talk import PREVIEW
from crm.conversations.threads import Attachment, Author, Conversation, Message, the
from crm.outbox.deliveries import Delivery, State
from crm.outbox.notices import card, tell
from crm.people.reps import authorise

_part = aliased(Delivery)
_parts = (_part.message_id == Message.id, _part.desk == 0)


def take_back(session: Session, actor: Rep, message_id: int, *, now: int) -> bool:
    """Call back an answer of one's own of which nothing has left yet; false, and nothing is changed, when some of it has."""
    authorise(session, actor, Action.TALK)
    message = session.get(Message, message_id)
    if message is None or message.rep_id != actor.id:
        raise Forbidden
    held = select(Delivery.id, Delivery.state).where(Delivery.message_id == message_id, Delivery.desk == 0, Delivery.state != State.CANCELLED.value)
    parts = session.execute(held.with_for_update(key_share=True)).all()
    if not parts or any(part.state != State.QUEUED for part in parts):
        return False
    gone = update(Delivery).where(Delivery.id.in_([part.id for part in parts]))
    session.execute(gone.values(state=State.CANCELLED.value, detail="cancelled", settled_at=now), execution_options={"synchronize_session": False})
    record(session, Change("message", message_id, "called_back", actor), now=now)
    conversation = the(session, message.conversation_id)
    _wait_again(session, conversation, message)
    _as_before(session, conversation, message)
    session.flush()
    tell(session, [card(message.conversation_id)], now=now)
    return True


def said_at(session: Session, message_id: int) -> tuple[int, int]:
    """In which conversation something was said, and when."""
    message = session.get_one(Message, message_id)
    return message.conversation_id, message.at


def partly_left(session: Session, message_id: int) -> bool:
    """Whether a part of an answer has left, or may have, while another part of it still waits."""
    states = set(session.scalars(select(Delivery.state).where(Delivery.message_id == message_id, Delivery.desk == 0)))
    return State.QUEUED in states and bool(states - {State.QUEUED, State.CANCELLED})


def _stands() -> ColumnElement[bool]:
    """What was called back is no answer, and no news either; what was said elsewhere has no deliveries at all."""
    return or_(not_(exists().where(*_parts)), exists().where(and_(*_parts, _part.state != State.CANCELLED.value)))


def _wait_again(session: Session, conversation: Conversation, message: Message) -> None:
    """A customer whose newest words have no other answer of the team's waits since they wrote them."""
    answers = (Message.conversation_id == conversation.id, Message.author == Author.REP.value, _stands())
    if session.scalar(select(Message.id).where(*answers, Message.id > message.id).limit(1)) is not None:
        return
    before = session.scalar(select(func.max(Message.id)).where(*answers, Message.id < message.id)) or 0
    heard = (Message.conversation_id == conversation.id, Message.author == Author.CONTACT.value, Message.id > before)
    since, count = session.execute(select(func.min(Message.at), func.count()).where(*heard)).one()
    if since:
        conversation.waiting_since, conversation.unread = min(conversation.waiting_since or since, since), max(conversation.unread, count)


def _as_before(session: Session, conversation: Conversation, message: Message) -> None:
    """What the answer had changed about its conversation says what it said before."""
    if conversation.first_answer_at == message.at:
        others = (Message.conversation_id == conversation.id, Message.author == Author.REP.value, Message.id > message.id, _stands())
        conversation.first_answer_at = session.scalar(select(func.min(Message.at)).where(*others)) or 0
    if conversation.last_message_id == message.id:
        said = select(Message).where(Message.conversation_id == conversation.id, Message.id < message.id, _stands())
        newest = session.scalar(said.order_by(Message.id.desc()).limit(1))
        conversation.last_message_id, conversation.preview = (newest.id, _preview(session, newest)) if newest else (0, "")


def _preview(session: Session, message: Message) -> str:
    file = select(Attachment.kind).where(Attachment.message_id == message.id).order_by(Attachment.id).limit(1)
    return cut(message.text or session.scalar(file) or "", PREVIEW)
