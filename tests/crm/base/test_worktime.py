"""Working time: additive, monotone, never more than the clock, and right where clocks change."""

from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.base.time import DAY, HOUR, MINUTE, local, parse_hours
from crm.base.worktime import Calendar, after, before, spans, worked

ZONES = ("Asia/Yerevan", "Africa/Addis_Ababa", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia")
WEEKS = ("mon-fri 09:00-18:00", "mon-sun 00:00-24:00", "sat 23:00-24:00", "mon-thu 08:30-12:15, sun 01:00-04:00", "tue 02:00-03:00")
BEGINNING = 1_700_000_000_000
gaps = st.lists(st.tuples(st.integers(BEGINNING, BEGINNING + 900 * DAY), st.integers(0, 12 * HOUR)), max_size=6)
calendars = st.builds(
    lambda week, zone, off, away: Calendar(parse_hours(week, zone), frozenset(off), tuple((start, start + length) for start, length in away)),
    st.sampled_from(WEEKS),
    st.sampled_from(ZONES),
    st.sets(st.dates(date(2023, 11, 1), date(2026, 12, 31)), max_size=20),
    gaps,
)
instants = st.integers(BEGINNING, BEGINNING + 900 * DAY)


def at(words: str) -> int:
    """An instant in UTC."""
    return int(datetime.fromisoformat(words).replace(tzinfo=UTC).timestamp() * 1000)


@given(calendars, instants, instants, instants)
def test_two_stretches_are_as_long_as_the_whole(calendar: Calendar, one: int, two: int, three: int) -> None:
    first, middle, last = sorted((one, two, three))
    assert worked(calendar, first, middle) + worked(calendar, middle, last) == worked(calendar, first, last)


@given(calendars, instants, instants)
def test_it_is_never_more_than_the_clock_says_and_never_less_than_nothing(calendar: Calendar, one: int, two: int) -> None:
    first, last = sorted((one, two))
    assert 0 <= worked(calendar, first, last) <= last - first
    assert worked(calendar, last, first) == 0 or first == last


@given(calendars, instants, st.integers(1, 40 * HOUR))
def test_when_it_is_over_just_so_much_has_passed_and_not_a_moment_before(calendar: Calendar, start: int, duration: int) -> None:
    end = after(calendar, start, duration)
    assert end is not None
    assert worked(calendar, start, end) == duration
    assert worked(calendar, start, end - 1) == duration - 1


@given(calendars, instants, st.integers(1, 40 * HOUR))
def test_looking_back_finds_the_last_moment_since_which_so_much_has_passed(calendar: Calendar, end: int, duration: int) -> None:
    start = before(calendar, end, duration)
    assert start is not None
    assert worked(calendar, start, end) == duration
    assert worked(calendar, start + 1, end) == duration - 1


@given(calendars, instants, st.integers(0, 30 * HOUR), st.integers(0, 30 * HOUR))
def test_more_work_never_ends_sooner(calendar: Calendar, start: int, one: int, two: int) -> None:
    first, second = (after(calendar, start, duration) for duration in sorted((one, two)))
    assert first is not None
    assert second is not None
    assert first <= second


@given(calendars, instants, instants)
def test_stretches_stand_in_order_and_do_not_touch_what_is_off(calendar: Calendar, one: int, two: int) -> None:
    found = list(spans(calendar, *sorted((one, two))))
    assert all(since < until for since, until in found)
    assert all(before[1] <= later[0] for before, later in pairwise(found))
    assert all(until <= start or since >= end for since, until in found for start, end in calendar.gaps if start < end)


def test_a_gap_in_the_middle_of_a_day_is_not_worked() -> None:
    calendar = Calendar(parse_hours("mon-fri 09:00-18:00", "UTC"), gaps=((at("2026-11-23T12:00"), at("2026-11-23T14:00")),))
    morning = at("2026-11-23T09:00")
    assert [(end - start) // HOUR for start, end in spans(calendar, morning, morning + DAY)] == [3, 4]
    assert after(calendar, morning, 4 * HOUR) == at("2026-11-23T15:00")
    assert before(calendar, at("2026-11-23T15:00"), 2 * HOUR) == at("2026-11-23T11:00")
    assert calendar.open_on(date(2026, 11, 23)) == (morning, at("2026-11-23T18:00"))  # the day as it is without gaps


def test_a_weekend_and_a_holiday_do_not_count() -> None:
    calendar = Calendar(parse_hours("mon-fri 09:00-18:00", "Asia/Yerevan"), frozenset({date(2026, 11, 23)}))
    friday = at("2026-11-20T13:00")  # 17:00 in Yerevan
    assert worked(calendar, friday, friday + 7 * DAY) == 4 * 9 * HOUR
    assert after(calendar, friday, 2 * HOUR) == at("2026-11-24T06:00")  # Monday is off


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_a_whole_day_is_as_long_as_the_clocks_make_it(day: str, hours: int) -> None:
    calendar = Calendar(parse_hours("mon-sun 00:00-24:00", "Europe/Berlin"))
    found = calendar.open_on(date.fromisoformat(day))
    assert found is not None
    assert found[1] - found[0] == hours * HOUR


def test_an_hour_that_a_clock_change_skips_is_worked_after_it_or_not_at_all() -> None:
    calendar = Calendar(parse_hours("sun 02:00-03:00", "Europe/Berlin"))
    spring = date(2026, 3, 29)
    assert calendar.open_on(spring) == (at("2026-03-29T01:00"), at("2026-03-29T01:00"))
    assert worked(calendar, at("2026-03-28T12:00"), at("2026-03-29T12:00")) == 0


def test_who_never_opens_is_never_done() -> None:
    assert after(Calendar(parse_hours("", "Asia/Tbilisi")), BEGINNING, MINUTE) is None
    assert after(Calendar(parse_hours("", "Asia/Tbilisi")), BEGINNING, 0) == BEGINNING


@given(calendars, st.sets(st.dates(date(2023, 11, 1), date(2026, 12, 31)), max_size=20), instants, instants)
def test_a_day_off_of_the_firm_and_one_of_a_member_are_the_same_day_off(calendar: Calendar, off: set[date], one: int, two: int) -> None:
    first, last = sorted((one, two))
    of_firm = replace(calendar, hours=replace(calendar.hours, off=frozenset(off)))
    assert worked(of_firm, first, last) == worked(replace(calendar, off=calendar.off | off), first, last)
    assert worked(of_firm, first, last) <= worked(calendar, first, last)


@given(calendars, instants)
def test_it_opens_next_when_work_goes_on_next(calendar: Calendar, now: int) -> None:
    hours = replace(calendar.hours, off=calendar.off)
    opens = hours.next_opening(now)
    assert worked(calendar, now, opens) <= (0 if not hours.open_at(now) else DAY)
    if not hours.open_at(now):
        [first, *_] = [*spans(calendar, now, now + 60 * DAY), (0, 0)]
        assert first[0] == opens or first == (0, 0) or instant_is_skipped(calendar, opens)


def instant_is_skipped(calendar: Calendar, at_: int) -> bool:
    """Whether the span that begins at an instant is one that a clock change swallows."""
    found = calendar.open_on(local(at_, calendar.hours.zone).date())
    return found is None or found[0] == found[1]
