"""Leaves: what the days or the part of a day somebody is away are called, in a list, a question and a notice, and how they are typed; pure."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from crm.base import moments
from crm.base.i18n import N_, N_button, Translator
from crm.base.time import MINUTE, instant, local
from crm.people.leave import Away, LeaveKind, Wish, part_of_day

NAME = "leave"
EVERYBODY = N_button("Everybody's leave")
PARTS = {"rest": N_button("Rest of today"), "morning": N_button("Tomorrow morning"), "afternoon": N_button("Tomorrow afternoon")}
HALF = time(13)
"""Between the morning and the afternoon."""
MIDNIGHT = ("24:00", "00:00", "0:00")
_CLOCK = re.compile(r"(?<!\d)\d{1,2}[:։]\d{2}(?!\d)")
KINDS = {LeaveKind.LEAVE: N_("leave"), LeaveKind.SICK: N_("ill"), LeaveKind.OTHER: N_("away")}


def days_words(tr: Translator, one: Away, today: date, zone: str) -> str:
    """The days of a leave in short words, or the part of a day by the clock of a zone."""
    if one.to_at:
        return f"{tr.day(one.from_on, today)} {hours_words(tr, one, zone)}"
    if one.from_on == one.to_on:
        return tr.day(one.from_on, today)
    return f"{tr.day(one.from_on, today)} – {tr.day(one.to_on, today)}"  # noqa: RUF001 - as printed


def hours_words(tr: Translator, one: Away, zone: str) -> str:
    """From when to when somebody is away who is so for a part of a day."""
    end = local(one.to_at, zone).time()
    return f"{tr.clock(local(one.from_at, zone).time())} – {tr.clock(end if end > time.min else time.max)}"  # noqa: RUF001 - as printed


def chosen_part(name: str, now: int, zone: str) -> Wish:
    """The part of a day that a button of `PARTS` means."""
    today = local(now, zone).date()
    day = today if name == "rest" else today + timedelta(days=1)
    begin, half, end = _at(day, time.min, zone), _at(day, HALF, zone), _at(day, None, zone)
    return part_of_day(*{"rest": (now - now % MINUTE, end), "morning": (begin, half), "afternoon": (half, end)}[name], zone)


def typed_part(words: Sequence[str], now: int, zone: str) -> Wish | None:
    """The part of a day that is typed as one time, from which on it is, or as two: "today 14:00", "16:00"; None where days are meant, or nothing is."""
    if not _CLOCK.search(words[0]):
        return None
    start = moments.read(words[0], now, zone).at
    if start is None:
        return None
    day, end = local(start, zone).date(), moments.read(words[-1], now, zone).at
    if len(words) == 1 or words[-1] in MIDNIGHT:
        return part_of_day(start, _at(day, None, zone), zone)
    if end is None or not _CLOCK.search(words[-1]):
        return None
    named = moments.read(_CLOCK.sub("", words[-1]), now, zone).day
    if named is not None and named != day:
        return None
    return part_of_day(start, _at(day, local(end, zone).time(), zone), zone)


def _at(day: date, clock: time | None, zone: str) -> int:
    """A time of a day (None = the midnight that ends it) as an instant."""
    there = ZoneInfo(zone)
    return instant(datetime.combine(day + timedelta(days=clock is None), clock or time.min, there))
