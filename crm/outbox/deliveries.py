"""Delivery and Batch: one part on its way out, and the campaign, step or reply it belongs to."""

from enum import StrEnum

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from crm.base.table import Row


class State(StrEnum):
    """Where a delivery is on its way out; `unknown` = it may have arrived, nobody can tell."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Delivery(Row):
    """One part on its way out.

    `place` orders what goes to one address (the message's number, so that parts stay together); `talk` is 1 where order matters (replies and
    answers), 0 for what was planned ahead, which must never hold a reply back. `payload` holds what is sent. `desk` is 1 for what goes to staff;
    `needs_media` is the attachment whose bytes it waits for. `card` names a post that is edited rather than repeated; `message_id` of a staff
    post is the newest message it shows.
    """

    __tablename__ = "deliveries"
    account: Mapped[str]
    address: Mapped[str]
    conversation_id: Mapped[int | None]
    message_id: Mapped[int | None]
    batch_id: Mapped[int | None]
    part: Mapped[int] = mapped_column(server_default="0")
    place: Mapped[int]
    talk: Mapped[int] = mapped_column(server_default="1")
    desk: Mapped[int] = mapped_column(server_default="0")
    lane: Mapped[int]
    state: Mapped[str] = mapped_column(server_default="queued")
    due_at: Mapped[int]
    attempts: Mapped[int] = mapped_column(server_default="0")
    needs_media: Mapped[int] = mapped_column(server_default="0")
    payload: Mapped[str | None]
    card: Mapped[str | None]
    once: Mapped[str | None] = mapped_column(unique=True)
    external_id: Mapped[str | None]
    created_at: Mapped[int]
    claimed_at: Mapped[int] = mapped_column(server_default="0")
    settled_at: Mapped[int] = mapped_column(server_default="0")
    detail: Mapped[str | None]
    __table_args__ = (
        Index("deliveries_due", "account", "lane", "due_at", "id", sqlite_where=text("state = 'queued'"), postgresql_where=text("state = 'queued'")),
        Index(
            "deliveries_head",
            "account",
            "address",
            "place",
            sqlite_where=text("state = 'queued' OR state = 'sending'"),
            postgresql_where=text("state = 'queued' OR state = 'sending'"),
        ),
        Index("deliveries_message", "message_id"),
        Index("deliveries_unknown", "account", sqlite_where=text("state = 'unknown'"), postgresql_where=text("state = 'unknown'")),
        Index("deliveries_media", "needs_media", sqlite_where=text("needs_media > 0"), postgresql_where=text("needs_media > 0")),
        # Staff's posts are found in their chat, customers' messages by what their platform calls them, whatever the chat.
        Index(
            "deliveries_external",
            "account",
            "address",
            "external_id",
            sqlite_where=text("external_id IS NOT NULL AND desk = 1"),
            postgresql_where=text("external_id IS NOT NULL AND desk = 1"),
        ),
        Index(
            "deliveries_told",
            "account",
            "external_id",
            sqlite_where=text("external_id IS NOT NULL AND desk = 0"),
            postgresql_where=text("external_id IS NOT NULL AND desk = 0"),
        ),
        Index("deliveries_card", "card", "id", sqlite_where=text("card IS NOT NULL"), postgresql_where=text("card IS NOT NULL")),
        Index("deliveries_batch", "batch_id", "state", sqlite_where=text("batch_id IS NOT NULL"), postgresql_where=text("batch_id IS NOT NULL")),
    )


class BatchState(StrEnum):
    """Whether what belongs to a batch may leave."""

    RUNNING = "running"
    HELD = "held"
    CANCELLED = "cancelled"


class Batch(Row):
    """What the gate must know of one campaign, step or reply: hold, validity, quiet hours, frequency."""

    __tablename__ = "batches"
    state: Mapped[str] = mapped_column(server_default="running")
    valid_until: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[int]
