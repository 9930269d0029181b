"""Sheet: every word that stands on a document, made once from what is known; drawing only puts them in their places. Pure."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from crm.base.ethiopic import ethiopian, month_name
from crm.base.i18n import N_, Translator, translator
from crm.base.money import money
from crm.base.pricing import ONE, Line, Totals, totals
from crm.base.text import clean_name
from crm.documents.documents import Kind
from crm.documents.layouts import ADDRESS, BANK, CONTACTS, INTRO, NAME, SIGNER, TAX_NUMBER, TERMS

LAYOUT = "paper1"
"""The looks that new documents have; what was issued keeps those it was issued with."""
TITLES: Mapping[Kind, str] = {Kind.QUOTE: N_("Quote"), Kind.INVOICE: N_("Invoice"), Kind.CONTRACT: N_("Contract"), Kind.ACT: N_("Act of completed work")}
_DUE: Mapping[Kind, str] = {Kind.QUOTE: N_("Good until"), Kind.INVOICE: N_("To be paid by"), Kind.CONTRACT: N_("Good until"), Kind.ACT: N_("Good until")}
_INTRO: Mapping[Kind, str] = {
    Kind.QUOTE: N_("Thank you for your interest. Here is our offer."),
    Kind.INVOICE: "",
    Kind.CONTRACT: N_("The seller and the buyer named above agree on the following."),
    Kind.ACT: N_("The seller has done, and the buyer has received, what is listed here."),
}
_CLAUSES: Mapping[Kind, tuple[str, ...]] = {
    Kind.QUOTE: (),
    Kind.INVOICE: (),
    Kind.CONTRACT: (
        N_("1. The seller gives the buyer the goods and services listed above."),
        N_("2. The buyer pays the price listed above."),
        N_("3. What goes wrong is settled by talking first, and else by the courts at the seller's address."),
        N_("4. The contract is good from the day both sides have accepted it."),
    ),
    Kind.ACT: (N_("Everything was done in full and in time. The buyer has no complaints."),),
}
_COLUMNS = (N_("No."), N_("Item"), N_("Quantity"), N_("Price"), N_("Sum"))
_SIGNED = frozenset({Kind.CONTRACT, Kind.ACT})
_SPACED = frozenset({"hy", "ka", "ru"})
_SIGNS = frozenset("©®°№™¦")
_UNSEEN = frozenset({"So", "Cc", "Cf", "Cs", "Co", "Cn", "Sk"})
RUN, UNIT_MOST = 16, 12
_LONG = re.compile(rf"\S{{{RUN + 1},}}")


@dataclass(frozen=True, slots=True)
class Facts:
    """What goes on a document; `made_on` and `due_on` (None = no end) are local days, `firm` and `words` the firm's own words by field."""

    kind: Kind
    language: str
    currency: str
    lines: tuple[Line, ...]
    seller: str
    buyer: str
    made_on: date
    company: str = ""
    due_on: date | None = None
    firm: Mapping[str, str] | None = None
    words: Mapping[str, str] | None = None


def sheet(facts: Facts, tr: Translator | None = None) -> dict[str, Any]:
    """The words of a document that has no number yet, as plain values for JSON; raises `Invalid` where its lines cannot be counted."""
    tr = tr or translator(facts.language)
    firm, words, sums = facts.firm or {}, facts.words or {}, totals(facts.lines, facts.currency)
    seller = inked(firm.get(NAME, "") or facts.seller)
    buyer = inked(facts.company or facts.buyer)
    named = [inked(facts.buyer)] if facts.company and facts.buyer and facts.buyer != facts.company else []
    intro = words.get(INTRO, "") or (tr(_INTRO[facts.kind]) if _INTRO[facts.kind] else "")
    return {
        "layout": LAYOUT,
        "kind": facts.kind.value,
        "language": facts.language,
        "title": tr(TITLES[facts.kind]),
        "number": "",
        "version": "",
        "draft": tr("DRAFT"),
        "facts": dated(facts.kind, facts.made_on, facts.due_on, tr),
        "labels": {"seller": tr("Seller"), "buyer": tr("Buyer")},
        "seller": {"name": seller, "lines": list(_particulars(firm, tr, bank=facts.kind is not Kind.INVOICE))},
        "buyer": {"name": buyer, "lines": named},
        "intro": paragraphs(intro),
        "columns": [tr(one) for one in _COLUMNS],
        "rows": list(_rows(facts, sums, tr)),
        "sums": [list(one) for one in _sums(facts, sums, tr)],
        "parts": list(_parts(facts, firm, words, tr)),
        "signatures": [[tr("Seller"), inked(firm.get(SIGNER, ""))], [tr("Buyer"), inked(facts.buyer)]] if facts.kind in _SIGNED else [],
    }


def issued(data: Mapping[str, Any], number: str, version: int, days: Sequence[Sequence[str]], tr: Translator) -> dict[str, Any]:
    """The same words with their number, version and days, and no draft any more."""
    told = tr("version {n}", n=version) if version > 1 else ""
    return {**data, "number": number, "version": told, "draft": "", "facts": [list(one) for one in days]}


def dated(kind: Kind, made_on: date, due_on: date | None, tr: Translator) -> list[list[str]]:
    """The days of a document in words."""
    days = [[tr("Date"), day_words(made_on, tr.language)]]
    return [*days, [tr(_DUE[kind]), day_words(due_on, tr.language)]] if due_on else days


def day_words(day: date, language: str) -> str:
    """A day as papers have it: 23 November 2026; in Amharic with the Ethiopian calendar's behind it."""
    from babel.dates import format_date

    civil = format_date(day, "d MMMM y", locale=language)
    if language != "am":
        return civil
    own = ethiopian(day)
    return f"{civil} ({own.day} {month_name(own.month, language)} {own.year})"


def quantity(language: str, thousandths: int) -> str:
    """How much, without needless noughts: 2, 1.5, 0.125."""
    whole, rest = divmod(thousandths, ONE)
    return f"{whole}{',' if language in _SPACED else '.'}{f'{rest:03}'.rstrip('0')}" if rest else str(whole)


def percent(language: str, points: int) -> str:
    """A share in basis points: 20 %, 7.5 %."""
    return f"{quantity(language, points * 10)} %"


def inked(words: str) -> str:
    """One line as it can be printed: without emoji and marks that nobody sees."""
    return " ".join(_LONG.sub(_breaking, _drawn(clean_name(words, 300))).split())


def paragraphs(words: str) -> list[str]:
    """Somebody's words, a paragraph for each line."""
    return [_LONG.sub(_breaking, line) for line in (_drawn(line).strip() for line in words.splitlines()) if line]


def _breaking(run: re.Match[str]) -> str:
    """A run without any space may be broken here and there, so that it stays on the paper."""
    return "\u200b".join(run[0][at : at + RUN] for at in range(0, len(run[0]), RUN))


def _drawn(words: str) -> str:
    return "".join(mark for mark in words if mark in _SIGNS or unicodedata.category(mark) not in _UNSEEN)


def _particulars(firm: Mapping[str, str], tr: Translator, *, bank: bool) -> Iterator[str]:
    """What the firm says of itself under its name."""
    yield from paragraphs(firm.get(ADDRESS, ""))
    if firm.get(TAX_NUMBER, ""):
        yield tr("Tax number: {number}", number=inked(firm[TAX_NUMBER]))
    yield from paragraphs(firm.get(CONTACTS, ""))
    if bank:
        yield from paragraphs(firm.get(BANK, ""))


def _rows(facts: Facts, sums: Totals, tr: Translator) -> Iterator[list[str]]:
    for place, (line, one) in enumerate(zip(facts.lines, sums.lines, strict=True), 1):
        much = " ".join(filter(None, (quantity(facts.language, line.quantity_m), inked(line.unit)[:UNIT_MOST])))
        price, left = (money(facts.language, amount, facts.currency) for amount in (line.price, one.full - one.discount))
        row = [str(place), inked(line.title), much, price, left]
        yield [*row, tr("less {amount}", amount=money(facts.language, one.discount, facts.currency))] if one.discount else row


def _sums(facts: Facts, sums: Totals, tr: Translator) -> Iterator[tuple[str, str, bool]]:
    """What stands under the lines: the discount, the tax by rate, the total."""

    def shown(amount: int) -> str:
        return money(facts.language, amount, facts.currency)

    if sums.discount:
        yield tr("Discount"), shown(-sums.discount), False
    on_top = any(line.tax_bp and not line.tax_inside for line in facts.lines)
    if on_top:
        yield tr("Without tax"), shown(sums.net), False
    for tax in sums.taxes:
        phrase = tr("Tax {percent}", percent=percent(facts.language, tax.bp)) if on_top else tr("Tax in it, {percent}", percent=percent(facts.language, tax.bp))
        yield phrase, shown(tax.tax), False
    yield tr("Total"), shown(sums.gross), True


def _parts(facts: Facts, firm: Mapping[str, str], words: Mapping[str, str], tr: Translator) -> Iterator[dict[str, Any]]:
    """What stands below the sums: the terms, and where to pay."""
    terms = paragraphs(words.get(TERMS, "")) or [tr(one) for one in _CLAUSES[facts.kind]]
    if terms:
        yield {"head": tr("Terms"), "words": terms}
    if facts.kind is Kind.INVOICE and firm.get(BANK, ""):
        yield {"head": tr("Where to pay"), "words": paragraphs(firm[BANK])}
