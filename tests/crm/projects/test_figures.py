"""Figures: what scores say, and how sure that is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.projects.figures import CSAT_SCORES, NPS_SCORES, content, promoters, wilson


@pytest.mark.parametrize(
    ("good", "n", "low", "high"),
    # Values of Wilson's interval as statsmodels and R's binom::binom.confint give them.
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (8, 10, 0.4902, 0.9433), (1, 2, 0.0945, 0.9055), (81, 263, 0.2553, 0.3662)],
)
def test_the_interval_is_wilsons(good: int, n: int, low: float, high: float) -> None:
    assert wilson(good, n) == pytest.approx((low, high), abs=5e-4)


def test_nobody_has_said_anything_yet() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert content([]).percent == 0
    assert promoters([]).value == 0


@given(st.lists(st.sampled_from(CSAT_SCORES), min_size=1, max_size=200))
def test_a_share_lies_in_its_interval_and_in_bounds(scores: list[int]) -> None:
    share = content(scores)
    assert 0 <= share.low <= share.good / share.n <= share.high + 1e-12
    assert share.high <= 1
    assert share.n == len(scores)
    assert share.good == len([score for score in scores if score in (4, 5)])


@given(st.integers(1, 60), st.integers(2, 30))
def test_more_answers_are_surer(good: int, times: int) -> None:
    few, many = wilson(good, 2 * good), wilson(good * times, 2 * good * times)
    assert many[1] - many[0] < few[1] - few[0]


@given(st.lists(st.sampled_from(NPS_SCORES), max_size=200))
def test_every_score_counts_in_one_group(scores: list[int]) -> None:
    found = promoters(scores)
    assert found.n == len(scores)
    assert -100 <= found.value <= 100


def test_nine_and_ten_promote_and_six_or_less_detract() -> None:
    found = promoters(range(11))
    assert (found.promoters, found.passives, found.detractors) == (2, 2, 7)
    assert found.value == round(100 * (2 - 7) / 11)
    assert promoters([10, 9]).value == 100
    assert promoters([0, 6]).value == -100
    assert promoters([7, 8]).value == 0
