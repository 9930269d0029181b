"""Log: the first door. An event is kept before it is acknowledged, customers' and staff's alike."""

import json
import logging
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, bindparam, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.dialect import each, fixed
from crm.base.dialect_rows import insert_or_replace
from crm.base.events import RawEvent
from crm.base.leases import SHARDS, fence
from crm.base.rows import Rows, add, add_new, among, ask, many, table_of, take_ids
from crm.base.table import Base, Row
from crm.base.tallies import Count, count
from crm.base.time import DAY
from crm.base.wakes import DESK, INBOX, wake

log = logging.getLogger(__name__)


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
    """A raw event not processed yet; deleted when done, parked when it fails five times. `desk` = for the staff's loop.

    `shard` is the part of the inbox its lane belongs to, `rank` its place among all lanes: an event stands as many places back as its lane has
    events before it, so that a flood in one lane holds up no other.
    """

    __tablename__ = "waiting"
    event_id: Mapped[int] = mapped_column(ForeignKey("raw_events.id"), primary_key=True, autoincrement=False)
    desk: Mapped[int] = mapped_column(server_default="0")
    lane: Mapped[str]
    shard: Mapped[int] = mapped_column(server_default="0")
    rank: Mapped[int] = mapped_column(server_default="0")
    attempts: Mapped[int] = mapped_column(server_default="0")
    due_at: Mapped[int] = mapped_column(server_default="0")
    parked: Mapped[int] = mapped_column(server_default="0")
    error: Mapped[str | None]
    __table_args__ = (
        Index("waiting_due", "desk", "rank", "event_id", sqlite_where=text("parked = 0"), postgresql_where=text("parked = 0")),
        Index("waiting_lane", "lane", "rank"),
        Index("waiting_suspect", "lane", "event_id", sqlite_where=text("attempts > 0 AND parked = 0"), postgresql_where=text("attempts > 0 AND parked = 0")),
    )


class Offset(Base):
    """Where a poller stands; moved in the transaction that keeps what it covers."""

    __tablename__ = "offsets"
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int]


@dataclass(frozen=True, slots=True)
class Polled:
    """A batch of a poller and the offset that acknowledges it; `fence` are the leases (name, token) under which it polled."""

    name: str
    offset: int
    events: tuple[RawEvent, ...]
    fence: Mapping[str, int] = field(default_factory=dict)


# The first and the last by an index, never all that wait to choose from: it may be a day's flood (`keeping` in `dialect`).
_FRONT = select(Waiting.rank).where(Waiting.desk == bindparam("desk"), Waiting.parked == fixed(0)).order_by(Waiting.rank).limit(fixed(1))
_KEPT = (
    select(RawEventRow.id, RawEventRow.key, RawBody.body)
    .join(RawBody, RawBody.event_id == RawEventRow.id)
    .where(RawEventRow.account == bindparam("account"), among(RawEventRow.key, "keys"))
)
_LANE = each(Waiting.lane, "lanes")
_LAST = select(
    _LANE.label("lane"),
    select(Waiting.rank).where(Waiting.lane == _LANE, Waiting.parked == fixed(0)).order_by(Waiting.rank.desc()).limit(fixed(1)).scalar_subquery().label("rank"),
)


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
    for desk in (False, True):
        add(session, Waiting, queued(session, [(number, event.lane) for number, event in kept if event.desk == desk], desk=desk))
    for account, at in {event.account: event.received_at for _, event in kept}.items():
        count(session, Counter((event.account, Count.KEPT) for _, event in kept if event.account == account), now=at)
    wake(session, *({DESK if event.desk else INBOX for _, event in kept}))
    if len(kept) < len(events):
        flag(session, [event for event in events if ids[event.account, event.key] not in new or fresh[event.account, event.key] is not event])
    return [ids[event.account, event.key] in new and fresh[event.account, event.key] is event for event in events]


def flag(session: Session, repeats: Sequence[RawEvent]) -> None:
    """Count what came again under its key with other words: the first words stand, and somebody may want to know."""
    for account in {event.account for event in repeats}:
        mine = [event for event in repeats if event.account == account]
        there = {row.key: row for row in session.execute(_KEPT, {"account": account, "keys": list({event.key for event in mine})})}
        others = [event for event in mine if event.key in there and not alike(there[event.key].body, event)]
        for event in others:
            log.warning("event %s came again under its key with other words: the first stand", there[event.key].id)
        if others:
            count(session, {(account, Count.CONFLICT): len(others)}, now=others[0].received_at)


def alike(body: bytes, repeat: RawEvent) -> bool:
    """Whether a repeat says what was kept; JSON may be written in another way, as by the webhook and by the poll of one bot. Pure."""
    if repeat.same:
        return repeat.same in body
    if body == repeat.body:
        return True
    try:
        return bool(json.loads(body) == json.loads(repeat.body))
    except (ValueError, RecursionError):
        return False


def shard_of(lane: str) -> int:
    """The part of the inbox a lane belongs to."""
    return zlib.crc32(lane.encode()) % SHARDS


def queued(session: Session, events: Sequence[tuple[int, str]], *, desk: bool) -> Rows:
    """Rows for new events and their lanes: each stands at the front, but behind what waits in its own lane."""
    if not events:
        return []
    front = next((row.rank for row in ask(session, _FRONT, {"desk": int(desk)})), 0)
    last = {row.lane: row.rank for row in ask(session, _LAST, {"lanes": list({lane for _, lane in events})}) if row.rank is not None}
    rows: Rows = []
    for number, lane in events:
        last[lane] = max(front, last.get(lane, front - 1) + 1)
        rows.append({"event_id": number, "desk": int(desk), "lane": lane, "shard": shard_of(lane), "rank": last[lane]})
    return rows


def keep_polled(session: Session, batches: Sequence[Polled]) -> list[int]:
    """Store what pollers brought and move their offsets in the same transaction; raises `Lost` for one who polls no more."""
    for batch in batches:
        fence(session, batch.fence, now=0)
    keep(session, [event for batch in batches for event in batch.events])
    rows = [{"name": batch.name, "value": batch.offset} for batch in batches]
    many(session, ("offset", Offset), lambda: insert_or_replace(session, table_of(Offset), "name", "value"), rows)
    return [batch.offset for batch in batches]


def offset_of(session: Session, name: str) -> int:
    """Where a poller stands (0 = at the beginning)."""
    return session.scalar(select(Offset.value).where(Offset.name == bindparam("n")), {"n": name}) or 0


def for_desk(event: RawEvent) -> RawEvent:
    """The same event, marked for the staff's loop."""
    return replace(event, desk=True)
