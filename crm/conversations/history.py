"""A thread as the customer sees it: what they said and what of ours has begun to leave; for channels that show their own screen."""

import json
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from crm.base.events import MediaKind
from crm.base.outbound import Buttons, Media
from crm.conversations.desk import files_of
from crm.conversations.threads import Attachment, Author, Conversation, MediaState, Message
from crm.outbox.deliveries import Delivery, State
from crm.outbox.payload import unpack_buttons
from crm.people.reps import Member

BEGUN = tuple(state.value for state in (State.SENDING, State.SENT, State.DELIVERED, State.READ, State.UNKNOWN))
NEWEST = 500
KINDS = ("message", "press", "contact")


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a thread as its customer sees it; `rep` is the name of who answered."""

    message_id: int
    author: Author
    text: str
    at: int
    buttons: Buttons
    media: tuple[Media, ...]
    edited: bool
    rep: str
    external_id: str


def seen_by_customer(session: Session, account: str, address: str, after: int) -> list[Said]:
    """What a customer may see of their thread above a message, oldest first."""
    begun = select(Delivery.id).where(Delivery.message_id == Message.id, Delivery.desk == 0, Delivery.state.in_(BEGUN)).exists()
    messages = session.execute(
        select(Message, Member.name)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .outerjoin(Member, Member.id == Message.rep_id)
        .where(
            Conversation.account == account,
            Conversation.address == address,
            Message.id > after,
            Message.kind.in_(KINDS),
            or_(Message.author == Author.CONTACT.value, begun),
        )
        .order_by(Message.id.desc())
        .limit(NEWEST)
    ).all()
    files = files_of(session, [message.id for message, _ in messages])
    return [_said(message, rep or "", files.get(message.id, [])) for message, rep in reversed(messages)]


def _said(message: Message, rep: str, files: list[Attachment]) -> Said:
    media = tuple(Media(file.id, MediaKind(file.kind), file.name, file.mime, file.size) for file in files if file.state == MediaState.READY)
    buttons = unpack_buttons(json.loads(message.buttons)) if message.buttons else ()
    return Said(message.id, Author(message.author), message.text, message.at, buttons, media, bool(message.edited_at), rep, message.external_id or "")
