"""Audit: whether the record still is what was sealed; it walks seal by seal and names the first place that is not."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from crm.base.history import DomainEvent
from crm.base.seals import COLUMNS, REDACTED, SHORT, Seal, hashed, held, in_range, linked

AT_ONCE = 50
Told = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found: `broken` names the first place in words ("" = none); `unsealed` rows are too young, `late` ones were committed late."""

    seals: int = 0
    rows: int = 0
    late: int = 0
    redacted: int = 0
    unsealed: int = 0
    anchor: str = ""
    broken: str = ""


class _Broken(Exception):
    """The first place that is not as it was sealed."""


@dataclass(slots=True)
class _Walk:
    """Where a walk along the chain stands."""

    late_ids: frozenset[int]
    place: int = 0
    digest: str = ""
    sealed: int = 0
    rows: int = 0
    late: int = 0
    redacted: int = 0


def verify(session: Session, told: Told | None = None, *, known: str = "") -> Verdict:
    """Walk the whole chain; `told` hears how many of how many seals are done; `known` is an anchor that was kept elsewhere (place:digest)."""
    number = session.scalar(select(func.count()).select_from(Seal)) or 0
    late = session.scalars(select(Seal).where(Seal.late == 1).order_by(Seal.place)).all()
    walk = _Walk(frozenset(each for one in late for each in held(one)))
    broken = ""
    try:
        while chunk := session.scalars(select(Seal).where(Seal.place > walk.place).order_by(Seal.place).limit(AT_ONCE)).all():
            for one in chunk:
                _seal(session, walk, one)
                _known(one, known)
            session.expunge_all()
            if told:
                told(walk.place, number)
        if known and int(known.partition(":")[0]) > walk.place:
            raise _Broken(f"the seals after {walk.place} are gone: seal {known} was there")
    except _Broken as found:
        broken = str(found)
    unsealed = session.scalar(select(func.count()).select_from(DomainEvent).where(DomainEvent.id > walk.sealed)) or 0
    anchor = f"{walk.place}:{walk.digest[:16]}" if walk.place else ""
    return Verdict(walk.place, walk.rows, walk.late, walk.redacted, 0 if broken else unsealed, anchor, broken)


def _known(one: Seal, known: str) -> None:
    place, _, digest = known.partition(":")
    if place == str(one.place) and not one.digest.startswith(digest):
        raise _Broken(f"seal {one.place} is not the one that was noted down: {known}")


def _seal(session: Session, walk: _Walk, one: Seal) -> None:
    """One seal: it follows the one before, and its rows are there, all of them, no other, as they were."""
    if one.place != walk.place + 1:
        raise _Broken(f"seal {walk.place + 1} is gone")
    if not one.late and one.from_id != walk.sealed + 1:
        raise _Broken(f"seal {one.place} begins at row {one.from_id}, not at {walk.sealed + 1}")
    known = held(one)
    rows = _rows(session, one, known)
    for row in rows:
        if row.id not in known and row.id not in walk.late_ids:
            raise _Broken(f"row {row.id} was put in afterwards (seal {one.place})")
    there = {row.id: row for row in rows if row.id in known}
    gone = next((number for number in known if number not in there), None)
    if gone is not None:
        raise _Broken(f"row {gone} is gone (seal {one.place})")
    hashes = [_hash(session, walk, one, there[number], short) for number, short in known.items()]
    if len(known) != one.count or linked(walk.digest, one, hashes) != one.digest:
        raise _Broken(f"seal {one.place} (rows {one.from_id} to {one.to_id}) is not what it was")
    walk.place, walk.digest, walk.rows = one.place, one.digest, walk.rows + len(known)
    walk.sealed, walk.late = (walk.sealed, walk.late + len(known)) if one.late else (one.to_id, walk.late)


def _rows(session: Session, one: Seal, known: dict[int, bytes]) -> Sequence[Row[Any]]:
    if not one.late:
        return in_range(session, one.from_id, one.to_id)
    return session.execute(select(*COLUMNS).where(DomainEvent.id.in_(list(known))).order_by(DomainEvent.id)).all()


def _hash(session: Session, walk: _Walk, one: Seal, row: Row[Any], short: bytes) -> bytes:
    """The hash a row was sealed with; one whose values an erasure took out says so in the record itself."""
    found = hashed(row)
    if found[:SHORT] == short:
        return found
    about = (DomainEvent.subject == "event", DomainEvent.subject_id == row.id, DomainEvent.kind == REDACTED)
    told = session.execute(select(DomainEvent.before, DomainEvent.after).where(*about).order_by(DomainEvent.id)).all()
    blank = row.before == "" and row.after == ""
    sealed = bytes.fromhex(json.loads(told[0].before)["hash"]) if told else b""
    if not blank or sealed[:SHORT] != short or json.loads(told[-1].after)["hash"] != found.hex():
        raise _Broken(f"row {row.id} was changed (seal {one.place})")
    walk.redacted += 1
    return sealed
