"""Shipment: an order on its way: who carries it, under which number, and when it should be there."""

from datetime import date
from enum import StrEnum

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Actor
from crm.base.history import Change, record
from crm.base.rows import add, take_ids
from crm.base.table import Row
from crm.base.text import clean_name
from crm.sales.orders import held_order

NAME_MOST, NUMBER_MOST = 40, 60


class ShipmentState(StrEnum):
    """Where a shipment is."""

    PACKED = "packed"
    ON_THE_WAY = "on_the_way"
    DELIVERED = "delivered"
    RETURNED = "returned"


class Shipment(Row):
    """One sending of an order; `expected_on` is the local day it should be there ("" = not known), `at` when it came into its state."""

    __tablename__ = "shipments"
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    carrier: Mapped[str] = mapped_column(server_default="")
    tracking: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str] = mapped_column(server_default="packed")
    expected_on: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[int]
    at: Mapped[int]


def shipment_of(session: Session, order_id: int) -> Shipment | None:
    """The newest shipment of an order (None = nothing was packed yet)."""
    return session.scalar(select(Shipment).where(Shipment.order_id == order_id).order_by(Shipment.id.desc()).limit(1))


def carry(session: Session, actor: Actor, order_id: int, carrier: str, tracking: str, *, now: int) -> Shipment:
    """Write down who carries an order and under which number."""
    shipment = current(session, actor, order_id, now=now)
    before = {"carrier": shipment.carrier, "tracking": shipment.tracking}
    after = {"carrier": clean_name(carrier, NAME_MOST), "tracking": clean_name(tracking, NUMBER_MOST)}
    if before != after:
        record(session, Change("order", order_id, "carried", actor, before, after), now=now)
        shipment.carrier, shipment.tracking = after["carrier"], after["tracking"]
        session.flush()
    return shipment


def expect(session: Session, actor: Actor, order_id: int, day: date | None, *, now: int) -> Shipment:
    """Write down on which local day an order should be there (None = not known)."""
    shipment, iso = current(session, actor, order_id, now=now), day.isoformat() if day else ""
    if shipment.expected_on != iso:
        record(session, Change("order", order_id, "awaited", actor, {"expected": shipment.expected_on}, {"expected": iso}), now=now)
        shipment.expected_on = iso
        session.flush()
    return shipment


def went(session: Session, actor: Actor, order_id: int, state: ShipmentState, *, now: int) -> Shipment:
    """Write down where the shipment of an order is; after one that came back, what goes out again is another."""
    shipment = current(session, actor, order_id, anew=state is not ShipmentState.RETURNED, now=now)
    if shipment.state != state:
        record(session, Change("order", order_id, "shipment", actor, {"shipment": shipment.state}, {"shipment": state.value}), now=now)
        shipment.state, shipment.at = state.value, now
        session.flush()
    return shipment


def current(session: Session, actor: Actor, order_id: int, *, anew: bool = False, now: int) -> Shipment:
    """The shipment an actor may change; there is one from the first time it is asked for."""
    held_order(session, actor, order_id)
    found = shipment_of(session, order_id)
    if found is not None and not (anew and found.state == ShipmentState.RETURNED):
        return found
    number = next(take_ids(session, 1))
    add(session, Shipment, [{"id": number, "order_id": order_id, "created_at": now, "at": now}])
    return session.get_one(Shipment, number)
