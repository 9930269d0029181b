"""Lines of a deal: which goods, how many, at which price, with which discount and tax; its amount is what they come to."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Actor
from crm.base.errors import Invalid
from crm.base.history import Change, DomainEvent, record
from crm.base.pricing import LINES_MOST, WHOLE, Line, Totals, spread, totals
from crm.base.rows import add, take_ids
from crm.base.table import Row
from crm.base.text import clean_name
from crm.sales.deals import Deal, Moved, held_deal, redraw
from crm.sales.discounts import HAND, given
from crm.sales.products import NAME_MOST, UNIT_MOST, currencies_sold

__all__ = ["DealLine", "LineView", "Totals", "discounted", "lines_of", "set_lines", "shared_out", "totals", "undo_lines"]


class DealLine(Row):
    """A line of a deal, in its currency: what `crm.base.pricing.Line` says, in the order of `position`; `product_id` None = not of the price list."""

    __tablename__ = "deal_lines"
    deal_id: Mapped[int] = mapped_column(ForeignKey("deals.id"))
    position: Mapped[int]
    product_id: Mapped[int | None]
    title: Mapped[str]
    unit: Mapped[str] = mapped_column(server_default="")
    quantity_m: Mapped[int]
    price: Mapped[int]
    discount_bp: Mapped[int] = mapped_column(server_default="0")
    discount_amount: Mapped[int] = mapped_column(server_default="0")
    tax_bp: Mapped[int] = mapped_column(server_default="0")
    tax_inside: Mapped[int] = mapped_column(server_default="1")
    discount_why: Mapped[str] = mapped_column(server_default="")
    __table_args__ = (UniqueConstraint("deal_id", "position"),)


@dataclass(frozen=True, slots=True)
class LineView(Line):
    """A line as it stands in a deal: with its number and its place."""

    id: int = 0
    position: int = 0


_NAMES = [one.name for one in fields(Line)]


def lines_of(session: Session, deal_id: int) -> tuple[LineView, ...]:
    """The lines of a deal, in order; whoever asks has seen the deal."""
    rows = session.scalars(select(DealLine).where(DealLine.deal_id == deal_id).order_by(DealLine.position).execution_options(populate_existing=True))
    return tuple(LineView(**_said(row), id=row.id, position=row.position) for row in rows)


def currency_for(session: Session, deal: Deal) -> str:
    """In which currency goods are picked for a deal: its own; where it is worth nothing yet, and nothing is sold in that one, one in which there is."""
    if deal.amount is not None or line_count(session, deal.id):
        return deal.currency
    sold = currencies_sold(session)
    return deal.currency if deal.currency in sold or not sold else sold[0]


def line_count(session: Session, deal_id: int) -> int:
    """How many lines a deal has."""
    return line_counts(session, [deal_id]).get(deal_id, 0)


def line_counts(session: Session, deal_ids: Collection[int]) -> dict[int, int]:
    """How many lines each of these deals has; those without any are not among them."""
    if not deal_ids:
        return {}
    asked = select(DealLine.deal_id, func.count().label("many")).where(DealLine.deal_id.in_(deal_ids)).group_by(DealLine.deal_id)
    return {row.deal_id: row.many for row in session.execute(asked)}


def set_lines(session: Session, actor: Actor, deal_id: int, lines: Sequence[Line], *, seen: str, currency: str = "", now: int) -> Deal:
    """A deal is about these goods from now on, and worth what they come to; without any it keeps its amount.

    What is new or another quantity has the discount of the rules, unless a person typed one.
    `seen` is the `mark` of the lines when they were asked about; raises `Moved` where somebody else has changed them since, `Invalid` for what cannot be
    counted. `currency` is another one than the deal's, which is possible while it is worth nothing.
    """
    deal = held_deal(session, actor, deal_id)
    before = lines_of(session, deal_id)
    said = given(session, deal.contact_id, before, [_cleaned(line) for line in lines])
    if mark(before) != seen:
        if mark(before) == mark(said):
            return deal
        raise Moved
    if len(said) > LINES_MOST:
        raise Invalid("these are too many lines")
    money = currency or deal.currency
    if money != deal.currency and (before or deal.amount is not None):
        raise Invalid("this deal is in another currency")
    amount = totals(said, money).gross if said else deal.amount
    if mark(before) == mark(said) and amount == deal.amount:
        return deal
    _write(session, deal, said)
    was = {"lines": packed(before), "amount": deal.amount, "currency": deal.currency}
    record(session, Change("deal", deal.id, "lines", actor, was, {"lines": packed(said), "amount": amount, "currency": money}), now=now)
    deal.amount, deal.currency = amount, money
    session.flush()
    redraw(session, deal, now=now)
    return deal


def undo_lines(session: Session, actor: Actor, deal_id: int, *, now: int) -> Deal:
    """Take the last change of a deal's lines back, and its amount with them; raises `Moved` where something else has changed either since."""
    deal, lines = held_deal(session, actor, deal_id), lines_of(session, deal_id)
    about = (DomainEvent.subject == "deal", DomainEvent.subject_id == deal_id, DomainEvent.kind == "lines")
    last = session.scalar(select(DomainEvent).where(*about).order_by(DomainEvent.id.desc()).limit(1))
    if last is None or not last.before:  # an erasure takes the values out of the record
        raise Moved
    was, stands = json.loads(last.before), json.loads(last.after)
    if (packed(lines), deal.amount, deal.currency) != (stands["lines"], stands["amount"], stands["currency"]):
        raise Moved
    _write(session, deal, unpacked(was["lines"]))
    record(session, Change("deal", deal.id, "lines", actor, stands, was), now=now)
    deal.amount, deal.currency = was["amount"], was["currency"]
    session.flush()
    redraw(session, deal, now=now)
    return deal


def mark(lines: Sequence[Line]) -> str:
    """A short mark of lines, another one for any other lines; pure."""
    return hashlib.sha256(json.dumps(packed(lines), ensure_ascii=False).encode()).hexdigest()[:10]


def packed(lines: Sequence[Line]) -> list[list[Any]]:
    """Lines as plain values; pure."""
    return [[getattr(line, name) for name in _NAMES] for line in lines]


def unpacked(values: Sequence[Sequence[Any]]) -> tuple[Line, ...]:
    """Lines from plain values; pure."""
    return tuple(Line(**dict(zip(_NAMES, one, strict=True))) for one in values)


def discounted(lines: Sequence[Line], share_bp: int) -> tuple[Line, ...]:
    """The same lines with a share less on each (basis points) by a person's word, instead of whatever discount they had; pure."""
    if not 0 <= share_bp <= WHOLE:
        raise Invalid("this discount cannot be used")
    return tuple(replace(line, discount_bp=share_bp, discount_amount=0, discount_why=HAND) for line in lines)


def shared_out(lines: Sequence[Line], amount: int, currency: str) -> tuple[Line, ...]:
    """The same lines with this much less together, each its part, instead of whatever discount they had; raises `Invalid` where it is more than all; pure."""
    bare = discounted(lines, 0)
    parts = spread(amount, [one.full for one in totals(bare, currency).lines], currency)
    return tuple(replace(line, discount_amount=part) for line, part in zip(bare, parts, strict=True))


def _cleaned(line: Line) -> Line:
    title = clean_name(line.title, NAME_MOST)
    if not title:
        raise Invalid("a line needs words")
    said: Mapping[str, Any] = {name: getattr(line, name) for name in _NAMES}
    return Line(**{**said, "title": title, "unit": clean_name(line.unit, UNIT_MOST)})


def _write(session: Session, deal: Deal, lines: Sequence[Line]) -> None:
    session.execute(delete(DealLine).where(DealLine.deal_id == deal.id))
    ids = take_ids(session, len(lines))
    rows = [{"id": next(ids), "deal_id": deal.id, "position": place, **_columns(line)} for place, line in enumerate(lines)]
    add(session, DealLine, rows)


def _columns(line: Line) -> dict[str, Any]:
    return {**{name: getattr(line, name) for name in _NAMES}, "tax_inside": int(line.tax_inside)}


def _said(row: DealLine) -> dict[str, Any]:
    return {**{name: getattr(row, name) for name in _NAMES}, "tax_inside": bool(row.tax_inside)}
