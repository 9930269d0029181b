"""The length of an SMS: 160 and 153, 70 and 67, and no cut where it hurts."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.base.sms import Encoding, Length, beginning, encoding_of, parts, segments

steady = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
GSM = st.text(st.sampled_from("abc DEF\n€[]{}~^|\\ñÄ"), max_size=700)
ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=700)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", Length(Encoding.GSM7, 0, 160)),
        ("a" * 160, Length(Encoding.GSM7, 1, 0)),
        ("a" * 161, Length(Encoding.GSM7, 2, 145)),
        ("a" * 306, Length(Encoding.GSM7, 2, 0)),
        ("a" * 307, Length(Encoding.GSM7, 3, 152)),
        ("€" * 80, Length(Encoding.GSM7, 1, 0)),
        ("€" * 81, Length(Encoding.GSM7, 2, 143)),
        ("Ա" * 70, Length(Encoding.UCS2, 1, 0)),
        ("Ա" * 71, Length(Encoding.UCS2, 2, 63)),
        ("ж" * 134, Length(Encoding.UCS2, 2, 0)),
        ("ж" * 135, Length(Encoding.UCS2, 3, 66)),
        ("😀" * 35, Length(Encoding.UCS2, 1, 0)),
        ("😀" * 36, Length(Encoding.UCS2, 2, 61)),
    ],
)
def test_a_text_is_counted_as_operators_bill_it(text: str, length: Length) -> None:
    assert parts(text) == length


@pytest.mark.parametrize("text", ["plain", "¿Qué? @£¥", "{braces}", "ÄÖÑÜ§à"])
def test_characters_of_the_telephones_own_alphabet_are_cheap(text: str) -> None:
    assert encoding_of(text) is Encoding.GSM7


@pytest.mark.parametrize("text", ["Բարև", "გამარჯობა", "ሰላም", "Привет", "“quotes”", "naïve ç", "`"])
def test_any_other_character_makes_the_whole_text_dear(text: str) -> None:
    assert encoding_of(text) is Encoding.UCS2


def test_an_escape_is_not_cut_from_its_character() -> None:
    assert segments("a" * 152 + "€" + "b" * 10) == ["a" * 152, "€" + "b" * 10]


def test_a_surrogate_pair_is_not_cut() -> None:
    assert segments("ж" * 66 + "😀" + "ж" * 10) == ["ж" * 66, "😀" + "ж" * 10]


@steady
@given(GSM | ANY)
def test_segments_make_up_the_text_and_are_as_many_as_were_counted(text: str) -> None:
    found = segments(text)
    assert "".join(found) == text
    assert len(found) == parts(text).parts


@steady
@given(GSM | ANY, st.integers(1, 3))
def test_a_beginning_has_no_more_parts_than_allowed_and_is_as_long_as_can_be(text: str, most: int) -> None:
    found = beginning(text, most)
    assert text.startswith(found)
    assert parts(found).parts <= most
    assert found == text or len(found) + 32 >= sum(map(len, segments(text)[:most]))


@pytest.mark.parametrize(("text", "length"), [("a" * 200, 160), ("a" * 152 + "€" * 30, 156), ("ж" * 69 + "👩\u200d👩" * 9, 69), ("ж" * 200, 70)])
def test_a_beginning_of_one_part_is_cut_between_letters(text: str, length: int) -> None:
    assert len(beginning(text, 1)) == length


def test_a_short_text_is_its_own_beginning() -> None:
    assert beginning("Բարև", 1) == "Բարև"
    assert beginning("", 1) == ""
