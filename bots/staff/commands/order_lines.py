"""What is ordered, line by line: counted otherwise, priced, taken out, added in words or taken over from the deal, until it leaves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bots.staff import goods, menus, orders
from bots.staff.commands.deal_goods import ONE_LINE, WORDS
from bots.staff.commands.deal_line import ASKED, EXAMPLES, PRICE, REMOVE
from bots.staff.commands.order_asked import TYPED, listen
from bots.staff.deals import paged
from bots.staff.orders import NAME
from bots.staff.posts import Key, Post
from bots.staff.updates import Text
from bots.staff.visit import Done, Visit, told
from bots.staff.words import UNDO
from crm.base.db import Session
from crm.base.errors import Expired, Invalid
from crm.base.i18n import N_button
from crm.base.money import money, parse_amount
from crm.base.pricing import ONE
from crm.base.quantities import rate, read_quantity
from crm.base.text import clean_name, isolated
from crm.documents.documents import Document, open_invoices
from crm.documents.sending import named
from crm.people.contacts import family_of
from crm.people.desk import Intent, Wizard, quit_wizard
from crm.people.sight import seen_by
from crm.reports.orders import order_sheet
from crm.reports.words import discount_words
from crm.sales.order_lines import OPEN, as_in_deal, change_lines, mark, ordered, priced, recounted, rule_of, undo_lines
from crm.sales.order_steps import OrderMoved, Stepped
from crm.sales.orders import Line, Order, held_order

AS_IN_DEAL = N_button("As in the deal")


def show(session: Session, visit: Visit, order_id: int, value: str = "", *, toast: str = "", came: Stepped | None = None) -> Done:
    """Every line and what may be done about them; `came` = they were just changed."""
    quit_wizard(session, visit.rep, TYPED)
    tr, order = visit.tr, held_order(session, visit.rep, order_id)
    if order.state not in OPEN:
        raise OrderMoved
    one = order_sheet(session, visit.rep, order_id)
    rows = [f"📦 {order.number}", *(f"{place}. {orders.item_line(tr, item, order.currency)}" for place, item in enumerate(one.items[: orders.ITEMS], 1))]
    rows += [tr("Total: {amount}", amount=money(tr.language, order.total, order.currency)), *goods.short(tr, came.short if came else ())]
    rows += [tr("⚠️ {what} says {amount}.", what=named(paper, tr), amount=money(tr.language, paper.total, paper.currency)) for paper in _other(session, order)]
    own = as_in_deal(session, order)
    keys = [_key(visit, order_id, ONE_LINE, "lines_of"), _key(visit, order_id, WORDS, "line_new")]
    keys += [_key(visit, order_id, AS_IN_DEAL, f"lines_deal:{_mark(session, order_id)}")] if own and mark(own) != _mark(session, order_id) else []
    keys += [_key(visit, order_id, UNDO, f"lines_back:{_mark(session, order_id)}")] if came else []
    return _asked(visit, orders.question(tr, "\n".join(rows), keys, order_id), toast)


def choose(session: Session, visit: Visit, order_id: int, value: str) -> Done:
    """Ask which line; of one alone nothing is asked."""
    order, every = held_order(session, visit.rep, order_id), ordered(session, order_id)
    if len(every) == 1:
        return line(session, visit, order_id, "0")
    keys = [Key(f"{place + 1}. {_title(visit, one, 24)}", Intent(NAME, order_id, f"line:{place}")) for place, one in enumerate(every)]
    keys = paged(visit.tr, keys, int(value or 0), lambda page: Intent(NAME, order_id, f"lines_of:{page}"))
    return _asked(visit, Post(visit.tr("{title}: which line?", title=order.number), (*menus.in_rows(keys, 1), (_back(visit, order_id),))))


def line(session: Session, visit: Visit, order_id: int, value: str) -> Done:
    """One line and what may be done with it; a quantity may be typed."""
    every, place = _lines(session, visit, order_id, int(value))
    seen = mark(every)
    listen(session, visit, "line_much", order_id, place=place, seen=seen)
    order = held_order(session, visit.rep, order_id)
    item = order_sheet(session, visit.rep, order_id).items[place]
    rule = rule_of(session, order, every[place])
    off = f" · −{rate(visit.tr.language, rule.discount_bp)}: {discount_words(visit.tr, rule.discount_why, rule.unit)}" if rule and rule.discount_bp else ""
    words = f"{place + 1}. {orders.item_line(visit.tr, item, order.currency)}{off}\n{visit.tr(ASKED['quantity'], example=EXAMPLES['quantity'])}"
    verbs = [("− 1", f"line_less:{place}:{seen}"), ("+ 1", f"line_more:{place}:{seen}")]
    keys = [Key(label, Intent(NAME, order_id, verb)) for label, verb in verbs]
    keys += [_key(visit, order_id, PRICE, f"line_cost:{place}"), _key(visit, order_id, REMOVE, f"line_out:{place}:{seen}")]
    return _asked(visit, Post(words, menus.in_rows([*keys, _back(visit, order_id)])))


def cost(session: Session, visit: Visit, order_id: int, value: str) -> Done:
    """Ask for another price of one."""
    every, place = _lines(session, visit, order_id, int(value))
    listen(session, visit, "line_cost", order_id, place=place, seen=mark(every))
    words = f"{_title(visit, every[place], 40)}: {visit.tr(ASKED['price'], example=EXAMPLES['price'])}"
    return _asked(visit, Post(words, ((_back(visit, order_id),),)))


def new(session: Session, visit: Visit, order_id: int, value: str) -> Done:
    """Ask for a line in words."""
    held_order(session, visit.rep, order_id)
    listen(session, visit, "line_new", order_id, seen=_mark(session, order_id))
    words = visit.tr("What is it, and what does it cost? Type it as {example}.", example=visit.tr("Delivery; 2000"))
    return _asked(visit, Post(words, ((_back(visit, order_id),),)))


def take_over(session: Session, visit: Visit, order_id: int, value: str) -> Done:
    """It is what the deal is about now."""
    return _changed(session, visit, order_id, as_in_deal(session, held_order(session, visit.rep, order_id)), value)


def undo(session: Session, visit: Visit, order_id: int, value: str) -> Done:
    """Take the last change back; the next such button makes it again, and the same one tapped twice does not."""
    held_order(session, visit.rep, order_id)
    if _mark(session, order_id) != value:
        raise OrderMoved
    came = undo_lines(session, visit.rep, order_id, now=visit.now)
    return show(session, visit, order_id, toast=visit.tr("Taken back."), came=came)


def _by(much: int) -> Callable[[Session, Visit, int, str], Done]:
    """A button that makes it so much more of one line, in thousandths (0 = none of it any more)."""

    def pressed(session: Session, visit: Visit, order_id: int, value: str) -> Done:
        place, _, seen = value.partition(":")
        every, at = _lines(session, visit, order_id, int(place))
        if mark(every) != seen:
            raise OrderMoved
        wanted = recounted(session, held_order(session, visit.rep, order_id), every, at, max(every[at].quantity_m + much, 0) if much else 0)
        if len(wanted) < len(every):
            return _changed(session, visit, order_id, wanted, seen)
        change_lines(session, visit.rep, order_id, wanted, seen=seen, now=visit.now)
        return line(session, visit, order_id, place)

    return pressed


def _changed(session: Session, visit: Visit, order_id: int, wanted: Sequence[Line], seen: str) -> Done:
    if not wanted:
        words = visit.tr("An order needs a line. To end it, cancel the order.")
        return told(words) if isinstance(visit.said, Text) else Done(toast=words, alert=True)
    came = change_lines(session, visit.rep, order_id, wanted, seen=seen, now=visit.now)
    return show(session, visit, order_id, toast=visit.tr("Saved."), came=came)


def _much_typed(session: Session, visit: Visit, wizard: Wizard, said: str) -> Done:
    every, place = _lines(session, visit, wizard.target, int(wizard.facts["place"]))
    wanted = recounted(session, held_order(session, visit.rep, wizard.target), every, place, read_quantity(said))
    return _changed(session, visit, wizard.target, wanted, str(wizard.facts["seen"]))


def _cost_typed(session: Session, visit: Visit, wizard: Wizard, said: str) -> Done:
    every, place = _lines(session, visit, wizard.target, int(wizard.facts["place"]))
    currency = held_order(session, visit.rep, wizard.target).currency
    return _changed(session, visit, wizard.target, priced(every, place, parse_amount(said, currency), currency), str(wizard.facts["seen"]))


def _new_typed(session: Session, visit: Visit, wizard: Wizard, said: str) -> Done:
    order = held_order(session, visit.rep, wizard.target)
    wanted = (*ordered(session, order.id), line_of(said, order.currency))
    return _changed(session, visit, order.id, wanted, str(wizard.facts["seen"]))


def line_of(text: str, currency: str) -> Line:
    """A typed line: words, a semicolon, what it costs (nothing where nothing stands); pure. Raises `Invalid`."""
    title, _, amount = text.rpartition(";") if ";" in text else (text, "", "")
    total = parse_amount(amount, currency) if amount.strip() else 0
    if not title.strip() or total < 0:
        raise Invalid("a line needs words, and costs something or nothing")
    return Line(title.strip(), total)


def _lines(session: Session, visit: Visit, order_id: int, place: int) -> tuple[tuple[Line, ...], int]:
    held_order(session, visit.rep, order_id)
    every = ordered(session, order_id)
    if place >= len(every):
        raise Expired
    return every, place


def _other(session: Session, order: Order) -> list[Document]:
    """The invoices of its deal that wait to be paid and ask for something else."""
    if order.deal_id is None:
        return []
    wanted = open_invoices(session, family_of(session, order.contact_id))
    return [one for one in wanted if one.deal_id == order.deal_id and (one.total, one.currency) != (order.total, order.currency)]


def _title(visit: Visit, one: Line, most: int) -> str:
    return isolated(clean_name(seen_by(visit.rep).told(one.title, points=True), most))


def _mark(session: Session, order_id: int) -> str:
    return mark(ordered(session, order_id))


def _key(visit: Visit, order_id: int, label: str, detail: str) -> Key:
    return Key(visit.tr.button(label), Intent(NAME, order_id, detail))


def _back(visit: Visit, order_id: int) -> Key:
    return _key(visit, order_id, orders.BACK, "lines")


def _asked(visit: Visit, post: Post, toast: str = "") -> Done:
    return Done((replace(post, edits=(visit.replied_to or 0) if not isinstance(visit.said, Text) else 0),), toast)


TURNS: Mapping[str, Callable[[Session, Visit, int, str], Done]] = {
    "lines": show,
    "lines_of": choose,
    "line": line,
    "line_cost": cost,
    "line_new": new,
    "lines_deal": take_over,
    "lines_back": undo,
    "line_less": _by(-ONE),
    "line_more": _by(ONE),
    "line_out": _by(0),
}
TAKEN: Mapping[str, Callable[[Session, Visit, Wizard, str], Done]] = {"line_much": _much_typed, "line_cost": _cost_typed, "line_new": _new_typed}
