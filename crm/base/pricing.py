"""Pricing: what lines of goods come to, exactly: price times quantity, less a discount, with tax inside or on top; pure.

Everything is a whole number: money in hundredths, quantities in thousandths, rates in basis points. Each line is rounded by itself, half up, to what the
currency has (AMD has no decimals), so that totals are nothing but the sum of their lines (docs/decisions/0036).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crm.base.errors import Invalid
from crm.base.money import AMOUNT_MOST, CURRENCIES

ONE = 1000
"""A quantity of one, in thousandths."""
WHOLE = 10_000
"""A rate of one hundred per cent, in basis points."""
QUANTITY_MOST = 10**6 * ONE
LINES_MOST = 100


@dataclass(frozen=True, slots=True)
class Line:
    """So much of something at a price: `quantity_m` counts thousandths, `price` is for one, in hundredths of the deal's currency.

    The discount is `discount_bp` of the whole and `discount_amount` besides; `tax_inside` = the price has the tax in it. `product_id` None = not of the list.
    `discount_why` says whose the discount is: the rule that gave it, `hand` of a person's, "" = there is none, or somebody typed it.
    """

    title: str
    quantity_m: int
    price: int
    unit: str = ""
    discount_bp: int = 0
    discount_amount: int = 0
    tax_bp: int = 0
    tax_inside: bool = True
    product_id: int | None = None
    discount_why: str = ""


@dataclass(frozen=True, slots=True)
class Counted:
    """What one line comes to, in hundredths: `full` less `discount` is `gross` where the tax is inside, else `net`."""

    full: int
    discount: int
    net: int
    tax: int
    gross: int


@dataclass(frozen=True, slots=True)
class Tax:
    """What was taxed at one rate, and the tax of it, in hundredths."""

    bp: int
    net: int
    tax: int


@dataclass(frozen=True, slots=True)
class Totals:
    """What lines come to together, in hundredths: each is the sum of `lines`; `taxes` tells tax by rate, the lowest first, without those of nothing."""

    net: int
    discount: int
    tax: int
    gross: int
    lines: tuple[Counted, ...]
    taxes: tuple[Tax, ...]
    currency: str


def totals(lines: Sequence[Line], currency: str) -> Totals:
    """What these lines come to; raises `Invalid` for a line that cannot be counted, and for a sum that is too much."""
    counted = tuple(count(line, currency) for line in lines)
    gross = sum(one.gross for one in counted)
    if gross > AMOUNT_MOST:
        raise Invalid("this comes to too much")
    sums = (sum(one.net for one in counted), sum(one.discount for one in counted), sum(one.tax for one in counted))
    return Totals(*sums, gross, counted, _taxes(zip(lines, counted, strict=True)), currency)


def count(line: Line, currency: str) -> Counted:
    """What one line comes to; a discount never makes it less than nothing. Raises `Invalid` for a line that cannot be."""
    check(line, currency)
    unit = unit_of(currency)
    full = _rounded(line.price * line.quantity_m, ONE, unit)
    discount = min(full, _rounded(full * line.discount_bp, WHOLE, unit) + line.discount_amount)
    left = full - discount
    if line.tax_inside:
        tax = _rounded(left * line.tax_bp, WHOLE + line.tax_bp, unit)
        return Counted(full, discount, left - tax, tax, left)
    tax = _rounded(left * line.tax_bp, WHOLE, unit)
    return Counted(full, discount, left, tax, left + tax)


def check(line: Line, currency: str) -> None:
    """Refuse a line that means nothing: no quantity, a price or a discount below nothing, a share of more than all, parts of a coin that is not there."""
    unit = unit_of(currency)
    if not 0 < line.quantity_m <= QUANTITY_MOST:
        raise Invalid("this quantity cannot be used")
    if not 0 <= line.price <= AMOUNT_MOST or line.price % unit or line.price * line.quantity_m > AMOUNT_MOST * ONE:
        raise Invalid("this price cannot be used")
    if not 0 <= line.discount_bp <= WHOLE or not 0 <= line.discount_amount <= AMOUNT_MOST or line.discount_amount % unit:
        raise Invalid("this discount cannot be used")
    if not 0 <= line.tax_bp <= WHOLE:
        raise Invalid("this tax cannot be used")


def spread(amount: int, weights: Sequence[int], currency: str) -> list[int]:
    """An amount in parts like these weights, in coins of its currency, that come to exactly the amount; no part is more than its weight.

    Raises `Invalid` where the weights are less than the amount.
    """
    unit, whole = unit_of(currency), sum(weights)
    if not 0 <= amount <= whole or amount % unit or any(weight < 0 or weight % unit for weight in weights):
        raise Invalid("this discount cannot be used")
    if not whole:
        return [0] * len(weights)
    parts = [amount * weight // whole // unit * unit for weight in weights]
    rests = sorted(range(len(weights)), key=lambda place: (parts[place] * whole - amount * weights[place], place))
    for place in rests[: (amount - sum(parts)) // unit]:
        parts[place] += unit
    return parts


def unit_of(currency: str) -> int:
    """The smallest coin of a currency, in hundredths."""
    known = CURRENCIES.get(currency)
    return 100 if known and not known.decimals else 1


def _rounded(dividend: int, divisor: int, unit: int) -> int:
    """A quotient as whole coins, half of one upwards; nothing here is below zero."""
    return (2 * dividend + divisor * unit) // (2 * divisor * unit) * unit


def _taxes(lines: Iterable[tuple[Line, Counted]]) -> tuple[Tax, ...]:
    sums: dict[int, tuple[int, int]] = {}
    for line, one in lines:
        if line.tax_bp:
            net, tax = sums.get(line.tax_bp, (0, 0))
            sums[line.tax_bp] = net + one.net, tax + one.tax
    return tuple(Tax(bp, *sums[bp]) for bp in sorted(sums))
