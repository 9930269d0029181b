"""Moments: a time typed in any of our languages, before or behind the words; what is no time stays words."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.base.moments import CHOICES, SOON, Read, choice, leading, read
from crm.base.time import DAY, HOUR, MINUTE, instant, local

YEREVAN = "Asia/Yerevan"
MONDAY = date(2025, 11, 24)
ZONES = ("Asia/Yerevan", "Africa/Addis_Ababa", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
TODAY = {"en": "today", "ru": "сегодня", "hy": "այսօր", "ka": "დღეს", "am": "ዛሬ"}
TOMORROW = {"en": "tomorrow", "ru": "завтра", "hy": "վաղը", "ka": "ხვალ", "am": "ነገ"}
FRIDAY = {"en": "Friday", "ru": "пятницу", "hy": "ուրբաթ", "ka": "პარასკევს", "am": "ዓርብ"}
IN_TWO_HOURS = {"en": "in 2 h", "ru": "через 2 часа", "hy": "2 ժամից", "ka": "2 საათში", "am": "ከ2 ሰዓት በኋላ"}
IN_TEN_MINUTES = {"en": "in 10 minutes", "ru": "через 10 минут", "hy": "10 րոպեից", "ka": "10 წუთში", "am": "ከ10 ደቂቃ በኋላ"}
IN_THREE_DAYS = {"en": "in 3 days", "ru": "через 3 дня", "hy": "3 օրից", "ka": "3 დღეში", "am": "ከ3 ቀን በኋላ"}
NEXT_WEEK = {"en": "next week", "ru": "на следующей неделе", "hy": "հաջորդ շաբաթ", "ka": "შემდეგ კვირას", "am": "በሚቀጥለው ሳምንት"}
SILENCE = {"en": "if no reply", "ru": "если не ответит", "hy": "եթե չպատասխանի", "ka": "თუ არ უპასუხა", "am": "ካልመለሱ"}
OFFER = {"en": "send the offer", "ru": "отправить счёт", "hy": "ուղարկել գինը", "ka": "ფასის გაგზავნა", "am": "ዋጋውን ላክ"}
LANGUAGES = tuple(TODAY)


def at(day: date, clock: time, zone: str = YEREVAN) -> int:
    return instant(datetime.combine(day, clock, ZoneInfo(zone)))


def dated(text: str, day: date, clock: time) -> Read:
    """Words with a time of a day beside them."""
    return Read(text, at(day, clock), day=day)


NOON = at(MONDAY, time(12))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("behind", [False, True])
def test_a_day_and_a_time_are_read_before_and_behind_the_words(language: str, behind: bool) -> None:
    when, what = f"{TOMORROW[language]} 15:00", OFFER[language]
    found = read(f"{what} {when}" if behind else f"{when} {what}", NOON, YEREVAN)
    assert (found.text, found.at, found.unless_reply) == (what, at(MONDAY + timedelta(days=1), time(15)), False)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_way_to_say_a_time_is_known_in_every_language(language: str) -> None:
    wanted = {
        TODAY[language]: at(MONDAY, time(18)),
        f"{TODAY[language]} 13:30": at(MONDAY, time(13, 30)),
        TOMORROW[language]: at(MONDAY + timedelta(days=1), time(10)),
        f"{FRIDAY[language]} 09:15": at(MONDAY + timedelta(days=4), time(9, 15)),
        IN_TWO_HOURS[language]: NOON + 2 * HOUR,
        IN_TEN_MINUTES[language]: NOON + 10 * MINUTE,
        IN_THREE_DAYS[language]: NOON + 3 * DAY,
        NEXT_WEEK[language]: at(MONDAY + timedelta(days=7), time(10)),
    }
    assert {words: read(f"{words} {OFFER[language]}", NOON, YEREVAN).at for words in wanted} == wanted
    assert {read(f"{words} {OFFER[language]}", NOON, YEREVAN).text for words in wanted} == {OFFER[language]}


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_if_there_is_no_reply_is_heard_in_every_language(language: str) -> None:
    found = read(f"{TOMORROW[language]} {OFFER[language]} {SILENCE[language]}", NOON, YEREVAN)
    assert (found.text, found.unless_reply, found.at is not None) == (OFFER[language], True, True)


@pytest.mark.parametrize(
    ("words", "day", "clock"),
    [
        ("24.12 09:30", date(2025, 12, 24), time(9, 30)),
        ("24/12 9:30", date(2025, 12, 24), time(9, 30)),
        ("01.02", date(2026, 2, 1), time(10)),
        ("01.02.27 3pm", date(2027, 2, 1), time(15)),
        ("29.02", date(2028, 2, 29), time(10)),
        ("18:45", MONDAY, time(18, 45)),
        ("3 pm", MONDAY, time(15)),
        ("at 9:00", MONDAY + timedelta(days=1), time(9)),
        ("Monday", MONDAY + timedelta(days=7), time(10)),
        ("Monday, 15:00.", MONDAY, time(15)),
        ("в понедельник в 11:00", MONDAY + timedelta(days=7), time(11)),
        ("завтра в 15 часов", MONDAY + timedelta(days=1), time(15)),
        ("ხვალ 15 საათზე", MONDAY + timedelta(days=1), time(15)),
        ("վաղը ժամը 15:00", MONDAY + timedelta(days=1), time(15)),
        ("the day after tomorrow 8:05", MONDAY + timedelta(days=2), time(8, 5)),
    ],
)
def test_dates_and_clocks_are_read_as_they_are_written(words: str, day: date, clock: time) -> None:
    assert read(words, NOON, YEREVAN).at == at(day, clock)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "call them",
        "ask about the Monday delivery",
        "31.02 send it",
        "pay 12.50 drams tomorrow's way",
        "2 hours of work",
        "at the office",
        "room 15",
        "25:00",
        "1/13 cup",
    ],
)
def test_what_is_no_time_stays_words(words: str) -> None:
    found = read(words, NOON, YEREVAN)
    assert (found.text, found.at) == (" ".join(words.split()), None)


@pytest.mark.parametrize(
    ("words", "clock", "left"),
    [
        ("завтра в 3 часа дня позвонить", time(15), "позвонить"),
        ("завтра в 7 вечера", time(19), ""),
        ("завтра в 15 позвонить", time(15), "позвонить"),
        ("завтра 15.00 позвонить", time(15), "позвонить"),
        ("завтра 9-00 позвонить", time(9), "позвонить"),
        ("15.10 завтра позвонить", time(15, 10), "позвонить"),
        ("завтра утром в 9 позвонить", time(9), "позвонить"),
        ("завтра вечером позвонить", time(18), "позвонить"),
        ("tomorrow 3 pm call", time(15), "call"),
        ("tomorrow 9 a.m. call", time(9), "call"),
        ("call at 3 pm tomorrow", time(15), "call"),
        ("call tomorrow at 4 in the afternoon", time(16), "call"),
        ("tomorrow 12 pm call", time(12), "call"),
        ("վաղը երեկոյան ժամը 7-ին զանգել", time(19), "զանգել"),
        ("ხვალ საღამოს 7 საათზე", time(19), ""),
    ],
)
def test_the_part_of_the_day_says_which_hour_is_meant(words: str, clock: time, left: str) -> None:
    found = read(words, NOON, YEREVAN)
    assert (found.at, found.text) == (at(MONDAY + timedelta(days=1), clock), left)


@pytest.mark.parametrize(
    ("words", "clock"),
    [
        ("ነገ 3:00 ሰዓት ደውል", time(9)),
        ("ነገ 3 ሰዓት ደውል", time(9)),
        ("ነገ በ3 ሰዓት ደውል", time(9)),
        ("ነገ ጠዋት 3 ሰዓት ደውል", time(9)),
        ("ነገ ከሰዓት በኋላ 9 ሰዓት ደውል", time(15)),
        ("ነገ ማታ 1 ሰዓት ደውል", time(19)),
        ("ነገ 12 ሰዓት ደውል", time(18)),
        ("ነገ 15:00 ሰዓት ደውል", time(15)),
        ("ነገ 03:00 ደውል", time(3)),
    ],
)
def test_an_hour_in_amharic_is_on_the_ethiopian_clock(words: str, clock: time) -> None:
    assert read(words, NOON, YEREVAN) == dated("ደውል", MONDAY + timedelta(days=1), clock)


@pytest.mark.parametrize(
    "words",
    [
        "tomorrow at 3 call",
        "call tomorrow at 3",
        "call at 3 tomorrow",
        "завтра в 3 часа позвонить",
        "tomorrow 5 boxes",
        "завтра на 3 дня уехать",
        "tomorrow night call",
        "send offer for 12.5",
        "cut it by 1 of 12/5",
        "3 дня работы",
        "31.12.9999 23:00 call",
        "1.1.0001 call",
    ],
)
@pytest.mark.parametrize("zone", ["America/New_York", YEREVAN])
def test_what_may_be_read_in_two_ways_is_asked_for(words: str, zone: str) -> None:
    assert read(words, NOON, zone) == Read(words)
    assert leading(words, NOON, zone) == Read(words)


def test_a_day_and_a_month_at_the_end_are_a_date_where_something_says_so() -> None:
    wanted = dated("send the offer", date(2026, 5, 12), time(10))
    assert read("send the offer on 12.5", NOON, YEREVAN) == wanted
    assert read("send the offer 12.5.2026", NOON, YEREVAN) == wanted
    assert read("позвонить Friday 28.11", NOON, YEREVAN) == dated("позвонить", date(2025, 11, 28), time(10))


@pytest.mark.parametrize("words", ["1.5 kg of flour", "2.5 h of work", "24/12 boxes", "1.5 кг муки", "12.5 5 boxes", "01.02 call"])
def test_a_day_and_a_month_before_other_words_are_a_number(words: str) -> None:
    assert read(words, NOON, YEREVAN) == Read(words)
    assert leading(words, NOON, YEREVAN) == Read(words)


@pytest.mark.parametrize(
    ("words", "day", "clock"),
    [
        ("1.5", date(2026, 5, 1), time(10)),
        ("1.5 15:00 flour", date(2026, 5, 1), time(15)),
        ("15:00 1.5 flour", date(2026, 5, 1), time(15)),
        ("1.5 at 15:00 flour", date(2026, 5, 1), time(15)),
        ("on 1.5 flour", date(2026, 5, 1), time(10)),
        ("1.5.2026 flour", date(2026, 5, 1), time(10)),
        ("1.5 Friday flour", date(2026, 5, 1), time(10)),
        ("1.5 пятница flour", date(2026, 5, 1), time(10)),
        ("Friday 1.5 flour", date(2026, 5, 1), time(10)),
    ],
)
def test_a_time_or_a_weekday_beside_them_makes_them_a_date(words: str, day: date, clock: time) -> None:
    assert read(words, NOON, YEREVAN) == dated("flour" if "flour" in words else "", day, clock)
    assert leading(words, NOON, YEREVAN).at == at(day, clock)


def test_a_number_before_the_words_leaves_the_time_behind_them_to_be_read() -> None:
    assert read("1.5 kg of flour tomorrow 15:00", NOON, YEREVAN) == dated("1.5 kg of flour", MONDAY + timedelta(days=1), time(15))


@given(st.integers(1, 31), st.integers(1, 12), st.sampled_from("./"), st.sampled_from(list(OFFER.values())), st.integers(1_600_000_000_000, 2_200_000_000_000))
def test_whatever_day_and_month_stand_before_words_are_no_date_and_alone_they_are(day: int, month: int, mark: str, words: str, now: int) -> None:
    number = f"{day}{mark}{month}"
    assert read(f"{number} {words}", now, YEREVAN) == Read(f"{number} {words}")
    alone = read(number, now, YEREVAN)
    assert alone.at is None or (local(alone.at, YEREVAN).day, local(alone.at, YEREVAN).month) == (day, month)
    assert alone.at is not None or (day, month) in {(30, 2), (31, 2), (31, 4), (31, 6), (31, 9), (31, 11)}


@pytest.mark.parametrize("word", ["at", "if", "tomorrow", "12.5", "on"])
def test_of_thousands_of_words_only_those_at_the_ends_are_looked_at(word: str) -> None:
    looked = 0

    class Counted(str):
        __slots__ = ()

        def split(self, *_: object) -> list[str]:
            return [Token(word)] * 2000

    class Token(str):
        __slots__ = ()

        def strip(self, *_: object) -> "Token":
            return self

        def casefold(self) -> "Token":
            return self

        def __hash__(self) -> int:
            nonlocal looked
            looked += 1
            return super().__hash__()

        __eq__ = str.__eq__

    read(Counted(), NOON, YEREVAN)
    assert looked < 40_000


def test_today_after_six_is_in_an_hour() -> None:
    evening = at(MONDAY, time(19))
    assert read("today call", evening, YEREVAN).at == evening + HOUR
    assert choice("today", evening, YEREVAN) is None


@pytest.mark.parametrize(("words", "day"), [("today", 0), ("today call", 0), ("call today", 0), ("tomorrow", 1), ("23:45", 0), ("23:15", 1), ("in 1 h", 1)])
def test_today_is_this_day_also_in_its_last_hour(words: str, day: int) -> None:
    late = at(MONDAY, time(23, 30))
    assert read(words, late, YEREVAN).day == MONDAY + timedelta(days=day)
    assert (read("call", late, YEREVAN).day, leading(words, late, YEREVAN).day) == (None, None if words.startswith("call") else MONDAY + timedelta(days=day))


def test_a_time_that_the_clock_change_skips_is_an_hour_later() -> None:
    before = at(date(2026, 3, 28), time(12), "Europe/Berlin")
    found = read("tomorrow 02:30", before, "Europe/Berlin").at
    assert found is not None
    assert local(found, "Europe/Berlin").time() == time(3, 30)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)), st.times(), st.sampled_from(ZONES), st.sampled_from(LANGUAGES))
def test_tomorrow_is_tomorrow_on_the_readers_wall_in_every_zone(moment: datetime, clock: time, zone: str, language: str) -> None:
    now, clock = instant(moment), clock.replace(second=0, microsecond=0)
    found = read(f"{TOMORROW[language]} {clock:%H:%M} {OFFER[language]}", now, zone)
    assert found.at == at(local(now, zone).date() + timedelta(days=1), clock, zone)
    assert found.text == OFFER[language]


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)), st.integers(0, 400), st.times(), st.sampled_from("./"))
def test_a_date_with_its_year_is_that_date(moment: datetime, ahead: int, clock: time, mark: str) -> None:
    now, clock = instant(moment), clock.replace(second=0, microsecond=0)
    day = local(now, YEREVAN).date() + timedelta(days=ahead)
    assert read(f"{day.day}{mark}{day.month:02}{mark}{day.year} {clock:%H:%M}", now, YEREVAN).at == at(day, clock)


@given(st.text(max_size=200), st.integers(0, 4_000_000_000_000), st.sampled_from(ZONES))
def test_whatever_is_typed_is_read_without_a_fault_and_nothing_but_the_time_is_lost(words: str, now: int, zone: str) -> None:
    found = read(words, now, zone)
    assert set(found.text.split()) <= set(words.split())
    assert found.at is not None or found.unless_reply or found.text == " ".join(words.split())


@given(st.integers(1_600_000_000_000, 2_200_000_000_000), st.sampled_from(ZONES), st.sampled_from((*CHOICES, *SOON, "morning")))
def test_every_button_is_ahead_or_not_offered(now: int, zone: str, name: str) -> None:
    found = choice(name, now, zone)
    assert found is None or now < found <= now + 9 * DAY
    assert found is not None or name == "today"


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_for_somebody_else_stay_as_they_were_typed_behind_a_time(language: str) -> None:
    words = f"Dear Ann,\n\n  {SILENCE[language]}, {OFFER[language]}.\nRuben {TOMORROW[language]}"
    now = at(MONDAY, time(12))
    found = leading(f"{TOMORROW[language]} 10:00 {words}", now, YEREVAN)
    assert (found.text, found.at, found.unless_reply) == (words, at(MONDAY + timedelta(days=1), time(10)), False)


def test_a_time_at_the_end_of_words_for_somebody_else_is_one_of_them() -> None:
    assert leading("We open tomorrow 10:00", at(MONDAY, time(12)), YEREVAN) == Read("We open tomorrow 10:00")
    assert leading("", at(MONDAY, time(12)), YEREVAN) == Read("")
