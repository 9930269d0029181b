"""Rest: a customer who writes and writes fills nobody's chat; what is beyond the first messages is counted, and shown as pages when it is asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from crm.base.actors import Rep
from crm.base.errors import Taken
from crm.base.policy import Action
from crm.conversations.talk import held_by, within_reach
from crm.conversations.threads import UPSET, Attachment, Author, Conversation, Kind, Message, the
from crm.outbox.notices import Notice, NoticeKind, card, tell
from crm.people.reps import authorise

POSTED = 20
"""So many messages since the holder's last word are posts of their own."""
_COUNTED = or_(Message.kind != Kind.REACTION.value, Message.text.in_(UPSET))
PAGE = 20


@dataclass(frozen=True, slots=True)
class Page:
    """Messages in reading order; `left` is how many came after them, `following` the first of those (0 = none)."""

    messages: tuple[Message, ...] = ()
    left: int = 0
    following: int = 0


def rest_of(conversation: Conversation) -> int:
    """How many messages wait beyond those that were posted."""
    return max(0, conversation.unread - POSTED)


def first_of_rest(session: Session, conversation: Conversation) -> int:
    """The oldest message that was not posted (0 = all were)."""
    return _oldest_of(session, conversation, rest_of(conversation))


def _oldest_of(session: Session, conversation: Conversation, newest: int) -> int:
    heard = select(Message.id).where(Message.conversation_id == conversation.id, Message.author == Author.CONTACT.value, _COUNTED)
    return session.scalar(heard.order_by(Message.id.desc()).offset(newest - 1).limit(1)) or 0 if newest else 0


def before_taking(session: Session, conversation: Conversation) -> list[Notice]:
    """What to tell whoever takes a conversation in which more was said than is posted: one post that counts it and shows it as pages."""
    first = _oldest_of(session, conversation, conversation.unread) if rest_of(conversation) else 0
    return [Notice(NoticeKind.MORE_HEARD, conversation.id, f"more:{conversation.id}:{first}", {"first": first})] if first else []


def beyond(session: Session, conversation_id: int, after: int) -> tuple[int, int]:
    """The first message of the customer after this one, and how many there are (0, 0 = none)."""
    heard = (Message.conversation_id == conversation_id, Message.author == Author.CONTACT.value, _COUNTED, Message.id > after)
    first, count = session.execute(select(func.min(Message.id), func.count()).where(*heard)).one()
    return first or 0, count


def read_on(session: Session, actor: Rep, conversation_id: int, first: int, fits: Callable[[Sequence[Message]], int], *, now: int) -> Page:
    """A page of what the customer wrote from the message `first` on (0 = from the oldest that was not posted); its files are posted.

    `fits` answers how many of the messages ahead a page has room for; at least one is shown. Where to read on is the caller's to keep: an answer or a
    closing loses nothing. With the holder's last page the counting begins anew; who may take over reads along and leaves the count alone.
    """
    conversation = _readable(session, actor, conversation_id)
    first = first or first_of_rest(session, conversation)
    heard = (Message.conversation_id == conversation.id, Message.author == Author.CONTACT.value, _COUNTED, Message.id >= first)
    ahead = session.scalars(select(Message).where(*heard).order_by(Message.id).limit(PAGE)).all() if first else []
    if not ahead:
        return Page()
    messages = tuple(ahead[: max(1, fits(ahead))])
    following, left = beyond(session, conversation.id, messages[-1].id)
    if conversation.rep_id == actor.id:
        conversation.unread = min(conversation.unread, POSTED + left) if left else 0
        session.flush()
    files = session.scalars(select(Attachment.message_id).where(Attachment.message_id.in_([message.id for message in messages])).distinct())
    tell(session, [*(Notice(NoticeKind.HEARD, number, f"heard:{number}") for number in sorted(files)), card(conversation.id)], now=now)
    return Page(messages, left, following)


def _readable(session: Session, actor: Rep, conversation_id: int) -> Conversation:
    """The conversation, for whoever has it or may take it over from them; else `Taken`, also where nobody has it."""
    authorise(session, actor, Action.TALK)
    if held_by(session, the(session, conversation_id)) is None:
        raise Taken
    return within_reach(session, actor, conversation_id)
