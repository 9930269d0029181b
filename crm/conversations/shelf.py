"""Shelf: where old chats, cards, recordings and remarks about somebody stand who has no channel here; and notes that keep a file or somebody else's words."""

import json
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Rep
from crm.base.events import MediaRef
from crm.base.rows import add, add_new, take_ids
from crm.base.text import clean_name, cut
from crm.base.wakes import MEDIA, wake
from crm.conversations.assign import note
from crm.conversations.threads import Attachment, Author, Conversation, Kind, Message, Note, Status, the
from crm.outbox.notices import card, tell
from crm.people.contacts import SHELF, Identity, family_of, root_of

PREVIEW, SOURCE_MOST = 120, 80
NOTES = "notes"


@dataclass(frozen=True, slots=True)
class Remark:
    """A note with where its words are from ("" = its writer), and a file whose bytes come from `account`."""

    text: str
    source: str = ""
    media: MediaRef | None = None
    account: str = ""


def shelf_of(session: Session, contact_id: int, source: str, *, title: str = "", now: int) -> Conversation:
    """The closed conversation that keeps what came from one source about a person; made when there is none. No inbox shows it, nobody waits in it.

    `title` is what its card says of the source.
    """
    family = family_of(session, contact_id)
    mine = (Identity.account == SHELF, Identity.contact_id.in_(family), Identity.external_id.startswith(f"{source}:", autoescape=True))
    found = session.scalar(select(Conversation).join(Identity, Identity.id == Conversation.identity_id).where(*mine).order_by(Conversation.id).limit(1))
    if found is not None:
        return found
    root, (identity_id, number) = root_of(session, contact_id), take_ids(session, 2)
    address = f"{source}:{root.id}"
    add(
        session,
        Identity,
        [{"id": identity_id, "contact_id": root.id, "account": SHELF, "external_id": address, "username": "", "reachable": 0, "created_at": now}],
    )
    row = {"id": number, "identity_id": identity_id, "contact_id": root.id, "account": SHELF, "address": address, "open_identity_id": None, "rep_id": None}
    told = json.dumps({"payload": title}) if title else ""
    add(session, Conversation, [{**row, "status": Status.CLOSED.value, "source": told, "opened_at": now, "last_at": now}])
    return session.get_one(Conversation, number)


def home_of(session: Session, contact_id: int, *, now: int) -> Conversation:
    """Where a note about a person is written down: their newest conversation, or else their shelf."""
    theirs = Conversation.contact_id.in_(family_of(session, contact_id))
    newest = select(Conversation).where(theirs).order_by(Conversation.account == SHELF, Conversation.last_at.desc(), Conversation.id.desc()).limit(1)
    return session.scalar(newest) or shelf_of(session, contact_id, NOTES, now=now)


def keep_note(session: Session, actor: Rep, conversation_id: int, remark: Remark, *, once: str, now: int) -> int:
    """Write an internal remark with its source and its file; the same `once` writes it once. The file can be played as soon as its bytes are here."""
    earlier = session.scalar(select(Note.id).where(Note.once == once))
    if earlier is not None:
        return earlier
    number = note(session, actor, conversation_id, remark.text, once=once, now=now)
    written = session.get_one(Note, number)
    written.source = clean_name(remark.source, SOURCE_MOST)
    if remark.media:
        written.attachment_id = _file(session, actor, the(session, conversation_id), remark, once, now)
    session.flush()
    return number


def _file(session: Session, actor: Rep, conversation: Conversation, remark: Remark, once: str, now: int) -> int:
    """A file stands in the thread at its own time, as something of the house that no customer is shown."""
    assert remark.media
    media, (message_id, file_id) = remark.media, take_ids(session, 2)
    row = {"id": message_id, "conversation_id": conversation.id, "author": Author.SYSTEM.value, "kind": Kind.NOTE.value, "rep_id": actor.id, "text": ""}
    add_new(session, Message, [{**row, "at": now, "external_id": None, "once": f"{once}:file"}])
    file = {"id": file_id, "message_id": message_id, "account": remark.account, "kind": media.kind.value, "ref": media.ref}
    add(session, Attachment, [{**file, "name": clean_name(media.name), "mime": cut(media.mime, PREVIEW), "size": media.size}])
    tell(session, [card(conversation.id)], now=now)
    wake(session, MEDIA)
    return file_id


def notes_with_files(session: Session, contact_id: int, last: int) -> list[Note]:
    """The newest notes about a person that keep a file, the newest first."""
    threads = select(Conversation.id).where(Conversation.contact_id.in_(family_of(session, contact_id)))
    kept = select(Note).where(Note.conversation_id.in_(threads), Note.attachment_id.is_not(None)).order_by(Note.id.desc()).limit(last)
    return list(session.scalars(kept))
