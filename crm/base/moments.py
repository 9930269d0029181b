"""Moments: a time somebody types before or behind what is to be done, in any of our languages, becomes an instant; pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from crm.base import oclock
from crm.base.moment_words import AFTER, BEFORE, DAYS, IN, NO_REPLY, ON, UNITS, WEEK, WEEKDAYS, WITHIN, Unit
from crm.base.time import HOUR, MINUTE, instant, local

MORNING, EVENING = time(10), time(18)
SPAN_MOST = 3660
"""How many days ahead a time may reach, and how many back."""
LEADING_MOST, SPOTTED_MOST = 20, 80
"""So many words may say a time, and in so many one is looked for."""
_TOKEN = re.compile(r"\S+")
_DATE = re.compile(r"(\d{1,2})([./])(\d{1,2})(?:\2(\d{4}|\d{2}))?\Z")
_NUMBER = re.compile(r"(\d{1,4})(\D*)\Z")
_LEFT = re.compile(r"[በከ]?\d{1,4}(?!\d)")
_QUIET = frozenset(phrase[0] for phrase in NO_REPLY)
_DAY_WORDS = frozenset(phrase[0] for phrase in DAYS if len(phrase) == 1 or phrase[0] == "ከነገ") | frozenset(WEEKDAYS)
SPOTTED_BEFORE = 4
_EDGE = ".,;:!?—–-՝։՛፣።()«»\"'"


@dataclass(frozen=True, slots=True)
class Read:
    """What was typed: the words without the time, the instant and its day (None = no time stood there), and whether a reply makes it needless.

    The day is the one that was said: late in the evening "today" means an instant after midnight.
    """

    text: str
    at: int | None = None
    unless_reply: bool = False
    day: date | None = None


@dataclass(frozen=True, slots=True)
class _Piece:
    """What a few words say of a time: how many they are, a day, a time of day, or how long from now.

    `bare` = a day and a month that may as well be a number; `unsure` = an hour of which nobody knows whether it is in the morning.
    """

    words: int
    day: date | None = None
    weekday: bool = False
    clock: time | None = None
    ahead: timedelta | None = None
    bare: bool = False
    unsure: bool = False


def read(words: str, now: int, zone: str) -> Read:
    """Find a time at the beginning or at the end of what was typed on the wall clock of a zone; an instant may be in the past if a past date was typed.

    A day without a time is its morning, today without one this evening (or in an hour), a time without a day the next time the clock shows it.
    A day and a month before other words are a number, as long as no time or weekday stands beside them.
    Where a number stands beside a day and cannot be read, there is no time, so that it is asked for.
    """
    tokens, quiet = _without(words.split())
    bare = [_bare(token) for token in tokens]
    there = local(now, zone)
    length, found = _run(bare, there, 0)
    if found and not _number_alone(found, length, len(bare)):
        return Read(" ".join(tokens), None, quiet) if _doubtful(bare, found, 0, length) else _read(" ".join(tokens[length:]), found, there, now, quiet)
    for start in range(max(1, len(bare) - LEADING_MOST), len(bare)):
        length, found = _run(bare, there, start)
        if found and length == len(bare) and not (len(found) == 1 and found[0].bare):
            return Read(" ".join(tokens), None, quiet) if _doubtful(bare, found, start, length) else _read(" ".join(tokens[:start]), found, there, now, quiet)
    return Read(" ".join(tokens), None, quiet)


def leading(words: str, now: int, zone: str) -> Read:
    """Find a time at the beginning alone; what stands behind it is somebody's own words, and stays as it was typed."""
    tokens = list(_TOKEN.finditer(words))
    there = local(now, zone)
    bare = [_bare(token[0]) for token in tokens[:LEADING_MOST]]
    length, found = _run(bare, there, 0)
    if _doubtful(bare, found, 0, length) or _number_alone(found, length, len(bare)):
        return Read(words.strip())
    rest = words[tokens[length - 1].end() :] if found else words
    return _read(rest.strip(), found, there, now) if found else Read(rest.strip())


def _read(text: str, found: Sequence[_Piece], there: datetime, now: int, quiet: bool = False) -> Read:
    """The words that are left, with the instant and the day of the pieces that were found."""
    at = _instant(found, there, now)
    timed = any(piece.clock is not None for piece in found)
    today = not timed and any(piece.day == there.date() and not piece.weekday for piece in found)
    return Read(text, at, quiet, there.date() if today else datetime.fromtimestamp(at / 1000, there.tzinfo).date())


def _number_alone(found: Sequence[_Piece], length: int, words: int) -> bool:
    """Whether all that was found is a day and a month before other words, as in "1.5 kg of flour": that is a number."""
    return len(found) == 1 and found[0].bare and length < words


def _doubtful(bare: Sequence[str], found: Sequence[_Piece], start: int, end: int) -> bool:
    """Whether an hour is not sure, or a number that may be one was left over beside a day."""
    if any(piece.unsure for piece in found):
        return True
    if not any(piece.day for piece in found) or any(piece.clock is not None for piece in found):
        return False
    while end < len(bare) and bare[end] in BEFORE:
        end += 1
    before = start > 1 and bare[start - 2] in BEFORE and _LEFT.match(bare[start - 1])
    return bool(before) or (end < len(bare) and _LEFT.match(bare[end]) is not None)


def _bare(token: str) -> str:
    """A word as the tables have it; a sentence's marks at its end are not part of it."""
    return token.strip(_EDGE).casefold() or token


def _without(tokens: list[str]) -> tuple[list[str], bool]:
    """The words without "if no reply", and whether it stood among them."""
    bare = [_bare(token) for token in tokens]
    for start in (at for at, word in enumerate(bare) if word in _QUIET):
        for phrase in NO_REPLY:
            if tuple(bare[start : start + len(phrase)]) == phrase:
                return tokens[:start] + tokens[start + len(phrase) :], True
    return tokens, False


def _run(bare: Sequence[str], there: datetime, start: int) -> tuple[int, list[_Piece]]:
    """The pieces of a time that stand one after another from `start` on, and where they end; each kind once."""
    at, found = start, list[_Piece]()
    while at < len(bare):
        skip = 0
        while skip < LEADING_MOST and at + skip < len(bare) and bare[at + skip] in BEFORE:
            skip += 1
        hint, dayed = bare[at + skip - 1] if skip else "", any(piece.day for piece in found)
        piece = _piece(bare, at + skip, there, hint, dayed=dayed) if at + skip < len(bare) else None
        if piece is None or any(_same(piece, one) for one in found):
            break
        at += skip + piece.words
        while at < len(bare) and bare[at] in AFTER:
            at += 1
        found.append(piece)
    return at, found


def _same(one: _Piece, other: _Piece) -> bool:
    """Whether two pieces say the same kind of thing, so that the second belongs to the words."""
    both_days = (one.day or one.ahead) is not None and (other.day or other.ahead) is not None
    return both_days or ((one.clock is not None or one.unsure) and (other.clock is not None or other.unsure))


def _piece(bare: Sequence[str], at: int, there: datetime, hint: str, *, dayed: bool) -> _Piece | None:
    """What the words from `at` on say of a time; `hint` = the "at" that stands before them, `dayed` = a day does."""
    word = bare[at]
    if day := _named_day(bare, at):
        return _Piece(day[0], day=there.date() + timedelta(days=day[1]))
    for phrase in WEEK:
        if tuple(bare[at : at + len(phrase)]) == phrase:
            return _Piece(len(phrase), day=there.date() + timedelta(days=7 - there.weekday()))
    if (number := WEEKDAYS.get(word)) is not None:
        there_is = _date(bare[at + 1], there.date()) if at + 1 < len(bare) else None
        if there_is and there_is.weekday() == number:
            return _Piece(2, day=there_is)
        return _Piece(1, day=there.date() + timedelta(days=(number - there.weekday()) % 7), weekday=True)
    dotted = dayed or _named_day(bare, at + 1) is not None
    if spoken := oclock.said(bare, at, hint, dayed=dayed, dotted=dotted):
        return _Piece(spoken.words, clock=spoken.clock, unsure=spoken.clock is None)
    if date_at := _date(word, there.date()):
        if at + 1 < len(bare) and WEEKDAYS.get(bare[at + 1]) == date_at.weekday():
            return _Piece(2, day=date_at)
        return _Piece(1, day=date_at, bare=hint not in ON and len(re.findall(r"\d+", word)) == 2)
    return _span(bare, at)


def _named_day(bare: Sequence[str], at: int) -> tuple[int, int] | None:
    """How many words name a day counted from today, and how many days ahead it is."""
    return next(((len(phrase), days) for phrase, days in DAYS.items() if tuple(bare[at : at + len(phrase)]) == phrase), None)


def _date(word: str, today: date) -> date | None:
    """A date: 24.11, 24/11, 24.11.2026; without a year the next one that comes."""
    found = _DATE.match(word)
    if not found:
        return None
    day, month, year = int(found[1]), int(found[3]), found[4]
    given = int(year) + (2000 if len(year) == 2 else 0) if year else today.year
    try:
        at = date(given, month, day)
        if abs((at - today).days) > SPAN_MOST:
            return None
        return at if year or at >= today else at.replace(year=given + 1)
    except ValueError:
        return _leap(day, month, today) if not year else None


def _leap(day: int, month: int, today: date) -> date | None:
    """The next 29 February."""
    if (day, month) != (29, 2):
        return None
    return next(date(year, 2, 29) for year in range(today.year, today.year + 9) if _has_leap_day(year) and date(year, 2, 29) >= today)


def _has_leap_day(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _span(bare: Sequence[str], at: int) -> _Piece | None:
    """How long from now: a word before it ("in 2 h"), an ending ("2 ժամից"), or a word behind it ("ከ2 ሰዓት በኋላ")."""
    start, said = at, False
    if bare[at] in IN:
        start, said = at + 1, True
    if start >= len(bare):
        return None
    number, unit, end = _amount(bare, start, said)
    if unit is None or (not said and not unit.ends and (end >= len(bare) or bare[end] not in WITHIN)):
        return None
    while end < len(bare) and bare[end] in WITHIN:
        end += 1
    ahead = timedelta(milliseconds=number * unit.ms)
    return _Piece(end - at, ahead=ahead) if ahead <= timedelta(days=SPAN_MOST) else None


def _amount(bare: Sequence[str], start: int, said: bool) -> tuple[int, Unit | None, int]:
    """A number and its unit, as one word or two; a unit alone counts once where "in" stands before it."""
    word = bare[start].lstrip("ከበ") if bare[start][:1] in "ከበ" and bare[start][1:2].isdigit() else bare[start]
    found = _NUMBER.match(word)
    if found and found[2]:
        return int(found[1]), UNITS.get(found[2].lstrip("-")), start + 1
    if found and start + 1 < len(bare):
        return int(found[1]), UNITS.get(bare[start + 1]), start + 2
    return 1, UNITS.get(word) if said else None, start + 1


def _instant(found: Sequence[_Piece], there: datetime, now: int) -> int:
    """When the pieces say."""
    clock = next((piece.clock for piece in found if piece.clock is not None), None)
    day = next((piece for piece in found if piece.day is not None or piece.ahead is not None), _Piece(0))
    if day.ahead is not None:
        return _ahead(day.ahead, clock, there, now)
    if day.day is None:
        assert clock is not None
        today = _at(there.date(), clock, there)
        return today if today > now else _at(there.date() + timedelta(days=1), clock, there)
    if day.weekday and day.day == there.date() and (clock is None or _at(day.day, clock, there) <= now):
        day = replace(day, day=day.day + timedelta(days=7))
    assert day.day is not None
    if clock is None and day.day == there.date():
        evening = _at(day.day, EVENING, there)
        return evening if evening > now else now + HOUR
    return _at(day.day, clock or MORNING, there)


def _ahead(ahead: timedelta, clock: time | None, there: datetime, now: int) -> int:
    """Days keep the wall clock, hours and minutes the length of time."""
    if ahead.seconds or not ahead.days:
        return now + int(ahead.total_seconds() * 1000)
    return _at((there + ahead).date(), clock or there.time().replace(second=0, microsecond=0), there)


def _at(day: date, clock: time, there: datetime) -> int:
    assert isinstance(there.tzinfo, ZoneInfo)
    return instant(datetime.combine(day, clock, there.tzinfo))


# The buttons beside the typed way, in the order in which they are offered.
CHOICES = ("1h", "today", "tomorrow", "monday", "week")
SOON = {"10m": 10 * MINUTE, "1h": HOUR}


def choice(name: str, now: int, zone: str) -> int | None:
    """The instant one of the choices means; None for one there is none of, or that is over for today."""
    there = local(now, zone)
    if name in SOON:
        return now + SOON[name]
    days = {"today": 0, "tomorrow": 1, "morning": 1, "monday": 7 - there.weekday(), "week": 7}
    if name not in days:
        return None
    clock = {"today": EVENING, "morning": time(9)}.get(name, MORNING)
    at = _at(there.date() + timedelta(days=days[name]), clock, there)
    return at if at > now else None


def _beside_days(bare: Sequence[str]) -> list[int]:
    """Where a time may begin that has a day in it: at the day, or a few words before; most words have none, and are not looked at any longer."""
    days = [place for place, word in enumerate(bare) if word in _DAY_WORDS or _DATE.match(word)]
    return sorted({start for place in days for start in range(max(0, place - SPOTTED_BEFORE), place + 1)})


@dataclass(frozen=True, slots=True)
class Spot:
    """A day with a time of day somewhere in words: the day, the time (None = it may be either of two), the words that say them."""

    day: date
    clock: time | None
    words: tuple[str, ...]


def spotted(words: str, now: int, zone: str) -> Spot | None:
    """The first place in words where a day and a time of day stand beside each other, wherever that is; None where they do not."""
    bare, there = [_bare(token) for token in words.split()[:SPOTTED_MOST]], local(now, zone)
    for start in _beside_days(bare):
        end, found = _run(bare, there, start)
        day = next((piece for piece in found if piece.day is not None), None)
        timed = next((piece for piece in found if piece.clock is not None or piece.unsure), None)
        if day is None or day.day is None or timed is None:
            continue
        date_at = local(_instant([day, replace(timed, clock=timed.clock or time.max)], there, now), zone).date()
        return Spot(date_at, timed.clock, tuple(bare[start:end]))
    return None
