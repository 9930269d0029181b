"""Talk: the second door. Everything said to a customer passes here and becomes a message with its deliveries."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.base.actors import Actor, Rep
from crm.base.errors import Forbidden, Late, NotFound, Stale, Taken, Unreachable
from crm.base.events import MediaRef
from crm.base.history import Change, record
from crm.base.outbound import ApprovedTemplate, Buttons, Edit, Lane, Media, Say
from crm.base.policy import Action
from crm.base.rows import add, among, ask, take_ids
from crm.base.text import clean, cut
from crm.base.wakes import MEDIA, wake
from crm.conversations.threads import Attachment, Author, Conversation, Message, the
from crm.outbox.deliveries import Delivery, State
from crm.outbox.notices import Notice, NoticeKind, card, tell
from crm.outbox.payload import pack, pack_buttons, unpack
from crm.outbox.queue import PENDING, Parcel, enqueue
from crm.people.contacts import SHELF, root_of
from crm.people.pretended import ACCOUNT as PRACTICE
from crm.people.reps import Member, authorise
from crm.people.sight import sight_of

SAID = select(Message.once).where(among(Message.once, "keys"))
PREVIEW = 120
FILES_BEFORE = 5


@dataclass(frozen=True, slots=True)
class Saying:
    """One thing to say in a conversation; `once` makes saying it twice impossible; a batch gives the number, so that answers stand between what was heard."""

    conversation_id: int
    account: str
    address: str
    text: str
    author: Author
    lane: Lane
    once: str
    buttons: Buttons = ()
    message_id: int | None = None
    rep_id: int | None = None
    batch_id: int | None = None
    reply_to: str = ""
    media: MediaRef | None = None
    media_account: str = ""
    due_at: int = 0
    approved: ApprovedTemplate | None = None


def say_many(session: Session, sayings: Sequence[Saying], *, now: int) -> int:
    """Store messages and queue their deliveries; answers how many were new."""
    if not sayings:
        return 0
    said = {row.once for row in ask(session, SAID, {"keys": [saying.once for saying in sayings]})}
    new = [saying for saying in sayings if saying.once not in said]
    ids = take_ids(session, 2 * len(new))
    numbered = [(saying.message_id or next(ids), next(ids), saying) for saying in new]
    add(session, Message, [_message(number, saying, now) for number, _, saying in numbered])
    files = [(number, file, saying) for number, file, saying in numbered if saying.media]
    add(session, Attachment, [_attachment(file, number, saying) for number, file, saying in files])
    if files:
        wake(session, MEDIA)
    enqueue(session, [_parcel(number, file, saying) for number, file, saying in numbered], now=now)
    return len(new)


def _message(number: int, saying: Saying, now: int) -> dict[str, Any]:
    return {
        "id": number,
        "conversation_id": saying.conversation_id,
        "author": saying.author.value,
        "rep_id": saying.rep_id,
        "text": saying.text,
        "buttons": json.dumps(pack_buttons(saying.buttons), ensure_ascii=False) if saying.buttons else "",
        "at": now,
        "once": saying.once,
        "lane": int(saying.lane),
    }


def _attachment(file: int, number: int, saying: Saying) -> dict[str, Any]:
    assert saying.media
    return {
        "id": file,
        "message_id": number,
        "account": saying.media_account,
        "kind": saying.media.kind.value,
        "ref": saying.media.ref,
        "name": saying.media.name,
        "mime": saying.media.mime,
        "size": saying.media.size,
    }


def _parcel(number: int, file: int, saying: Saying) -> Parcel:
    ref = saying.media
    media = Media(file, ref.kind, ref.name, ref.mime, ref.size) if ref else None
    said = Say(saying.text, media, saying.buttons, saying.reply_to, personal=saying.author is Author.REP)
    outbound = saying.approved or said
    return Parcel(
        saying.account,
        saying.address,
        outbound,
        saying.lane,
        f"say:{saying.once}",
        saying.conversation_id,
        number,
        saying.batch_id,
        due_at=saying.due_at,
        needs_media=media is not None,
    )


def reply(
    session: Session,
    actor: Rep,
    conversation_id: int,
    text: str,
    *,
    once: str,
    now: int,
    seen: int | None = None,
    media: MediaRef | None = None,
    media_account: str = "",
    approved: ApprovedTemplate | None = None,
    delay_ms: int = 0,
    buttons: Buttons = (),
) -> int:
    """A rep answers a customer; takes the conversation when nobody has it. `seen` is the newest message the rep could see: newer ones raise `Stale`.

    Answers the message's number; the same `once` answers the same and changes nothing. `approved` is what leaves in the words' place; it leaves after
    `delay_ms`, until when it can be called back.
    """
    authorise(session, actor, Action.TALK)
    earlier = session.scalar(select(Message.id).where(Message.once == once))
    if earlier is not None:
        return earlier
    conversation = the(session, conversation_id)
    had_by = held_by(session, conversation)
    if had_by not in (None, actor.id):
        raise Taken(holder(session, conversation))
    if root_of(session, conversation.contact_id).blocked:
        raise Forbidden("this customer is blocked: unblock them first")
    if conversation.account == SHELF:
        raise Unreachable
    if seen is not None and conversation.last_heard_id > seen:
        raise Stale
    if had_by is None:
        record(session, Change("conversation", conversation.id, "taken", actor, after={"by": "reply"}), now=now)
        show_files(session, conversation.id, now=now)
    number = next(take_ids(session, 1))
    to = (conversation.account, conversation.address)
    told = Saying(conversation.id, *to, clean(text), Author.REP, Lane.REPLY, once, message_id=number, rep_id=actor.id, approved=approved, buttons=buttons)
    say_many(session, [replace(told, media=media, media_account=media_account, due_at=now + delay_ms if delay_ms else 0)], now=now)
    conversation.rep_id, conversation.last_at, conversation.last_message_id = actor.id, now, number
    conversation.preview, conversation.unread, conversation.waiting_since, conversation.person_called = cut(clean(text), PREVIEW), 0, 0, 0
    conversation.first_answer_at = conversation.first_answer_at or now
    session.flush()
    tell(session, [card(conversation.id)], now=now)
    return number


def show_files(session: Session, conversation_id: int, *, now: int) -> None:
    """Whoever has just taken a conversation gets the customer's files of before, which a card can only name."""
    files = (
        select(Message.id)
        .join(Attachment, Attachment.message_id == Message.id)
        .where(Message.conversation_id == conversation_id, Message.author == Author.CONTACT.value)
        .distinct()
        .order_by(Message.id.desc())
        .limit(FILES_BEFORE)
    )
    tell(session, [Notice(NoticeKind.HEARD, number, f"heard:{number}") for number in sorted(session.scalars(files))], now=now)


def held_by(session: Session, conversation: Conversation) -> int | None:
    """Who has a conversation (None = nobody, or somebody who has left the team since it was closed)."""
    member = _had_by(session, conversation)
    return member.id if member and member.active else None


def holder(session: Session, conversation: Conversation) -> str:
    """The name of the one who has a conversation, or had it when they left ("" = nobody)."""
    member = _had_by(session, conversation)
    return member.name if member else ""


def _had_by(session: Session, conversation: Conversation) -> Member | None:
    return session.get(Member, conversation.rep_id) if conversation.rep_id else None


def within_reach(session: Session, actor: Rep, conversation_id: int) -> Conversation:
    """The conversation, unless somebody outside the actor's sight has it: then `Taken` by whom."""
    conversation = the(session, conversation_id)
    alone(conversation, actor)
    had_by = held_by(session, conversation)
    if had_by not in (None, actor.id) and not sight_of(session, actor, Action.TALK).covers(had_by):
        raise Taken(holder(session, conversation))
    return conversation


def alone(conversation: Conversation, actor: Rep) -> None:
    """Refuse whoever has not begun a conversation that is there to practise: it is nobody else's, not even a manager's."""
    if conversation.account == PRACTICE and conversation.rep_id != actor.id:
        raise NotFound("no such conversation")


def edit(session: Session, actor: Actor, message_id: int, text: str, *, once: str, now: int, said_at: int = 0) -> bool:
    """Change a message a rep sent; what still waits leaves with the new words, what left is edited there. False when nothing changed.

    `said_at` is the platform's own instant of the edit: one that arrives after a newer one raises `Late`, whatever order they came in.
    """
    message = session.get(Message, message_id)
    if message is None or not isinstance(actor, Rep) or message.rep_id != actor.id:
        raise Forbidden
    authorise(session, actor, Action.TALK)
    text = clean(text)
    if message.text == text:
        return False
    if said_at and message.edited_at > said_at:
        raise Late(cut(message.text, PREVIEW))
    record(session, Change("message", message.id, "edited", actor, {"text": message.text}, {"text": text}, once=once), now=now)
    message.text, message.edited_at = text, said_at or now
    session.flush()
    conversation = the(session, message.conversation_id)
    parts = session.scalars(select(Delivery).where(Delivery.message_id == message.id, Delivery.desk == 0).order_by(Delivery.part)).all()
    for part in parts[:1]:
        _edit_part(session, conversation, part, text, once=once, now=now)
    tell(session, [card(conversation.id)], now=now)
    return True


def _edit_part(session: Session, conversation: Conversation, part: Delivery, text: str, *, once: str, now: int) -> None:
    outbound = unpack(part.payload or "{}")
    if not isinstance(outbound, Say):
        return
    if part.state == State.QUEUED:
        _drop_tail(session, part, now=now)
        part.payload = pack(replace(outbound, text=text))
        session.flush()
    elif part.state in (State.SENDING, State.SENT, State.DELIVERED, State.READ):
        target = part.external_id or f"{PENDING}{part.id}"
        change = Edit(target, text, outbound.buttons, media=outbound.media is not None)
        enqueue(session, [Parcel(conversation.account, conversation.address, change, Lane.REPLY, f"edit:{once}", conversation.id)], now=now)


def _drop_tail(session: Session, part: Delivery, *, now: int) -> None:
    """The further parts of the old words do not leave; the new words are fitted again."""
    tail = (Delivery.message_id == part.message_id, Delivery.desk == 0, Delivery.part > 0, Delivery.state == State.QUEUED.value)
    gone = update(Delivery).where(*tail).values(state=State.CANCELLED.value, detail="edited", settled_at=now)
    session.execute(gone, execution_options={"synchronize_session": False})


def states_of(session: Session, message_ids: Sequence[int]) -> dict[int, tuple[State, str, int]]:
    """The true state of each message: of its parts the one that needs attention most, with the reason and the delivery's number."""
    order = (State.FAILED, State.UNKNOWN, State.CANCELLED, State.EXPIRED, State.QUEUED, State.SENDING, State.SENT, State.DELIVERED, State.READ)
    found: dict[int, tuple[State, str, int]] = {}
    rows = session.execute(
        select(Delivery.message_id, Delivery.state, Delivery.detail, Delivery.id)
        .where(Delivery.message_id.in_(message_ids), Delivery.desk == 0)
        .order_by(Delivery.id)
    )
    for row in rows:
        state, old = State(row.state), found.get(row.message_id)
        if old is None or order.index(state) < order.index(old[0]):
            found[row.message_id] = (state, row.detail or "", row.id)
    return found


def cancel_waiting(session: Session, batch_id: int, *, now: int) -> int:
    """Call back what of a batch has not left yet."""
    statement = update(Delivery).where(Delivery.batch_id == batch_id, Delivery.state == State.QUEUED.value)
    done = session.execute(statement.values(state=State.CANCELLED.value, detail="cancelled", settled_at=now), execution_options={"synchronize_session": False})
    return done.rowcount  # type: ignore[attr-defined,no-any-return]
