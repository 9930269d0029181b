"""Picking is only what it says: what was picked stands in the lines, and nothing else of them is touched."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as some

from crm.base.pricing import ONE, Line
from crm.sales.picking import merged, picks_of
from crm.sales.products import Goods, Offer

GOODS = {number: Goods(number, Offer(f"Chair {number}", 900_000, "AMD"), False, 0, 0, 0, True) for number in range(1, 5)}
LINES = some.lists(
    some.builds(
        Line,
        title=some.sampled_from(("Chair", "Delivery")),
        quantity_m=some.integers(1, 5 * ONE),
        price=some.integers(0, 10**6),
        discount_bp=some.integers(0, 10_000),
        product_id=some.sampled_from((None, 1, 2, 3, 9)),
    ),
    max_size=8,
)
PICKS = some.dictionaries(some.integers(1, 4), some.integers(0, 5 * ONE), max_size=4)


@given(LINES, PICKS)
def test_the_lines_have_exactly_what_was_picked(lines: list[Line], picks: dict[int, int]) -> None:
    wanted = {**picks_of(lines), **picks}
    assert picks_of(merged(lines, wanted, GOODS)) == {number: much for number, much in wanted.items() if much}


@given(LINES, PICKS)
def test_what_is_not_of_the_list_stays_in_its_order(lines: list[Line], picks: dict[int, int]) -> None:
    assert [one for one in merged(lines, picks, GOODS) if one.product_id is None] == [one for one in lines if one.product_id is None]


@given(LINES)
def test_who_picks_nothing_changes_nothing(lines: list[Line]) -> None:
    assert merged(lines, picks_of(lines), GOODS) == tuple(lines)


@given(LINES, some.integers(1, 5 * ONE))
def test_another_quantity_keeps_the_price_and_the_discount_that_were_agreed(lines: list[Line], much: int) -> None:
    before = [one for one in lines if one.product_id == 1]
    found = [one for one in merged(lines, {**picks_of(lines), 1: much}, GOODS) if one.product_id == 1]
    if before and picks_of(before)[1] != much:
        assert found == [replace(before[0], quantity_m=much)]


def test_something_new_comes_at_the_end_at_the_price_of_now() -> None:
    delivery = Line("Delivery", ONE, 200_000)
    assert merged([delivery], {2: 3 * ONE}, GOODS) == (delivery, Line("Chair 2", 3 * ONE, 900_000, product_id=2))


def test_what_is_not_sold_any_more_is_not_added() -> None:
    assert merged([], {77: ONE}, GOODS) == ()
