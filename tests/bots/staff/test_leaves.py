"""Parts of a day as they are pressed and typed: always one day, and shown with the hours they have."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.staff.leaves import PARTS, chosen_part, days_words, typed_part
from crm.base.i18n import translator
from crm.base.time import MINUTE, instant, local
from crm.people.leave import Away, LeaveKind, Wish

YEREVAN, MONDAY = "Asia/Yerevan", date(2025, 11, 24)
ZONES = ("Asia/Yerevan", "Africa/Addis_Ababa", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")


def at(day: date, clock: time) -> int:
    return instant(datetime.combine(day, clock, ZoneInfo(YEREVAN)))


NOON = at(MONDAY, time(12))


def shown(wish: Wish) -> str:
    away = Away(1, 1, "Ani", wish.from_on, wish.to_on, LeaveKind.LEAVE, wish.from_at, wish.to_at)
    return days_words(translator("en"), away, MONDAY, YEREVAN).replace("\u2013", "-")


@given(st.integers(1_600_000_000_000, 2_200_000_000_000), st.sampled_from(ZONES), st.sampled_from(sorted(PARTS)))
def test_each_button_is_a_part_of_one_day_that_is_not_over(now: int, zone: str, name: str) -> None:
    wish = chosen_part(name, now, zone)
    assert wish.from_on == wish.to_on == local(now, zone).date() + timedelta(days=name != "rest")
    assert now - MINUTE < wish.from_at < wish.to_at
    assert wish.to_at > now


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["today 14:00", "16:00"], "Mon 24 Nov 14:00 - 16:00"),
        (["14:00", "16:00"], "Mon 24 Nov 14:00 - 16:00"),
        (["11:00", "13:00"], "Tue 25 Nov 11:00 - 13:00"),
        (["завтра 9:00", "12:30"], "Tue 25 Nov 09:00 - 12:30"),
        (["28.11 15:00"], "Fri 28 Nov 15:00 - 24:00"),
        (["Friday 15:00", "24:00"], "Fri 28 Nov 15:00 - 24:00"),
        (["22:00", "00:00"], "Mon 24 Nov 22:00 - 24:00"),
        (["tomorrow 9:00", "tomorrow 11:00"], "Tue 25 Nov 09:00 - 11:00"),
        (["from 14:00"], "Mon 24 Nov 14:00 - 24:00"),
    ],
)
def test_hours_are_read_as_they_are_typed(words: list[str], wanted: str) -> None:
    wish = typed_part(words, NOON, YEREVAN)
    assert wish
    assert shown(wish) == wanted


@pytest.mark.parametrize(
    "words", [["24.12", "31.12"], ["tomorrow"], ["tomorrow 14:00", "Friday"], ["24.12 10:00", "31.12 18:00"], ["25:00"], ["when I feel like it"], [""]]
)
def test_what_are_no_hours_are_days_or_nothing(words: list[str]) -> None:
    assert typed_part(words, NOON, YEREVAN) is None


def test_whole_days_are_shown_as_ever() -> None:
    assert shown(Wish(MONDAY, MONDAY)) == "Mon 24 Nov"
    assert shown(Wish(MONDAY, MONDAY + timedelta(days=2))) == "Mon 24 Nov - Wed 26 Nov"
