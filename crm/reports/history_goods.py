"""What became of goods, in words: prices, taxes and counts of a product as the reader knows them; pure."""

from collections.abc import Iterator, Mapping

from crm.base.i18n import N_, Translator
from crm.base.money import money
from crm.base.quantities import quantity, rate
from crm.reports.history import Told, Turned
from crm.reports.words import discount_words

KINDS: Mapping[str, str] = {
    "counting": N_("counted or not"),
    "discount": N_("discount"),
    "lines": N_("products"),
    "off": N_("not sold any more"),
    "on": N_("sold again"),
    "revised": N_("changed on the price list"),
    "stock": N_("how many there are"),
}
# Which of the values of a kind are told as they are.
ONLY: Mapping[str, tuple[str, ...]] = {"lines": (), "revised": ("name", "unit", "code"), "stock": (), "counting": ("kept",), "discount": ()}


def goods(tr: Translator, told: Told) -> Iterator[str]:
    """The values of a change of a product that are numbers of ours: from what to what."""
    if told.subject != "product":
        return
    if told.kind == "discount":
        yield from _discount(tr, told)
        return
    currency = next((one for one in told.turned if one.key == "currency"), None)
    for one in told.turned:
        before, after = (_shown(tr, one, side, currency) for side in ("before", "after"))
        if before != after:
            yield f"{before} → {after}"


def _discount(tr: Translator, told: Told) -> Iterator[str]:
    """How much a rule takes off now, and what for."""
    values = {one.key: one for one in told.turned}
    share, cause = values.get("share_bp"), values.get("for")
    if share and cause:
        before, after = (rate(tr.language, value) if type(value) is int else "" for value in (share.before, share.after))
        yield f"{discount_words(tr, str(cause.after))}: {before} → {after}"


def _shown(tr: Translator, one: Turned, side: str, currency: Turned | None) -> str:
    value = getattr(one, side)
    if type(value) is not int:
        return ""
    if one.key == "price" and currency is not None:
        return money(tr.language, value, str(getattr(currency, side)))
    if one.key == "tax_bp":
        return rate(tr.language, value)
    return quantity(tr.language, value) if one.key == "on_hand" else ""
