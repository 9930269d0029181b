"""Phone numbers as people type them, brought to E.164; a number that cannot be real is never guessed into one."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

READ = 1000
_RUN = re.compile(r"[+＋(]*\d[\d\s().\u00a0\u2010-\u2015/-]{5,30}\d")


def normalise(text: str, region: str) -> str:
    """The E.164 form of a typed number ("" = not a number); `region` is the country it is read in, as in "AM".

    Soviet habits are read last: 8 before a Russian number or before any national one, 8-10 before a foreign one (facts: 3 of 36 inputs).
    """
    return _e164(text.strip()[:64], region.upper())


@lru_cache(maxsize=4096)  # a number comes again: at the door, in its event, in the next call
def _e164(typed: str, region: str) -> str:
    digits = "".join(str(int(mark)) for mark in typed if mark.isdecimal())
    if not 5 <= len(digits) <= 20:
        return ""
    return next((found for guess, where in _guesses(typed, digits, region) if (found := _valid(guess, where))), "")


def _guesses(typed: str, digits: str, region: str) -> Iterator[tuple[str, str]]:
    yield typed, region
    if len(digits) == 11 and digits[0] in "78":
        yield digits, "RU"
    if digits.startswith("810"):
        yield "+" + digits[3:], ""
    if digits.startswith("8"):
        yield digits[1:], region
    if len(digits) >= 10:
        yield "+" + digits.removeprefix("00"), ""


def _valid(guess: str, region: str) -> str:
    import phonenumbers

    try:
        number = phonenumbers.parse(guess, region or None)
    except phonenumbers.NumberParseException:
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if phonenumbers.is_valid_number(number) else ""


def find_phone(text: str, regions: Iterable[str]) -> str:
    """The first phone number inside a message, E.164 ("" = none); regions are tried in order, one pass each, because local forms differ."""
    import phonenumbers

    read, tried = text[:READ], tuple(region.upper() for region in regions)
    for region in tried:
        for match in phonenumbers.PhoneNumberMatcher(read, region):
            return phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
    runs = [run[0] for run in _RUN.finditer(read)]
    alone = [read] if not any(mark.isalpha() for mark in read) else [run for run in runs if sum(mark.isdecimal() for mark in run) >= 9]
    return next((found for typed in alone for region in tried or ("",) if (found := normalise(typed, region))), "")
