"""Money as people write it in five languages, to the last hundredth."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as some

from crm.base.errors import Invalid
from crm.base.i18n import LANGUAGES
from crm.base.money import CURRENCIES, money, parse_amount, parse_money

CODES = some.sampled_from(sorted(CURRENCIES))
LONG = ["፼" * 2000, "9" * 4090, "1 " * 150, "a" * 5000]
SHOWN = [
    ("hy", 120_000_000, "AMD", "1 200 000 ֏"),
    ("en", 120_000_000, "AMD", "֏1,200,000"),
    ("ka", 120_050, "GEL", "1 200,50 ₾"),
    ("am", 120_000, "ETB", "ብር 1,200"),
    ("am", 120_005, "ETB", "ብር 1,200.05"),
    ("ru", 99_900, "RUB", "999 ₽"),
    ("en", 120_050, "USD", "$1,200.50"),
    ("en", -120_050, "EUR", "-€1,200.50"),
    ("ru", -5, "USD", "-0,05 $"),
    ("hy", 0, "AMD", "0 ֏"),
    ("en", 150_000, "KZT", "KZT 1,500"),
]
READ = [
    ("1 200 000", "AMD", 120_000_000),
    ("1,200,000", "AMD", 120_000_000),
    ("1.200.000 դրամ", "AMD", 120_000_000),
    ("1,200.50", "USD", 120_050),
    ("1.200,50", "USD", 120_050),
    ("1 200,5", "GEL", 120_050),
    ("1'200.5", "EUR", 120_050),
    ("1,200", "USD", 120_000),
    ("1.200", "RUB", 120_000),
    ("12.50", "GEL", 1_250),
    ("12к", "RUB", 1_200_000),
    ("12k", "USD", 1_200_000),
    ("12 հազ.", "AMD", 1_200_000),
    ("12 հազար դրամ", "AMD", 1_200_000),
    ("1,5 млн руб.", "RUB", 150_000_000),
    ("2.5 მლნ ₾", "GEL", 250_000_000),
    ("12 ሺህ ብር", "ETB", 1_200_000),
    ("፲፪ ሺህ", "ETB", 1_200_000),
    ("፪፻፴፬", "ETB", 23_400),
    ("١٬٢٠٠٫٥٠", "USD", 120_050),
    ("US$ 40", "USD", 4_000),
    ("100 т.р.", "RUB", 10_000_000),
    ("0.05", "USD", 5),
    ("1500 KZT", "KZT", 150_000),
]
REFUSED = [
    ("", "AMD"),
    ("soon", "AMD"),
    ("10-20", "USD"),
    ("10 20", "USD"),
    ("12.5", "AMD"),
    ("0.001", "USD"),
    ("1.200к", "RUB"),
    ("1 200,500", "USD"),
    ("1,20,000", "USD"),
    ("100 $", "AMD"),
    ("$5 ₽", "USD"),
    ("5 m", "USD"),
    ("2 к тыс", "RUB"),
    ("10²", "USD"),
    ("½", "USD"),
    ("about 500", "USD"),
    ("9" * 20, "USD"),
]


@given(some.integers(-(10**13), 10**13), CODES, some.sampled_from(LANGUAGES))
def test_what_is_shown_reads_back_to_the_same_amount_in_every_language(amount: int, currency: str, language: str) -> None:
    exact = amount if CURRENCIES[currency].decimals else amount * 100
    assert parse_amount(money(language, exact, currency), currency) == exact


@given(some.integers(0, 10**13), CODES, CODES, some.sampled_from(LANGUAGES))
def test_the_sign_says_which_money_it_is(amount: int, currency: str, other: str, language: str) -> None:
    assert parse_money(money(language, amount * 100, currency), other) == (amount * 100, currency)


@given(some.text(max_size=20), CODES)
def test_whatever_is_typed_is_an_amount_or_refused(text: str, currency: str) -> None:
    with contextlib.suppress(Invalid):
        assert isinstance(parse_amount(text, currency), int)


@pytest.mark.parametrize(("language", "amount", "currency", "words"), SHOWN)
def test_an_amount_has_the_signs_and_decimals_that_its_readers_know(language: str, amount: int, currency: str, words: str) -> None:
    assert money(language, amount, currency).replace("\u00a0", " ") == words


@pytest.mark.parametrize(("text", "currency", "amount"), READ)
def test_amounts_are_read_as_people_type_them(text: str, currency: str, amount: int) -> None:
    assert parse_amount(text, currency) == amount


@pytest.mark.parametrize(("text", "currency"), REFUSED)
def test_what_can_be_read_in_two_ways_or_is_no_amount_is_refused(text: str, currency: str) -> None:
    with pytest.raises(Invalid):
        parse_amount(text, currency)


@pytest.mark.parametrize("typed", LONG)
def test_what_is_too_long_is_no_amount(typed: str) -> None:
    with pytest.raises(Invalid):
        parse_money(typed, "AMD")
