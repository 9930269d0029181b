"""The details of an order: what it is of, where it goes, who carries it, when it should be there; chosen by buttons or typed."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta

from bots.staff import menus, orders
from bots.staff.commands import order_lines, order_money
from bots.staff.commands.order_asked import TYPED, listen
from bots.staff.commands.order_lines import line_of
from bots.staff.deals import today
from bots.staff.orders import NAME
from bots.staff.posts import Key, Post, with_keys
from bots.staff.updates import Text
from bots.staff.visit import Done, Visit
from crm.base.db import Session
from crm.base.errors import Invalid
from crm.base.i18n import N_button
from crm.base.text import isolated
from crm.base.time import HOUR
from crm.conversations.talk import within_reach
from crm.people.desk import Intent, Wizard, begin, quit_wizard
from crm.people.field_words import About, BadValue, FieldKind, FieldView, parse_value
from crm.people.sight import seen_by
from crm.reports.orders import order_sheet
from crm.sales import order_steps, shipments
from crm.sales.order_address import ask_address, take_address
from crm.sales.order_lines import OPEN
from crm.sales.order_steps import OrderMoved
from crm.sales.orders import NewOrder, Order, add_order, held_order, last_address
from crm.sales.shipments import ShipmentState

CARRIER, DAY, NOT_KNOWN = N_button("Carrier and number"), N_button("Expected day"), N_button("Not known")
STATES = {
    ShipmentState.PACKED: N_button("Packed"),
    ShipmentState.ON_THE_WAY: N_button("On the way"),
    ShipmentState.DELIVERED: N_button("Delivered"),
    ShipmentState.RETURNED: N_button("It came back"),
}
DAYS = {0: N_button("Today"), 1: N_button("Tomorrow"), 3: N_button("In 3 days"), 7: N_button("In a week")}
EXPECTED = FieldView(0, About.DEAL, "expected", "", FieldKind.DATE)
LINES_MOST = 20


def made(session: Session, visit: Visit, order: Order) -> Done:
    """A new order; where nobody knows its address it is asked for at once."""
    post = orders.post(visit, order_sheet(session, visit.rep, order.id))
    if order.address:
        return Done((post,), visit.tr("📦 A new order."))
    listen(session, visit, "address", order.id)
    words = visit.tr("Where does it go? Type the address, or leave it for later.")
    ask = (Key(visit.tr.button(orders.ASK_WHERE), Intent(NAME, order.id, "ask_where")),)
    return Done((post, with_keys(menus.question(visit.tr, words, TYPED), ask)), visit.tr("📦 A new order."))


def type_lines(session: Session, visit: Visit, intent: Intent) -> Done:
    """Ask what is ordered, to be typed."""
    within_reach(session, visit.rep, intent.target)
    listen(session, visit, "lines", intent.target)
    words = visit.tr("Type what is ordered, a line for each, with what it costs behind a semicolon:\nOak table; 120 000\nOil; 3 500")
    return Done((menus.question(visit.tr, words, TYPED),))


def typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take what was typed for a question about an order."""
    from bots.staff.commands.order import shown

    said = visit.said.text.strip() if isinstance(visit.said, Text) else ""
    what = str(wizard.facts["what"])
    take = {**TAKEN, **order_lines.TAKEN, **order_money.TAKEN}[what]
    quit_wizard(session, visit.rep, TYPED)
    try:
        return take(session, visit, wizard, said)
    except OrderMoved:
        return shown(session, visit, wizard.target)
    except Invalid as error:
        begin(session, visit.rep, wizard, until=visit.now + HOUR)
        words = error.words(visit.tr) if isinstance(error, BadValue) else visit.tr("I cannot read that. Type it once more, or /cancel.")
        return Done((menus.question(visit.tr, words, TYPED),))


def _lines(session: Session, visit: Visit, wizard: Wizard, said: str) -> Done:
    conversation = within_reach(session, visit.rep, wizard.target)
    lines = tuple(line_of(text, visit.company.currency) for text in said.splitlines() if text.strip())
    if not 0 < len(lines) <= LINES_MOST:
        raise Invalid("an order has lines")
    address = last_address(session, conversation.contact_id)
    new = NewOrder(conversation.contact_id, lines, visit.company.currency, conversation.id, None, visit.rep.id, address, f"order:{visit.once}")
    return made(session, visit, add_order(session, visit.rep, new, visit.company.zone, now=visit.now))


def _address(session: Session, visit: Visit, order_id: int, value: str) -> Done:
    order = held_order(session, visit.rep, order_id)
    listen(session, visit, "address", order_id)
    there = seen_by(visit.rep).told(order.address, points=True)
    now = visit.tr("Now: {address}", address=isolated(there)) if there else ""
    words = "\n".join(filter(None, (visit.tr("Where does it go? Type the address."), now)))
    ask = [Key(visit.tr.button(orders.ASK_WHERE), Intent(NAME, order_id, "ask_where"))] if order.state in OPEN else []
    return _asked(visit, orders.question(visit.tr, words, ask, order_id))


def _ask_where(session: Session, visit: Visit, order_id: int, value: str) -> Done:
    """Ask the customer themselves."""
    ask_address(session, visit.rep, order_id, once=f"{order_id}:{visit.event}", now=visit.now)
    return replace(_page(session, visit, order_id), toast=visit.tr("They were asked. You hear of it when they answer."))


def _address_is(session: Session, visit: Visit, order_id: int, value: str) -> Done:
    """It goes where the customer wrote."""
    take_address(session, visit.rep, order_id, int(value), now=visit.now)
    return replace(_page(session, visit, order_id), toast=visit.tr("Saved."))


def _address_typed(session: Session, visit: Visit, wizard: Wizard, said: str) -> Done:
    if not said:
        raise Invalid("an address is words")
    order_steps.goes_to(session, visit.rep, wizard.target, said, now=visit.now)
    return _page(session, visit, wizard.target)


def _note(session: Session, visit: Visit, order_id: int, value: str) -> Done:
    held_order(session, visit.rep, order_id)
    listen(session, visit, "note", order_id)
    return _asked(visit, orders.question(visit.tr, visit.tr("Type a note for the team. The customer does not see it."), [], order_id))


def _note_typed(session: Session, visit: Visit, wizard: Wizard, said: str) -> Done:
    order_steps.note(session, visit.rep, wizard.target, said, now=visit.now)
    return _page(session, visit, wizard.target)


def _tells(session: Session, visit: Visit, order_id: int, value: str) -> Done:
    order_steps.let_know(session, visit.rep, order_id, value == "1", now=visit.now)
    return _page(session, visit, order_id)


def _shipment(session: Session, visit: Visit, order_id: int, value: str) -> Done:
    """The shipment of an order: where it is, who carries it, when it should be there."""
    tr, one = visit.tr, order_sheet(session, visit.rep, order_id)
    if value:
        shipments.went(session, visit.rep, order_id, ShipmentState(value), now=visit.now)
        one = order_sheet(session, visit.rep, order_id)
    ticks = [Key(f"{'✓ ' if one.shipment is state else ''}{tr.button(label)}", Intent(NAME, order_id, f"shipment:{state}")) for state, label in STATES.items()]
    keys = [*ticks, Key(tr.button(CARRIER), Intent(NAME, order_id, "carrier")), Key(tr.button(DAY), Intent(NAME, order_id, "day"))]
    text = orders.post(visit, one).text
    return _asked(visit, replace(orders.question(tr, text, keys, order_id), html=True))


def _carrier(session: Session, visit: Visit, order_id: int, value: str) -> Done:
    held_order(session, visit.rep, order_id)
    listen(session, visit, "carrier", order_id)
    words = visit.tr("Type who carries it, and behind a comma the number there: Haypost, RR123456789AM")
    return _asked(visit, orders.question(visit.tr, words, [], order_id))


def _carrier_typed(session: Session, visit: Visit, wizard: Wizard, said: str) -> Done:
    carrier, _, tracking = said.replace("\n", ",").partition(",")
    if not carrier.strip():
        raise Invalid("a carrier has a name")
    order_steps.carried(session, visit.rep, wizard.target, carrier.strip(), tracking.strip(), now=visit.now)
    return _page(session, visit, wizard.target)


def _day(session: Session, visit: Visit, order_id: int, value: str) -> Done:
    """Ask when it should be there, or take the day of a button."""
    if value:
        shipments.expect(session, visit.rep, order_id, None if value == "none" else date.fromisoformat(value), now=visit.now)
        return _page(session, visit, order_id)
    held_order(session, visit.rep, order_id)
    listen(session, visit, "day", order_id)
    keys = [Key(visit.tr.button(label), Intent(NAME, order_id, f"day:{today(visit) + timedelta(days)}")) for days, label in DAYS.items()]
    keys.append(Key(visit.tr.button(NOT_KNOWN), Intent(NAME, order_id, "day:none")))
    return _asked(visit, orders.question(visit.tr, visit.tr("When should it be there? Press a button, or type a date."), keys, order_id))


def _day_typed(session: Session, visit: Visit, wizard: Wizard, said: str) -> Done:
    day = date.fromisoformat(parse_value(EXPECTED, said, visit.rep.language, visit.company.region, visit.company.currency))
    shipments.expect(session, visit.rep, wizard.target, day, now=visit.now)
    return _page(session, visit, wizard.target)


def _page(session: Session, visit: Visit, order_id: int) -> Done:
    quit_wizard(session, visit.rep, TYPED)
    return _asked(visit, orders.post(visit, order_sheet(session, visit.rep, order_id)))


def _asked(visit: Visit, post: Post) -> Done:
    return Done((replace(post, edits=(visit.replied_to or 0) if not isinstance(visit.said, Text) else 0),))


TURNS: Mapping[str, Callable[[Session, Visit, int, str], Done]] = {
    "address": _address,
    "address_is": _address_is,
    "ask_where": _ask_where,
    "note": _note,
    "tells": _tells,
    "shipment": _shipment,
    "carrier": _carrier,
    "day": _day,
}
TAKEN: Mapping[str, Callable[[Session, Visit, Wizard, str], Done]] = {
    "address": _address_typed,
    "note": _note_typed,
    "carrier": _carrier_typed,
    "day": _day_typed,
    "lines": _lines,
}
