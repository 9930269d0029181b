"""Dates: when a step is due."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from crm.base.time import instant, local, parse_hours
from crm.base.worktime import Calendar
from crm.projects.dates import due

ZONE = "Asia/Yerevan"
WEEK = Calendar(parse_hours("mon-fri 09:00-18:00", ZONE))
FRIDAY = instant(datetime(2026, 1, 2, 12, tzinfo=ZoneInfo(ZONE)))


def day(at: int) -> str:
    return local(at, ZONE).strftime("%a %d %H:%M")


def test_working_days_leave_out_the_weekend_and_end_with_the_work() -> None:
    assert day(due(WEEK, FRIDAY, 1, working=True)) == "Mon 05 18:00"
    assert day(due(WEEK, FRIDAY, 5, working=True)) == "Fri 09 18:00"


def test_plain_days_count_every_day() -> None:
    assert day(due(WEEK, FRIDAY, 1, working=False)) == "Sat 03 18:00"
    assert day(due(WEEK, FRIDAY, 3, working=False)) == "Mon 05 18:00"


def test_a_day_off_is_no_working_day() -> None:
    calendar = Calendar(WEEK.hours, frozenset({date(2026, 1, 5), date(2026, 1, 6)}))
    assert day(due(calendar, FRIDAY, 1, working=True)) == "Wed 07 18:00"


def test_the_same_day_is_today_while_there_is_time_and_the_next_one_afterwards() -> None:
    evening = instant(datetime(2026, 1, 2, 19, tzinfo=ZoneInfo(ZONE)))
    assert day(due(WEEK, FRIDAY, 0, working=True)) == "Fri 02 18:00"
    assert day(due(WEEK, evening, 0, working=True)) == "Mon 05 18:00"
    assert day(due(WEEK, evening, 0, working=False)) == "Sat 03 18:00"


def test_where_nobody_said_when_work_is_done_every_day_counts() -> None:
    nobody = Calendar(parse_hours("", ZONE))
    assert day(due(nobody, FRIDAY, 2, working=True)) == "Sun 04 18:00"


def test_a_day_that_ends_at_midnight_is_the_day_of_what_is_due_on_it() -> None:
    whole = Calendar(parse_hours("mon-sun 00:00-24:00", ZONE))
    assert day(due(whole, FRIDAY, 1, working=True)) == "Sat 03 23:59"
    late = instant(datetime(2026, 1, 2, 23, 59, 30, tzinfo=ZoneInfo(ZONE)))
    assert day(due(whole, late, 0, working=True)) == "Sat 03 23:59"


@given(st.integers(0, 4 * 10**9), st.integers(0, 60), st.booleans())
def test_more_days_are_never_sooner_and_nothing_is_due_before_it_began(seconds: int, days: int, working: bool) -> None:
    start = seconds * 1000
    first, second = due(WEEK, start, days, working=working), due(WEEK, start, days + 1, working=working)
    assert start < first <= second
