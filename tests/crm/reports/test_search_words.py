"""The words of search, pure: tokens, questions, slips of the hand, and the part of a text that is shown."""

import pytest

from crm.reports.search_words import ASKED_WORDS, LONGEST, STEM, TOKENS, asked, distance, grams, inner_grams, name_tokens, snippet, sounds_of, tokens


def test_a_text_is_found_by_stems_and_sounds_each_once() -> None:
    assert tokens("Доставка, доставка!") == (f"{STEM}доставк", "dostavka")


def test_a_text_has_only_so_many_tokens_of_only_such_length() -> None:
    found = tokens(" ".join(f"{'w' * 50}{number}" for number in range(5000)))
    assert len(found) <= TOKENS
    assert max(map(len, found)) <= LONGEST + len(STEM)
    assert len(tokens(" ".join(f"word{number}" for number in range(5000)))) == TOKENS


def test_two_neighbouring_names_are_one_word_too() -> None:
    assert "voldegorgis" in name_tokens("Wolde Giorgis")
    assert sounds_of(name_tokens("Person 17")) == ["person", "17"]


def test_small_words_count_only_where_there_are_no_others() -> None:
    assert [one.sound for one in asked("the delivery to the door")] == ["delivery".replace("y", "i"), "dor"]
    assert [one.sound for one in asked("the")] == ["the"]
    assert len(asked(" ".join(f"w{number}" for number in range(40)))) == ASKED_WORDS


def test_a_word_knows_its_grams() -> None:
    assert grams("abc") == (" ab", "abc", "bc ")
    assert inner_grams("abcd") == ("abc", "bcd")
    assert inner_grams("ab") == (" ab",)
    assert inner_grams("a") == ()


@pytest.mark.parametrize(
    ("typed", "known", "slips"),
    [
        ("armen", "armen", 0),
        ("armne", "armen", 1),
        ("arman", "armen", 1),
        ("delivrei", "deliveri", 1),
        ("rmen", "armen", None),
        ("ann", "anna", None),
        ("armen", "arsho", None),
        ("dostavku", "dostavka", 1),
        ("paimanagri", "paimanagir", 1),
        ("hakobianneri", "hakobian", 3),
        ("oak", "oaks", None),
    ],
)
def test_a_slip_of_the_hand_is_counted(typed: str, known: str, slips: int | None) -> None:
    assert distance(typed, known) == slips


def test_the_part_of_a_text_with_the_word_is_shown_and_none_where_it_is_not() -> None:
    text = "x " * 200 + "здесь доставка нужна" + " y" * 200
    shown = snippet(text, ["dostavka"])
    assert "доставка" in shown
    assert shown[0] == shown[-1] == "…"
    assert snippet(text, ["stol"]) == ""
    assert snippet("a\n\nwalnut\ttable", ["table"]) == "a walnut table"


@pytest.mark.parametrize("mark", ["ﱞ", "ͺ", "ﹰ"])
def test_a_mark_that_is_no_letter_by_itself_is_no_token(mark: str) -> None:
    assert tokens(mark) == ()
    assert tokens(f"oak {mark} oak") == (f"{STEM}oak", "oak")
    assert asked(mark) == ()
