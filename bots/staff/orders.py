"""Orders: how one reads in a list and in a post of its own, and its buttons; and what is told of one that is late."""

from collections.abc import Iterator
from datetime import date

from bots.staff import menus
from bots.staff.goods import GOODS
from bots.staff.posts import Key, Keys, Post
from bots.staff.rendering import Rendered, mail_each
from bots.staff.sight import Scene
from bots.staff.visit import Visit
from bots.staff.words import line_html, name_html
from crm.base.actors import Rep
from crm.base.db import Session
from crm.base.i18n import N_, N_button, Translator
from crm.base.money import money
from crm.base.text import clean_name, cut, escape_html, isolated
from crm.conversations.threads import Message
from crm.outbox.notices import Waiting
from crm.people.desk import EVERYBODY, Intent
from crm.people.field_words import shown_date
from crm.people.sight import follows, seen_by
from crm.reports.deal import talk_with
from crm.reports.orders import Brief, CardOrder, Item, OrderSheet, briefs
from crm.reports.words import plain_name
from crm.sales.order_lines import OPEN
from crm.sales.order_steps import FOLLOWING
from crm.sales.orders import ADDRESS_MOST, ENDED, Order, OrderState
from crm.sales.shipments import ShipmentState

NAME = "order"
ORDER, ORDERS = N_button("📦 Order"), N_button("📦 Orders")
MARKS = {OrderState.NEW: "🆕", OrderState.CONFIRMED: "👍", OrderState.SENT: "🚚", OrderState.DELIVERED: "📬", OrderState.CANCELLED: "✖️"}
STATES = {
    OrderState.NEW: N_("new"),
    OrderState.CONFIRMED: N_("confirmed"),
    OrderState.SENT: N_("sent"),
    OrderState.DELIVERED: N_("delivered"),
    OrderState.CANCELLED: N_("cancelled"),
}
SHIPMENTS = {
    ShipmentState.PACKED: N_("packed"),
    ShipmentState.ON_THE_WAY: N_("on the way"),
    ShipmentState.DELIVERED: N_("delivered"),
    ShipmentState.RETURNED: N_("came back"),
}
STEPS = {OrderState.CONFIRMED: N_button("👍 Confirm"), OrderState.SENT: N_button("🚚 Sent"), OrderState.DELIVERED: N_button("📬 Delivered")}
CANCEL_IT, BACK_A_STEP, RUN_ON = N_button("✖ Cancel the order"), N_button("↩ A step back"), N_button("Run it on")
ASK_MONEY, CAME, MONEY_BACK, ENTRIES = N_button("💳 Ask for payment"), N_button("💵 Money came"), N_button("Money back"), N_button("Payments")
ASK_WHERE, TAKE_OVER = N_button("Ask the customer"), N_button("✔ Take it over")
ADDRESS, SHIPMENT, MORE_OF, NOTE = N_button("📍 Address"), N_button("Shipment…"), N_button("More…"), N_button("A note")
TELL_THEM, TELL_NOT = N_button("🔔 Tell the customer"), N_button("🔕 Do not tell them")
BACK, CARD, DEAL = N_button("Back"), N_button("Show the card"), N_button("💼 Deal")
ITEMS = 12


def label(tr: Translator, one: Brief) -> str:
    """An order on a button."""
    return f"{MARKS[one.state]} {one.number} · {plain_name(tr, one.name, 18)}"


def facts(tr: Translator, one: Brief) -> str:
    """An order of a list in words."""
    left = tr("to pay {amount}", amount=money(tr.language, one.to_pay, one.currency)) if one.to_pay > 0 and one.state is not OrderState.CANCELLED else ""
    says = tr("says it is paid") if one.claimed else ""
    worth = money(tr.language, one.total, one.currency)
    return " · ".join(filter(None, (f"{MARKS[one.state]} {one.number}", plain_name(tr, one.name, 30), tr(STATES[one.state]), worth, left, says)))


def card_line(tr: Translator, reader: Rep, one: CardOrder) -> str:
    """An order as a line of its person's card; of one that is a colleague's only whose it is, and not even that once it has ended."""
    if reader.id != EVERYBODY and not follows(reader, one.rep_id, one.team_id):
        return "" if one.state in ENDED else f"📦 {tr('An order of {name}', name=name_html(tr, one.owner, 30))}"
    owes = one.to_pay > 0 and one.state is not OrderState.CANCELLED
    left = tr("to pay {amount}", amount=money(tr.language, one.to_pay, one.currency)) if owes else ""
    return f"📦 {escape_html(' · '.join(filter(None, (one.number, tr(STATES[one.state]), left))))}"


def post(visit: Visit, one: OrderSheet) -> Post:
    """An order with what may be done about it."""
    return Post("\n".join(_rows(visit, one)), keys(visit.tr, one), html=True)


def _rows(visit: Visit, one: OrderSheet) -> Iterator[str]:
    tr, found = visit.tr, one.brief
    yield f"📦 <b>{escape_html(found.number)}</b> · {name_html(tr, found.name)} · {tr(STATES[found.state])}"
    yield from (f"• {_item(tr, item, found.currency)}" for item in one.items[:ITEMS])
    if len(one.items) > ITEMS:
        yield tr.many("and {n} line more", "and {n} lines more", len(one.items) - ITEMS)
    yield from _money(tr, one)
    yield tr("Address: {address}", address=line_html(one.address, 200)) if one.address else tr("No address yet")
    if one.shipment:
        when = tr("expected {day}", day=shown_date(date.fromisoformat(one.expected_on), tr.language)) if one.expected_on else ""
        parts = (tr(SHIPMENTS[one.shipment]), line_html(one.carrier, 40) if one.carrier else "", line_html(one.tracking, 60) if one.tracking else "", when)
        yield tr("Shipment: {what}", what=" · ".join(filter(None, parts)))
    if one.note:
        yield f"📝 {line_html(one.note, 200)}"
    yield tr("Whose: {name}", name=name_html(tr, found.owner)) if found.owner else tr("Nobody has it")
    yield tr("The customer hears of each step.") if one.tells else tr("The customer is not told of steps.")


def _item(tr: Translator, item: Item, currency: str) -> str:
    much = "" if item.quantity_m == 1000 and not item.unit else f" × {amount_of(item.quantity_m)}{f' {item.unit}' if item.unit else ''}"
    return f"{line_html(item.title, 60)}{escape_html(much)}: {escape_html(money(tr.language, item.total, currency))}"


def item_line(tr: Translator, item: Item, currency: str) -> str:
    """A line of an order as plain text."""
    much = "" if item.quantity_m == 1000 and not item.unit else f" × {amount_of(item.quantity_m)}{f' {clean_name(item.unit, 12)}' if item.unit else ''}"
    return f"{isolated(clean_name(item.title, 60))}{much}: {money(tr.language, item.total, currency)}"


def amount_of(quantity_m: int) -> str:
    """Thousandths as people write them: 2, 0.5."""
    whole, rest = divmod(quantity_m, 1000)
    return f"{whole}.{rest:03}".rstrip("0") if rest else str(whole)


def _money(tr: Translator, one: OrderSheet) -> Iterator[str]:
    found = one.brief
    yield tr("Total: {amount}", amount=f"<b>{escape_html(money(tr.language, found.total, found.currency))}</b>")
    if one.days is not None:
        yield tr.many("Paid in full, in {n} day", "Paid in full, in {n} days", one.days) if one.days else tr("Paid in full")
    elif one.paid:
        much, left = money(tr.language, one.paid, found.currency), money(tr.language, found.to_pay, found.currency)
        yield tr("Paid: {amount}, to pay: {rest}", amount=escape_html(much), rest=escape_html(left))
    if found.to_pay < 0:
        yield tr("⚠️ {amount} too much was paid", amount=escape_html(money(tr.language, -found.to_pay, found.currency)))
    if found.claimed:
        yield tr("💳 They say they have paid: look at the payments.")


def keys(tr: Translator, one: OrderSheet) -> Keys:
    """What may be done with an order; the state it was seen in travels with what moves it."""
    number, state = one.brief.id, one.brief.state

    def act(label: str, detail: str) -> Key:
        return Key(tr.button(label), Intent(NAME, number, detail))

    if state is OrderState.CANCELLED:
        return (act(RUN_ON, f"back:{state}"), act(ENTRIES, "paid")), (act(MORE_OF, "more"),)
    onward = FOLLOWING.get(state)
    first = [act(STEPS[onward], f"to:{onward}:{state}")] if onward else []
    return menus.in_rows(
        [
            *first,
            act(ENTRIES, "paid") if one.brief.claimed or one.days is not None else act(ASK_MONEY, "ask"),
            act(CAME, "came"),
            act(ADDRESS, "address"),
            act(SHIPMENT, "shipment"),
            *([act(GOODS, "lines")] if state in OPEN else []),
            act(TELL_NOT, "tells:0") if one.tells else act(TELL_THEM, "tells:1"),
            act(MORE_OF, "more"),
        ]
    )


def question(tr: Translator, words: str, options: list[Key], order_id: int, *, wide: int = 2) -> Post:
    """A question about an order with its answers as buttons, and the way back."""
    back = Key(tr.button(BACK), Intent(NAME, order_id, "show"))
    return Post(words, (*menus.in_rows(options[: menus.MOST - 1], wide), (back,)))


def told(session: Session, notice: Waiting, scene: Scene) -> Rendered:
    """An order should have been there by now, or its customer wrote where it goes: whose it is hears of it, else those who watch."""
    number = int(notice.facts.get("message", 0) or 0)
    order, said = session.get(Order, notice.subject_id), session.get(Message, number)
    gone = bool(number) and (said is None or bool(said.deleted_at) or not said.text)
    if order is None or order.state in ENDED or gone:
        return Rendered(notice)
    owner, talk = scene.rep(order.rep_id), talk_with(session, order.contact_id)

    def made(tr: Translator, rep: Rep) -> Post:
        [one] = briefs(session, rep, [order.id])
        opened = Key(tr.button(ORDER), Intent(NAME, order.id, "open"))
        if said is None:
            words = tr("⏰ It should have been there by now. Ask the carrier, and tell the customer.")
            return Post(f"{words}\n{facts(tr, one)}", ((opened,),), conversation_id=talk or None)
        where = isolated(cut(seen_by(rep).told(said.text, points=True), ADDRESS_MOST))
        words = tr("📍 Order {number}: the customer wrote where it goes. Take it over?", number=one.number)
        take = Key(tr.button(TAKE_OVER), Intent(NAME, order.id, f"address_is:{said.id}"))
        return Post(f"{words}\n{where}", ((take, opened),), conversation_id=talk or None)

    return Rendered(notice, mail_each(notice, (owner,) if owner else scene.watching, made))
