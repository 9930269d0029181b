"""What may be answered: every reading takes any text, answers a value that holds, or refuses with a reason."""

import io
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from console import answers
from console.dotfile import merged
from console.environment import Environment, company
from crm.base.errors import Invalid
from crm.base.time import parse_hours

READINGS: list[Callable[[str], str]] = [
    answers.line,
    answers.languages,
    answers.zone,
    answers.country,
    answers.currency,
    answers.token,
    answers.username,
    answers.server,
    answers.proxy,
    answers.site,
    lambda words: answers.hours(words, "Asia/Yerevan"),
]


@pytest.mark.parametrize("read", READINGS)
@given(words=st.text(st.characters(exclude_categories=()), max_size=60) | st.from_regex(r"(https?|socks5)://[^ ]{0,20}|[0-9a-z ,:/.-]{0,30}"))
def test_any_text_is_taken_or_refused_and_what_is_taken_can_be_written(read: Callable[[str], str], words: str) -> None:
    try:
        value = read(words)
    except Invalid:
        return
    assert dotenv_values(stream=io.StringIO(merged("", {"A": value}))) == {"A": value}
    assert read(value) == value


@pytest.mark.parametrize(
    ("given", "code"),
    [("1", "hy"), ("5 1", "en,hy"), ("hy, ru", "hy,ru"), ("Հայերեն;ქართული", "hy,ka"), ("አማርኛ", "am"), ("РУССКИЙ", "ru"), ("1 1 hy", "hy")],
)
def test_languages_are_chosen_by_number_code_or_native_name(given: str, code: str) -> None:
    assert answers.languages(given) == code


@pytest.mark.parametrize(
    ("given", "zone"),
    [("asia/yerevan", "Asia/Yerevan"), ("Yerevan", "Asia/Yerevan"), ("Armenia", "Asia/Yerevan"), ("ge", "Asia/Tbilisi"), ("addis ababa", "Africa/Addis_Ababa")],
)
def test_a_zone_is_found_by_its_city_or_country(given: str, zone: str) -> None:
    assert answers.zone(given) == zone
    assert ZoneInfo(zone).key == zone


@pytest.mark.parametrize(("zone", "currency"), [("Asia/Yerevan", "AMD"), ("Asia/Tbilisi", "GEL"), ("Africa/Addis_Ababa", "ETB"), ("Europe/Moscow", "RUB")])
def test_a_zone_tells_country_and_currency(zone: str, currency: str) -> None:
    assert answers.CURRENCIES[answers.country_of(zone)] == currency


def test_the_zone_of_the_machine_is_taken_unless_it_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, zone in ((":Asia/Tbilisi", "Asia/Tbilisi"), ("UTC", ""), ("no/where", "")):
        monkeypatch.setenv("TZ", variable)
        assert answers.zone_of_this_machine() == zone


def test_hours_taken_are_hours_the_product_reads(tmp_path: object) -> None:
    words = answers.hours(" mon-fri  09:00-18:00,  sat 10:00-15:00", "Asia/Yerevan")
    assert parse_hours(words, "Asia/Yerevan").days[5] is not None
    assert company(Environment(working_hours=words, data_dir=str(tmp_path))).hours == parse_hours(words, "Asia/Yerevan")
