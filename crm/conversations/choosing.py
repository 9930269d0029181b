"""Choosing who is asked to take a customer: owner first, then language and skill, then who got or has the fewest; explained, and always the same. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crm.base.fold import fold
from crm.base.stems import WORD, plain, stem
from crm.conversations.queues import Way

LANGUAGE, UNKNOWN, FOREIGN = 2, 1, 0
ASKED_MOST = 3
"""About so many customers somebody is asked at a time: of a queue that filled over night nobody could accept all before their time is over."""
OWNERS = ("has", "deal", "lead", "had", "")
"""Why a customer is somebody's already, the strongest first: another conversation of theirs, a deal, a lead, this conversation before; "" = is not."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may be asked; `load` counts what they have now, `got` what came to them in 24 hours, `last_got` when the newest did (0 = none did).

    `asked` is about how many they are asked just now; `owner` is one of `OWNERS`; `speaks` is how surely they speak the customer's language;
    `skills` are those that the customer's words call for.
    """

    rep_id: int
    at_work: bool = True
    available: bool = True
    load: int = 0
    got: int = 0
    last_got: int = 0
    owner: str = ""
    speaks: int = UNKNOWN
    skills: tuple[str, ...] = ()
    passed: bool = False
    asked: int = 0


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of a choice: for the one chosen, or why another was not asked at all; `value` is a number or a word that belongs to it."""

    rep_id: int
    kind: str
    value: str = ""

    def packed(self) -> list[Any]:
        """As it is kept."""
        return [self.rep_id, self.kind, self.value]


@dataclass(frozen=True, slots=True)
class Choice:
    """Who is asked (None = nobody can be now) and why; `all_passed` = everybody at work had been asked already."""

    rep_id: int | None
    why: tuple[Reason, ...] = ()
    all_passed: bool = False


def out(one: Candidate, cap: int) -> str:
    """Why somebody is not asked ("" = they may be)."""
    if not one.at_work:
        return "off_work"
    if not one.available:
        return "off_duty"
    if one.passed:
        return "passed"
    if cap and one.load >= cap:
        return "full"
    return "asked" if one.asked >= ASKED_MOST else ""


def called_for(said: str, skills: Collection[str]) -> tuple[str, ...]:
    """Those of these skills whose every word stands in what a customer said, inflected or in another script."""
    heard = _stems(said)
    return tuple(sorted(skill for skill in skills if (wanted := _stems(skill)) and wanted <= heard))


def _stems(words: str) -> set[str]:
    return {fold(stem(plain(word))) for word in WORD.findall(words)} - {""}


def free(one: Candidate, cap: int) -> bool:
    """Whether somebody could take another customer now."""
    return not out(replace(one, passed=False), cap)


def choose(candidates: Sequence[Candidate], way: Way, cap: int) -> Choice:
    """Who of these is asked."""
    left = {one.rep_id: out(one, cap) for one in candidates}
    open_ones = [one for one in candidates if not left[one.rep_id]]
    others = tuple(Reason(one.rep_id, left[one.rep_id], f"{one.load}/{cap}" if left[one.rep_id] == "full" else "") for one in candidates if left[one.rep_id])
    if not open_ones:
        there = [why for why in left.values() if why not in ("off_work", "off_duty")]
        return Choice(None, others, all_passed=bool(there) and all(why == "passed" for why in there))
    chosen = min(open_ones, key=lambda one: _order(one, way))
    return Choice(chosen.rep_id, (*_for(chosen, open_ones, way), *others))


def _order(one: Candidate, way: Way) -> tuple[int, ...]:
    """The smallest is asked: owner, language, skills, then what the way counts, then what the other one does, then who has waited longest."""
    counts = (one.load, one.got) if way is Way.LOAD else (one.got, one.load)
    return (OWNERS.index(one.owner), -one.speaks, -len(one.skills), *counts, one.last_got, one.rep_id)


def _for(chosen: Candidate, open_ones: Sequence[Candidate], way: Way) -> list[Reason]:
    """What spoke for the one chosen, the strongest first."""
    number = chosen.rep_id
    found = [Reason(number, "owner", chosen.owner)] if chosen.owner else []
    if chosen.speaks == LANGUAGE:
        found.append(Reason(number, "speaks"))
    found += [Reason(number, "skill", word) for word in chosen.skills]
    if len(open_ones) == 1:
        return [*found, Reason(number, "only")]
    count = chosen.load if way is Way.LOAD else chosen.got
    return [*found, Reason(number, "load" if way is Way.LOAD else "got", str(count))]
