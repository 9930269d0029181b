"""Elsewhere: what stands in a thread without asking for an answer: what the firm said by other means, what a machine wrote, what was taken back."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Customer, System
from crm.base.events import Delete, Message
from crm.base.history import Change, record
from crm.base.rows import add, fixed, take_ids
from crm.base.settings import Company
from crm.base.text import clean, cut
from crm.base.time import DAY
from crm.base.wakes import MEDIA, wake
from crm.conversations.talk import PREVIEW
from crm.conversations.threads import Attachment, Author, Conversation, Kind, Status
from crm.conversations.threads import Message as MessageRow
from crm.inbox.albums import begins, file_row, grown, part_at, part_deleted
from crm.inbox.edits import put_off
from crm.inbox.known import Address
from crm.inbox.plan import TEXT_MOST, Got, sane
from crm.inbox.strangers import identity_at, stranger, thread_of
from crm.outbox.deliveries import Delivery
from crm.outbox.notices import Notice, NoticeKind, card, tell
from crm.outbox.payload import unpack
from crm.sales.tasks import TaskKind, TaskState, open_tasks, settle_all

SILENT = "done:closed"
"""Where the bot stands that has asked everything, and has said too that nobody is there now: it says nothing more, open or closed."""


def answered_elsewhere(session: Session, got: Got, company: Company, *, now: int) -> None:
    """The firm wrote by its own phone or mail program: it stands in the thread, nobody waits any more, and the bot keeps silent."""
    event = got.event
    assert isinstance(event, Message)
    if _ours(session, got.account, event, now=now):
        return
    identity = identity_at(session, got.account, event.sender.external_id) or stranger(session, got, company, now=now, open_now=False)
    conversation = thread_of(session, identity)
    if _there(session, conversation, event.external_id) or grown(session, got, event, conversation.id, now=now):
        return
    number = _put(session, got, event, conversation, Author.REP, Kind.ELSEWHERE)
    begins(session, event, conversation.id, number)
    at = sane(event.at, got.received_at)
    conversation.last_at, conversation.last_message_id, conversation.preview = now, number, cut(clean(event.text), PREVIEW)
    later = _asked_after(session, conversation, at)
    if later:
        conversation.unread, conversation.waiting_since = len(later), later[0]
    else:
        conversation.unread, conversation.waiting_since, conversation.person_called = 0, 0, 0
        conversation.first_answer_at = conversation.first_answer_at or at
        conversation.flow_state, conversation.asked_id = SILENT, None
        owed = [task for task in open_tasks(session, conversation.id) if task.kind == TaskKind.ANSWER]
        settle_all(session, System("channel"), owed, TaskState.DONE, now=now)
    session.flush()
    record(session, Change("conversation", conversation.id, "answered_elsewhere", System("channel"), after={"message": number}), now=now)
    if conversation.status != Status.CLOSED:
        tell(session, [card(conversation.id)], now=now)


def answered_now(session: Session, got: Sequence[Got], *, now: int) -> set[Address]:
    """The addresses that somebody of the firm has written to by other means, as this batch tells: nothing else there is newer than their words."""
    echoes = [one for one in got if isinstance(one.event, Message) and one.event.echo]
    return {(one.account, one.event.sender.external_id) for one in echoes if one.event.sender and _is_answer(session, one, now=now)}


def _is_answer(session: Session, got: Got, *, now: int) -> bool:
    event = got.event
    assert isinstance(event, Message)
    if _ours(session, got.account, event, now=now):
        return False
    identity = identity_at(session, got.account, event.sender.external_id)
    newest = select(Conversation).where(Conversation.identity_id == identity.id).order_by(Conversation.id.desc()).limit(1) if identity else None
    conversation = session.scalar(newest) if newest is not None else None
    if conversation is None:
        return True
    return not _there(session, conversation, event.external_id) and not _asked_after(session, conversation, sane(event.at, got.received_at))


def _asked_after(session: Session, conversation: Conversation, at: int) -> list[int]:
    """When we heard what the customer wrote after an instant: an answer that is told late answers none of it."""
    newer = select(MessageRow.at).where(MessageRow.conversation_id == conversation.id, MessageRow.author == Author.CONTACT.value, MessageRow.sent_at > at)
    return list(session.scalars(newer.where(MessageRow.kind != Kind.AUTO.value).order_by(MessageRow.id)))


def _there(session: Session, conversation: Conversation, external_id: str) -> bool:
    """Whether it stands in the thread already: a folder that is read anew tells everything again."""
    here = select(MessageRow.id).where(MessageRow.conversation_id == conversation.id, MessageRow.external_id == external_id).limit(1)
    return bool(external_id) and session.scalar(here) is not None


def _ours(session: Session, account: str, event: Message, *, now: int) -> bool:
    """Whether it is what we sent ourselves, told back to us; perhaps before we were told its id."""
    sent = select(Delivery.external_id, Delivery.payload).where(Delivery.account == account, Delivery.desk == fixed(0))
    if event.external_id and session.execute(sent.where(Delivery.external_id == event.external_id).limit(1)).first() is not None:
        return True
    there = sent.where(Delivery.address == event.sender.external_id, Delivery.external_id.is_(None), Delivery.created_at > now - DAY)
    # One state at a time: each has an index of its own.
    flying = [row for state in ("sending", "unknown") for row in session.execute(there.where(Delivery.state == fixed(state)))]
    words = clean(event.text).strip()
    return any(clean(getattr(unpack(row.payload), "text", "")).strip() == words for row in flying if row.payload)


def machine_wrote(session: Session, got: Got, *, now: int) -> None:
    """A vacation note or the like: a line in the thread, and nothing else changes."""
    event = got.event
    assert isinstance(event, Message)
    identity = identity_at(session, got.account, event.sender.external_id)
    if identity is None:
        return
    conversation = thread_of(session, identity)
    _put(session, got, event, conversation, Author.CONTACT, Kind.AUTO)
    tell(session, [card(conversation.id)], now=now)


def _put(session: Session, got: Got, event: Message, conversation: Conversation, author: Author, kind: Kind) -> int:
    number, *files = take_ids(session, 1 + len(event.media))
    row = {
        "id": number,
        "conversation_id": conversation.id,
        "author": author.value,
        "kind": kind.value,
        "text": clean(event.text, TEXT_MOST),
        "at": got.received_at,
        "sent_at": sane(event.at, got.received_at),
        "external_id": event.external_id or None,
        "reply_to": event.reply_to,
        "once": f"event:{got.event_id}:{got.place}",
    }
    add(session, MessageRow, [row])
    where = {"message_id": number, "account": got.account}
    add(session, Attachment, [{"id": file, **where, **file_row(ref)} for file, ref in zip(files, event.media, strict=True)])
    if event.media:
        wake(session, MEDIA)
    return number


def taken_back(session: Session, got: Got, *, now: int) -> None:
    """A person deleted a message: its words stay for the staff, marked, and whoever has the conversation is told."""
    event = got.event
    assert isinstance(event, Delete)
    identity, at = identity_at(session, got.account, event.sender.external_id), sane(event.at, got.received_at)
    if identity is None:
        put_off(session, got.account, event.sender.external_id, event.external_id, None, at, now=now)
        return
    conversation = thread_of(session, identity)
    part = part_at(session, got.account, event.sender.external_id, event.external_id)
    if part is not None and not part_deleted(session, part, at):
        return
    whole = MessageRow.id == part.message_id if part else MessageRow.external_id == event.external_id
    message = session.scalar(select(MessageRow).where(MessageRow.conversation_id == conversation.id, whole, MessageRow.author == Author.CONTACT.value))
    if message is None and not _there(session, conversation, event.external_id):  # what stands there by another hand is not theirs to take back
        put_off(session, got.account, event.sender.external_id, event.external_id, None, at, now=now)
    if message is None or message.deleted_at:
        return
    message.deleted_at = at
    session.flush()
    record(session, Change("message", message.id, "deleted", Customer(conversation.contact_id)), now=now)
    notices = [card(conversation.id)]
    if conversation.rep_id:
        notices.append(Notice(NoticeKind.EDITED, message.id, f"deleted:{message.id}"))
    tell(session, notices, now=now)
