"""Instants and local time: zones, opening hours, quiet hours. An instant is an integer: milliseconds since 1970 UTC."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
LOOK_AHEAD = 400
"""Days to look for the next opening in."""


def local(now: int, zone: str) -> datetime:
    """An instant on the wall clock of a zone."""
    return datetime.fromtimestamp(now / 1000, UTC).astimezone(ZoneInfo(zone))


def instant(moment: datetime) -> int:
    """The instant of an aware moment; a time that a clock change skips is later by as much as the clock is put forward: 02:30 is 03:30."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs its zone")
    return int(moment.astimezone(UTC).timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class Hours:
    """Weekly opening hours: per weekday (Monday first) the opening and closing time, or None for a closed day; `off` are days closed besides."""

    days: tuple[tuple[time, time] | None, ...]
    zone: str
    off: frozenset[date] = frozenset()

    def on(self, day: date) -> tuple[time, time] | None:
        """From when to when a local day is worked; None on a closed one."""
        return None if day in self.off else self.days[day.weekday()]

    def open_at(self, now: int) -> bool:
        """Whether the firm is open at an instant."""
        moment = local(now, self.zone)
        day = self.on(moment.date())
        return day is not None and day[0] <= moment.time() < day[1]

    def next_opening(self, now: int) -> int:
        """The next instant at which the firm opens; `now` itself when it never does."""
        today = local(now, self.zone).date()
        for ahead in range(LOOK_AHEAD if any(self.days) else 0):
            day = today + timedelta(days=ahead)
            span = self.on(day)
            if span is None:
                continue
            opening = instant(datetime.combine(day, span[0], ZoneInfo(self.zone)))
            if opening > now:
                return opening
        return now

    def closing_today(self, now: int) -> int | None:
        """The instant at which the firm closes on this local day; None on a closed day."""
        today = local(now, self.zone).date()
        day = self.on(today)
        return day and instant(datetime.combine(today, day[1], ZoneInfo(self.zone)))


def parse_hours(words: str, zone: str) -> Hours:
    """Read "mon-fri 09:00-18:00, sat 10:00-15:00"; raises ValueError with the part that cannot be read."""
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    days: list[tuple[time, time] | None] = [None] * 7
    for part in filter(None, (piece.strip().lower() for piece in words.split(","))):
        try:
            which, span = part.split()
            opening, closing = (_clock(word) for word in span.split("-"))
            first, _, last = which.partition("-")
            chosen = range(names.index(first), names.index(last or first) + 1)
        except ValueError as error:
            raise ValueError(f"cannot read the hours {part!r}: write them as mon-fri 09:00-18:00") from error
        if not chosen or opening >= closing:
            raise ValueError(f"the hours {part!r} end before they begin")
        for day in chosen:
            days[day] = (opening, closing)
    return Hours(tuple(days), zone)


def _clock(word: str) -> time:
    """A time of day as people write it: 9, 09:00, 18:30, 24:00."""
    if word in ("24", "24:00"):
        return time.max
    return time.fromisoformat((word if ":" in word else f"{word}:00").zfill(5))


def allowed_from(now: int, zone: str, opens: int = 9, closes: int = 21) -> int:
    """The first instant from `now` on at which a person in `zone` may be written to: between the hours `opens` and `closes` of their day."""
    moment = local(now, zone)
    if opens <= moment.hour < closes:
        return now
    date = moment.date() if moment.hour < opens else (moment + timedelta(days=1)).date()
    return instant(datetime.combine(date, time(opens), ZoneInfo(zone)))


def day_start(now: int, zone: str) -> int:
    """Midnight that began the local day of an instant."""
    return instant(datetime.combine(local(now, zone).date(), time.min, ZoneInfo(zone)))
