"""Weekly hours in words: read as people type them in our five languages, kept as the setting is written, shown in the reader's language; pure."""

import re
from datetime import date, time, timedelta
from itertools import groupby

from crm.base.i18n import Translator
from crm.base.moment_words import WEEKDAYS
from crm.base.time import Hours, parse_hours

NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONDAY = date(2026, 11, 23)
_WORD = re.compile(r"[^\W\d_]+\.?")
_DASH = re.compile(r"\s*[-–—]\s*")  # noqa: RUF001 - phones write any of the three
_DOTTED = re.compile(r"(\d)\.(\d\d)")


def read_week(words: str, zone: str) -> str:
    """What was typed, as the setting is written: "пн-пт 9-18" is "mon-fri 09:00-18:00"; raises ValueError with the part that cannot be read."""
    plain = _WORD.sub(_name, _DOTTED.sub(r"\1:\2", _DASH.sub("-", words.strip().casefold())))
    hours = parse_hours(plain.replace(";", ",").replace("\n", ","), zone)
    if not any(hours.days):
        raise ValueError("nothing is ever open: write the hours as mon-fri 09:00-18:00")
    return kept_week(hours)


def kept_week(hours: Hours) -> str:
    """Weekly hours as the setting is written."""
    return ", ".join(f"{_days(first, last, NAMES)} {_clock(span[0])}-{_clock(span[1])}" for first, last, span in _runs(hours))


def shown_week(tr: Translator, hours: Hours) -> str:
    """Weekly hours as the reader knows their days: Mon-Fri 09:00-18:00, Sat 10:00-15:00."""
    from babel.dates import format_date

    names = [format_date(MONDAY + timedelta(days=ahead), "EEE", locale=tr.language) for ahead in range(7)]
    said = [f"{_days(first, last, names)} {tr.clock(span[0])}–{tr.clock(span[1])}" for first, last, span in _runs(hours)]  # noqa: RUF001 - as printed
    return ", ".join(said) or tr("never")


def _runs(hours: Hours) -> list[tuple[int, int, tuple[time, time]]]:
    """Days that follow one another with the same hours, as the first and the last of them."""
    found = []
    for span, run in groupby(enumerate(hours.days), key=lambda one: one[1]):
        days = [number for number, _ in run]
        if span is not None:
            found.append((days[0], days[-1], span))
    return found


def _days(first: int, last: int, names: "tuple[str, ...] | list[str]") -> str:
    return names[first] if first == last else f"{names[first]}-{names[last]}"


def _clock(at: time) -> str:
    return "24:00" if at == time.max else f"{at:%H:%M}"


def _name(word: re.Match[str]) -> str:
    """The short English name of a weekday; a word that is none stays, so that it is named in the complaint."""
    number = WEEKDAYS.get(word[0].rstrip("."))
    return word[0] if number is None else NAMES[number]
