"""Working time: how much of a stretch of time a firm was open, and when so much of it has passed; by intervals, one step a day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from crm.base.time import Hours, instant, local

LOOK_AHEAD = 800
"""Days to look for working time in; whoever never opens in them is never done."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """When somebody works: weekly hours in their zone, without the days off and without the gaps, which are stretches between two instants."""

    hours: Hours
    off: frozenset[date] = frozenset()
    gaps: tuple[tuple[int, int], ...] = ()

    def open_on(self, day: date) -> tuple[int, int] | None:
        """From when to when is worked on a local day, gaps included, as instants; None on a day off. A span that a clock change swallows is empty."""
        span = None if day in self.off else self.hours.on(day)
        if span is None:
            return None
        zone = ZoneInfo(self.hours.zone)
        opening = instant(datetime.combine(day, span[0], zone))
        whole = span[1] == time.max  # "24:00": the midnight that ends the day
        closing = instant(datetime.combine(day + timedelta(days=1), time.min, zone) if whole else datetime.combine(day, span[1], zone))
        return opening, max(opening, closing)

    def worked_on(self, day: date) -> list[tuple[int, int]]:
        """The stretches that are worked on a local day, in order."""
        whole = self.open_on(day)
        found = [whole] if whole else []
        for start, end in self.gaps:
            cut = [((since, min(until, start)), (max(since, end), until)) for since, until in found]
            found = [part for both in cut for part in both if part[0] < part[1]] if start < end else found
        return found


def spans(calendar: Calendar, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The stretches of working time between two instants, in order; nothing where the end is not after the start."""
    day, last = local(start, calendar.hours.zone).date(), local(end, calendar.hours.zone).date()
    while start < end and day <= last:
        for since, until in calendar.worked_on(day):
            if max(since, start) < min(until, end):
                yield max(since, start), min(until, end)
        day += timedelta(days=1)


def worked(calendar: Calendar, start: int, end: int) -> int:
    """Milliseconds of working time between two instants."""
    return sum(until - since for since, until in spans(calendar, start, end))


def after(calendar: Calendar, start: int, duration: int) -> int | None:
    """The first instant at which so many milliseconds of working time have passed since `start`; None where that is more than two years away."""
    if duration <= 0:
        return start
    day, left = local(start, calendar.hours.zone).date(), duration
    for _ in range(LOOK_AHEAD):
        for opening, closing in calendar.worked_on(day):
            since = max(opening, start)
            if closing - since >= left:
                return since + left
            left -= max(closing - since, 0)
        day += timedelta(days=1)
    return None


def before(calendar: Calendar, end: int, duration: int) -> int | None:
    """The last instant since which so many milliseconds of working time have passed at `end`; None where that is more than two years ago."""
    if duration <= 0:
        return end
    day, left = local(end, calendar.hours.zone).date(), duration
    for _ in range(LOOK_AHEAD):
        for opening, closing in reversed(calendar.worked_on(day)):
            until = min(closing, end)
            if until - opening >= left:
                return until - left
            left -= max(until - opening, 0)
        day -= timedelta(days=1)
    return None
