"""Settings (row 51): a wrong one is refused with one clear line that shows no secret. What `doctor` and `init` say of them: tests/console."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given

from console.environment import Environment, company, read, whole
from crm.base.errors import Misconfigured
from crm.base.time import parse_hours
from tests.hostile.corpus import TEXTS, anything, steady

TOKEN = "123456:" + "S" * 35
WRONG = {
    "a zone of nowhere": {"company_zone": "Mars/Olympus"},
    "a zone that is a path": {"company_zone": "../../etc/passwd"},
    "a zone that is a full path": {"company_zone": "/etc/localtime"},
    "no zone": {"company_zone": ""},
    "a zone of NUL": {"company_zone": "Asia/\x00Yerevan"},
    "a language of nowhere": {"company_languages": "hy,xx"},
    "no language": {"company_languages": " , "},
    "hours of nowhere": {"working_hours": "mon-fri 25:00-26:00"},
    "hours backwards": {"working_hours": "mon 18:00-09:00"},
    "days backwards": {"working_hours": "fri-mon 09:00-18:00"},
    "no hours": {"working_hours": "mon"},
    "holidays of nowhere": {"company_holidays": "Armenia"},
    "holidays of small letters": {"company_holidays": "am"},
    "hours in Arabic digits": {"working_hours": "mon ٠٩:٠٠-١٨:٠٠"},
}


@pytest.mark.parametrize("settings", WRONG.values(), ids=WRONG)
def test_a_wrong_setting_is_refused_with_one_line_that_shows_no_secret(settings: dict[str, str], tmp_path: Path) -> None:
    env = Environment(**{"customer_bot_token": TOKEN, "staff_bot_token": TOKEN, "data_dir": str(tmp_path), **settings})
    with pytest.raises(Misconfigured) as refused:
        company(env)
    words = str(refused.value)
    assert words
    assert "\n" not in words
    assert TOKEN not in words


@pytest.mark.parametrize("port", ["", "-1", "65536", "80a", "٨٠٨٠", "²", "1e3", "0x50", " 80", "8 0", "9" * 400, "8080\n"])
def test_a_port_is_a_number_in_plain_digits(port: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        whole(port, "HTTP_PORT", 0, 65535)
    assert "HTTP_PORT" in str(refused.value)


def test_no_secret_is_in_what_is_shown_of_the_settings() -> None:
    env = read({"CUSTOMER_BOT_TOKEN": TOKEN, "STAFF_BOT_TOKEN": TOKEN, "TELEGRAM_PROXY": "http://user:secret@proxy"})
    assert TOKEN not in repr(env)
    assert "secret" not in repr(env)


def test_the_key_behind_links_is_random_and_the_owners_alone(tmp_path: Path) -> None:
    keys = {company(Environment(data_dir=str(tmp_path / name))).link_key for name in "ab"}
    assert len(keys) == 2
    assert all(len(key) == 32 for key in keys)
    assert (tmp_path / "a" / "link.key").stat().st_mode & 0o077 == 0


@steady
@given(anything(60))
def test_any_hours_are_read_or_refused_with_the_part_that_is_wrong(text: str) -> None:
    with contextlib.suppress(ValueError):
        hours = parse_hours(text, "Asia/Yerevan")
        assert len(hours.days) == 7
        assert all(day is None or day[0] < day[1] for day in hours.days)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_no_hostile_text_is_hours_of_every_day(text: str) -> None:
    try:
        hours = parse_hours(text, "Asia/Yerevan")
    except ValueError:
        return
    assert hours.days == (None,) * 7
