"""Figures: how content customers are, and how sure that is; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

CSAT_SCORES, NPS_SCORES = range(1, 6), range(11)
CONTENT_FROM = 4
"""Of 1 to 5, from which score on a customer counts as content."""
PROMOTES_FROM, DETRACTS_TO = 9, 6
"""Of 0 to 10: who gives 9 or 10 promotes the firm, who gives 6 or less does the contrary (Reichheld, 2003)."""
SURE = 1.959964
"""How many standard deviations hold 95 % of a normal distribution."""


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many, with the bounds between which the true share lies in 95 % of cases; shares are 0.0 to 1.0."""

    n: int = 0
    good: int = 0
    low: float = 0.0
    high: float = 1.0

    @property
    def percent(self) -> int:
        """The share in whole percent, 0 where nobody answered."""
        return round(100 * self.good / self.n) if self.n else 0


@dataclass(frozen=True, slots=True)
class Promoters:
    """Answers to "would you recommend us": how many promote, do not care, or advise against it."""

    promoters: int = 0
    passives: int = 0
    detractors: int = 0

    @property
    def n(self) -> int:
        """How many answered."""
        return self.promoters + self.passives + self.detractors

    @property
    def value(self) -> int:
        """The net promoter score: the share of promoters less that of detractors, -100 to 100; 0 where nobody answered."""
        return round(100 * (self.promoters - self.detractors) / self.n) if self.n else 0


def wilson(good: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share after Wilson (1927), which stays within 0 to 1 and is honest about few answers; all of it where there is none."""
    if n <= 0:
        return 0.0, 1.0
    share, square = good / n, SURE * SURE
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = SURE * sqrt(share * (1 - share) / n + square / (4 * n * n)) / (1 + square / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def content(scores: Sequence[int]) -> Share:
    """How many of those who gave a score of 1 to 5 gave 4 or 5."""
    good = sum(score >= CONTENT_FROM for score in scores)
    return Share(len(scores), good, *wilson(good, len(scores)))


def promoters(scores: Sequence[int]) -> Promoters:
    """What scores of 0 to 10 say."""
    for_us, against = sum(score >= PROMOTES_FROM for score in scores), sum(score <= DETRACTS_TO for score in scores)
    return Promoters(for_us, len(scores) - for_us - against, against)
