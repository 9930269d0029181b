"""The money of an order: the customer is asked for it, it comes or does not, part of it goes back; and what was claimed is decided."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from bots.staff import menus, orders, paying
from bots.staff.commands.order_asked import TYPED, listen
from bots.staff.orders import NAME
from bots.staff.posts import Key, Post
from bots.staff.updates import Text
from bots.staff.visit import Done, Pressed, Visit
from crm.base.db import Session
from crm.base.errors import Expired, Invalid
from crm.base.i18n import N_button
from crm.base.money import money, parse_amount
from crm.base.outbound import Button
from crm.base.policy import Action
from crm.base.text import isolated
from crm.people.desk import Intent, Wizard, quit_wizard
from crm.people.reps import authorise
from crm.reports.orders import order_sheet, payments_to_check
from crm.sales import asking, payments, twins
from crm.sales.ledger import Payment, entries, owed
from crm.sales.order_steps import OrderMoved
from crm.sales.order_talk import tongue
from crm.sales.orders import held_order
from crm.sales.pay_talk import miss
from crm.sales.pay_ways import ways
from crm.sales.payments import Money, due_by_number, due_of_order, due_of_payment
from crm.sales.twins import twin_of

ALL, OTHER, CASH = N_button("All: {amount}"), N_button("Another amount"), N_button("💵 Cash")
SHOWN = 10


def _ask(session: Session, visit: Visit, order_id: int, value: str) -> Done:
    """Show what the customer will read, and ask them for the money when that is pressed."""
    tr, order = visit.tr, held_order(session, visit.rep, order_id)
    due = due_of_order(session, order)
    amount = owed(session, order)
    if amount <= 0:
        return Done(toast=tr("Nothing is to be paid."), alert=True)
    if not value:
        words = asking.words(tongue(session, order.contact_id), due, amount, ways(session))
        lines = [tr("The customer reads this:"), "", words]
        lines += [] if ways(session) else ["", tr("⚠️ No way to pay is written down: a manager does that with /payways.")]
        send = Key(tr.button(orders.ASK_MONEY), Intent(NAME, order_id, f"ask:{visit.event}"))
        return _asked(visit, orders.question(tr, "\n".join(lines), [send], order_id))
    asking.ask(session, visit.rep, due, once=f"{order_id}:{value}", now=visit.now)
    return _page(session, visit, order_id, tr("They were asked for {amount}.", amount=money(tr.language, amount, order.currency)))


def _came(session: Session, visit: Visit, order_id: int, value: str) -> Done:
    """Ask by which way money came, then how much it was."""
    authorise(session, visit.rep, Action.CONFIRM_PAYMENT)
    tr, order = visit.tr, held_order(session, visit.rep, order_id)
    if not value:
        keys = [Key(way.label, Intent(NAME, order_id, f"came:{way.label}")) for way in ways(session)]
        keys.append(Key(tr.button(CASH), Intent(NAME, order_id, "came:cash")))
        return _asked(visit, orders.question(tr, tr("How did the money come?"), keys, order_id))
    rest = owed(session, order)
    whole = Intent(NAME, order_id, f"all:{visit.event}:{rest}:{value}")
    keys = [Key(tr.button(ALL, amount=money(tr.language, rest, order.currency)), whole)] if rest > 0 else []
    listen(session, visit, "sum", order_id, method=value)
    return _asked(visit, orders.question(tr, tr("How much came? Press the button, or type the amount."), keys, order_id))


def _all(session: Session, visit: Visit, order_id: int, value: str) -> Done:
    event, amount, method = value.split(":", 2)
    once, order = f"came:{order_id}:{event}", held_order(session, visit.rep, order_id)
    if payments.known(session, once) is None and owed(session, order) != int(amount):
        raise OrderMoved  # somebody else has written it down meanwhile
    return _entered(session, visit, order_id, int(amount), method, once)


def _back(session: Session, visit: Visit, order_id: int, value: str) -> Done:
    """Ask how much went back."""
    authorise(session, visit.rep, Action.CONFIRM_PAYMENT)
    held_order(session, visit.rep, order_id)
    listen(session, visit, "money_back", order_id, method="")
    return _asked(visit, orders.question(visit.tr, visit.tr("How much was sent back? Type the amount."), [], order_id))


def _sum_typed(session: Session, visit: Visit, wizard: Wizard, said: str) -> Done:
    order = held_order(session, visit.rep, wizard.target)
    amount = parse_amount(said, order.currency)
    if amount <= 0:
        raise Invalid("what came is more than nothing")
    return _entered(session, visit, order.id, amount, str(wizard.facts["method"]), f"came:{visit.once}")


def _back_typed(session: Session, visit: Visit, wizard: Wizard, said: str) -> Done:
    order = held_order(session, visit.rep, wizard.target)
    return _entered(session, visit, order.id, -abs(parse_amount(said, order.currency)), str(wizard.facts["method"]), f"back:{visit.once}")


def _entered(session: Session, visit: Visit, order_id: int, amount: int, method: str, once: str) -> Done:
    order = held_order(session, visit.rep, order_id)
    one = Money(amount, order.currency, visit.now, method)
    payments.enter(session, visit.rep, due_of_order(session, order), one, once=once, now=visit.now)
    return _page(session, visit, order_id, visit.tr("Written down."))


def _entries(session: Session, visit: Visit, order_id: int, value: str) -> Done:
    """Every entry of an order, each with a button."""
    tr, one = visit.tr, order_sheet(session, visit.rep, order_id)
    found = entries(session, order_id)[-SHOWN:]
    lines = [f"{place}. {paying.line(tr, entry, visit.company.zone, visit.now)}" for place, entry in enumerate(found, 1)]
    left = max(one.brief.to_pay, 0)
    head = tr("{number}: to pay {amount}", number=one.brief.number, amount=money(tr.language, left, one.brief.currency))
    keys = [Key(f"{len(found) - place}. {money(tr.language, entry.amount, entry.currency)}", _entry(entry)) for place, entry in enumerate(found[::-1][:5])]
    keys.append(Key(tr.button(orders.MONEY_BACK), Intent(NAME, order_id, "money_back")))
    return _asked(visit, orders.question(tr, "\n".join([head, *(lines or [tr("Nothing has been paid yet.")])]), keys, order_id))


def _entry(payment: Payment) -> Intent:
    return Intent(paying.NAME, payment.id, "show")


def decide(session: Session, visit: Visit, intent: Intent) -> Done:
    """Decide about a payment: it came, as another sum, or not; or take that back."""
    if intent.detail not in DECISIONS:
        raise Expired
    return DECISIONS[intent.detail](session, visit, intent.target)


def _show(session: Session, visit: Visit, number: int) -> Done:
    return _payment(session, visit, payments.held_payment(session, visit.rep, number), "")


def _yes(session: Session, visit: Visit, number: int) -> Done:
    return _payment(session, visit, payments.confirm(session, visit.rep, number, now=visit.now), visit.tr("Confirmed."))


def _sum(session: Session, visit: Visit, number: int) -> Done:
    payments.held_payment(session, visit.rep, number)
    listen(session, visit, "other_sum", number)
    return Done((menus.question(visit.tr, visit.tr("How much came? Type the amount."), TYPED),))


def _other_typed(session: Session, visit: Visit, wizard: Wizard, said: str) -> Done:
    payment = payments.held_payment(session, visit.rep, wizard.target)
    payments.confirm(session, visit.rep, payment.id, amount=parse_amount(said, payment.currency), now=visit.now)
    return _payment(session, visit, payment, "")


def _no(session: Session, visit: Visit, number: int) -> Done:
    """It did not come: the customer is told so, with the button once more."""
    payment = payments.reject(session, visit.rep, number, now=visit.now)
    due = due_of_payment(session, payment)
    button = ((Button(tongue(session, due.contact_id).button(asking.I_HAVE_PAID), value=asking.value_of(due)),),) if due.contact_id else ()
    told = miss(session, payment, button, now=visit.now)
    return _payment(session, visit, payment, visit.tr("They were told that nobody sees it.") if told else visit.tr("Written down."))


def _none(session: Session, visit: Visit, number: int) -> Done:
    payment = payments.reject(session, visit.rep, number, now=visit.now)
    return _payment(session, visit, payment, visit.tr("Written down. They were not told.") if payment.contact_id else visit.tr("Written down."))


def _same(session: Session, visit: Visit, number: int) -> Done:
    """It is money that is written down already."""
    return _payment(session, visit, twins.same(session, visit.rep, number, now=visit.now), visit.tr("Written down."))


def _undo(session: Session, visit: Visit, number: int) -> Done:
    return _payment(session, visit, payments.take_back(session, visit.rep, number, now=visit.now), visit.tr("It is open again."))


def _assign(session: Session, visit: Visit, number: int) -> Done:
    payments.held_payment(session, visit.rep, number)
    listen(session, visit, "whose", number)
    return Done((menus.question(visit.tr, visit.tr("Type the number of the order or invoice it is for."), TYPED),))


def _whose_typed(session: Session, visit: Visit, wizard: Wizard, said: str) -> Done:
    due = due_by_number(session, said)
    if due is None:
        raise Invalid("there is no such number")
    return _payment(session, visit, payments.assign(session, visit.rep, wizard.target, due, now=visit.now), "")


def to_check(session: Session, visit: Visit, intent: Intent) -> Done:
    """What of the payments waits for somebody's word: what was claimed, and, for who sees everything, what nobody knows whose it is."""
    tr = visit.tr
    authorise(session, visit.rep, Action.CONFIRM_PAYMENT)
    found = payments_to_check(session, visit.rep, limit=menus.MOST - 1)
    lines = [f"{place}. {isolated(one.number) or '?'} · {paying.line(tr, one, visit.company.zone, visit.now)}" for place, one in enumerate(found, 1)]
    keys = [(Key(f"{place}. {money(tr.language, one.amount, one.currency)}", _entry(one)),) for place, one in enumerate(found, 1)]
    head = tr("The payments that wait for your word, the oldest first:") if found else tr("No payment waits.")
    return Done((Post("\n".join([head, *lines]), tuple(keys) or menus.home(tr)),))


def _payment(session: Session, visit: Visit, payment: Payment, toast: str) -> Done:
    """A payment as it stands, below what was decided."""
    tr, number = visit.tr, payment.number or "?"
    text = f"💳 {number}\n{paying.line(tr, payment, visit.company.zone, visit.now)}"
    twin = twin_of(session, payment) is not None
    return Done((Post(text, paying.keys(tr, visit.rep, payment, twin=twin)),), toast)


def _page(session: Session, visit: Visit, order_id: int, toast: str) -> Done:
    quit_wizard(session, visit.rep, TYPED)
    return _asked(visit, orders.post(visit, order_sheet(session, visit.rep, order_id)), toast)


def _asked(visit: Visit, post: Post, toast: str = "") -> Done:
    return Done((replace(post, edits=(visit.replied_to or 0) if not isinstance(visit.said, Text) else 0),), toast)


TURNS: Mapping[str, Callable[[Session, Visit, int, str], Done]] = {
    "ask": _ask,
    "came": _came,
    "all": _all,
    "paid": _entries,
    "money_back": _back,
}
DECISIONS: Mapping[str, Callable[[Session, Visit, int], Done]] = {
    "show": _show,
    "yes": _yes,
    "sum": _sum,
    "no": _no,
    "none": _none,
    "same": _same,
    "undo": _undo,
    "assign": _assign,
}
TAKEN: Mapping[str, Callable[[Session, Visit, Wizard, str], Done]] = {
    "sum": _sum_typed,
    "money_back": _back_typed,
    "other_sum": _other_typed,
    "whose": _whose_typed,
}
PRESSES: Mapping[str, Pressed] = {paying.NAME: decide, "payments_wait": to_check}
