"""Prices to the last coin: what lines come to, in whole drams where there is nothing smaller, whatever the discount and the tax."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from crm.base.errors import Invalid
from crm.base.money import AMOUNT_MOST, CURRENCIES
from crm.base.pricing import ONE, WHOLE, Line, count, spread, totals, unit_of

CODES = some.sampled_from(sorted(CURRENCIES))


@some.composite
def goods(draw: some.DrawFn, currency: str) -> Line:
    """A line as people have them: up to ten thousand of something, by weight or by piece."""
    coin = unit_of(currency)
    return Line(
        "Oak table",
        draw(some.integers(1, 10_000 * ONE)),
        draw(some.integers(0, 10**9)) // coin * coin,
        discount_bp=draw(some.integers(0, WHOLE)),
        discount_amount=draw(some.integers(0, 10**7)) // coin * coin,
        tax_bp=draw(some.sampled_from((0, 500, 1500, 1800, 2000, 2200, WHOLE))),
        tax_inside=draw(some.booleans()),
    )


@given(CODES, some.data())
def test_totals_are_the_sum_of_their_lines_and_never_drift(currency: str, data: some.DataObject) -> None:
    lines = data.draw(some.lists(goods(currency), max_size=12))
    found = totals(lines, currency)
    assert found.gross == sum(one.gross for one in found.lines) == found.net + found.tax
    assert found.tax == sum(one.tax for one in found.lines) == sum(one.tax for one in found.taxes)
    assert found.discount == sum(one.discount for one in found.lines)
    assert totals(lines[::-1], currency).gross == found.gross


@given(CODES, some.data())
def test_nothing_is_below_zero_and_everything_is_whole_coins(currency: str, data: some.DataObject) -> None:
    one = count(data.draw(goods(currency)), currency)
    assert 0 <= one.discount <= one.full
    assert one.net >= 0
    assert one.tax >= 0
    assert all(value % unit_of(currency) == 0 for value in (one.full, one.discount, one.net, one.tax, one.gross))


@given(CODES, some.data())
def test_tax_inside_is_the_tax_of_what_is_left_without_it(currency: str, data: some.DataObject) -> None:
    line = data.draw(goods(currency))
    inside = count(Line("a", line.quantity_m, line.price, tax_bp=line.tax_bp), currency)
    on_top = count(Line("a", ONE, inside.net, tax_bp=line.tax_bp, tax_inside=False), currency)
    assert inside.gross == inside.full
    assert abs(on_top.gross - inside.gross) <= unit_of(currency)  # a coin: both ways are rounded once


@given(CODES, some.data())
def test_it_is_what_exact_decimals_say(currency: str, data: some.DataObject) -> None:
    line = data.draw(goods(currency))
    coin = Decimal(unit_of(currency)) / 100
    full = (Decimal(line.price) / 100 * Decimal(line.quantity_m) / ONE).quantize(coin, ROUND_HALF_UP)
    if coin == 1:
        full = full.to_integral_value(ROUND_HALF_UP)
    assert Decimal(count(line, currency).full) / 100 == full


@given(CODES, some.data())
def test_an_amount_is_spread_to_the_last_coin(currency: str, data: some.DataObject) -> None:
    coin = unit_of(currency)
    weights = [one * coin for one in data.draw(some.lists(some.integers(0, 10**9), min_size=1, max_size=12))]
    amount = data.draw(some.integers(0, sum(weights) // coin)) * coin
    parts = spread(amount, weights, currency)
    assert sum(parts) == amount
    assert all(0 <= part <= weight and part % coin == 0 for part, weight in zip(parts, weights, strict=True))


SUMS = [
    (Line("Oak table", 2 * ONE, 4_500_000), "AMD", (9_000_000, 0, 0, 9_000_000)),
    (Line("Cheese", 1_235, 450_000), "AMD", (555_800, 0, 0, 555_800)),
    (Line("Wine", ONE, 10_000, tax_bp=1800), "GEL", (8_475, 0, 1_525, 10_000)),
    (Line("Wine", ONE, 10_000, tax_bp=1800, tax_inside=False), "GEL", (10_000, 0, 1_800, 11_800)),
    (Line("Coffee", 3 * ONE, 3_333, discount_bp=1000), "ETB", (8_999, 1_000, 0, 8_999)),
    (Line("Gift", ONE, 5_000, discount_amount=9_000), "USD", (0, 5_000, 0, 0)),
]


@pytest.mark.parametrize(("line", "currency", "said"), SUMS)
def test_lines_as_shops_write_them(line: Line, currency: str, said: tuple[int, int, int, int]) -> None:
    one = count(line, currency)
    assert (one.net, one.discount, one.tax, one.gross) == said


@pytest.mark.parametrize(
    "line",
    [
        Line("none", 0, 100),
        Line("less than none", -ONE, 100),
        Line("a price below nothing", ONE, -100),
        Line("half a dram", ONE, 50),
        Line("more than all", ONE, 100, discount_bp=WHOLE + 1),
        Line("a discount that adds", ONE, 100, discount_amount=-100),
        Line("too much", 10**6 * ONE, AMOUNT_MOST),
    ],
)
def test_what_cannot_be_counted_is_refused(line: Line) -> None:
    with pytest.raises(Invalid):
        totals([line], "AMD")


def test_a_sum_of_too_much_is_refused() -> None:
    with pytest.raises(Invalid):
        totals([Line("a", ONE, AMOUNT_MOST)] * 2, "AMD")


def test_more_cannot_be_taken_off_than_there_is() -> None:
    with pytest.raises(Invalid):
        spread(300, [100, 100], "USD")
