"""Times that customers name: read in five languages, twice on the Ethiopian clock, and never where a number is something else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.base.said_times import AHEAD, by_phone, meant, whose_clock
from crm.base.time import DAY, HOUR, local
from tests.conftest import NOON

YEREVAN, MOSCOW = "Asia/Yerevan", "Europe/Moscow"
WORDS = st.sampled_from(
    ("tomorrow", "at", "15:00", "3", "завтра", "в", "24.12", "friday", "ነገ", "3:00", "ሰዓት", "ጠዋት", "the", "price", "is", "25", "вторник", "7", "pm", "31.12")
)


def on_the_clock(words: str, language: str = "en") -> list[str]:
    return [local(at, YEREVAN).strftime("%d.%m %H:%M") for at in meant(words, language, (YEREVAN,), NOON)]


@pytest.mark.parametrize(
    ("words", "language", "at"),
    [
        ("Can I come tomorrow at 15:00 with my wife?", "en", ["26.11 15:00"]),
        ("Can I come the day after tomorrow at 11:30?", "en", ["27.11 11:30"]),
        ("at 15:00 tomorrow, please", "en", ["26.11 15:00"]),
        ("on friday at 7", "en", ["28.11 07:00", "28.11 19:00"]),
        ("позвоните завтра в 3", "ru", ["26.11 15:00"]),
        ("в среду 24.12 в 10:30", "ru", ["24.12 10:30"]),
        ("վաղը ժամը 15-ին կգամ", "hy", ["26.11 15:00"]),
        ("ხვალ 15:00 საათზე მოვალ", "ka", ["26.11 15:00"]),
        ("ነገ 3:00 እመጣለሁ", "am", ["26.11 09:00", "26.11 15:00"]),
        ("ዓርብ በ9 ሰዓት", "am", ["28.11 09:00", "28.11 15:00"]),
        ("ነገ ጠዋት 3:00 ሰዓት", "am", ["26.11 09:00"]),
        ("ነገ 15:00", "am", ["26.11 15:00"]),
    ],
)
def test_a_day_with_a_time_is_read_wherever_it_stands(words: str, language: str, at: list[str]) -> None:
    assert on_the_clock(words, language) == at


@pytest.mark.parametrize(
    "words",
    [
        "The price is 15:00?",
        "Are you open tomorrow?",
        "I need 2 tables tomorrow",
        "I paid 15.00 on 24.11",
        "call at 15:00",
        "order 2411 of friday",
        "yesterday at 15:00",
        "in 5 minutes",
        "24.11.2020 15:00",
        "24.10.2027 15:00",
    ],
)
def test_other_words_name_no_time(words: str) -> None:
    assert on_the_clock(words) == []


def test_whoever_lives_by_another_clock_may_mean_theirs() -> None:
    ours, theirs = meant("tomorrow at 15:00", "en", (YEREVAN, MOSCOW), NOON)
    assert theirs - ours == HOUR
    assert whose_clock(ours, (YEREVAN, MOSCOW)) == (YEREVAN, MOSCOW)
    assert whose_clock(ours, (YEREVAN, "Asia/Dubai")) == (YEREVAN,)
    assert meant("tomorrow at 15:00", "en", (YEREVAN, YEREVAN), NOON) == [ours]


@pytest.mark.parametrize("words", ["Call me tomorrow", "Перезвоните", "Զանգեք վաղը", "დამირეკეთ", "ነገ ደውሉልኝ"])
def test_whoever_wants_to_be_rung_says_so(words: str) -> None:
    assert by_phone(words)
    assert not by_phone("I will come")


@given(st.lists(WORDS | st.text(max_size=8), max_size=12).map(" ".join), st.sampled_from(("en", "am")), st.integers(NOON - 400 * DAY, NOON + 400 * DAY))
def test_whatever_is_written_a_time_is_ahead_and_near(words: str, language: str, now: int) -> None:
    found = meant(words, language, (YEREVAN, MOSCOW), now)
    assert found == sorted(set(found))
    assert all(now < at <= now + AHEAD for at in found)
