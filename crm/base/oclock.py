"""Hours as they are said: 15:00, 3 pm, "в 3 часа дня", "3:00 ሰዓት" on the Ethiopian clock; an hour that may be in the morning or not is not guessed; pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import time

from crm.base.moment_words import HOURS, OWN_HOURS, OWN_PARTS, PARTS, SURE_HOURS, WITHIN, Part

_CLOCK = re.compile(r"(በ?)([01]?\d|2[0-3])[:։]([0-5]\d)(am|pm)?\Z")
_DOTTED = re.compile(r"()([01]?\d|2[0-3])[.\-]([0-5]\d)()\Z")
_HOUR = re.compile(r"(በ?)([01]?\d|2[0-3])(?:-?(?P<at>ին|ზე)|(am|pm))?\Z")
_FOR = frozenset({"на", "on"})
_WORDS = HOURS | OWN_HOURS
_DIGITS = re.compile(r"\d\D\d\d")
_HALVES = {"am": Part.MORNING, "pm": Part.EVENING}
_AT = frozenset({"ժամը", "в", "к", "at"})
_ALONE: Mapping[Part, time] = {Part.MORNING: time(10), Part.DAY: time(14), Part.EVENING: time(18)}
SURE_FROM = 8
"""From this hour on one that is said without its half of the day is taken as it stands; an earlier one may be either."""


@dataclass(frozen=True, slots=True)
class Said:
    """How many words say a time of day, and which; None = it may be either of two."""

    words: int
    clock: time | None


@dataclass(frozen=True, slots=True)
class _Before:
    """What stands before a number: where the number is, the word before it, the part of the day, and whether a day was said."""

    start: int
    hint: str
    part: Part | None
    own: bool
    dayed: bool


def said(bare: Sequence[str], at: int, hint: str, *, dayed: bool, dotted: bool) -> Said | None:
    """The time of day that the words from `at` on say; `hint` = the word before them, as "at", `dayed` = a day was said, `dotted` = 15.00 is a time."""
    part, own = _part(bare, at)
    start = at + (part[0] if part else 0)
    if part and start + 1 < len(bare) and bare[start] in _AT:
        start, hint = start + 1, bare[start]
    before = _Before(start, hint, part[1] if part else None, own, dayed)
    found = (_full(bare, before, dotted=dotted) or _alone(bare, before)) if start < len(bare) else None
    if found is None:
        return Said(part[0], _ALONE.get(part[1])) if part and dayed else None
    return replace(found, words=found.words - at)


def _full(bare: Sequence[str], before: _Before, *, dotted: bool) -> Said | None:
    """Hours with minutes; `words` counts from the beginning."""
    word = bare[before.start]
    found = _CLOCK.match(word) or (_DOTTED.match(word) if dotted else None)
    return _told(bare, before, (int(found[2]), int(found[3]), found[4])) if found else None


def _alone(bare: Sequence[str], before: _Before) -> Said | None:
    """An hour without minutes, where something says that it is one."""
    found = _HOUR.match(bare[before.start])
    if found is None:
        return None
    if found[1] or found["at"] == "ზე":
        before = replace(before, hint=before.hint or found[0])
    return _told(bare, before, (int(found[2]), 0, found[4])) if found[4] or _meant(bare, before) else None


def _told(bare: Sequence[str], before: _Before, clock: tuple[int, int, str]) -> Said | None:
    """The time of a number with what stands behind it."""
    end, own = before.start + 1, before.own
    if end < len(bare) and bare[end] in _WORDS:
        own, end = own or bare[end] in OWN_HOURS, end + 1
        if own and end < len(bare) and bare[end] in WITHIN:
            return None
    behind, theirs = _part(bare, end) if before.part is None else (None, False)
    part = before.part or (behind[1] if behind else None)
    hour = _hour(clock[0], _HALVES.get(clock[2], part), own=own or theirs, sure=bool(clock[1]) or _DIGITS.search(bare[before.start]) is not None)
    return Said(end + (behind[0] if behind else 0), None if hour is None else time(hour, clock[1]))


def _meant(bare: Sequence[str], before: _Before) -> bool:
    """Whether a number alone is an hour: behind "at", beside a day, before "o'clock"; "на 3 дня" is for three days."""
    end = before.start + 1
    word = bare[end] if end < len(bare) else ""
    worded = word in _WORDS
    behind = before.part is None and _part(bare, end + worded)[0] is not None
    if before.hint in _FOR and behind and not worded:
        return False
    if word in SURE_HOURS or word.replace(".", "") in _HALVES or (before.dayed and (behind or word in OWN_HOURS)):
        return True
    return bool(before.hint or before.part) and (worded or behind or before.dayed or bool(before.hint and before.part))


def _part(bare: Sequence[str], at: int) -> tuple[tuple[int, Part] | None, bool]:
    """The part of the day that stands here with its number of words, and whether it is of the Ethiopian clock."""
    for table in (PARTS, OWN_PARTS):
        if found := _phrase(table, bare, at):
            return found, table is OWN_PARTS
    return None, False


def _phrase(table: Mapping[tuple[str, ...], Part], bare: Sequence[str], at: int) -> tuple[int, Part] | None:
    return next(((len(phrase), part) for phrase, part in table.items() if tuple(bare[at : at + len(phrase)]) == phrase), None)


def _hour(hour: int, part: Part | None, *, own: bool, sure: bool) -> int | None:
    """The hour of the civil clock; None where it may be either of two, or none."""
    if own and 1 <= hour <= 12:
        return _own(hour, part)
    if part is None:
        return hour if sure or hour == 0 or hour >= SURE_FROM else None
    if hour > 12 or hour == 0:
        return hour if part is not Part.MORNING or hour == 0 else None
    match part:
        case Part.MORNING:
            return hour % 12
        case Part.DAY:
            return hour + 12 if hour < SURE_FROM else hour
        case Part.EVENING:
            return hour % 12 + 12
        case Part.NIGHT:
            return hour + 12 if SURE_FROM <= hour < 12 else None if hour == 12 else hour


def _own(hour: int, part: Part | None) -> int:
    """An hour of the Ethiopian clock, whose day begins at six."""
    match part:
        case Part.MORNING:
            return hour % 12 + 6
        case Part.EVENING:
            return (hour % 12 + 18) % 24
        case Part.NIGHT:
            return (hour + 18) % 24
    return hour + 6
