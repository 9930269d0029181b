"""Order steps: an order is confirmed, sent, delivered, cancelled, or set back; its goods and what its customer hears follow it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from crm.base.actors import Actor
from crm.base.errors import Stale
from crm.base.history import Change, record
from crm.base.text import clean
from crm.sales import order_words, stock
from crm.sales.ledger import owed
from crm.sales.order_talk import say_to, talk_with, tongue
from crm.sales.order_words import Told
from crm.sales.orders import ADDRESS_MOST, Order, OrderState, held_order, lines_in, redraw
from crm.sales.shipments import ShipmentState, carry, shipment_of, went
from crm.sales.stock import Short

NOTE_MOST = 500
FOLLOWING: Mapping[OrderState, OrderState] = {
    OrderState.NEW: OrderState.CONFIRMED,
    OrderState.CONFIRMED: OrderState.SENT,
    OrderState.SENT: OrderState.DELIVERED,
}
"""What comes after a state."""
_GONE = (OrderState.SENT, OrderState.DELIVERED)
_SHIPPED = {OrderState.SENT: ShipmentState.ON_THE_WAY, OrderState.DELIVERED: ShipmentState.DELIVERED}
_TOO_FAR: Mapping[OrderState, Mapping[ShipmentState, ShipmentState]] = {
    OrderState.NEW: {ShipmentState.ON_THE_WAY: ShipmentState.PACKED, ShipmentState.DELIVERED: ShipmentState.PACKED},
    OrderState.CONFIRMED: {ShipmentState.ON_THE_WAY: ShipmentState.PACKED, ShipmentState.DELIVERED: ShipmentState.PACKED},
    OrderState.SENT: {ShipmentState.DELIVERED: ShipmentState.ON_THE_WAY},
}
_ORDER = tuple(OrderState)


class OrderMoved(Stale):
    """Somebody has changed this order since it was looked at."""


@dataclass(frozen=True, slots=True)
class Stepped:
    """What came of a step: the order, what of its goods is lacking, and whether the customer was told."""

    order: Order
    short: Sequence[Short] = ()
    told: bool = False


def move(session: Session, actor: Actor, order_id: int, state: OrderState, *, seen: str, now: int) -> Stepped:
    """Bring an order into a state; `seen` is the one it was looked at in. Raises `OrderMoved` where it is there no more.

    Goods are promised when it is confirmed, taken out when it is sent, free again when it is cancelled; nobody is told of a step back.
    """
    order = held_order(session, actor, order_id)
    if order.state == state:
        return Stepped(order)
    if order.state != seen:
        raise OrderMoved
    before = OrderState(order.state)
    record(session, Change("order", order.id, state.value, actor, {"state": before.value}, {"state": state.value, "number": order.number}), now=now)
    order.state, order.before, order.moved_at = state.value, before.value, now
    session.flush()
    redraw(session, order, now=now)
    short = _goods(session, actor, order, now=now)
    forth = state is OrderState.CANCELLED or (before is not OrderState.CANCELLED and _ORDER.index(state) > _ORDER.index(before))
    if forth and state in _SHIPPED:
        went(session, actor, order.id, _SHIPPED[state], now=now)
    elif not forth:
        _unshipped(session, actor, order, now=now)
    told = forth and bool(order.tells) and _tell(session, order, now=now)
    return Stepped(order, short, told)


def step_back(session: Session, actor: Actor, order_id: int, *, seen: str, now: int) -> Stepped:
    """Undo the last step of an order: it is in the state it was in before; a step back is not undone by another, which goes further back."""
    order = held_order(session, actor, order_id)
    state, before = OrderState(order.state), OrderState(order.before or OrderState.NEW)
    if state is not OrderState.CANCELLED and _ORDER.index(before) >= _ORDER.index(state):
        before = _ORDER[max(_ORDER.index(state) - 1, 0)]
    return move(session, actor, order_id, before, seen=seen, now=now)


def goes_to(session: Session, actor: Actor, order_id: int, address: str, *, now: int) -> Order:
    """Write down where an order goes."""
    order, after = held_order(session, actor, order_id), clean(address, ADDRESS_MOST).strip()
    if order.address != after:
        record(session, Change("order", order.id, "address", actor, {"address": order.address}, {"address": after}), now=now)
        order.address = after
        session.flush()
    return order


def note(session: Session, actor: Actor, order_id: int, words: str, *, now: int) -> Order:
    """Write something beside an order that its customer never reads."""
    order, after = held_order(session, actor, order_id), clean(words, NOTE_MOST).strip()
    if order.note != after:
        record(session, Change("order", order.id, "noted", actor, {"note": order.note}, {"note": after}), now=now)
        order.note = after
        session.flush()
    return order


def let_know(session: Session, actor: Actor, order_id: int, tells: bool, *, now: int) -> Order:
    """Whether the customer hears of each step of an order."""
    order = held_order(session, actor, order_id)
    if order.tells != int(tells):
        record(session, Change("order", order.id, "tells", actor, {"tells": bool(order.tells)}, {"tells": tells}), now=now)
        order.tells = int(tells)
        session.flush()
    return order


def carried(session: Session, actor: Actor, order_id: int, carrier: str, tracking: str, *, now: int) -> Order:
    """Write down who carries an order and under which number; a customer who knows that it has left hears of the number."""
    order, there = held_order(session, actor, order_id), carry(session, actor, order_id, carrier, tracking, now=now)
    tells = order.state == OrderState.SENT and order.tells and there.tracking
    talk = talk_with(session, order.contact_id, order.conversation_id, now=now) if tells else None
    if talk is not None:
        words = order_words.where(tongue(session, order.contact_id), [replace(told_of(session, order), to_pay=0)])
        say_to(session, talk, words, f"order:{order.id}:carried:{there.tracking}", now=now)
    return order


def told_of(session: Session, order: Order) -> Told:
    """An order as its customer may know it."""
    there = shipment_of(session, order.id)
    way = (ShipmentState(there.state), there.carrier, there.tracking, there.expected_on) if there else (None, "", "", "")
    return Told(order.number, OrderState(order.state), owed(session, order), order.currency, *way)


def _unshipped(session: Session, actor: Actor, order: Order, *, now: int) -> None:
    """After a step back its shipment is not further than the order."""
    there = shipment_of(session, order.id)
    if there is not None and there.state in _TOO_FAR.get(OrderState(order.state), {}):
        went(session, actor, order.id, _TOO_FAR[OrderState(order.state)][ShipmentState(there.state)], now=now)


def _goods(session: Session, actor: Actor, order: Order, *, now: int) -> Sequence[Short]:
    """What is promised to an order and what has gone for it, as its state has it."""
    cause, lines = f"order:{order.id}", lines_in(session, order.id)
    if order.state in _GONE:
        return stock.take_out(session, actor, lines, once=cause, now=now)
    stock.put_back(session, actor, once=cause, now=now)
    return stock.reserve(session, actor, lines, once=cause, now=now) if order.state == OrderState.CONFIRMED else ()


def _tell(session: Session, order: Order, *, now: int) -> bool:
    """Tell the customer of the state their order came into; once for each, however often it goes to and fro."""
    words = order_words.step(tongue(session, order.contact_id), told_of(session, order))
    talk = talk_with(session, order.contact_id, order.conversation_id, now=now) if words else None
    return bool(talk and say_to(session, talk, words, f"order:{order.id}:{order.state}", now=now))
