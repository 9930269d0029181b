"""Order words: what a customer reads of an order, its shipment and its money; pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from crm.base.i18n import N_, Translator
from crm.base.money import money
from crm.people.field_words import shown_date
from crm.sales.orders import OrderState
from crm.sales.shipments import ShipmentState

STATES = {
    OrderState.NEW: N_("we have it and will confirm it"),
    OrderState.CONFIRMED: N_("confirmed"),
    OrderState.SENT: N_("on its way"),
    OrderState.DELIVERED: N_("delivered"),
    OrderState.CANCELLED: N_("cancelled"),
}
SHIPMENTS = {
    ShipmentState.PACKED: N_("packed"),
    ShipmentState.ON_THE_WAY: N_("on its way"),
    ShipmentState.DELIVERED: N_("delivered"),
    ShipmentState.RETURNED: N_("on its way back to us"),
}
STEPS = {
    OrderState.CONFIRMED: N_("Your order {number} is confirmed."),
    OrderState.SENT: N_("Your order {number} is on its way."),
    OrderState.DELIVERED: N_("Your order {number} is delivered. Thank you!"),
    OrderState.CANCELLED: N_("Your order {number} is cancelled."),
}
"""What a customer is told when their order comes into a state."""


@dataclass(frozen=True, slots=True)
class Told:
    """An order as its customer may know it; `to_pay` counts hundredths (0 or less = nothing is owed), `expected_on` is a local day ("" = not known)."""

    number: str
    state: OrderState
    to_pay: int = 0
    currency: str = ""
    shipment: ShipmentState | None = None
    carrier: str = ""
    tracking: str = ""
    expected_on: str = ""


def step(tr: Translator, one: Told) -> str:
    """What is told when an order comes into a state ("" = nothing)."""
    if one.state not in STEPS:
        return ""
    rest = _way(tr, one) if one.state is OrderState.SENT else ()
    return "\n".join((tr(STEPS[one.state], number=one.number), *rest))


def where(tr: Translator, orders: Sequence[Told]) -> str:
    """What somebody reads who asks where their orders are."""
    return "\n\n".join("\n".join(_each(tr, one)) for one in orders)


def _each(tr: Translator, one: Told) -> Iterator[str]:
    sent = one.shipment and one.state in (OrderState.CONFIRMED, OrderState.SENT)
    state = SHIPMENTS[one.shipment] if sent and one.shipment else STATES[one.state]
    yield tr("Order {number}: {state}.", number=one.number, state=tr(state))
    if one.state not in (OrderState.DELIVERED, OrderState.CANCELLED):
        yield from _way(tr, one)
    if one.to_pay > 0 and one.state is not OrderState.CANCELLED:
        yield tr("To pay: {amount}", amount=money(tr.language, one.to_pay, one.currency))


def _way(tr: Translator, one: Told) -> Iterator[str]:
    if one.carrier:
        yield tr("Carried by: {carrier}", carrier=one.carrier)
    if one.tracking:
        yield tr("Its number there: {tracking}", tracking=one.tracking)
    if one.expected_on:
        yield tr("Expected: {day}", day=shown_date(date.fromisoformat(one.expected_on), tr.language))
