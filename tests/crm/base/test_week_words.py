"""Weekly hours as people type them, in five languages."""

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.base.i18n import translator
from crm.base.time import Hours, parse_hours
from crm.base.week_words import kept_week, read_week, shown_week

ZONE = "Asia/Yerevan"
clocks = st.times().map(lambda at: at.replace(second=0, microsecond=0))
spans = st.tuples(clocks, clocks | st.just(time.max)).filter(lambda span: span[0] < span[1])
weeks = st.tuples(*[st.none() | spans] * 7).filter(any).map(lambda days: Hours(days, ZONE))


@given(weeks)
def test_what_is_kept_reads_back_the_same(hours: Hours) -> None:
    assert parse_hours(kept_week(hours), ZONE) == hours
    assert read_week(kept_week(hours), ZONE) == kept_week(hours)


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("mon-fri 9-18", "mon-fri 09:00-18:00"),
        ("пн – пт 9.00 – 18.30; сб 10-15", "mon-fri 09:00-18:30, sat 10:00-15:00"),
        ("Երկուշաբթի-ուրբաթ 10:00-19:00", "mon-fri 10:00-19:00"),
        ("ორშაბათი-შაბათი 10-20", "mon-sat 10:00-20:00"),
        ("ሰኞ-ዓርብ 08:30-17:30", "mon-fri 08:30-17:30"),
        ("mon-sun 0-24", "mon-sun 00:00-24:00"),
    ],
)
def test_it_is_read_in_every_language(words: str, kept: str) -> None:
    assert read_week(words, ZONE) == kept


@pytest.mark.parametrize("words", ["", "always", "mon 18-9", "mon 9-25", "fri-mon 9-18", "mon"])
def test_what_cannot_be_read_is_refused(words: str) -> None:
    with pytest.raises(ValueError, match=r"hours|open"):
        read_week(words, ZONE)


def test_it_is_shown_in_the_readers_language() -> None:
    hours = parse_hours("mon-fri 09:00-18:00, sun 10:00-24:00", ZONE)
    assert shown_week(translator("en"), hours) == "Mon-Fri 09:00–18:00, Sun 10:00–24:00"  # noqa: RUF001
    assert shown_week(translator("ru"), hours).startswith("пн-пт 09:00")
