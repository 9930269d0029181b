"""Phones as people type them in four countries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.base.phones import find_phone, normalise


@pytest.mark.parametrize(
    ("typed", "region", "number"),
    [
        ("091 234567", "AM", "+37491234567"),
        ("(091) 23-45-67", "AM", "+37491234567"),
        ("00374 91 234567", "AM", "+37491234567"),
        ("٠٩١٢٣٤٥٦٧", "AM", "+37491234567"),
        ("37491234567", "GE", "+37491234567"),
        ("+374 91 234567", "RU", "+37491234567"),
        ("555 12 34 56", "GE", "+995555123456"),
        ("0911 234567", "ET", "+251911234567"),
        ("8 916 123-45-67", "RU", "+79161234567"),
        ("+7 701 123 45 67", "RU", "+77011234567"),
        ("091234567", "am", "+37491234567"),
    ],
)
def test_a_typed_number_becomes_e164(typed: str, region: str, number: str) -> None:
    assert normalise(typed, region) == number


@pytest.mark.parametrize(
    ("typed", "region", "number"),
    [
        ("8 091 234567", "AM", "+37491234567"),
        ("8 555 123456", "GE", "+995555123456"),
        ("8 916 123 45 67", "AM", "+79161234567"),
        ("7 916 123 45 67", "GE", "+79161234567"),
        ("8-10-374-91-234567", "RU", "+37491234567"),
        ("8-10-374-91-234567", "AM", "+37491234567"),
    ],
)
def test_soviet_habits_are_understood(typed: str, region: str, number: str) -> None:
    assert normalise(typed, region) == number


@pytest.mark.parametrize("typed", ["", "12345", "call me", "0", "1" * 40, "000000000", "+999 123 456 789", "half past six"])
def test_what_cannot_be_a_number_is_none(typed: str) -> None:
    assert normalise(typed, "AM") == ""


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("my phone is 091 23 45 67, call me", "+37491234567"),
        ("звоните 8 916 123-45-67 вечером", "+79161234567"),
        ("+995 555 12 34 56!", "+995555123456"),
        ("091234567", "+37491234567"),
        ("need 10 000 000 bricks", ""),
        ("come on 2026-11-22 at 10:00", ""),
        ("hello", ""),
    ],
)
def test_a_number_is_found_inside_a_message(text: str, number: str) -> None:
    assert find_phone(text, ("AM", "RU")) == number


@given(st.text(), st.sampled_from(["AM", "GE", "ET", "RU", "", "??"]))
def test_any_text_is_read_without_an_error(text: str, region: str) -> None:
    for found in (normalise(text, region), find_phone(text, (region,))):
        assert found == "" or found.startswith("+")
