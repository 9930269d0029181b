"""Scoring: how likely a lead becomes a buyer, learned from those that did and did not, with what speaks for it and against it; pure.

Naive Bayes: each trait is weighed by itself. Counts are smoothed by a tenth, not by one, because a small firm has few of them (facts/crm.md section 2b).
"""

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

SMOOTH = 0.1
LEAST, EACH_LEAST = 20, 4
"""So many leads must have come to an end, so many of them each way, before anything is said."""
SEEN_LEAST = 3
"""A value that fewer leads had says nothing yet."""
TELLING = 0.2
"""What weighs less than this either way is not worth naming."""
NAMED = 4


class Trait(StrEnum):
    """What of a lead is weighed: what stood there when it came, or soon after."""

    CHANNEL = "channel"
    SOURCE = "source"
    LANGUAGE = "language"
    LINK = "link"
    PHONE = "phone"
    NEED = "need"
    HOUR = "hour"
    LENGTH = "length"
    AGAIN = "again"
    FRIEND = "friend"


Traits = Mapping[Trait, str]
"""The values of one lead; what is not known of it is left out."""


@dataclass(frozen=True, slots=True)
class Model:
    """How many leads were won and lost, all told and by each value of each trait: (won, lost)."""

    won: int = 0
    lost: int = 0
    seen: Mapping[Trait, Mapping[str, tuple[int, int]]] = field(default_factory=dict)

    @property
    def mature(self) -> bool:
        """Whether enough is known to say anything."""
        return self.won + self.lost >= LEAST and min(self.won, self.lost) >= EACH_LEAST


@dataclass(frozen=True, slots=True)
class Factor:
    """One trait's weight: above nought it speaks for the lead; of `of` leads with this value `won` were won."""

    trait: Trait
    value: str
    weight: float
    won: int
    of: int


@dataclass(frozen=True, slots=True)
class Score:
    """How likely a lead is won, between 0 and 1, and what tells most, the heaviest first."""

    chance: float
    factors: tuple[Factor, ...] = ()

    @property
    def percent(self) -> int:
        """The chance as people read it: never nought, never sure."""
        return min(max(round(self.chance * 100), 1), 99)


def learn(ended: Iterable[tuple[Traits, bool]]) -> Model:
    """Count leads that came to an end: their traits, and whether they were won."""
    counts: dict[Trait, Counter[tuple[str, bool]]] = {}
    outcomes: Counter[bool] = Counter()
    for traits, won in ended:
        outcomes[won] += 1
        for trait, value in traits.items():
            counts.setdefault(trait, Counter())[value, won] += 1
    seen = {trait: {value: (each[value, True], each[value, False]) for value, _ in each} for trait, each in counts.items()}
    return Model(outcomes[True], outcomes[False], seen)


def score(model: Model, traits: Traits) -> Score | None:
    """How likely a lead with these traits is won; None while too little is known."""
    if not model.mature:
        return None
    factors = [found for trait, value in traits.items() if (found := _factor(model, trait, value)) is not None]
    odds = math.log((model.won + SMOOTH) / (model.lost + SMOOTH)) + math.fsum(one.weight for one in factors)
    telling = sorted((one for one in factors if abs(one.weight) >= TELLING), key=lambda one: (-abs(one.weight), one.trait))
    return Score(_chance(odds), tuple(telling[:NAMED]))


def _factor(model: Model, trait: Trait, value: str) -> Factor | None:
    values = model.seen.get(trait, {})
    won, lost = values.get(value, (0, 0))
    if won + lost < SEEN_LEAST or len(values) < 2:  # what all of them share tells nothing
        return None
    all_won, all_lost = (sum(one[place] for one in values.values()) for place in (0, 1))
    among_won = (won + SMOOTH) / (all_won + SMOOTH * len(values))
    among_lost = (lost + SMOOTH) / (all_lost + SMOOTH * len(values))
    return Factor(trait, value, math.log(among_won / among_lost), won, won + lost)


def _chance(odds: float) -> float:
    """The logistic of log odds, without overflow."""
    if odds >= 0:
        return 1 / (1 + math.exp(-odds))
    return math.exp(odds) / (1 + math.exp(odds))


def packed(model: Model) -> str:
    """A model's counts as JSON."""
    return json.dumps({trait.value: values for trait, values in model.seen.items()}, ensure_ascii=False, sort_keys=True)


def unpacked(won: int, lost: int, seen: str) -> Model:
    """Read what `packed` wrote; a trait that is weighed no more is passed over."""
    known = {one.value for one in Trait}
    kept = {Trait(name): {value: (pair[0], pair[1]) for value, pair in values.items()} for name, values in json.loads(seen).items() if name in known}
    return Model(won, lost, kept)
