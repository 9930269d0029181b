"""Likeness: names of one person in other letters are alike, names of two are not quite."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.base.likeness import likeness, name_keys

NAMES = st.text(max_size=40)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Արմեն Պետրոսյան", "Armen Petrosyan"),
        ("Армен Петросян", "Petrosyan Armen"),
        ("ნინო ბერიძე", "Nino Beridze"),
        ("አበበ ከበደ", "Abebe Kebede"),
        ("Wolde Giorgis", "Woldegiorgis Wolde Giorgis"),
        ("Ivan Sidorov", "Ivan Petrovich Sidorov"),
    ],
)
def test_one_name_in_two_spellings_is_alike_and_found_under_one_key(one: str, other: str) -> None:
    assert likeness(one, other) >= 0.94
    assert set(name_keys(one)) & set(name_keys(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [("Արմեն Պետրոսյան", "Արման Պետրոսյան"), ("Anna Sargsyan", "Ani Sargsyan"), ("Armen", "Armen"), ("", ""), ("Ann Lee", "Lee"), ("አበበ ከበደ", "አበባ ከበደ")],
)
def test_close_names_of_two_people_and_half_names_are_not_alike_enough(one: str, other: str) -> None:
    assert likeness(one, other) < 0.94


@given(NAMES, NAMES)
def test_likeness_is_a_share_the_same_both_ways_for_any_text(one: str, other: str) -> None:
    assert 0.0 <= likeness(one, other) <= 1.0
    assert likeness(one, other) == likeness(other, one)
    assert all(key.strip() for key in name_keys(one))
