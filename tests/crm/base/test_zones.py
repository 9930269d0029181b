"""F22, each local time once: where clocks go forward or back, or a date is left out, what is daily happens once, on its own day, never at night.

The truth is walked and not reckoned: every quarter of an hour of UTC is asked what the clocks on the wall show.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from crm.base.db import Store
from crm.base.settings import Company
from crm.base.time import HOUR, MINUTE, allowed_from, day_start, parse_hours
from crm.conversations.later import moment
from crm.outreach.zones import zone_of
from crm.reports.digest import digest_due

QUARTER = 15 * MINUTE
DAYS = {
    "Asia/Yerevan": ("2011-03-27", "2011-10-30", "2028-02-29"),  # its last summer time; a leap day
    "Asia/Tbilisi": ("2004-06-27", "2004-10-31", "2005-03-27"),  # an hour back in the middle of a summer
    "Africa/Addis_Ababa": ("2026-11-20", "2028-02-29"),
    "Europe/Moscow": ("2011-03-27", "2014-10-26", "2024-02-29"),  # changes for good
    "Europe/Berlin": ("2026-03-29", "2026-10-25", "2032-02-29"),  # no 02:30; a leap day on a Sunday
    "America/New_York": ("2024-03-10", "2024-11-03", "2026-11-01"),  # no 02:30; 01:30 twice
    "Australia/Lord_Howe": ("2024-04-07", "2024-10-06", "2026-04-05"),  # half an hour
    "Pacific/Apia": ("2011-12-28", "2011-12-29", "2011-12-31", "2012-04-01"),  # without a 30 December
    "Pacific/Kwajalein": ("1993-08-20", "1993-08-22"),  # without a 21 August
    "Pacific/Chatham": ("2024-04-07", "2024-09-29"),  # at a quarter to three and to four
    "Africa/Cairo": ("2010-04-30", "2010-09-30", "2024-02-29"),  # no midnight; the last hour of a day twice
    "America/Havana": ("2013-03-10", "2013-11-03"),  # no midnight; midnight twice
    "Asia/Kathmandu": ("2026-11-20", "2027-12-31"),
    "Europe/London": ("2026-03-29", "2026-10-25"),
}
ROWS = [pytest.param(zone, date.fromisoformat(day), id=f"{zone} {day}") for zone, days in DAYS.items() for day in days]
each_day = pytest.mark.parametrize(("zone", "day"), ROWS)
STRANGE = ("", "Mars/Olympus_Mons", "../../etc/passwd", "/etc/localtime", "Asia/Yerevan\0", "UTC+4")


@cache
def walked(zone: str, day: date) -> tuple[int, ...]:
    """Every quarter of an hour of a local day."""
    noon = int(datetime.combine(day, time(12), UTC).timestamp()) * 1000
    return tuple(at for at in range(noon - 28 * HOUR, noon + 28 * HOUR, QUARTER) if wall(at, zone).date() == day)


def wall(at: int, zone: str) -> datetime:
    """What the clocks of a zone show, without a word of ours."""
    return datetime.fromtimestamp(at // 1000, ZoneInfo(zone)).replace(tzinfo=None, fold=0)


def neighbour(zone: str, day: date, way: int) -> date:
    """The nearest day there is before (-1) or after (1) a day."""
    other = day + timedelta(days=way)
    return other if walked(zone, other) else neighbour(zone, other, way)


def around(zone: str, day: date) -> tuple[int, ...]:
    """The day before, the day, the day after."""
    return walked(zone, neighbour(zone, day, -1)) + walked(zone, day) + walked(zone, neighbour(zone, day, 1))


def within(day: tuple[int, ...], found: Iterable[int]) -> set[int]:
    """The instants that are on a day."""
    return {at for at in found if day[0] <= at < day[-1] + QUARTER}


def test_the_days_are_what_they_are_said_to_be() -> None:
    def long(zone: str, day: str) -> float:
        return len(walked(zone, date.fromisoformat(day))) / 4

    assert (long("America/New_York", "2024-03-10"), long("America/New_York", "2024-11-03")) == (23, 25)
    assert (long("Australia/Lord_Howe", "2024-10-06"), long("Australia/Lord_Howe", "2024-04-07")) == (23.5, 24.5)
    assert (long("Pacific/Apia", "2011-12-30"), long("Pacific/Kwajalein", "1993-08-21")) == (0, 0)


@each_day
def test_nobody_is_written_to_at_night_and_everybody_at_the_first_instant_that_is_not(zone: str, day: date) -> None:
    awake = [at for at in around(zone, day) if 9 <= wall(at, zone).hour < 21]
    for now in around(zone, day):
        if now <= awake[-1]:
            assert allowed_from(now, zone) == awake[bisect_left(awake, now)]


@each_day
def test_what_comes_due_in_a_night_leaves_at_one_instant_of_the_morning(zone: str, day: date) -> None:
    night = [now for now in around(zone, day) if not 9 <= wall(now, zone).hour < 21]
    [morning] = within(walked(zone, day), (allowed_from(now, zone) for now in night))
    assert wall(morning, zone) == datetime.combine(day, time(9))


@each_day
def test_tomorrow_at_nine_is_one_instant_of_the_next_day_there_is(zone: str, day: date) -> None:
    [at] = {moment("tomorrow", now, zone) for now in walked(zone, day)}
    assert wall(at, zone) == datetime.combine(neighbour(zone, day, 1), time(9))
    assert allowed_from(at, zone) == at
    assert at not in {moment("tomorrow", now, zone) for now in walked(zone, neighbour(zone, day, -1))}


@each_day
def test_monday_at_nine_is_one_instant_of_the_monday_after(zone: str, day: date) -> None:
    [at] = {moment("monday", now, zone) for now in walked(zone, day)}
    assert (wall(at, zone).weekday(), wall(at, zone).time()) == (0, time(9))
    assert timedelta() < wall(at, zone).date() - day <= timedelta(days=7)


@each_day
def test_a_day_begins_at_its_first_instant(zone: str, day: date) -> None:
    assert {day_start(now, zone) for now in walked(zone, day)} == {walked(zone, day)[0]}


@each_day
def test_the_firm_opens_once_a_day_and_at_the_first_of_two_equal_times(zone: str, day: date) -> None:
    for opening in ("00:00", "01:30", "02:30", "09:00"):
        hours = parse_hours(f"mon-sun {opening}-24:00", zone)
        [at] = within(walked(zone, day), (hours.next_opening(now) for now in around(zone, day)))
        shown = [now for now in walked(zone, day) if wall(now, zone).time() == time.fromisoformat(opening)]
        assert at == shown[0] if shown else wall(at, zone).time() > time.fromisoformat(opening)
        assert hours.open_at(at)
        assert within(walked(zone, day), [hours.closing_today(at) or 0])


@pytest.mark.parametrize("zone", DAYS)
def test_whose_zone_nobody_knows_is_written_to_by_the_firms_day(zone: str, company: Company) -> None:
    firm = replace(company, zone=zone)
    for now in walked(zone, date.fromisoformat(DAYS[zone][0])):
        assert {allowed_from(now, zone_of(strange, firm)) for strange in STRANGE} == {allowed_from(now, zone)}


@pytest.mark.parametrize("zone", DAYS)
async def test_the_report_of_a_day_is_written_once_when_the_firm_closes(store: Store, company: Company, zone: str) -> None:
    firm = replace(company, zone=zone, hours=parse_hours("mon-sun 09:00-18:00", zone))
    days = {one for day in DAYS[zone] for one in (neighbour(zone, date.fromisoformat(day), -1), date.fromisoformat(day))}
    ticks = [now for day in sorted(days) for now in walked(zone, day)]
    written = await store.write(lambda session: [now for now in ticks if digest_due(session, firm, now=now)])
    assert [wall(now, zone) for now in written] == [datetime.combine(day, time(18)) for day in sorted(days)]


@pytest.mark.parametrize("zone", DAYS)
async def test_a_firm_that_is_open_until_midnight_has_its_report_before_the_day_is_over(store: Store, company: Company, zone: str) -> None:
    firm = replace(company, zone=zone, hours=parse_hours("mon-sun 09:00-24:00", zone))
    days = sorted({one for day in DAYS[zone] for one in (neighbour(zone, date.fromisoformat(day), -1), date.fromisoformat(day))})
    ticks = [now for day in days for quarter in walked(zone, day) for now in range(quarter, quarter + QUARTER, 30_000)]
    written = await store.write(lambda session: [now for now in ticks if digest_due(session, firm, now=now)])
    assert [wall(now, zone).date() for now in written] == days
    assert all(wall(now, zone).time() >= time(23) for now in written)  # after the first of two last hours, where there are two
