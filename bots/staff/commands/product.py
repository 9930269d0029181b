"""One product: its name, price, unit, tax and stock, changed by managers; everybody who sells sees it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bots.staff import goods, menus
from bots.staff.commands import product_discounts
from bots.staff.posts import Key, Post
from bots.staff.updates import Text
from bots.staff.visit import Done, Listener, Visit
from bots.staff.words import HISTORY
from crm.base.db import Session
from crm.base.errors import Expired, Invalid
from crm.base.i18n import N_, N_button
from crm.base.money import money, parse_money
from crm.base.policy import Action, may
from crm.base.pricing import ONE
from crm.base.quantities import quantity, rate, read_quantity
from crm.base.text import clean_name, isolated
from crm.people.desk import CONFIRM_MS, Intent, Wizard, begin, quit_wizard
from crm.people.reps import authorise
from crm.sales import stock
from crm.sales.discounts import Rule, rules_of
from crm.sales.price_words import read_tax
from crm.sales.products import Goods, Offer, product_at, revise, switch, tax_all

NAME = "product"
RENAME, PRICE, UNIT, TAX, CODE = N_button("Name"), N_button("Price"), N_button("Unit"), N_button("Tax"), N_button("Code")
STOCK, SELL_NO_MORE, SELL_AGAIN = N_button("How many there are"), N_button("Do not sell it"), N_button("Sell it again")
LOW_AT, NOT_COUNTED, NO_TAX, FOR_ALL = N_button("Low at…"), N_button("Do not count it"), N_button("No tax"), N_button("For everything")
ON_TOP, INSIDE = N_button("On top of the price"), N_button("Inside the price")
WORDS, BACK = N_button("Name, unit, code"), N_button("Back")
ASKED = {
    "name": N_("What is it called?"),
    "price": N_("What does it cost? Type an amount as {example}."),
    "unit": N_("What is it counted in? Type it in a word: pc, kg, hour."),
    "code": N_("What is its code? Type it, or - for none."),
    "tax": N_("How much is the tax? Type {example} if it is inside the price, +{example} if it comes on top."),
    "stock": N_("How many are there? Type the count, or +5 for what came and -5 for what went."),
    "low": N_("At how many free ones shall it be called low? Type a number."),
}
EXAMPLES = {"price": "45000", "tax": "20%"}
RATES = (500, 1000, 1500, 1800, 2000)


def turn(session: Session, visit: Visit, intent: Intent) -> Done:
    """Do what a button of a product asks for."""
    verb, _, value = intent.detail.partition(":")
    if verb == "open":
        return Done((replace(page(session, visit, intent.target), edits=visit.replied_to or 0),))
    authorise(session, visit.rep, Action.SET_PRICES)
    pressed = TURNS.get(verb)
    if pressed is None:
        raise Expired
    return pressed(session, visit, intent.target, value)


def page(session: Session, visit: Visit, product_id: int) -> Post:
    """A product with its discounts."""
    return post(visit, product_at(session, product_id), rules_of(session, [product_id])[product_id])


def post(visit: Visit, one: Goods, rules: Sequence[Rule] = ()) -> Post:
    """A product as its reader may see and change it; pure."""
    tr = visit.tr
    rows = [f"{goods.name(one.offer.name)} · {goods.price(tr, one)}", *_facts(visit, one)]
    rows += [f"🏷 {product_discounts.told(visit, one, rule)}" for rule in rules]
    back = Key(tr.button(goods.LIST), Intent("products"))
    if not may(visit.rep.role, Action.SET_PRICES):
        return Post("\n".join(rows), ((back,),))
    verbs = [(PRICE, "ask:price"), (STOCK, "stock"), (TAX, "tax"), (WORDS, "words"), (SELL_NO_MORE, "off")] if one.active else [(SELL_AGAIN, "on")]
    keys = [Key(tr.button(label), Intent("product", one.id, verb)) for label, verb in verbs]
    keys += [Key(tr.button(product_discounts.DISCOUNTS), Intent(product_discounts.NAME, one.id, "show"))] if one.active else []
    keys.append(Key(tr.button(HISTORY), Intent("history", one.id, "product")))
    return Post("\n".join(rows), menus.in_rows([*keys, back]))


def _facts(visit: Visit, one: Goods) -> list[str]:
    tr, said = visit.tr, one.offer
    rows = []
    if said.tax_bp:
        share = rate(tr.language, said.tax_bp)
        rows.append(tr("Tax {rate} is inside the price", rate=share) if said.tax_inside else tr("Tax {rate} comes on top", rate=share))
    if said.code:
        rows.append(tr("Code: {code}", code=isolated(clean_name(said.code, 30))))
    if one.stock_kept:
        there, promised, free = (quantity(tr.language, much, clean_name(said.unit, 12)) for much in (one.on_hand, one.reserved, one.free))
        words = tr("There are {there}, promised {promised}, free {free}", there=there, promised=promised, free=free)
        rows.append(f"{'⚠️ ' if one.low else ''}{words}")
    if not one.active:
        rows.append(tr("It is not sold any more."))
    return rows


def words(session: Session, visit: Visit, product_id: int, value: str) -> Done:
    """What it is called by may be changed: its name, its unit, its code."""
    tr, one = visit.tr, product_at(session, product_id)
    keys = [Key(tr.button(label), Intent("product", product_id, f"ask:{what}")) for label, what in ((RENAME, "name"), (UNIT, "unit"), (CODE, "code"))]
    back = Key(tr.button(BACK), Intent("product", product_id, "show"))
    return Done((Post(goods.offer(tr, one), menus.in_rows([*keys, back]), edits=_edits(visit)),))


def ask(session: Session, visit: Visit, product_id: int, value: str) -> Done:
    """Ask for a name, a price, a unit or a code."""
    one = product_at(session, product_id)
    _listen(session, visit, product_id, value)
    return _asked(visit, one, value, [])


def tax(session: Session, visit: Visit, product_id: int, value: str) -> Done:
    """Ask for the tax: a usual rate, or any other that is typed."""
    one, tr = product_at(session, product_id), visit.tr
    _listen(session, visit, product_id, "tax")
    inside = one.offer.tax_inside
    keys = [Key(tr.button(NO_TAX), Intent("product", product_id, "tax_is:0"))]
    keys += [Key(rate(tr.language, points), Intent("product", product_id, f"tax_is:{points}")) for points in RATES[-3:]]
    keys.append(Key(tr.button(ON_TOP if inside else INSIDE), Intent("product", product_id, f"tax_how:{int(not inside)}")))
    keys.append(Key(tr.button(FOR_ALL), Intent("product", product_id, "tax_all")))
    return _asked(visit, one, "tax", keys, *_facts(visit, one)[:1])


def tax_is(session: Session, visit: Visit, product_id: int, value: str) -> Done:
    """Take a rate from a button."""
    offer = product_at(session, product_id).offer
    revise(session, visit.rep, product_id, replace(offer, tax_bp=int(value)), now=visit.now)
    return tax(session, visit, product_id, "")


def tax_how(session: Session, visit: Visit, product_id: int, value: str) -> Done:
    """The tax is inside the price, or comes on top of it."""
    offer = product_at(session, product_id).offer
    revise(session, visit.rep, product_id, replace(offer, tax_inside=bool(int(value))), now=visit.now)
    return tax(session, visit, product_id, "")


def tax_everywhere(session: Session, visit: Visit, product_id: int, value: str) -> Done:
    """Everything on the list has the tax of this one."""
    offer = product_at(session, product_id).offer
    changed = tax_all(session, visit.rep, offer.tax_bp, offer.tax_inside, now=visit.now)
    return _shown(session, visit, product_id, visit.tr.many("{n} product has it now.", "{n} products have it now.", changed))


def count(session: Session, visit: Visit, product_id: int, value: str) -> Done:
    """Ask how many there are; single ones come and go by buttons."""
    one, tr = product_at(session, product_id), visit.tr
    _listen(session, visit, product_id, "stock")
    keys = [Key(f"{'+' if much > 0 else '−'} {abs(much)}", Intent("product", product_id, f"came:{much}")) for much in (1, 10, -1)]
    if one.stock_kept:
        keys += [Key(tr.button(LOW_AT), Intent("product", product_id, "ask:low")), Key(tr.button(NOT_COUNTED), Intent("product", product_id, "uncounted"))]
    return _asked(visit, one, "stock", keys, *_facts(visit, one)[-1:])


def came(session: Session, visit: Visit, product_id: int, value: str) -> Done:
    """So many came or went."""
    stock.come_in(session, visit.rep, product_id, int(value) * ONE, once=visit.once, now=visit.now)
    return count(session, visit, product_id, "")


def uncounted(session: Session, visit: Visit, product_id: int, value: str) -> Done:
    """It is not counted any more."""
    stock.keep_count(session, visit.rep, product_id, False, now=visit.now)
    return _shown(session, visit, product_id, visit.tr("Saved."))


def on_off(session: Session, visit: Visit, product_id: int, active: bool) -> Done:
    """Take it off the list, or put it back."""
    switch(session, visit.rep, product_id, active, now=visit.now)
    return _shown(session, visit, product_id, visit.tr("Saved."))


def typed(session: Session, visit: Visit, wizard: Wizard) -> Done:
    """Take what was typed for a question about a product; what cannot be used may be typed again."""
    said, what = visit.said.text.strip() if isinstance(visit.said, Text) else "", str(wizard.facts["what"])
    authorise(session, visit.rep, Action.SET_PRICES)
    try:
        _take(session, visit, wizard.target, what, said)
    except Invalid:
        words = f"{visit.tr('This cannot be used.')} {visit.tr(ASKED[what], example=EXAMPLES.get(what, ''))}"
        return Done((menus.question(visit.tr, words, NAME),))
    return _shown(session, visit, wizard.target, visit.tr("Saved."))


def _take(session: Session, visit: Visit, product_id: int, what: str, said: str) -> None:
    one = product_at(session, product_id)
    if what == "low":
        stock.keep_count(session, visit.rep, product_id, True, read_quantity(said), now=visit.now)
    elif what != "stock":
        revise(session, visit.rep, product_id, _said(one.offer, what, said), now=visit.now)
    elif said[:1] in ("+", "-", "−", "–"):
        much = read_quantity(said.removeprefix("+"), below=True)
        stock.come_in(session, visit.rep, product_id, much, once=visit.once, now=visit.now)
    else:
        stock.count_is(session, visit.rep, product_id, read_quantity(said), once=visit.once, now=visit.now)


def _said(offer: Offer, what: str, said: str) -> Offer:
    """An offer with one thing as it was typed; pure."""
    if what == "price":
        price, currency = parse_money(said, offer.currency)
        return replace(offer, price=price, currency=currency)
    if what == "tax":
        points, inside = read_tax(said)
        return replace(offer, tax_bp=points, tax_inside=inside)
    bare = "" if said == "-" and what != "name" else said
    return replace(offer, name=bare) if what == "name" else replace(offer, unit=bare) if what == "unit" else replace(offer, code=bare)


def _listen(session: Session, visit: Visit, product_id: int, what: str) -> None:
    begin(session, visit.rep, Wizard(NAME, NAME, product_id, {"what": what}), until=visit.now + CONFIRM_MS)


def _asked(visit: Visit, one: Goods, what: str, keys: list[Key], *facts: str) -> Done:
    tr = visit.tr
    back = Key(tr.button(BACK), Intent("product", one.id, "show"))
    question = tr(ASKED[what], example=money(tr.language, one.offer.price, one.offer.currency) if what == "price" else EXAMPLES.get(what, ""))
    words = "\n".join([goods.name(one.offer.name), *facts, question])
    return Done((Post(words, menus.in_rows([*keys, back], 3 if what == "stock" else 2), edits=_edits(visit)),))


def _shown(session: Session, visit: Visit, product_id: int, toast: str = "") -> Done:
    quit_wizard(session, visit.rep, NAME)
    return Done((replace(page(session, visit, product_id), edits=_edits(visit)),), toast)


def _edits(visit: Visit) -> int:
    return 0 if isinstance(visit.said, Text) else visit.replied_to or 0


LISTENERS: Mapping[str, Listener] = {NAME: typed}
TURNS: Mapping[str, Callable[[Session, Visit, int, str], Done]] = {
    "show": lambda session, visit, number, value: _shown(session, visit, number),
    "words": words,
    "ask": ask,
    "tax": tax,
    "tax_is": tax_is,
    "tax_how": tax_how,
    "tax_all": tax_everywhere,
    "stock": count,
    "came": came,
    "uncounted": uncounted,
    "off": lambda session, visit, number, value: on_off(session, visit, number, False),
    "on": lambda session, visit, number, value: on_off(session, visit, number, True),
}
