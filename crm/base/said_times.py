"""Times a customer names: which instants they may mean, on whose clock and by which way of counting the hours; pure."""

import re
from collections.abc import Iterator
from datetime import datetime, time
from zoneinfo import ZoneInfo

from crm.base import moments
from crm.base.moment_words import OWN_PARTS, PARTS
from crm.base.moments import Spot
from crm.base.time import DAY, instant, local

AHEAD = 60 * DAY
"""A time further away is not asked about."""
MOST = 4
EARLIEST, LATEST = 7, 22
"""Between these hours people meet and ring: of two readings of an hour the other one is not meant."""
_HOUR = re.compile(r"[በ]?(\d{1,2})(?:[:։.\-]([0-5]\d))?(?:-?[^\W\d]+)?\Z")
_DATE = re.compile(r"\d{1,2}[./]\d{1,2}(?:[./]\d{2,4})?\Z")
_SHORT = re.compile(r"(?<!\d)\d{1,2}(?!\d)|[፩-፼]")
"""A number an hour may be written with: most words have none, and are not looked at any further."""
_CALLS = ("call", "phone", "ring me", "звон", "набер", "զանգ", "დამირეკ", "დარეკ", "ደውል", "ደውሉ")


def meant(words: str, language: str, zones: tuple[str, ...], now: int) -> list[int]:
    """The instants that may be meant where words name a day with a time of it, the soonest first: ahead, and not too far; none where they name none.

    `zones` are the clocks somebody may go by, the likeliest first; a reader of Amharic may count the hours from six in the morning.
    """
    if not _SHORT.search(words):
        return []
    found: list[int] = []
    for zone in dict.fromkeys(zones):
        spot = moments.spotted(words, now, zone)
        if spot is not None:
            found += [instant(datetime.combine(spot.day, clock, ZoneInfo(zone))) for clock in _readings(spot, language)]
    return sorted({at for at in found if now < at <= now + AHEAD})[:MOST]


def by_phone(words: str) -> bool:
    """Whether somebody wants to be rung rather than met."""
    said = words.casefold()
    return any(word in said for word in _CALLS)


def whose_clock(at: int, zones: tuple[str, ...]) -> tuple[str, ...]:
    """The zones whose clocks show different times at an instant; one where they all show the same."""
    shown = {local(at, zone).replace(tzinfo=None): zone for zone in reversed(zones)}
    return tuple(zone for zone in dict.fromkeys(zones) if zone in shown.values())


def _readings(spot: Spot, language: str) -> Iterator[time]:
    """The times of day that may be meant."""
    hour, minute = _number(spot)
    sure = any(_stands(phrase, spot.words) for phrase in (*PARTS, *OWN_PARTS)) or not 1 <= hour <= 12
    if language == "am" and not sure:
        yield time(hour % 12 + 6, minute)  # counted from six in the morning
        if (civil := hour + 12 if hour < EARLIEST else hour) != hour % 12 + 6:
            yield time(civil, minute)
    elif spot.clock is not None:
        yield spot.clock
    else:
        yield from (time(one, minute) for one in (hour, hour + 12) if EARLIEST <= one < LATEST)


def _number(spot: Spot) -> tuple[int, int]:
    """The hour and the minute as they were typed."""
    found = [match for word in spot.words if not (_DATE.match(word) and spot.day.day == int(re.split(r"[./]", word)[0])) and (match := _HOUR.match(word))]
    if not found:
        return (spot.clock.hour, spot.clock.minute) if spot.clock else (0, 0)
    return int(found[-1][1]), int(found[-1][2] or 0)


def _stands(phrase: tuple[str, ...], words: tuple[str, ...]) -> bool:
    return any(words[at : at + len(phrase)] == phrase for at in range(len(words)))
