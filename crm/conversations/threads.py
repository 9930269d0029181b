"""Conversation, Message, Attachment, Note: a thread with one identity and what is in it."""

from enum import StrEnum

from sqlalchemy import ForeignKey, Index, bindparam, select
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.errors import NotFound
from crm.base.table import Row


class Status(StrEnum):
    """Whether a thread wants attention."""

    OPEN = "open"
    SNOOZED = "snoozed"
    CLOSED = "closed"


class Author(StrEnum):
    """Who said it."""

    CONTACT = "contact"
    BOT = "bot"
    REP = "rep"
    SYSTEM = "system"


class Kind(StrEnum):
    """What was done by a message; those without words of their own are named to the staff."""

    MESSAGE = "message"
    PRESS = "press"
    CONTACT = "contact"
    START = "start"
    FORM = "form"
    UNSUPPORTED = "unsupported"
    LOST = "lost"
    REACTION = "reaction"
    CALL = "call"
    ELSEWHERE = "elsewhere"
    AUTO = "auto"
    NOTE = "note"


POINTED = frozenset({Kind.CONTACT.value, Kind.FORM.value})
"""Kinds whose words are phones and e-mails by themselves."""


UPSET = frozenset(("👎", "💩", "🤮", "🤬", "😡", "😠", "🖕"))
"""Emoji put on a message that somebody should see now; all others are told by the way."""


class Conversation(Row):
    """A thread with one identity; `rep_id` is who has taken it (once closed, who had it), `open_identity_id` lets an identity have one open thread only.

    `team_id` is whose queue it waits in (None = the firm's).
    """

    __tablename__ = "conversations"
    identity_id: Mapped[int] = mapped_column(ForeignKey("identities.id"), index=True)
    open_identity_id: Mapped[int | None] = mapped_column(unique=True)
    contact_id: Mapped[int] = mapped_column(ForeignKey("contacts.id"), index=True)
    account: Mapped[str]
    address: Mapped[str]
    status: Mapped[str] = mapped_column(server_default="open")
    rep_id: Mapped[int | None] = mapped_column(ForeignKey("reps.id"))
    flow_state: Mapped[str] = mapped_column(server_default="")
    asked_id: Mapped[int | None]
    person_called: Mapped[int] = mapped_column(server_default="0")
    opened_at: Mapped[int]
    last_at: Mapped[int]
    last_message_id: Mapped[int] = mapped_column(server_default="0")
    last_heard_id: Mapped[int] = mapped_column(server_default="0")
    preview: Mapped[str] = mapped_column(server_default="")
    unread: Mapped[int] = mapped_column(server_default="0")
    waiting_since: Mapped[int] = mapped_column(server_default="0")
    first_heard_at: Mapped[int] = mapped_column(server_default="0")
    first_answer_at: Mapped[int] = mapped_column(server_default="0")
    snoozed_until: Mapped[int] = mapped_column(server_default="0")
    source: Mapped[str] = mapped_column(server_default="")
    team_id: Mapped[int | None]
    __table_args__ = (
        Index("conversations_inbox", "status", "last_at", "id"),
        Index("conversations_rep", "rep_id", "status", "waiting_since", sql("last_at DESC")),
        Index(
            "conversations_taken",
            "status",
            "waiting_since",
            sql("last_at DESC"),
            sqlite_where=sql("rep_id IS NOT NULL"),
            postgresql_where=sql("rep_id IS NOT NULL"),
        ),
        Index("conversations_waiting", "waiting_since", sqlite_where=sql("waiting_since > 0"), postgresql_where=sql("waiting_since > 0")),
    )


class Message(Row):
    """One thing that was said; `kind` is a `Kind`."""

    __tablename__ = "messages"
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"))
    author: Mapped[str]
    kind: Mapped[str] = mapped_column(server_default="message")
    rep_id: Mapped[int | None]
    text: Mapped[str]
    buttons: Mapped[str] = mapped_column(server_default="")
    at: Mapped[int]
    sent_at: Mapped[int] = mapped_column(server_default="0")
    external_id: Mapped[str | None]
    reply_to: Mapped[str] = mapped_column(server_default="")
    edited_at: Mapped[int] = mapped_column(server_default="0")
    deleted_at: Mapped[int] = mapped_column(server_default="0")
    once: Mapped[str | None] = mapped_column(unique=True)
    lane: Mapped[int] = mapped_column(server_default="0")
    __table_args__ = (
        Index("messages_thread", "conversation_id", "id"),
        Index(
            "messages_external", "conversation_id", "external_id", sqlite_where=sql("external_id IS NOT NULL"), postgresql_where=sql("external_id IS NOT NULL")
        ),
        Index("messages_at", "at"),
    )


class MediaState(StrEnum):
    """Whether the bytes of a file are here."""

    WAITING = "waiting"
    READY = "ready"
    MISSING = "missing"


class Attachment(Row):
    """A file of a message: where to fetch it from, and under which random name it is kept."""

    __tablename__ = "attachments"
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"), index=True)
    account: Mapped[str]
    kind: Mapped[str]
    ref: Mapped[str]
    name: Mapped[str] = mapped_column(server_default="")
    mime: Mapped[str] = mapped_column(server_default="")
    size: Mapped[int] = mapped_column(server_default="0")
    path: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str] = mapped_column(server_default="waiting")
    attempts: Mapped[int] = mapped_column(server_default="0")
    due_at: Mapped[int] = mapped_column(server_default="0")
    __table_args__ = (Index("attachments_waiting", "due_at", "id", sqlite_where=sql("state = 'waiting'"), postgresql_where=sql("state = 'waiting'")),)


class Note(Row):
    """An internal remark, never sent; `source` is who said it elsewhere ("" = its writer), `attachment_id` the file that is kept with it."""

    __tablename__ = "notes"
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    rep_id: Mapped[int] = mapped_column(ForeignKey("reps.id"))
    text: Mapped[str]
    at: Mapped[int]
    once: Mapped[str | None] = mapped_column(unique=True)
    source: Mapped[str] = mapped_column(server_default="")
    attachment_id: Mapped[int | None]


def the(session: Session, conversation_id: int) -> Conversation:
    """A conversation by its number."""
    found = session.get(Conversation, conversation_id)
    if found is None:
        raise NotFound("no such conversation")
    return found


_NEWEST = (
    select(Message).where(Message.conversation_id == bindparam("thread"), Message.id > bindparam("after")).order_by(Message.id.desc()).limit(bindparam("last"))
)


def thread(session: Session, conversation_id: int, *, last: int = 20, after: int = 0) -> list[Message]:
    """The newest messages of a thread in reading order, or those after a message."""
    return list(reversed(session.scalars(_NEWEST, {"thread": conversation_id, "after": after, "last": last}).all()))


def notes_of(session: Session, conversation_id: int, last: int = 3) -> list[Note]:
    """The newest notes of a thread in reading order."""
    question = select(Note).where(Note.conversation_id == conversation_id).order_by(Note.id.desc()).limit(last)
    return list(reversed(session.scalars(question).all()))
