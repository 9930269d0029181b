"""Pieces: what went out as several messages, each told of by its own id; it has come as far as all of them have, and one that failed is enough."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

from sqlalchemy import Index, UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.events import Arrival
from crm.base.rows import add_new, among, ask, take_ids
from crm.base.table import Row
from crm.base.time import DAY
from crm.outbox.arrivals import PendingStatus, Told

KEPT = 7 * DAY
"""How long receipts are waited for; nobody tells of an SMS for longer than it is tried."""
_RANK = {"": 0, Arrival.SENT: 1, Arrival.DELIVERED: 2, Arrival.READ: 3}


class Piece(Row):
    """One message of a delivery that went out as several; `arrival` is how far it has come ("" = nothing was told), `at` when that was told of."""

    __tablename__ = "delivery_pieces"
    delivery_id: Mapped[int]
    account: Mapped[str]
    external_id: Mapped[str]
    arrival: Mapped[str] = mapped_column(server_default="")
    at: Mapped[int] = mapped_column(server_default="0")
    kept_at: Mapped[int]
    __table_args__ = (
        UniqueConstraint("account", "external_id"),
        Index("delivery_pieces_delivery", "delivery_id"),
        Index("delivery_pieces_kept", "kept_at"),
    )


_MADE = select(Piece.id).where(among(Piece.account, "accounts")).limit(1)


@dataclass(frozen=True, slots=True)
class Heard:
    """What is told of one id."""

    external_id: str
    arrival: Arrival
    at: int
    detail: str = ""


def note(session: Session, account: str, split: Mapping[int, Sequence[str]], *, now: int) -> list[Told]:
    """Remember the ids of deliveries that went out as several messages, each for the first it came with; answers what was told of them before."""
    whose: dict[str, int] = {}
    for number, many in split.items():
        for one in many:
            whose.setdefault(one, number)
    ids = sorted(whose)
    session.execute(delete(Piece).where((Piece.kept_at < now - KEPT) | ((Piece.account == account) & Piece.external_id.in_(ids))))
    rows = [{"delivery_id": whose[one], "account": account, "external_id": one, "kept_at": now} for one in ids]
    add_new(session, Piece, [{"id": key, **row} for key, row in zip(take_ids(session, len(rows)), rows, strict=True)])
    return _late(session, account, ids)


def made(session: Session, accounts: Iterable[str]) -> bool:
    """Whether these accounts have any pieces: most channels make none."""
    return bool(ask(session, _MADE, {"accounts": sorted(accounts)}))


def heard(session: Session, account: str, told: Iterable[Heard]) -> tuple[list[Told], Set[str]]:
    """Note what is told of pieces; what that means for their deliveries, and which of the ids are pieces at all."""
    by_id: dict[str, list[Heard]] = {}
    for one in told:
        by_id.setdefault(one.external_id, []).append(one)
    pieces = list(session.scalars(select(Piece).where(Piece.account == account, Piece.external_id.in_(sorted(by_id)))))
    found: list[Told] = []
    for piece in pieces:
        for one in by_id[piece.external_id]:
            if one.arrival is Arrival.FAILED:
                found += [] if _RANK[piece.arrival] > 1 else [Told(piece.delivery_id, one.arrival, one.at, one.detail)]
            elif _RANK[one.arrival] > _RANK[piece.arrival]:
                piece.arrival, piece.at = one.arrival.value, one.at
    session.flush()
    return [*found, *_together(session, {piece.delivery_id for piece in pieces})], {piece.external_id for piece in pieces}


def catch_up(session: Session, accounts: Iterable[str]) -> list[Told]:
    """What was told of pieces while nobody saw that they are some: on a server two transactions may pass each other."""
    here = (PendingStatus.account == Piece.account) & (PendingStatus.external_id == Piece.external_id)
    waiting = select(Piece.account, Piece.external_id).join(PendingStatus, here).where(Piece.account.in_(sorted(accounts)))
    by_account: dict[str, list[str]] = {}
    for row in session.execute(waiting):
        by_account.setdefault(row.account, []).append(row.external_id)
    return [one for account, ids in by_account.items() for one in _late(session, account, ids)]


def forget(session: Session, delivery_id: int) -> None:
    """What is told of the pieces of an earlier sending is not told of the next one."""
    session.execute(delete(Piece).where(Piece.delivery_id == delivery_id))


def _late(session: Session, account: str, ids: Sequence[str]) -> list[Told]:
    """Take what waits for some pieces."""
    waits = list(session.scalars(select(PendingStatus).where(PendingStatus.account == account, PendingStatus.external_id.in_(ids))))
    if not waits:
        return []
    session.execute(delete(PendingStatus).where(PendingStatus.id.in_([one.id for one in waits])))
    return heard(session, account, [Heard(one.external_id, Arrival(one.arrival), one.at, one.detail) for one in waits])[0]


def _together(session: Session, deliveries: Set[int]) -> list[Told]:
    """How far deliveries have come, by the piece that has come least far."""
    if not deliveries:
        return []
    by_delivery: dict[int, list[Piece]] = {}
    for piece in session.scalars(select(Piece).where(Piece.delivery_id.in_(sorted(deliveries)))):
        by_delivery.setdefault(piece.delivery_id, []).append(piece)
    least = {number: min(pieces, key=lambda piece: _RANK[piece.arrival]) for number, pieces in by_delivery.items()}
    return [Told(number, Arrival(one.arrival), max(piece.at for piece in by_delivery[number])) for number, one in least.items() if one.arrival]
