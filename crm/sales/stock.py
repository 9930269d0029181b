"""Stock: how much of a product is there and how much of it is promised; every change is a move, and the counters are what the moves come to."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sqlalchemy import Index, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Actor, name_of
from crm.base.errors import Invalid
from crm.base.history import Change, record_many
from crm.base.policy import Action
from crm.base.pricing import QUANTITY_MOST
from crm.base.rows import add_new, take_ids
from crm.base.table import Row
from crm.people.reps import authorise
from crm.sales.products import Goods, Product, held_product, view


class Kind(StrEnum):
    """What moves: goods come in, go out, are promised, or are free again."""

    IN = "in"
    OUT = "out"
    RESERVE = "reserve"
    RELEASE = "release"


class StockMove(Row):
    """So much of a product (thousandths) came, went, was promised or was freed: by whom, when, and for what (`cause`, as "order:7")."""

    __tablename__ = "stock_moves"
    product_id: Mapped[int]
    kind: Mapped[str]
    quantity_m: Mapped[int]
    cause: Mapped[str] = mapped_column(server_default="")
    once: Mapped[str | None] = mapped_column(unique=True)
    actor: Mapped[str]
    rep_id: Mapped[int | None]
    at: Mapped[int]
    __table_args__ = (Index("stock_moves_product", "product_id", "id"), Index("stock_moves_cause", "cause", "product_id"))


class Wanted(Protocol):
    """So much of something: any line of a deal or an order."""

    @property
    def product_id(self) -> int | None:
        """Which product it is (None = not of the price list)."""

    @property
    def quantity_m(self) -> int:
        """How much of it, in thousandths."""


@dataclass(frozen=True, slots=True)
class Short:
    """More of a product is promised or gone than there is: how much is lacking, in thousandths."""

    product_id: int
    name: str
    unit: str
    missing_m: int


def reserve(session: Session, actor: Actor, lines: Sequence[Wanted], *, once: str, now: int) -> tuple[Short, ...]:
    """Promise goods to what `once` names ("order:7") and answer what is lacking: that is told, and never refused, since goods may be on their way.

    Asked again with other lines only the difference moves; what the same has taken out already is not promised any more. Products not counted are passed over.
    """
    return _settle(session, actor, once, reserved=amounts(lines), out=None, now=now)


def release(session: Session, actor: Actor, *, once: str, now: int) -> None:
    """Whatever is promised to this is free again; nothing that went out comes back."""
    _settle(session, actor, once, reserved={}, out=None, now=now)


def take_out(session: Session, actor: Actor, lines: Sequence[Wanted], *, once: str, now: int) -> tuple[Short, ...]:
    """The goods of this have gone: what was promised to it is so no more. Answers what is less than nothing now: somebody should count it."""
    return _settle(session, actor, once, reserved={}, out=amounts(lines), now=now)


def put_back(session: Session, actor: Actor, *, once: str, now: int) -> None:
    """The goods of this are there again: they came back, or never went; nothing is promised to it any more."""
    _settle(session, actor, once, reserved={}, out={}, now=now)


def come_in(session: Session, actor: Actor, product_id: int, quantity_m: int, *, once: str, now: int) -> Goods:
    """So much more of a product is there, or, below zero, so much less; the same `once` counts once. The product is counted from now on."""
    authorise(session, actor, Action.SET_PRICES)
    if not 0 < abs(quantity_m) <= QUANTITY_MOST:
        raise Invalid("this quantity cannot be used")
    row = held_product(session, product_id)
    kind = Kind.IN if quantity_m > 0 else Kind.OUT
    row.stock_kept = 1
    _move(session, actor, [_Step(row, kind, abs(quantity_m), once)], "", now)
    return view(row)


def count_is(session: Session, actor: Actor, product_id: int, counted_m: int, *, once: str, now: int) -> Goods:
    """Somebody has counted a product: so much of it is there, in thousandths; the difference is a move."""
    authorise(session, actor, Action.SET_PRICES)
    if not 0 <= counted_m <= QUANTITY_MOST:
        raise Invalid("this quantity cannot be used")
    row = held_product(session, product_id)
    more = counted_m - row.on_hand
    if more:
        _move(session, actor, [_Step(row, Kind.IN if more > 0 else Kind.OUT, abs(more), once)], "", now)
    row.stock_kept = 1
    session.flush()
    return view(row)


def keep_count(session: Session, actor: Actor, product_id: int, kept: bool, low_m: int = 0, *, now: int) -> Goods:
    """Count a product, and call it low at so many free ones (thousandths), or count it no more; what was counted stays known."""
    authorise(session, actor, Action.SET_PRICES)
    row = held_product(session, product_id)
    if not 0 <= low_m <= QUANTITY_MOST:
        raise Invalid("this quantity cannot be used")
    before, after = {"kept": bool(row.stock_kept), "low": row.low_m}, {"kept": kept, "low": low_m}
    if before != after:
        row.stock_kept, row.low_m = int(kept), low_m
        session.flush()
        record_many(session, [Change("product", row.id, "counting", actor, before, after)], now=now)
    return view(row)


def lacking(session: Session, lines: Sequence[Wanted]) -> tuple[Short, ...]:
    """What of these is not free at the moment."""
    wanted = amounts(lines)
    rows = session.scalars(select(Product).where(Product.id.in_(wanted), Product.stock_kept == 1).order_by(Product.id)).all() if wanted else ()
    short = [(row, wanted[row.id] - max(row.on_hand - row.reserved, 0)) for row in rows]
    return tuple(Short(row.id, row.name, row.unit, missing) for row, missing in short if missing > 0)


def amounts(lines: Iterable[Wanted]) -> dict[int, int]:
    """How much of each product lines want, in thousandths; those not of the price list are passed over; pure."""
    found: dict[int, int] = {}
    for line in lines:
        if line.product_id is not None:
            found[line.product_id] = found.get(line.product_id, 0) + line.quantity_m
    return found


@dataclass(frozen=True, slots=True)
class _Step:
    row: Product
    kind: Kind
    quantity_m: int
    once: str | None = None


def _settle(session: Session, actor: Actor, cause: str, *, reserved: dict[int, int], out: dict[int, int] | None, now: int) -> tuple[Short, ...]:
    """Make what is promised to and gone for a cause be so much; `out` None = what has gone stays as it is."""
    authorise(session, actor, Action.CHANGE_ORDER)
    before = select(StockMove.product_id).where(StockMove.cause == cause).distinct()
    rows = _held(session, {*reserved, *(out or {})}, set(session.scalars(before)))
    sums = _sums(session, cause)
    steps = []
    for row in rows:
        held, gone = sums.get((row.id, Kind.RESERVE), 0), sums.get((row.id, Kind.OUT), 0)
        wished = gone if out is None else out.get(row.id, 0)
        promised = max(reserved.get(row.id, 0) - wished, 0) if out is None else 0
        steps += [*_towards(row, held, promised, Kind.RESERVE, Kind.RELEASE), *_towards(row, gone, wished, Kind.OUT, Kind.IN)]
    _move(session, actor, steps, cause, now)
    touched = {one.row.id for one in steps} | set(reserved) | set(out or {})
    return tuple(Short(row.id, row.name, row.unit, row.reserved - row.on_hand) for row in rows if row.id in touched and row.reserved > row.on_hand)


def _towards(row: Product, now_m: int, then_m: int, up: Kind, down: Kind) -> list[_Step]:
    if now_m == then_m:
        return []
    return [_Step(row, up if then_m > now_m else down, abs(then_m - now_m))]


def _sums(session: Session, cause: str) -> dict[tuple[int, Kind], int]:
    """What is promised to a cause and what has gone for it, by product."""
    asked = select(StockMove.product_id, StockMove.kind, func.sum(StockMove.quantity_m)).where(StockMove.cause == cause)
    found: dict[tuple[int, Kind], int] = {}
    for product, kind, much in session.execute(asked.group_by(StockMove.product_id, StockMove.kind)):
        key = (product, Kind.RESERVE if kind in (Kind.RESERVE, Kind.RELEASE) else Kind.OUT)
        found[key] = found.get(key, 0) + int(much) * (1 if kind in (Kind.RESERVE, Kind.OUT) else -1)
    return found


def _held(session: Session, wanted: Collection[int], before: Collection[int]) -> list[Product]:
    """Products held so that nobody else counts them at the same time, always in the same order; of those wanted now only the ones that are counted."""
    numbers = sorted({*wanted, *before})
    if not numbers:
        return []
    asked = select(Product).where(Product.id.in_(numbers)).order_by(Product.id).with_for_update().execution_options(populate_existing=True)
    return [row for row in session.scalars(asked) if row.stock_kept or row.id in before]


def _move(session: Session, actor: Actor, steps: Sequence[_Step], cause: str, now: int) -> None:
    """Write moves down and bring the counters along; one whose once-key is there already is passed over."""
    ids = take_ids(session, len(steps))
    by = {"cause": cause, "actor": name_of(actor), "rep_id": getattr(actor, "id", None), "at": now}
    rows = [{"id": next(ids), "product_id": one.row.id, "kind": one.kind.value, "quantity_m": one.quantity_m, "once": one.once, **by} for one in steps]
    made = add_new(session, StockMove, rows)
    changes = []
    for row, one in zip(rows, steps, strict=True):
        if row["id"] not in made:
            continue
        before = {"on_hand": one.row.on_hand, "reserved": one.row.reserved}
        _count(one)
        after = {"on_hand": one.row.on_hand, "reserved": one.row.reserved}
        changes.append(Change("product", one.row.id, "stock", actor, before, {**after, "move": one.kind.value}, cause=cause))
    session.flush()
    record_many(session, changes, now=now)


def _count(step: _Step) -> None:
    if step.kind in (Kind.IN, Kind.OUT):
        step.row.on_hand += step.quantity_m if step.kind is Kind.IN else -step.quantity_m
    else:
        step.row.reserved += step.quantity_m if step.kind is Kind.RESERVE else -step.quantity_m
