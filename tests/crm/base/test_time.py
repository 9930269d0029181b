"""Zones, opening hours, quiet hours."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from crm.base.time import allowed_from, day_start, instant, local, parse_hours

YEREVAN = ZoneInfo("Asia/Yerevan")


def at(words: str, zone: str = "Asia/Yerevan") -> int:
    return instant(datetime.fromisoformat(words).replace(tzinfo=ZoneInfo(zone)))


def test_opening_hours_are_read_and_kept() -> None:
    hours = parse_hours("mon-fri 09:00-18:00, sat 10:00-15:00", "Asia/Yerevan")
    assert hours.open_at(at("2026-11-20 09:00"))
    assert not hours.open_at(at("2026-11-20 18:00"))
    assert hours.open_at(at("2026-11-21 14:59"))
    assert not hours.open_at(at("2026-11-22 12:00"))


def test_the_next_opening_passes_over_closed_days() -> None:
    hours = parse_hours("mon-fri 09:00-18:00", "Asia/Yerevan")
    assert local(hours.next_opening(at("2026-11-20 18:30")), "Asia/Yerevan").strftime("%a %H:%M") == "Mon 09:00"


@pytest.mark.parametrize("words", ["monday 9-18", "mon 9-25", "mon 18:00-09:00", "fri-mon 09:00-18:00", "mon 09:00", "x"])
def test_hours_that_cannot_be_read_say_which(words: str) -> None:
    with pytest.raises(ValueError, match="hours"):
        parse_hours(words, "Asia/Yerevan")


@pytest.mark.parametrize(
    ("now", "zone", "then"),
    [
        ("2026-11-20 12:00", "Asia/Yerevan", "2026-11-20 12:00"),
        ("2026-11-20 08:59", "Asia/Yerevan", "2026-11-20 09:00"),
        ("2026-11-20 21:00", "Asia/Yerevan", "2026-11-21 09:00"),
        ("2026-03-28 23:00", "Europe/Berlin", "2026-03-29 09:00"),
        ("2026-10-24 23:00", "Europe/Berlin", "2026-10-25 09:00"),
    ],
)
def test_quiet_hours_hold_in_the_persons_zone(now: str, zone: str, then: str) -> None:
    assert allowed_from(at(now, zone), zone) == at(then, zone)


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        instant(datetime(2026, 1, 1))


def test_a_day_begins_at_local_midnight() -> None:
    assert local(day_start(at("2026-11-20 00:30"), "Asia/Yerevan"), "Asia/Yerevan").isoformat()[:16] == "2026-11-20T00:00"


def test_hours_may_be_written_short() -> None:
    assert parse_hours("mon-fri 10-19", "Asia/Yerevan") == parse_hours("mon-fri 10:00-19:00", "Asia/Yerevan")
