"""Log: the first door. An event is kept before it is acknowledged, customers' and staff's alike."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, bindparam, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.dialect import insert_or_replace
from crm.base.events import RawEvent
from crm.base.rows import add, add_new, many, table_of, take_ids
from crm.base.table import Base, Row
from crm.base.tallies import Count, count
from crm.base.time import DAY
from crm.base.wakes import DESK, INBOX, wake


class RawEventRow(Row):
    """What a platform sent, append-only; unique by account and key, which is the dedupe."""

    __tablename__ = "raw_events"
    account: Mapped[str]
    key: Mapped[str]
    received_at: Mapped[int]
    __table_args__ = (UniqueConstraint("account", "key"),)


class RawBody(Base):
    """The bytes of a raw event, kept apart by month so that they can be dropped apart."""

    __tablename__ = "raw_bodies"
    event_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    month: Mapped[int]
    body: Mapped[bytes]


class Waiting(Base):
    """A raw event not processed yet; deleted when done, parked when it fails five times. `desk` = for the staff's loop."""

    __tablename__ = "waiting"
    event_id: Mapped[int] = mapped_column(ForeignKey("raw_events.id"), primary_key=True, autoincrement=False)
    desk: Mapped[int] = mapped_column(server_default="0")
    lane: Mapped[str]
    attempts: Mapped[int] = mapped_column(server_default="0")
    due_at: Mapped[int] = mapped_column(server_default="0")
    parked: Mapped[int] = mapped_column(server_default="0")
    error: Mapped[str | None]
    __table_args__ = (
        Index("waiting_due", "desk", "event_id", sqlite_where=text("parked = 0"), postgresql_where=text("parked = 0")),
        Index("waiting_suspect", "lane", "event_id", sqlite_where=text("attempts > 0 AND parked = 0"), postgresql_where=text("attempts > 0 AND parked = 0")),
    )


class Offset(Base):
    """Where a poller stands; moved in the transaction that keeps what it covers."""

    __tablename__ = "offsets"
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int]


@dataclass(frozen=True, slots=True)
class Polled:
    """A batch of a poller and the offset that acknowledges it."""

    name: str
    offset: int
    events: tuple[RawEvent, ...]


def keep(session: Session, events: Sequence[RawEvent]) -> list[bool]:
    """Store the events not seen yet; the answer says which were new."""
    fresh: dict[tuple[str, str], RawEvent] = {}
    for event in events:
        fresh.setdefault((event.account, event.key), event)
    ids = dict(zip(fresh, take_ids(session, len(fresh)), strict=True))
    rows: list[dict[str, Any]] = [
        {"id": ids[name], "account": event.account, "key": event.key, "received_at": event.received_at} for name, event in fresh.items()
    ]
    new = add_new(session, RawEventRow, rows)
    kept = [(ids[name], event) for name, event in fresh.items() if ids[name] in new]
    add(session, RawBody, [{"event_id": number, "month": event.received_at // (30 * DAY), "body": event.body} for number, event in kept])
    add(session, Waiting, [{"event_id": number, "desk": int(event.desk), "lane": event.lane} for number, event in kept])
    for account, at in {event.account: event.received_at for _, event in kept}.items():
        count(session, Counter((event.account, Count.KEPT) for _, event in kept if event.account == account), now=at)
    wake(session, *({DESK if event.desk else INBOX for _, event in kept}))
    return [ids[event.account, event.key] in new and fresh[event.account, event.key] is event for event in events]


def keep_polled(session: Session, batches: Sequence[Polled]) -> list[int]:
    """Store what pollers brought and move their offsets in the same transaction."""
    keep(session, [event for batch in batches for event in batch.events])
    rows = [{"name": batch.name, "value": batch.offset} for batch in batches]
    many(session, ("offset", Offset), lambda: insert_or_replace(table_of(Offset), "name", "value"), rows)
    return [batch.offset for batch in batches]


def offset_of(session: Session, name: str) -> int:
    """Where a poller stands (0 = at the beginning)."""
    return session.scalar(select(Offset.value).where(Offset.name == bindparam("n")), {"n": name}) or 0


def for_desk(event: RawEvent) -> RawEvent:
    """The same event, marked for the staff's loop."""
    return replace(event, desk=True)
