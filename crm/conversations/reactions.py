"""Reactions: a rep puts an emoji on a customer's message, puts another one in its place, or takes it away."""

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Rep
from crm.base.errors import Invalid, NotFound, Taken
from crm.base.history import Change, record
from crm.base.outbound import Lane, React, Say
from crm.base.policy import Action
from crm.base.rows import add, take_ids
from crm.conversations.talk import held_by, holder
from crm.conversations.threads import Author, Conversation, Kind, Message, the
from crm.outbox.deliveries import Delivery
from crm.outbox.notices import card, tell
from crm.outbox.payload import unpack
from crm.outbox.queue import Parcel, enqueue
from crm.people.reps import authorise

_ONE = (
    "[\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u25aa-\u27bf\u2934\u2935\u2b05-\u2b55\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001f1e5\U0001f200-\U0001faff]"
)
_TONED = f"{_ONE}\ufe0f?[\U0001f3fb-\U0001f3ff]?"
_EMOJI = re.compile(f"(?:[\U0001f1e6-\U0001f1ff]{{2}}|{_TONED}(?:\u200d{_TONED})*)")


def is_emoji(text: str) -> bool:
    """Whether a text is one emoji and nothing else; pure."""
    return _EMOJI.fullmatch(text.strip()) is not None


def shown_by(session: Session, account: str, address: str, external_id: int) -> int:
    """The customer's message that a post of ours in a staff chat shows (0 = it shows none, or is a card, which alone is dressed up)."""
    post = (Delivery.account == account, Delivery.address == address, Delivery.external_id == str(external_id), Delivery.desk == 1)
    wanted = select(Message.id, Delivery.payload).join(Delivery, Delivery.message_id == Message.id).where(*post, Message.author == Author.CONTACT.value)
    found = session.execute(wanted.order_by(Delivery.id.desc()).limit(1)).first()
    said = unpack(found.payload) if found and found.payload else None
    return found.id if found and isinstance(said, Say) and not said.html else 0


def react(session: Session, actor: Rep, message_id: int, emoji: str, *, once: str, now: int) -> int:
    """Put an emoji on a customer's message ("" = take it away); it takes nobody's conversation and answers nobody.

    Answers the number of its line in the thread; the same `once` answers the same. Raises `Taken` where somebody else has the conversation, `Invalid`
    for what is no emoji, `NotFound` for what is no message of a customer.
    """
    authorise(session, actor, Action.TALK)
    earlier = session.scalar(select(Message.id).where(Message.once == once))
    if earlier is not None:
        return earlier
    message = session.get(Message, message_id)
    if message is None or message.author != Author.CONTACT or not message.external_id:
        raise NotFound("no such message of a customer")
    if emoji and not is_emoji(emoji):
        raise Invalid
    conversation = the(session, message.conversation_id)
    if held_by(session, conversation) not in (None, actor.id):
        raise Taken(holder(session, conversation))
    return _put(session, actor, conversation, message, emoji.strip(), once=once, now=now)


def _put(session: Session, actor: Rep, conversation: Conversation, message: Message, emoji: str, *, once: str, now: int) -> int:
    number = next(take_ids(session, 1))
    row = {"id": number, "conversation_id": conversation.id, "author": Author.REP.value, "kind": Kind.REACTION.value, "rep_id": actor.id, "text": emoji}
    add(session, Message, [{**row, "reply_to": message.external_id, "at": now, "once": once}])
    parcel = Parcel(
        conversation.account,
        conversation.address,
        React(message.external_id or "", emoji),
        Lane.REPLY,
        f"react:{once}",
        conversation.id,
        number,
    )
    enqueue(session, [parcel], now=now)
    conversation.last_message_id = number
    session.flush()
    after = {"emoji": emoji, "on": message.id}
    record(session, Change("message", number, "reacted", actor, after=after), now=now)
    tell(session, [card(conversation.id)], now=now)
    return number
