"""Liking: where a person answers most often and soonest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.base.time import DAY, HOUR
from crm.people.liking import ENOUGH, Word, liked, tried

NOW = 100 * DAY
ALL = frozenset({1, 2, 3})
STEPS = st.lists(st.tuples(st.sampled_from(sorted(ALL)), st.integers(0, 3 * DAY), st.booleans()), max_size=40)


def spoken(said: str, gap: int = HOUR) -> list[Word]:
    """ "a1" = we at the first address, "2" = they at the second; a gap between each and the next."""
    return [Word(int(one.removeprefix("a")), place * gap, one.startswith("a")) for place, one in enumerate(said.split())]


def walked(steps: list[tuple[int, int, bool]]) -> list[Word]:
    words, at = [], 0
    for number, gap, ours in steps:
        at += gap
        words.append(Word(number, at, ours))
    return words


@pytest.mark.parametrize(
    ("said", "best"),
    [
        ("", 0),
        ("1 2 1 2", 0),
        ("a1 1", 0),
        ("a1 1 a1 1", 1),
        ("a1 1 a1 1 a2 2", 1),
        ("a1 1 a1 1 a1 2 a2 2 a2 2", 2),
        ("a1 2 a1 2", 2),
        ("a1 2 2 2", 0),
        ("a1 2 a1 3 a1 3", 3),
        ("a1 a1 a1 1 a1 1", 1),
    ],
)
def test_where_they_answer_most_often_is_liked_once_it_is_no_chance(said: str, best: int) -> None:
    assert liked(tried(spoken(said), now=NOW), ALL) == best


def test_of_two_that_are_answered_alike_the_sooner_is_liked_and_then_the_newer() -> None:
    slow = spoken("a1 1 a1 1", 5 * HOUR)
    quick = [Word(2, DAY + one.at // 5, one.ours) for one in slow]
    assert liked(tried([*slow, *quick], now=NOW), ALL) == 2
    later = [Word(2, DAY + one.at, one.ours) for one in slow]
    assert liked(tried([*slow, *later], now=NOW), ALL) == 2


def test_an_answer_after_a_day_is_none_and_what_was_asked_just_now_is_not_held_against_an_address() -> None:
    assert tried([Word(1, 0, True), Word(1, DAY + 1, False)], now=NOW)[1].waits == ()
    assert tried([Word(1, 0, True), Word(1, DAY, False)], now=NOW)[1].waits == (DAY,)
    assert tried([Word(1, NOW - HOUR, True)], now=NOW) == {}
    assert tried([Word(1, NOW - 2 * DAY, True)], now=NOW)[1].asked == 1


def test_only_what_can_be_written_to_is_chosen_from() -> None:
    found = tried(spoken("a1 1 a1 1 a1 1 a2 2 a2 2 a2 a1"), now=NOW)
    assert [liked(found, among) for among in (ALL, {2, 3}, {3}, ())] == [1, 2, 0, 0]


@given(STEPS, st.sets(st.sampled_from(sorted(ALL))))
def test_a_liking_is_one_of_those_asked_for_and_has_answers_enough(steps: list[tuple[int, int, bool]], among: set[int]) -> None:
    words = walked(steps)
    found = tried(words, now=(words[-1].at if words else 0) + HOUR)
    best = liked(found, among)
    assert best in {0, *among}
    assert not best or len(found[best].waits) >= ENOUGH
    assert all(0 <= wait <= DAY for one in found.values() for wait in one.waits)
    assert all(len(one.waits) <= one.asked and 0 < one.share < 1 for one in found.values())
    if best:
        assert found[best].share >= max(found[number].share for number in among if number in found)


@given(STEPS)
def test_every_try_of_ours_is_answered_once_at_most(steps: list[tuple[int, int, bool]]) -> None:
    words = walked(steps)
    found = tried(words, now=NOW * 10)
    assert sum(len(one.waits) for one in found.values()) <= sum(one.ours for one in words)
    assert sum(len(one.waits) for one in found.values()) <= sum(not one.ours for one in words)


@given(STEPS)
def test_one_more_quick_answer_never_makes_an_address_less_liked(steps: list[tuple[int, int, bool]]) -> None:
    words = walked(steps)
    end = (words[-1].at if words else 0) + 2 * DAY
    before = tried(words, now=end).get(1)
    after = tried([*words, Word(1, end, True), Word(1, end, False)], now=end)[1]
    assert after.share >= (before.share if before else 0.5)
