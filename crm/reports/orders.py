"""Orders as they are read: one with everything about it, a list of those that run, and what they come to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from crm.base.actors import Rep
from crm.base.policy import Action
from crm.base.time import DAY
from crm.people.contacts import Contact
from crm.people.reps import Member
from crm.people.sight import Sight, seen_by, sight_of
from crm.reports.deal import talk_with
from crm.sales.ledger import Payment, PaymentState, entries, owed, paid
from crm.sales.orders import ENDED, Order, OrderState, lines_in, orders_about, seen_order
from crm.sales.shipments import ShipmentState, shipment_of

_own, _root = aliased(Contact), aliased(Contact)
LATELY = 90 * DAY
"""Over which time days to pay are counted."""


@dataclass(frozen=True, slots=True)
class Brief:
    """An order on a line; `to_pay` counts hundredths, `owner` is whose it is ("" = nobody's), `claimed` = somebody says that they have paid."""

    id: int
    number: str
    name: str
    state: OrderState
    total: int
    to_pay: int
    currency: str
    rep_id: int | None
    owner: str
    claimed: bool


@dataclass(frozen=True, slots=True)
class CardOrder:
    """The order that stands on the card of its person; `owner` is whose it is ("" = nobody's), in team `team_id`; `to_pay` counts hundredths."""

    id: int
    number: str
    state: OrderState
    to_pay: int
    currency: str
    rep_id: int | None
    owner: str
    team_id: int | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A line of an order: so many thousandths of something for so much."""

    title: str
    unit: str
    quantity_m: int
    total: int


@dataclass(frozen=True, slots=True)
class OrderSheet:
    """An order with its lines, money, way and talk; `days` is how long it took to be paid, `conversation_id` the newest talk with its person (0 = none)."""

    brief: Brief
    items: tuple[Item, ...]
    paid: int
    days: int | None
    address: str
    note: str
    tells: bool
    deal_id: int | None
    shipment: ShipmentState | None
    carrier: str
    tracking: str
    expected_on: str
    conversation_id: int


@dataclass(frozen=True, slots=True)
class Sums:
    """What the orders in sight come to: how many run, what is owed by currency, how many payments wait, days to pay of late over how many orders."""

    running: int
    owed: tuple[tuple[str, int], ...]
    claimed: int
    days: float
    paid: int


def order_sheet(session: Session, actor: Rep, order_id: int) -> OrderSheet:
    """An order this member may look at; raises `NotFound` for another's."""
    order, sight = seen_order(session, actor, order_id), seen_by(actor)
    there = shipment_of(session, order.id)
    return OrderSheet(
        brief=briefs(session, actor, [order.id])[0],
        items=tuple(Item(sight.told(line.title, points=True), line.unit, line.quantity_m, line.total) for line in lines_in(session, order.id)),
        paid=paid(session, order),
        days=max(0, order.paid_at - order.created_at) // DAY if order.paid_at else None,
        address=sight.told(order.address, points=True),
        note=sight.told(order.note, points=True),
        tells=bool(order.tells),
        deal_id=order.deal_id,
        shipment=ShipmentState(there.state) if there else None,
        carrier=there.carrier if there else "",
        tracking=there.tracking if there else "",
        expected_on=there.expected_on if there else "",
        conversation_id=talk_with(session, order.contact_id),
    )


def order_about(session: Session, contact_id: int, family: Sequence[int] = ()) -> CardOrder | None:
    """The newest order of a person that runs; where none does, the newest of all."""
    for order in orders_about(session, contact_id, family=family)[:1]:
        owner = session.get(Member, order.rep_id) if order.rep_id else None
        whose = (owner.id, owner.name, owner.team_id) if owner and owner.active else (None, "", None)
        return CardOrder(order.id, order.number, OrderState(order.state), owed(session, order), order.currency, *whose)
    return None


def orders_with(session: Session, actor: Rep, contact_id: int, *, limit: int) -> Sequence[Brief]:
    """The orders of a person that this member may look at, those that run first."""
    sight = sight_of(session, actor, Action.SEE_ORDERS)
    found = briefs(session, actor, [order.id for order in orders_about(session, contact_id)])
    return [one for one in found if sight.covers(one.rep_id)][:limit]


def orders(session: Session, actor: Rep, *, skip: int, limit: int) -> tuple[Sequence[Brief], bool]:
    """The orders in sight that run or are owed for, the oldest first, and whether there are more."""
    sight = sight_of(session, actor, Action.SEE_ORDERS)
    running = or_(Order.state.not_in(ENDED), and_(Order.state == OrderState.DELIVERED.value, Order.paid_at == 0, Order.total > 0))
    found = session.scalars(select(Order.id).where(running, *_seen(sight)).order_by(Order.id).offset(skip).limit(limit + 1)).all()
    return briefs(session, actor, found[:limit]), len(found) > limit


def sums(session: Session, actor: Rep, *, now: int) -> Sums:
    """What the orders in sight come to."""
    sight = sight_of(session, actor, Action.SEE_ORDERS)
    running = session.scalar(select(func.count()).select_from(Order).where(Order.state.not_in(ENDED), *_seen(sight))) or 0
    unpaid = (Order.state != OrderState.CANCELLED.value, Order.paid_at == 0, *_seen(sight))
    much = dict(_pairs(session, select(Order.currency, func.sum(Order.total)).where(*unpaid).group_by(Order.currency)))
    came = select(Order.currency, func.sum(Payment.amount)).join(Payment, and_(Payment.order_id == Order.id, Payment.currency == Order.currency))
    parts = dict(_pairs(session, came.where(Payment.state == PaymentState.CONFIRMED.value, *unpaid).group_by(Order.currency)))
    still = tuple((currency, amount - parts.get(currency, 0)) for currency, amount in sorted(much.items()) if amount - parts.get(currency, 0))
    claimed = select(func.count()).select_from(Payment).where(Payment.state == PaymentState.CLAIMED.value, sight.rows(Payment.rep_id))
    took = case((Order.paid_at > Order.created_at, Order.paid_at - Order.created_at), else_=0)
    lately = select(func.count(), func.coalesce(func.sum(took), 0)).where(Order.paid_at > now - LATELY, *_seen(sight))
    count, whole = session.execute(lately).one()
    return Sums(running, still, session.scalar(claimed) or 0, float(whole) / DAY / count if count else 0.0, count)


def payments_to_check(session: Session, actor: Rep, *, limit: int) -> list[Payment]:
    """The payments in sight about which somebody is to decide, the oldest first; what nobody knows whose it is waits for who sees everything."""
    sight = sight_of(session, actor, Action.CONFIRM_PAYMENT)
    claimed = select(Payment).where(Payment.state == PaymentState.CLAIMED.value, sight.rows(Payment.rep_id))
    found = list(session.scalars(claimed.order_by(Payment.id).limit(limit)))
    if sight.reps is None:
        stray = select(Payment).where(Payment.contact_id.is_(None), Payment.state == PaymentState.CONFIRMED.value)
        found += session.scalars(stray.order_by(Payment.id).limit(limit))
    return sorted(found, key=lambda one: one.id)[:limit]


def briefs(session: Session, actor: Rep, numbers: Sequence[int]) -> list[Brief]:
    """Orders as lines, in the order of their numbers given, as this member may read them."""
    if not numbers:
        return []
    wanted = select(Order, _root.name, _root.platform_name, Member.name.label("owner"), Member.active)
    joined = wanted.join(_own, _own.id == Order.contact_id).join(_root, _root.id == _own.root_id).outerjoin(Member, Member.id == Order.rep_id)
    found = {row.Order.id: _brief(session, row) for row in session.execute(joined.where(Order.id.in_(numbers)))}
    named = seen_by(actor).named
    return [replace(found[number], name=named(found[number].name)) for number in numbers if number in found]


def _brief(session: Session, row: Any) -> Brief:
    order: Order = row.Order
    claimed = any(one.state == PaymentState.CLAIMED for one in entries(session, order.id))
    whose = (order.rep_id, row.owner or "") if row.active else (None, "")
    name = row.name or row.platform_name
    return Brief(order.id, order.number, name, OrderState(order.state), order.total, owed(session, order), order.currency, *whose, claimed)


def _seen(sight: Sight) -> tuple[ColumnElement[bool], ...]:
    return (sight.rows(Order.rep_id),)


def _pairs(session: Session, question: Select[*tuple[Any, ...]]) -> list[tuple[str, int]]:
    return [(row[0], int(row[1] or 0)) for row in session.execute(question)]
