"""/order: what was bought: the orders of a card, those that run, and each one with its steps; all by buttons."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from bots.staff import menus, orders
from bots.staff.commands import order_details, order_lines, order_money
from bots.staff.commands.order_asked import TYPED as LISTENS
from bots.staff.orders import NAME
from bots.staff.posts import Key, Keys, Post
from bots.staff.replies import conversation_at
from bots.staff.updates import Text
from bots.staff.visit import Command, Done, Group, Visit
from bots.staff.words import HISTORY, MORE
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.i18n import N_, N_button, Translator
from crm.base.money import money
from crm.base.policy import Action, may
from crm.conversations.threads import the
from crm.people.contacts import root_of
from crm.people.desk import Intent, quit_wizard
from crm.people.sight import seen_by
from crm.reports.deal import deals_with
from crm.reports.deals import Brief as Deal
from crm.reports.orders import OrderSheet, Sums, order_sheet, orders_with, payments_to_check, sums
from crm.reports.orders import orders as running
from crm.reports.words import plain_name
from crm.sales import order_steps
from crm.sales.deals import DealState
from crm.sales.order_steps import OrderMoved, Stepped
from crm.sales.orders import OrderState, by_number, order_of_deal, orders_of_deal

NEW, TYPED = N_button("New order"), N_button("✍️ Type what it is")
CHECK = N_button("💳 Payments to check")
LISTED, PAGE, DEALS = 5, 6, 5


def deed(session: Session, visit: Visit) -> Done:
    """Show the order of the number that was typed, the orders of the card replied to, or all that run."""
    if visit.rest.strip():
        found = by_number(session, visit.rest)
        if found is None:
            return Done((Post(visit.tr("There is no such order. Type the number as it is written: /order 2026-0007"), menus.home(visit.tr)),))
        return Done((orders.post(visit, order_sheet(session, visit.rep, found.id)),))
    conversation_id = conversation_at(session, visit)
    return _of(session, visit, conversation_id) if conversation_id is not None else Done((_list(session, visit, 0),))


def of_person(session: Session, visit: Visit, intent: Intent) -> Done:
    """Show the orders of the person of a card."""
    return _of(session, visit, intent.target)


def page(session: Session, visit: Visit, intent: Intent) -> Done:
    """Another page of the orders that run."""
    return Done((replace(_list(session, visit, int(intent.detail or 0)), edits=visit.replied_to or 0),))


def new(session: Session, visit: Visit, intent: Intent) -> Done:
    """Ask what is ordered: what one of their deals is about, or something that is typed."""
    tr, contact_id = visit.tr, the(session, intent.target).contact_id
    found = [one for one in deals_with(session, visit.rep, contact_id, limit=20)[0] if one.state is not DealState.LOST][:DEALS]
    keys = [(Key(_deal(tr, one), Intent("order_deal", one.id)),) for one in found]
    return Done((Post(tr("What is ordered?"), (*keys, (Key(tr.button(TYPED), Intent("order_type", intent.target)),))),))


def of_deal(session: Session, visit: Visit, intent: Intent) -> Done:
    """The order of a deal: the one that is there, or a new one; a second tap makes no second one."""
    there = next((one for one in orders_of_deal(session, intent.target) if one.state != OrderState.CANCELLED), None)
    if there is not None:
        return Done((orders.post(visit, order_sheet(session, visit.rep, there.id)),))
    once = f"order_deal:{intent.target}:{visit.chat}:{visit.replied_to or visit.event}"
    order = order_of_deal(session, visit.rep, intent.target, visit.company.zone, once=once, now=visit.now)
    return order_details.made(session, visit, order)


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Do what a button of an order asks for; who was too late is told what stands now."""
    name, _, value = intent.detail.partition(":")
    if name not in TURNS:
        raise Expired
    try:
        return TURNS[name](session, visit, intent.target, value)
    except OrderMoved:
        words = visit.tr("Somebody has changed this order meanwhile. Nothing of yours was done.")
        return replace(shown(session, visit, intent.target, words), alert=True)


def shown(session: Session, visit: Visit, order_id: int, toast: str = "") -> Done:
    """The order in the place of the post whose button was pressed."""
    edits = (visit.replied_to or 0) if not isinstance(visit.said, Text) else 0
    return Done((replace(orders.post(visit, order_sheet(session, visit.rep, order_id)), edits=edits),), toast)


def _of(session: Session, visit: Visit, conversation_id: int) -> Done:
    tr, contact_id = visit.tr, the(session, conversation_id).contact_id
    found, root = orders_with(session, visit.rep, contact_id, limit=LISTED), root_of(session, contact_id)
    name = plain_name(tr, seen_by(visit.rep).named(root.name or root.platform_name))
    head = tr("The orders of {name}:", name=name) if found else tr("{name} has no order yet.", name=name)
    keys = [(Key(orders.label(tr, one), Intent(NAME, one.id, "open")),) for one in found]
    more = ((Key(tr.button(NEW), Intent("order_new", conversation_id)),),) if may(visit.rep.role, Action.CHANGE_ORDER) else ()
    return Done((Post("\n".join([head, *(orders.facts(tr, one) for one in found)]), (*keys, *more)),))


def _list(session: Session, visit: Visit, number: int) -> Post:
    """A page of the orders that run, under what they come to."""
    tr = visit.tr
    found, more = running(session, visit.rep, skip=number * PAGE, limit=PAGE)
    head = "\n".join(_sums(tr, sums(session, visit.rep, now=visit.now)))
    wait = _waiting(session, visit)
    if not found:
        return Post("\n".join((head, tr("No order runs. Open a card, press ⋯ More and then 📦 Orders."))), wait or menus.home(tr))
    keys = [(Key(orders.label(tr, one), Intent(NAME, one.id, "open")),) for one in found]
    following = Key(tr.button(MORE), Intent("orders", 0, str(number + 1 if more else 0)))
    return Post("\n".join([head, *(orders.facts(tr, one) for one in found)]), (*keys, *(((following,),) if more or number else ()), *wait))


def _waiting(session: Session, visit: Visit) -> Keys:
    """A button to the payments that wait for this member's word, where there are any."""
    waits = may(visit.rep.role, Action.CONFIRM_PAYMENT) and payments_to_check(session, visit.rep, limit=1)
    return ((Key(visit.tr.button(CHECK), Intent("payments_wait")),),) if waits else ()


def _sums(tr: Translator, one: Sums) -> list[str]:
    owed = ", ".join(money(tr.language, amount, currency) for currency, amount in one.owed)
    lines = [tr.many("📦 {n} order runs", "📦 {n} orders run", one.running)]
    lines += [tr("To be paid: {amount}", amount=owed)] if owed else []
    lines += [tr.many("💳 {n} payment waits to be confirmed", "💳 {n} payments wait to be confirmed", one.claimed)] if one.claimed else []
    if one.days >= 1:
        lines.append(tr("Paid within {days} days, as the mean of {n} in the last 90 days", days=f"{one.days:.1f}", n=one.paid))
    return lines


def _deal(tr: Translator, one: Deal) -> str:
    worth = f" · {money(tr.language, one.amount, one.currency)}" if one.amount is not None else ""
    return f"💼 {plain_name(tr, one.title, 24)}{worth}"


def _open(session: Session, visit: Visit, order_id: int, value: str) -> Done:
    return Done((orders.post(visit, order_sheet(session, visit.rep, order_id)),))


def _show(session: Session, visit: Visit, order_id: int, value: str) -> Done:
    quit_wizard(session, visit.rep, LISTENS)
    return shown(session, visit, order_id)


def _to(session: Session, visit: Visit, order_id: int, value: str) -> Done:
    state, _, seen = value.partition(":")
    return _stepped(session, visit, order_steps.move(session, visit.rep, order_id, OrderState(state), seen=seen, now=visit.now))


def _back(session: Session, visit: Visit, order_id: int, value: str) -> Done:
    return _stepped(session, visit, order_steps.step_back(session, visit.rep, order_id, seen=value, now=visit.now))


def _stepped(session: Session, visit: Visit, came: Stepped) -> Done:
    """What came of a step: where the order is, whether the customer heard, what of the goods is lacking."""
    tr, order = visit.tr, came.order
    said = tr("They were told.") if came.told else ""
    toast = " ".join(filter(None, (tr("Order {number}: {state}.", number=order.number, state=tr(orders.STATES[OrderState(order.state)])), said)))
    done = shown(session, visit, order.id, toast)
    if not came.short:
        return done
    lines = [f"• {plain_name(tr, one.name, 40)}: {orders.amount_of(one.missing_m)} {one.unit}".rstrip() for one in came.short]
    return replace(done, posts=(*done.posts, Post("\n".join((tr("⚠️ There is less in stock than is promised. Lacking:"), *lines)))))


def _more(session: Session, visit: Visit, order_id: int, value: str) -> Done:
    """What is wanted less often."""
    tr, one = visit.tr, order_sheet(session, visit.rep, order_id)
    keys = [Key(tr.button(label), Intent(NAME, order_id, detail)) for label, detail in _ways(one)]
    keys += [Key(tr.button(orders.CARD), Intent("show", one.conversation_id))] if one.conversation_id else []
    keys += [Key(tr.button(orders.DEAL), Intent("deal", one.deal_id, "open"))] if one.deal_id else []
    if may(visit.rep.role, Action.SEE_HISTORY):
        keys.append(Key(tr.button(HISTORY), Intent("history", order_id, "order")))
    edits = (visit.replied_to or 0) if not isinstance(visit.said, Text) else 0
    return Done((replace(orders.question(tr, tr("Order {number}: what else?", number=one.brief.number), keys, order_id), edits=edits),))


def _ways(one: OrderSheet) -> list[tuple[str, str]]:
    state = one.brief.state
    back = [(orders.BACK_A_STEP, f"back:{state}")] if state not in (OrderState.NEW, OrderState.CANCELLED) else []
    cancel = [(orders.CANCEL_IT, f"to:{OrderState.CANCELLED}:{state}")] if state not in (OrderState.CANCELLED, OrderState.DELIVERED) else []
    return [*back, *cancel, (orders.ENTRIES, "paid"), (orders.NOTE, "note")]


Turn = Callable[[Session, Visit, int, str], Done]
TURNS: Mapping[str, Turn] = {
    "open": _open,
    "show": _show,
    "to": _to,
    "back": _back,
    "more": _more,
    **order_details.TURNS,
    **order_lines.TURNS,
    **order_money.TURNS,
}

COMMAND = Command(
    NAME,
    N_("Orders: what was bought, where it is, what is paid"),
    deed,
    Action.SEE_ORDERS,
    presses={
        NAME: turn,
        "orders": page,
        "orders_of": of_person,
        "order_new": new,
        "order_deal": of_deal,
        "order_type": order_details.type_lines,
        **order_money.PRESSES,
    },
    listeners={LISTENS: order_details.typed},
    group=Group.SELL,
)
