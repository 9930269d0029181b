"""What people type about prices: a line of a price list, a whole list that was pasted, a discount, so much of number three; pure."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from crm.base.errors import Invalid
from crm.base.money import parse_amount, parse_money
from crm.base.quantities import read_quantity, read_rate
from crm.sales.products import LIST_MOST, NAME_MOST, Offer

_MARKS = ("\t", ";", "|", ",")
_PICK = re.compile(r"(?:#|№|N)?\s?(?P<number>\d{1,3})\s*(?:\.\s+|[):x×х*]\s*|\s)\s*(?P<much>\d.*)", re.IGNORECASE | re.DOTALL)
_TAIL = re.compile(r"(?P<name>.*?[^\W\d].*?)[\s\-–—:=]+(?P<price>[^\W\d_]{0,4}\W?\d[\d\s.,'’]*\s?\S{0,6})", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Said:
    """A line of a price list as it was typed; `taxed` = it says a tax."""

    offer: Offer
    taxed: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """A price list as it was understood: its lines, and those that were not, with their numbers (from 1)."""

    lines: tuple[Said, ...]
    bad: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Less:
    """A discount: a share in basis points, or an amount in hundredths; the other is nothing."""

    share_bp: int = 0
    amount: int = 0


def read_list(text: str, currency: str) -> Read:
    """A pasted price list: "Name; price; unit; tax; code" on each line, by tabs, semicolons, bars or commas; a first line without any price is its head."""
    mark = _mark(text)
    found: list[Said] = []
    bad: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines()[: LIST_MOST * 2], 1):
        if not line.strip():
            continue
        try:
            found.append(_offer(_cells(line, mark), currency) if mark else read_offer(line, currency))
        except Invalid:
            if found or bad or any(cell.isdecimal() for cell in line):
                bad.append((number, " ".join(line.split())[:NAME_MOST]))
    return Read(tuple(found), tuple(bad))


def read_offer(line: str, currency: str) -> Said:
    """One line of a price list, with marks between its cells, or only a name with its price behind; raises `Invalid`."""
    for mark in _MARKS[:3]:
        if mark in line:
            return _offer(_cells(line, mark), currency)
    found = _TAIL.fullmatch(" ".join(line.split()))
    if found is None:
        raise Invalid("there is no price in this line")
    return _offer([found["name"], found["price"]], currency)


def is_list(text: str) -> bool:
    """Whether this is meant as lines of a price list rather than as words to look for."""
    return any(mark in text for mark in _MARKS[:3]) or len([line for line in text.splitlines() if line.strip()]) > 1


def read_less(text: str, currency: str) -> Less:
    """A discount as it is typed: "10%" is a share, "5000" an amount; raises `Invalid`."""
    said = text.strip().lstrip("-−–").strip()
    if "%" in said:
        share, sign = read_rate(said)
        if sign == "+":
            raise Invalid("a discount takes something off")
        return Less(share_bp=share)
    amount = parse_amount(said, currency)
    if amount < 0:
        raise Invalid("a discount takes something off")
    return Less(amount=amount)


def read_tax(text: str) -> tuple[int, bool]:
    """A tax as it is typed, and whether the price has it in it: "20%" is inside, "+20%" comes on top; raises `Invalid`."""
    share, sign = read_rate(text)
    if sign == "-":
        raise Invalid("this is not a tax")
    return share, sign != "+"


def read_picks(text: str) -> dict[int, int] | None:
    """Which number of a list is taken how often, in thousandths: "3 2.5kg", each on a line of its own. None where something else is meant."""
    found: dict[int, int] = {}
    for line in filter(str.strip, text.splitlines()):
        one = _PICK.fullmatch(line.strip())
        if one is None:
            return None
        try:
            found[int(one["number"])] = read_quantity(one["much"])
        except Invalid:
            return None
    return found or None


def _mark(text: str) -> str:
    """What stands between the cells of a list: the first of the marks that most of its lines have; a comma only where nothing else does."""
    rows = [line for line in text.splitlines() if line.strip()]
    for mark in _MARKS[:3]:
        if sum(mark in row for row in rows) * 2 > len(rows):
            return mark
    return "," if len(rows) > 1 and all(row.count(",") >= 2 for row in rows) else ""


def _cells(line: str, mark: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(line), delimiter=mark, skipinitialspace=True), [])
    except csv.Error:
        return line.split(mark)


def _offer(cells: list[str], currency: str) -> Said:
    """A line from its cells: a name, a price, then whatever is there of unit, tax and code."""
    said = [cell.strip() for cell in cells]
    if len(said) < 2 or not said[0] or not said[1]:
        raise Invalid("a line of a price list is a name and a price")
    price, named = parse_money(said[1], currency)
    unit, tax, code = _rest(iter(said[2:]))
    bp, inside = read_tax(tax) if tax else (0, True)
    return Said(Offer(said[0], price, named, unit, bp, inside, code), bool(tax))


def _rest(cells: Iterator[str]) -> tuple[str, str, str]:
    """Unit, tax and code of what stands behind the price; a share is the tax, wherever it stands."""
    unit, tax, code = "", "", ""
    for place, cell in enumerate(cells):
        if "%" in cell or (place == 1 and cell.isdecimal() and len(cell) <= 2):
            tax = cell
        elif place == 0:
            unit = cell
        elif cell:
            code = cell
    return unit, tax, code
