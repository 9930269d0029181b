"""The Ethiopian calendar and clock: days that are known, and that nothing is lost on the way there and back."""

from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.base.ethiopic import EthiopianDay, civil, days_in, ethiopian, is_leap, own_clock
from crm.base.i18n import translator

KNOWN = (
    ("2007-09-12", (2000, 1, 1)),  # the Ethiopian millennium
    ("2015-09-12", (2008, 1, 1)),  # a year begins a day later after one of six last days
    ("2023-09-12", (2016, 1, 1)),
    ("2023-09-11", (2015, 13, 6)),
    ("2024-09-11", (2017, 1, 1)),
    ("2025-09-11", (2018, 1, 1)),
    ("2026-01-07", (2018, 4, 29)),  # Genna
    ("2025-01-19", (2017, 5, 11)),  # Timkat
    ("1974-09-12", (1967, 1, 2)),
    ("2026-11-23", (2019, 3, 14)),
    ("2027-09-12", (2020, 1, 1)),
)


@pytest.mark.parametrize(("day", "theirs"), KNOWN)
def test_known_days(day: str, theirs: tuple[int, int, int]) -> None:
    assert ethiopian(date.fromisoformat(day)) == EthiopianDay(*theirs)
    assert civil(EthiopianDay(*theirs)) == date.fromisoformat(day)


@given(st.dates(date(1800, 1, 1), date(2400, 12, 31)))
def test_there_and_back_and_one_day_after_the_other(day: date) -> None:
    theirs, next_one = ethiopian(day), ethiopian(day + timedelta(days=1))
    assert civil(theirs) == day
    assert next_one > theirs
    assert (next_one.day == theirs.day + 1) != (theirs.day == days_in(theirs.year, theirs.month))


@given(st.integers(1893, 2091))
def test_the_year_begins_on_the_eleventh_or_the_twelfth_of_september(year: int) -> None:
    begins = civil(EthiopianDay(year, 1, 1))
    assert (begins.month, begins.day) == (9, 12 if is_leap(year - 1) else 11)


def test_there_is_no_seventh_day_of_the_thirteenth_month() -> None:
    with pytest.raises(ValueError, match="no such day"):
        civil(EthiopianDay(2016, 13, 6))


@pytest.mark.parametrize(("at", "said"), [("09:30", "3:30 ጠዋት"), ("06:00", "12:00 ጠዋት"), ("13:05", "7:05 ከሰዓት"), ("19:00", "1:00 ማታ"), ("00:15", "6:15 ሌሊት")])
def test_the_day_begins_at_six(at: str, said: str) -> None:
    assert own_clock(time.fromisoformat(at)) == said
    assert translator("am").clock(time.fromisoformat(at)) == f"{at} ({said})"
    assert translator("en").clock(time.fromisoformat(at)) == at
