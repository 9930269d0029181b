"""Dates: when the steps of a project are due, counted from its start in days or in working days; pure."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from crm.base.time import MINUTE, instant, local
from crm.base.worktime import Calendar

EVENING = time(18)
"""By when something is due on a day on which nobody works."""
LOOK_AHEAD = 800


def due(calendar: Calendar, start: int, days: int, *, working: bool) -> int:
    """When something is due that many days after an instant: when work ends on that day, and always after the instant itself.

    Working days leave out the days off; where nobody ever works, all days count.
    """
    working = working and any(calendar.hours.days)
    day, left = local(start, calendar.hours.zone).date(), days
    for _ in range(LOOK_AHEAD if working else 0):
        if left <= 0:
            break
        day += timedelta(days=1)
        left -= calendar.open_on(day) is not None
    day += timedelta(days=max(left, 0))
    for _ in range(LOOK_AHEAD):
        at = _end(calendar, datetime.combine(day, EVENING, ZoneInfo(calendar.hours.zone)), working=working)
        if at is not None and at > start:
            return at
        day += timedelta(days=1)
    return start + 1


def _end(calendar: Calendar, evening: datetime, *, working: bool) -> int | None:
    """When work ends on a day, at midnight a minute before, which is that day still; None on a day off where only working days count."""
    span = calendar.open_on(evening.date())
    if span is None:
        return None if working else instant(evening)
    midnight = local(span[1], calendar.hours.zone).date() > evening.date()
    return span[1] - MINUTE if midnight else span[1]
