"""Seal: the record as a chain of digests, made behind the commit, so that nobody changes what is on record without being found; decision 0028.

A seal holds, for a range of ids, how many rows there were, a short hash of each, and a digest of the seal before it and of all its rows.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Index, LargeBinary, Row, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base import table
from crm.base.actors import Actor
from crm.base.history import Change, DomainEvent, record
from crm.base.rows import add_new, take_ids
from crm.base.time import MINUTE

SEALED_ROWS = 500
# A transaction that took its ids early may commit late: a row is sealed when it is a minute old, and each range is looked at once more after five.
QUIET_MS = MINUTE
SETTLED_MS = 5 * MINUTE
SHORT = 4
REDACTED = "redacted"
COLUMNS: tuple[Any, ...] = (
    DomainEvent.id,
    DomainEvent.at,
    DomainEvent.subject,
    DomainEvent.subject_id,
    DomainEvent.kind,
    DomainEvent.actor,
    DomainEvent.rep_id,
    DomainEvent.before,
    DomainEvent.after,
    DomainEvent.cause,
    DomainEvent.once,
)


class Seal(table.Row):
    """One link of the chain; `place` counts them from 1. A `late` one holds rows that were committed after their range had been sealed."""

    __tablename__ = "seals"
    place: Mapped[int] = mapped_column(unique=True)
    from_id: Mapped[int]
    to_id: Mapped[int]
    count: Mapped[int]
    late: Mapped[int] = mapped_column(server_default="0")
    rows: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[str]
    made_at: Mapped[int]
    checked: Mapped[int] = mapped_column(server_default="0")
    __table_args__ = (Index("seals_unchecked", "checked", "late", "place"),)


def seal(session: Session, *, now: int, most: int = SEALED_ROWS) -> int:
    """Look once more at a range that is settled, or seal the next rows; answers 0 when there is nothing to do now."""
    return _look_again(session, now=now) or _seal_next(session, now=now, most=most)


def anchor(session: Session) -> str:
    """The newest seal in a few letters, to be kept outside of the database ("" = there is none yet)."""
    newest = session.execute(select(Seal.place, Seal.digest).order_by(Seal.place.desc()).limit(1)).first()
    return f"{newest.place}:{newest.digest[:16]}" if newest else ""


def redact(session: Session, actor: Actor, event_ids: Sequence[int], *, now: int) -> int:
    """Take the values out of rows of the record, as an erasure must, and put that on record; answers how many had any.

    What such a row's hash was and is stands in the new rows, so that the chain still holds; who did what and when stays.
    """
    found = session.execute(select(*COLUMNS).where(DomainEvent.id.in_(event_ids)).order_by(DomainEvent.id)).all()
    told, gone = [], []
    for row in found:
        if row.before or row.after:
            told.append(Change("event", row.id, REDACTED, actor, {"hash": hashed(row).hex()}, {"hash": _bare(row).hex()}))
            gone.append(row.id)
    blank = update(DomainEvent).where(DomainEvent.id.in_(gone)).values(before="", after="")
    session.execute(blank, execution_options={"synchronize_session": False})
    record(session, *told, now=now)
    return len(gone)


def hashed(row: Row[Any]) -> bytes:
    """The hash of a row of the record."""
    return hashlib.sha256(json.dumps(list(row), ensure_ascii=False, separators=(",", ":")).encode()).digest()


def linked(before: str, one: Seal, hashes: Iterable[bytes]) -> str:
    """The digest of a seal: of the one before it, of what it says of itself, of its rows."""
    made = hashlib.sha256(f"{before}:{one.place}:{one.from_id}:{one.to_id}:{one.count}:{one.late}:".encode())
    for each in hashes:
        made.update(each)
    return made.hexdigest()


def held(one: Seal) -> dict[int, bytes]:
    """The ids a seal holds, with the short hash of each."""
    found: dict[int, bytes] = {}
    number, at, packed = one.from_id - 1, 0, one.rows
    while at < len(packed):
        step = shift = 0
        while True:
            byte = packed[at]
            at += 1
            step |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        number += step
        found[number] = packed[at : at + SHORT]
        at += SHORT
    return found


def in_range(session: Session, from_id: int, to_id: int) -> Sequence[Row[Any]]:
    """The rows of the record with these ids."""
    return session.execute(select(*COLUMNS).where(DomainEvent.id >= from_id, DomainEvent.id <= to_id).order_by(DomainEvent.id)).all()


def _seal_next(session: Session, *, now: int, most: int) -> int:
    newest = session.execute(select(Seal.place, Seal.digest).order_by(Seal.place.desc()).limit(1)).first()
    sealed = session.scalar(select(Seal.to_id).where(Seal.late == 0).order_by(Seal.place.desc()).limit(1)) or 0
    rows = session.execute(select(*COLUMNS).where(DomainEvent.id > sealed).order_by(DomainEvent.id).limit(most)).all()
    old = list(_until(rows, now - QUIET_MS))
    if not old:
        return 0
    return _add(session, newest, old, from_id=sealed + 1, late=0, now=now)


def _until(rows: Sequence[Row[Any]], before: int) -> Iterator[Row[Any]]:
    """The rows up to the first that is too young."""
    for row in rows:
        if row.at >= before:
            return
        yield row


def _look_again(session: Session, *, now: int) -> int:
    """Whatever has come into a settled range since it was sealed was committed late, and is sealed as such, once; what comes later was put in."""
    settled = (Seal.checked == 0, Seal.late == 0, Seal.made_at <= now - SETTLED_MS)
    one = session.scalar(select(Seal).where(*settled).order_by(Seal.place).limit(1))
    if one is None:
        return 0
    known = held(one)
    late = [row for row in in_range(session, one.from_id, one.to_id) if row.id not in known]
    one.checked = 1
    session.flush()
    if late:
        newest = session.execute(select(Seal.place, Seal.digest).order_by(Seal.place.desc()).limit(1)).first()
        _add(session, newest, late, from_id=late[0].id, late=1, now=now)
    return 1


def _add(session: Session, newest: Any, rows: Sequence[Row[Any]], *, from_id: int, late: int, now: int) -> int:
    """Add a link; 0 where another node was quicker."""
    hashes = [hashed(row) for row in rows]
    place, before = (newest.place + 1, newest.digest) if newest else (1, "")
    packed = _packed(from_id, [row.id for row in rows], hashes)
    one = Seal(place=place, from_id=from_id, to_id=rows[-1].id, count=len(rows), late=late, rows=packed, made_at=now, checked=late)
    told = {"place": place, "from_id": from_id, "to_id": one.to_id, "count": one.count, "late": late, "rows": packed, "made_at": now, "checked": late}
    number = next(take_ids(session, 1))
    return len(add_new(session, Seal, [{"id": number, **told, "digest": linked(before, one, hashes)}]))


def _packed(from_id: int, ids: Sequence[int], hashes: Sequence[bytes]) -> bytes:
    made, before = bytearray(), from_id - 1
    for number, each in zip(ids, hashes, strict=True):
        step, before = number - before, number
        while step >= 0x80:
            made.append(step & 0x7F | 0x80)
            step >>= 7
        made.append(step)
        made += each[:SHORT]
    return bytes(made)


def _bare(row: Row[Any]) -> bytes:
    """The hash of a row without its values."""
    values = ["" if column.key in ("before", "after") else value for column, value in zip(COLUMNS, row, strict=True)]
    return hashlib.sha256(json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()).digest()
