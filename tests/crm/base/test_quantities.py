"""Quantities and rates as people write them, and never one that may be read in two ways."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from crm.base.errors import Invalid
from crm.base.i18n import LANGUAGES
from crm.base.quantities import quantity, rate, read_quantity, read_rate

READ = [
    ("3", 3_000),
    ("2.5kg", 2_500),
    ("2,5 կգ", 2_500),
    ("0.250", 250),
    ("x4", 4_000),
    ("×4", 4_000),
    ("1 200", 1_200_000),
    ("1200 pc.", 1_200_000),
    ("٣", 3_000),
    ("0", 0),
]


@pytest.mark.parametrize(("text", "thousandths"), READ)
def test_a_quantity_is_read_as_it_is_typed(text: str, thousandths: int) -> None:
    assert read_quantity(text) == thousandths


@pytest.mark.parametrize("text", ["", "kg", "1.250", "1,250", "000", "007", "-2", "2..5", "2 x 3", "1e3", "9999999", "1.2345", "9" * 50])
def test_what_may_be_two_things_or_none_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        read_quantity(text)


def test_less_may_be_said_where_it_is_meant() -> None:
    assert read_quantity("-2", below=True) == -2_000


@given(some.integers(0, 10**8), some.sampled_from(LANGUAGES))
def test_what_is_shown_is_read_as_the_same(thousandths: int, language: str) -> None:
    shown = quantity(language, thousandths, "kg")
    if "," in shown and language in ("en", "am"):
        shown = shown.replace(",", "")
    if thousandths % 10 == 0 or thousandths < 1000:
        assert read_quantity(shown) == thousandths


@given(some.integers(0, 10_000), some.sampled_from(LANGUAGES))
def test_a_rate_that_is_shown_is_read_as_the_same(points: int, language: str) -> None:
    assert read_rate(rate(language, points)) == (points, "")


@pytest.mark.parametrize("text", ["101%", "a lot", "", "1.234%"])
def test_a_rate_of_nothing_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        read_rate(text)
