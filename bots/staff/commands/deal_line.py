"""One line of a deal's goods: its quantity, price and discount, by buttons or typed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bots.staff import deals, goods, menus
from bots.staff.posts import Key, Post
from bots.staff.updates import Text
from bots.staff.visit import Done, Visit
from crm.base.db import Session
from crm.base.errors import Expired, Invalid
from crm.base.i18n import N_, N_button
from crm.base.money import parse_amount
from crm.base.pricing import ONE, Line, count, totals
from crm.base.quantities import read_quantity
from crm.base.text import clean_name
from crm.people.desk import CONFIRM_MS, Intent, Wizard, begin
from crm.reports.deal import sheet
from crm.sales.deals import held_deal
from crm.sales.discounts import HAND, by_hand, by_itself
from crm.sales.lines import lines_of, mark
from crm.sales.price_words import read_less

NAME = "goods_line"
PRICE, DISCOUNT, REMOVE = N_button("Price"), N_button("Discount"), N_button("Take it out")
BY_ITSELF = N_button("By itself again")
SHOWN = 6
ASKED = {
    "quantity": N_("How much of it? Type a quantity as {example}."),
    "price": N_("What does one cost? Type an amount as {example}."),
    "off": N_("How much is taken off? Type a share or an amount as {example}; 0 takes nothing off."),
}
EXAMPLES = {"quantity": "2.5", "price": "45000", "off": "10%"}
Change = Callable[[Sequence[Line], int], tuple[Line, ...]]


def choose(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """Ask which line."""
    tr, brief, every = visit.tr, sheet(session, visit.rep, deal_id).brief, lines_of(session, deal_id)
    keys = [
        Key(f"{place + 1}. {clean_name(one.title, 24)}", Intent("goods", deal_id, f"line:{place}")) for place, one in enumerate(goods.read_by(visit.rep, every))
    ]
    keys = deals.paged(tr, keys, int(value or 0), lambda page: Intent("goods", deal_id, f"lines:{page}"))
    words = tr("{title}: which line?", title=deals.title(tr, brief))
    return _asked(visit, Post(words, (*menus.in_rows(keys, 1), (_back(visit, deal_id),))))


def show(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """One line and what may be done with it; a quantity may be typed."""
    tr, currency, every = visit.tr, held_deal(session, visit.rep, deal_id).currency, lines_of(session, deal_id)
    place = int(value)
    if place >= len(every):
        raise Expired
    one, seen = goods.read_by(visit.rep, every)[place], mark(every)
    _listen(session, visit, deal_id, place, seen, "quantity")
    rows = [f"{place + 1}. {goods.line(tr, one, count(one, currency), currency)}", tr(ASKED["quantity"], example=EXAMPLES["quantity"])]
    verbs = [("− 1", f"fewer:{place}:{seen}"), ("+ 1", f"one_more:{place}:{seen}")]
    verbs += [(tr.button(PRICE), f"ask:price:{place}"), (tr.button(DISCOUNT), f"ask:off:{place}"), (tr.button(REMOVE), f"drop:{place}:{seen}")]
    verbs += [(tr.button(BY_ITSELF), f"itself:{place}:{seen}")] if one.product_id and by_hand(one) else []
    keys = [Key(label, Intent("goods", deal_id, verb)) for label, verb in verbs]
    return _asked(visit, Post("\n".join(rows), menus.in_rows([*keys, _back(visit, deal_id)])))


def ask(session: Session, visit: Visit, deal_id: int, value: str) -> Done:
    """Ask for another price or a discount of the line."""
    what, _, place = value.partition(":")
    held_deal(session, visit.rep, deal_id)
    every = lines_of(session, deal_id)
    if int(place) >= len(every):
        raise Expired
    _listen(session, visit, deal_id, int(place), mark(every), what)
    words = visit.tr(ASKED[what], example=EXAMPLES[what])
    return _asked(visit, Post(f"{goods.name(goods.read_by(visit.rep, every)[int(place)].title)}: {words}", ((_back(visit, deal_id),),)))


def typed(session: Session, visit: Visit, wizard: Wizard, said: str) -> tuple[Line, ...] | Done:
    """The lines with one of them as it was typed, or what was wrong with that."""
    what, place = str(wizard.facts["what"]), int(wizard.facts["place"])
    currency, every = held_deal(session, visit.rep, wizard.target).currency, lines_of(session, wizard.target)
    try:
        wanted = tuple(_said(one, what, said, currency) if at == place else one for at, one in enumerate(every))
        totals(wanted, currency)
    except Invalid:
        words = visit.tr("This cannot be used.") + " " + visit.tr(ASKED[what], example=EXAMPLES[what])
        return Done((menus.question(visit.tr, words, NAME),))
    return wanted


def _said(one: Line, what: str, said: str, currency: str) -> Line:
    if what == "price":  # what the list takes off was off its own price, and would stay when there is less of it
        kept = one if by_hand(one) else replace(one, discount_bp=0, discount_amount=0)
        return replace(kept, price=parse_amount(said, currency), discount_why=HAND)
    if what == "off" or "%" in said:
        less = read_less(said, currency)
        return replace(one, discount_bp=less.share_bp, discount_amount=less.amount, discount_why=HAND)
    return replace(one, quantity_m=read_quantity(said))


def one_more(lines: Sequence[Line], place: int) -> tuple[Line, ...]:
    """One more of a line; pure."""
    return tuple(replace(one, quantity_m=one.quantity_m + ONE) if at == place else one for at, one in enumerate(lines))


def fewer(lines: Sequence[Line], place: int) -> tuple[Line, ...]:
    """One less of a line, which is gone where nothing is left; pure."""
    changed = [replace(one, quantity_m=one.quantity_m - ONE) if at == place else one for at, one in enumerate(lines)]
    return tuple(one for one in changed if one.quantity_m > 0)


def drop(lines: Sequence[Line], place: int) -> tuple[Line, ...]:
    """The lines without one; pure."""
    return tuple(one for at, one in enumerate(lines) if at != place)


def _listen(session: Session, visit: Visit, deal_id: int, place: int, seen: str, what: str) -> None:
    begin(session, visit.rep, Wizard(NAME, NAME, deal_id, {"what": what, "place": place, "seen": seen}), until=visit.now + CONFIRM_MS)


def _back(visit: Visit, deal_id: int) -> Key:
    return Key(visit.tr.button(deals.BACK), Intent("goods", deal_id, "show"))


def _asked(visit: Visit, post: Post) -> Done:
    return Done((replace(post, edits=0 if isinstance(visit.said, Text) else visit.replied_to or 0),))


CHANGES: Mapping[str, Change] = {"one_more": one_more, "fewer": fewer, "drop": drop, "itself": by_itself}
TURNS: Mapping[str, Callable[[Session, Visit, int, str], Done]] = {"lines": choose, "line": show, "ask": ask}
