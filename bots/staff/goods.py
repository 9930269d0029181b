"""Goods in words: a product with its price, a line of a deal, and what lines come to; pure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from crm.base.actors import Rep
from crm.base.i18n import N_button, Translator
from crm.base.money import money
from crm.base.pricing import ONE, Counted, Line, Totals
from crm.base.quantities import quantity, rate
from crm.base.text import clean_name, isolated
from crm.people.sight import seen_by
from crm.reports.words import discount_words
from crm.sales.products import Goods
from crm.sales.stock import Short

NAME_SHOWN = 40
GOODS, LIST = N_button("🛒 Products"), N_button("The price list")


def name(title: str, most: int = NAME_SHOWN) -> str:
    """What goods are called, as plain text."""
    return isolated(clean_name(title, most))


def read_by(rep: Rep, every: Sequence[Line]) -> tuple[Line, ...]:
    """Lines as a member may read them: what somebody typed may be a phone."""
    return tuple(replace(one, title=seen_by(rep).told(one.title, points=True)) for one in every)


def price(tr: Translator, goods: Goods) -> str:
    """What one of a product costs: 45 000 ֏ / pc."""
    one = goods.offer
    return money(tr.language, one.price, one.currency) + (f" / {clean_name(one.unit, 12)}" if one.unit else "")


def offer(tr: Translator, goods: Goods) -> str:
    """A product on a line: what it is, what it costs, how many are free."""
    free = tr("{much} free", much=quantity(tr.language, goods.free, goods.offer.unit)) if goods.stock_kept else ""
    return " · ".join(filter(None, (name(goods.offer.name), price(tr, goods), f"{'⚠️ ' if goods.low else ''}{free}" if free else "")))


def line(tr: Translator, one: Line, counted: Counted, currency: str) -> str:
    """A line of a deal: so much of what at which price, with its discount, and what it comes to."""
    much = quantity(tr.language, one.quantity_m, clean_name(one.unit, 12))
    why = f" ({discount_words(tr, one.discount_why, one.unit)})" if ":" in one.discount_why else ""
    off = f" − {less(tr, one, currency)}{why}" if counted.discount else ""
    plain = "" if one.quantity_m == ONE and not off else f"{much} × {money(tr.language, one.price, currency)}{off} = "
    worth = counted.full - counted.discount
    return f"{name(one.title)} · {plain}{money(tr.language, worth, currency)}"


def less(tr: Translator, one: Line, currency: str) -> str:
    """The discount of a line: a share, an amount, or both."""
    share = rate(tr.language, one.discount_bp) if one.discount_bp else ""
    return " + ".join(filter(None, (share, money(tr.language, one.discount_amount, currency) if one.discount_amount else "")))


def lines(tr: Translator, every: Sequence[Line], sums: Totals) -> Iterator[str]:
    """The lines of a deal, numbered."""
    for number, (one, counted) in enumerate(zip(every, sums.lines, strict=True), 1):
        yield f"{number}. {line(tr, one, counted, sums.currency)}"


def totals(tr: Translator, every: Sequence[Line], sums: Totals) -> Iterator[str]:
    """What lines come to: the discount, the taxes by rate, the total."""
    if sums.discount:
        yield tr("Discount: {amount}", amount=money(tr.language, sums.discount, sums.currency))
    on_top = {one.tax_bp for one in every if not one.tax_inside}
    for tax in sums.taxes:
        amount = money(tr.language, tax.tax, sums.currency)
        share = rate(tr.language, tax.bp)
        yield tr("Tax {rate}: {amount}", rate=share, amount=amount) if tax.bp in on_top else tr("Tax {rate} in it: {amount}", rate=share, amount=amount)
    yield tr("Total: {amount}", amount=money(tr.language, sums.gross, sums.currency))


def short(tr: Translator, lacking: Sequence[Short]) -> Iterator[str]:
    """What there is not enough of."""
    for one in lacking:
        yield tr("⚠️ {much} of {name} are lacking.", much=quantity(tr.language, one.missing_m, clean_name(one.unit, 12)), name=name(one.name))
