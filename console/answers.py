"""What may be answered to the wizard and stand in `.env`: each reading answers the value as it is written, or raises Invalid with the reason."""

import os
import re
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from crm.base.errors import Invalid
from crm.base.i18n import LANGUAGES, NATIVE
from crm.base.time import parse_hours

CURRENCIES = {
    **dict.fromkeys(
        ("AT", "BE", "BG", "CY", "DE", "EE", "ES", "FI", "FR", "GR", "HR", "IE", "IT", "LT", "LU", "LV", "ME", "MT", "NL", "PT", "SI", "SK"), "EUR"
    ),
    "AM": "AMD",
    "GE": "GEL",
    "ET": "ETB",
    "RU": "RUB",
    "BY": "BYN",
    "KZ": "KZT",
    "UA": "UAH",
    "AZ": "AZN",
    "TR": "TRY",
    "IR": "IRR",
    "AE": "AED",
    "IL": "ILS",
    "PL": "PLN",
    "CZ": "CZK",
    "GB": "GBP",
    "CH": "CHF",
    "US": "USD",
    "CA": "CAD",
    "KE": "KES",
    "IN": "INR",
    "CN": "CNY",
}
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
NOWHERE = {"UTC", "Etc/UTC", "Etc/GMT", "GMT", "Universal", "Zulu"}
TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]+", re.ASCII)
USERNAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{4,31}", re.ASCII)


def line(words: str) -> str:
    """One line of text that a settings file can hold."""
    words = words.strip()
    if not words:
        raise Invalid("something must be written here")
    if not words.isprintable() or "${" in words:
        raise Invalid("this cannot be kept in one line of text: leave out control marks and ${")
    return words


def languages(words: str) -> str:
    """Languages by number, code or native name, in any mixture: "1 4" is "hy,ru"."""
    known = {**{str(number): code for number, code in enumerate(LANGUAGES, 1)}, **{code: code for code in LANGUAGES}}
    known |= {name.lower(): code for code, name in NATIVE.items()}
    given = re.split(r"[\s,;]+", words.strip().lower())
    unknown = [word for word in given if word not in known]
    if unknown:
        raise Invalid(f"{unknown[0]!r} is none of the languages: write their numbers, such as 1 4" if unknown[0] else "choose at least one language")
    return ",".join(dict.fromkeys(known[word] for word in given))


def zone(words: str) -> str:
    """A time zone by its name ("Asia/Yerevan"), its city ("yerevan") or a country that has only one ("Armenia")."""
    given = line(words).lower().replace(" ", "_")
    names = sorted(available_timezones())
    exact = [name for name in names if name.lower() == given]
    found = exact or [name for name in names if name.lower().split("/")[-1] == given] or _zones_of(line(words).lower())
    if len(found) == 1:
        return found[0]
    if found:
        raise Invalid(f"there are several: {', '.join(found[:30])}")
    near = get_close_matches(given, {name.lower().split("/")[-1]: name for name in names}, 3, 0.75)
    hint = f"did you mean {' or '.join(near)}" if near else "write it as Asia/Yerevan, or a city or a country in English"
    raise Invalid(f"{words.strip()!r} is not a time zone: {hint}")


def country_of(zone: str) -> str:
    """The country of a zone as two letters, "" when it is not known."""
    return next((country for country, name in _places() if name == zone), "")


def _zones_of(country: str) -> list[str]:
    codes = {code for code, name in _table("iso3166.tab") if country in (name.lower(), code.lower())}
    return sorted(name for code, name in _places() if code in codes)


def _places() -> list[tuple[str, str]]:
    return [(fields[0], fields[2]) for fields in _table("zone.tab")]


@cache
def _table(name: str) -> tuple[tuple[str, ...], ...]:
    """A table of the time zone data: rows of fields."""
    text = (files("tzdata") / "zoneinfo" / name).read_text(encoding="utf-8")
    return tuple(tuple(row.split("\t")) for row in text.splitlines() if row and not row.startswith("#"))


def zone_of_this_machine() -> str:
    """The zone the machine is set to; "" when that says nothing, as on a server that keeps UTC."""
    found = os.environ.get("TZ", "").lstrip(":")
    if not found and Path("/etc/localtime").is_symlink():
        found = str(Path("/etc/localtime").readlink()).partition("zoneinfo/")[2]
    return found if found in available_timezones() and found not in NOWHERE else ""


def country(words: str) -> str:
    """A country as two letters; it reads phone numbers written without their country."""
    if not re.fullmatch("[A-Z]{2}", code := words.strip().upper()) or code not in {row[0] for row in _table("iso3166.tab")}:
        raise Invalid(f"{words.strip()!r} is not a country: write its two letters, such as AM")
    return code


def currency(words: str) -> str:
    """A currency as three letters."""
    if not re.fullmatch("[A-Z]{3}", code := words.strip().upper()):
        raise Invalid(f"{words.strip()!r} is not a currency: write its three letters, such as AMD")
    return code


def hours(words: str, zone: str) -> str:
    """Weekly opening hours, such as "mon-fri 09:00-18:00, sat 10:00-15:00"."""
    try:
        if not any(parse_hours(words, zone).days):
            raise Invalid("the firm would never be open: write the hours as mon-fri 09:00-18:00")
    except ValueError as error:
        raise Invalid(str(error)) from error
    return " ".join(words.split())


def token(words: str) -> str:
    """A bot's token."""
    if not TOKEN.fullmatch(words.strip()):
        raise Invalid("this does not look like a token: it is digits, a colon, then letters, digits, - and _")
    return words.strip()


def username(words: str) -> str:
    """A bot's username, without its @."""
    if not USERNAME.fullmatch(name := words.strip().removeprefix("@").removeprefix("https://t.me/")):
        raise Invalid("a username has 5 to 32 Latin letters, digits and _")
    return name


def server(words: str) -> str:
    """The address of a Bot API server; "" or "-" is Telegram's own."""
    return _address(words, ("http", "https"), "the address of a server begins with http:// or https://")


def proxy(words: str) -> str:
    """The address of a proxy; "" or "-" is none."""
    return _address(words, ("http", "https", "socks4", "socks5"), "the address of a proxy begins with http:// or socks5://")


def site(words: str) -> str:
    """The address a site is reached at from outside: a scheme and a host, and nothing behind them."""
    address = _address(words, ("http", "https"), "an address begins with https://")
    if address and (urlsplit(address).path or urlsplit(address).query or "@" in address):
        raise Invalid("only the beginning of the address is wanted, such as https://crm.example.com")
    return address


def _address(words: str, schemes: tuple[str, ...], reason: str) -> str:
    address = "" if words.strip() == "-" else words.strip().rstrip("/")
    try:
        parts = urlsplit(address)
        if address and (parts.scheme not in schemes or not parts.hostname or parts.port == 0 or not address.isprintable() or " " in address):
            raise Invalid(reason)
    except ValueError as error:
        raise Invalid(reason) from error
    return address
