"""Liking: on which of their addresses a person answers us most often and soonest, as what was said of late tells; pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from statistics import median

from crm.base.time import DAY

WITHIN = DAY
"""An answer that comes later than this is none."""
ENOUGH = 2
"""How many answers make a liking: one may be chance."""


@dataclass(frozen=True, slots=True)
class Word:
    """One thing said with a person: at which address and instant, and whether we said it."""

    identity_id: int
    at: int
    ours: bool


@dataclass(frozen=True, slots=True)
class Tried:
    """How an address did: how often we wrote there and they could answer, after how many milliseconds they did, when that was tried last."""

    asked: int = 0
    waits: tuple[int, ...] = ()
    last: int = 0

    @property
    def share(self) -> float:
        """The share that was answered, drawn towards a half where little is known."""
        return (len(self.waits) + 1) / (self.asked + 2)


def tried(words: Iterable[Word], *, now: int) -> dict[int, Tried]:
    """How each address did, the oldest word first. What we say in one go is one try; who answers at another address has answered there, and not here."""
    found: dict[int, Tried] = {}
    waits_at: Word | None = None
    for word in words:
        late = waits_at is not None and word.at - waits_at.at > WITHIN
        if waits_at is not None and (late or (word.ours and word.identity_id != waits_at.identity_id)):
            _note(found, waits_at)
            waits_at = None
        if word.ours:
            waits_at = word
        elif waits_at is not None:
            if word.identity_id != waits_at.identity_id:
                _note(found, waits_at)
            _note(found, replace(waits_at, identity_id=word.identity_id), max(word.at - waits_at.at, 0))
            waits_at = None
    if waits_at is not None and now - waits_at.at > WITHIN:
        _note(found, waits_at)
    return found


def _note(found: dict[int, Tried], asked: Word, *waits: int) -> None:
    before = found.get(asked.identity_id, Tried())
    found[asked.identity_id] = Tried(before.asked + 1, (*before.waits, *waits), max(before.last, asked.at))


def liked(found: Mapping[int, Tried], among: Collection[int]) -> int:
    """The address of these where they answer most often, then soonest, then the newest (0 = nothing tells it from the others yet)."""
    best = min(((number, found[number]) for number in among if number in found), key=lambda one: _rank(*one), default=None)
    return best[0] if best and len(best[1].waits) >= ENOUGH else 0


def _rank(number: int, one: Tried) -> tuple[float, float, int, int]:
    return -one.share, median(one.waits) if one.waits else float("inf"), -one.last, -number
