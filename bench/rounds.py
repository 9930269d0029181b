"""Rounds: both sides of a ratio run in every round, turn about, so that a noisy minute touches both; the median counts, the worst is shown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from statistics import median
from typing import TypeVar

T = TypeVar("T")


class Absent(Exception):
    """What a bench needs is not here; its words say what."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured; `small` is what CI can afford, `largest` asks for the sizes that take minutes."""

    small: bool = False
    largest: bool = False
    rounds: int = 5

    def of(self, small: int, full: int) -> int:
        """The count that goes with this size."""
        return small if self.small else full


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table, a value per round; `less` = less is better.

    `floor` is what a ratio must keep everywhere, `target` what is wanted of a quiet machine. A figure without a floor is absolute: it never fails.
    """

    name: str
    values: tuple[float, ...]
    unit: str = ""
    target: float | None = None
    floor: float | None = None
    less: bool = False
    note: str = ""

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return median(self.values)

    @property
    def worst(self) -> float:
        """The worst round."""
        return max(self.values) if self.less else min(self.values)

    def reaches(self, bound: float | None) -> bool:
        """Whether the median is on the right side of a bound; no bound is always reached."""
        return bound is None or (self.median <= bound if self.less else self.median >= bound)

    def because(self, reason: str) -> "Figure":
        """The same figure, with the reason beside it when it misses its target."""
        return self if self.reaches(self.target) else replace(self, note=f"{self.note}; {reason}".strip("; "))


def turn_about(sides: Mapping[str, Callable[[], T]], rounds: int) -> dict[str, list[T]]:
    """Run every side once a round, in the other order in every other round."""
    found: dict[str, list[T]] = {name: [] for name in sides}
    for number in range(rounds):
        for name in list(sides) if number % 2 == 0 else reversed(list(sides)):
            found[name].append(sides[name]())
    return found


def ratios(ours: list[float], theirs: list[float]) -> tuple[float, ...]:
    """Ours over theirs, round by round."""
    return tuple(mine / other for mine, other in zip(ours, theirs, strict=True))


def share(values: list[float], part: float) -> float:
    """The value below which `part` of all values lie (0.99 = p99)."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(len(ranked) * part))]
