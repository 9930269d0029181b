"""Order lines: what is ordered may change until it leaves; its total, its goods and what is owed follow, and every change can be taken back."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import astuple, replace
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from crm.base.actors import Actor
from crm.base.errors import Invalid
from crm.base.history import Change, DomainEvent, record
from crm.base.money import AMOUNT_MOST
from crm.base.pricing import ONE, QUANTITY_MOST, count, unit_of
from crm.base.pricing import Line as Priced
from crm.base.text import clean_name
from crm.sales import stock
from crm.sales.deals import Deal
from crm.sales.discounts import by_hand, given
from crm.sales.ledger import PaymentState, entries
from crm.sales.lines import lines_of
from crm.sales.order_steps import OrderMoved, Stepped
from crm.sales.orders import LINES_MOST, TITLE_MOST, Line, Order, OrderLine, OrderState, add_lines, bought, held_order, lines_in, redraw
from crm.sales.payments import settled
from crm.sales.products import line_from, products_at

OPEN = (OrderState.NEW.value, OrderState.CONFIRMED.value)
"""The states in which what is ordered may still change: nothing of it has left."""


def ordered(session: Session, order_id: int) -> tuple[Line, ...]:
    """What is ordered, line by line."""
    return tuple(Line(one.title, one.total, one.price, one.quantity_m, one.unit, one.product_id) for one in lines_in(session, order_id))


def change_lines(session: Session, actor: Actor, order_id: int, lines: Sequence[Line], *, seen: str, now: int) -> Stepped:
    """These are the lines of an order from now on; `seen` is the `mark` of those that were looked at.

    Raises `OrderMoved` where they, or the state it is in, are others now, and `Invalid` for lines that cannot be.
    """
    order = held_order(session, actor, order_id)
    before, after = ordered(session, order.id), _kept(lines)
    if mark(before) == mark(after):
        return Stepped(order)
    if mark(before) != seen or order.state not in OPEN:
        raise OrderMoved
    _check(after)
    return _put(session, actor, order, before, after, now=now)


def undo_lines(session: Session, actor: Actor, order_id: int, *, now: int) -> Stepped:
    """Take the last change of an order's lines back; raises `OrderMoved` where they were changed since, or some of it has left."""
    order, lines = held_order(session, actor, order_id), ordered(session, order_id)
    about = (DomainEvent.subject == "order", DomainEvent.subject_id == order.id, DomainEvent.kind == "lines")
    last = session.scalar(select(DomainEvent).where(*about).order_by(DomainEvent.id.desc()).limit(1))
    if last is None or not last.before or order.state not in OPEN:  # an erasure takes the values out of the record
        raise OrderMoved
    if packed(lines) != json.loads(last.after)["lines"]:
        raise OrderMoved
    was = tuple(Line(*one) for one in json.loads(last.before)["lines"])
    return _put(session, actor, order, lines, was, now=now)


def as_in_deal(session: Session, order: Order) -> tuple[Line, ...]:
    """What the deal of an order is about now (nothing where it has none, or is in other money)."""
    deal = session.get(Deal, order.deal_id) if order.deal_id else None
    return _kept(bought(session, deal)) if deal is not None and deal.currency == order.currency else ()


def mark(lines: Sequence[Line]) -> str:
    """A short mark of lines, another one for any other lines; pure."""
    return hashlib.sha256(json.dumps(packed(lines), ensure_ascii=False).encode()).hexdigest()[:10]


def packed(lines: Sequence[Line]) -> list[list[Any]]:
    """Lines as plain values; pure."""
    return [list(astuple(line)) for line in lines]


def counted(lines: Sequence[Line], place: int, quantity_m: int, currency: str) -> tuple[Line, ...]:
    """The lines with another quantity of one, which costs by its price, or, where it does not now, in proportion, to the whole coin; pure.

    None of it takes it out.
    """
    if not 0 <= quantity_m <= QUANTITY_MOST:
        raise Invalid("this quantity cannot be used")
    if not quantity_m:
        return tuple(line for at, line in enumerate(lines) if at != place)
    one, coin = lines[place], unit_of(currency)
    if one.total == _cost(one.price, one.quantity_m, ONE, coin):
        total = _cost(one.price, quantity_m, ONE, coin)
    else:  # a discount, or a tax on top
        total = _cost(one.total, quantity_m, one.quantity_m, coin)
    return _with(lines, place, replace(one, quantity_m=quantity_m, total=total))


def rule_of(session: Session, order: Order, line: Line) -> Priced | None:
    """A line of an order as the price list has it, with the discount of its rules; None where its price, its total or its discount is a person's word."""
    goods = products_at(session, [line.product_id]).get(line.product_id) if line.product_id else None
    if goods is None or (goods.offer.price, goods.offer.currency) != (line.price, order.currency):
        return None
    if order.deal_id and any(one.product_id == line.product_id and by_hand(one) for one in lines_of(session, order.deal_id)):
        return None
    [found] = given(session, order.contact_id, (), [line_from(goods, line.quantity_m)])
    return found if count(found, order.currency).gross == line.total else None


def recounted(session: Session, order: Order, lines: Sequence[Line], place: int, quantity_m: int) -> tuple[Line, ...]:
    """The lines with another quantity of one: with the discount that the rules give for so much, in proportion where a person has said what it costs."""
    wanted, rule = counted(lines, place, quantity_m, order.currency), rule_of(session, order, lines[place])
    if rule is None or not quantity_m:
        return wanted
    [found] = given(session, order.contact_id, (), [replace(rule, quantity_m=quantity_m, discount_bp=0, discount_why="")])
    return _with(lines, place, replace(lines[place], quantity_m=quantity_m, total=count(found, order.currency).gross))


def priced(lines: Sequence[Line], place: int, price: int, currency: str) -> tuple[Line, ...]:
    """The lines with another price of one, in hundredths, without a discount; pure."""
    one, coin = lines[place], unit_of(currency)
    if price < 0 or price % coin:
        raise Invalid("this price cannot be used")
    return _with(lines, place, replace(one, price=price, total=_cost(price, one.quantity_m, ONE, coin)))


def _cost(price: int, quantity_m: int, per_m: int, coin: int) -> int:
    """What a quantity costs where so many thousandths have a price, to the whole coin."""
    return (2 * price * quantity_m + per_m * coin) // (2 * per_m * coin) * coin


def _kept(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Lines as they are kept."""
    return tuple(replace(line, title=clean_name(line.title, TITLE_MOST), price=line.price or line.total) for line in lines)


def _with(lines: Sequence[Line], place: int, one: Line) -> tuple[Line, ...]:
    return tuple(one if at == place else line for at, line in enumerate(lines))


def _check(lines: Sequence[Line]) -> None:
    if not 0 < len(lines) <= LINES_MOST or any(line.total < 0 for line in lines) or sum(line.total for line in lines) > AMOUNT_MOST:
        raise Invalid("an order has lines that cost something or nothing")


def _put(session: Session, actor: Actor, order: Order, before: Sequence[Line], after: Sequence[Line], *, now: int) -> Stepped:
    session.execute(delete(OrderLine).where(OrderLine.order_id == order.id))
    add_lines(session, order.id, tuple(after))
    total = sum(line.total for line in after)
    money = {"currency": order.currency}
    was, stands = {"lines": packed(before), "amount": order.total, **money}, {"lines": packed(after), "amount": total, **money}
    record(session, Change("order", order.id, "lines", actor, was, stands), now=now)
    order.total = total
    session.flush()
    redraw(session, order, now=now)
    short: Sequence[stock.Short] = ()
    if order.state == OrderState.CONFIRMED:
        short = stock.reserve(session, actor, lines_in(session, order.id), once=f"order:{order.id}", now=now)
    came = [one for one in entries(session, order.id) if one.state == PaymentState.CONFIRMED]
    if came:
        settled(session, actor, came[-1], now=now)
    return Stepped(order, short)
