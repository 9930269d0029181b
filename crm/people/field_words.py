"""Words of a field: how its value is read from what people type, kept, and shown again; pure."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache

from crm.base.errors import Invalid
from crm.base.fold import fold
from crm.base.i18n import LANGUAGES, N_, Translator, translator
from crm.base.money import CURRENCIES, money, parse_money
from crm.base.phones import normalise
from crm.base.text import clean, clean_name, utf16_length

TEXT_MOST = 500
LABEL_MOST, CHOICE_MOST = 40, 40
CHOICES_MOST = 30
DIGITS_MOST = 15  # before the point, and so many behind it: nothing that a spreadsheet would round
YES, NO = "yes", "no"
YEARS = range(1900, 2101)


class FieldKind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    CHOICE = "choice"
    PHONE = "phone"
    YES_NO = "yes_no"


class About(StrEnum):
    """What a field is a field of."""

    CONTACT = "contact"
    DEAL = "deal"
    COMPANY = "company"


class BadValue(Invalid):
    """This cannot be the value of that field; `phrase` and `fields` say how to write it, for a face to translate."""

    def __init__(self, phrase: str, **fields: object) -> None:
        super().__init__(translator("en")(phrase, **fields))
        self.phrase, self.fields = phrase, fields

    def words(self, tr: Translator) -> str:
        """How to write it, in the reader's language."""
        return tr(self.phrase, **self.fields)


@dataclass(frozen=True, slots=True)
class FieldView:
    """A field as everybody reads it; `name` is how templates, imports and conditions call it."""

    id: int
    about: About
    name: str
    label: str
    kind: FieldKind
    choices: tuple[str, ...] = ()
    place: int = 0
    shown: bool = True
    active: bool = True


YES_NO_WORDS = {YES: N_("Yes"), NO: N_("No")}
# What people type besides the words on the buttons; folded, so that Latin typing is read too.
_YES = ("yes", "y", "true", "1", "+", "այո", "հա", "კი", "დიახ", "ხო", "አዎ", "አዎን", "да", "ага")
_NO = ("no", "n", "false", "0", "-", "ոչ", "չէ", "არა", "አይ", "አይደለም", "нет", "не")
_GROUPED = re.compile(r"[1-9]\d{0,2}(?P<mark>[ '’,.])\d{3}(?:(?P=mark)\d{3})*(?:(?!(?P=mark))[.,]\d+)?")
_DECIMAL = re.compile(r"\d+(?:[.,]\d+)?")
_UNSURE = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")
_STORED_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d*[1-9])?")
_STORED_MONEY = re.compile(r"(-?\d+) ([A-Z]{3})")
_ISO = re.compile(r"(\d{4})[-./](\d{1,2})[-./](\d{1,2})")
_DAY_FIRST = re.compile(r"(\d{1,2})[-./ ]\s*(\d{1,2})[-./ ]\s*(\d{4})")
_NAMED = re.compile(r"(\d{1,2})[\s.-]*([^\W\d_]+)[\s.,-]*(\d{4})")
_YEAR_WORD = re.compile(r"(?<=\d)\s*(?:г|год|года|թ|թ\.|წ|წელი|ዓ\.ም)\.?$")
_NAMED_FIRST = re.compile(r"([^\W\d_]+)[\s.-]*(\d{1,2})(?:[\s,-]+)(\d{4})")

TOO_LONG = N_("This is too long: {most} characters are the most.")
EMPTY = N_("Nothing to keep in this. Type a word or more.")
NOT_NUMBER = N_("This is not a number. Write it as {example}.")
TWO_WAYS = N_("This number can be read in two ways. Write it as {one} or as {other}.")
NOT_MONEY = N_("This is not an amount. Write it as {example}.")
NOT_DATE = N_("This is not a date. Write it as {example} or {iso}: the day, the month, four digits of the year.")
NOT_CHOICE = N_("This is not one of the choices: {choices}.")
NOT_PHONE = N_("This is not a phone number. Write it with the code of the country: {example}.")
NOT_YES_NO = N_("Write {yes} or {no}.")


def parse_value(field: FieldView, text: str, language: str, region: str, currency: str) -> str:
    """What is kept of a value that somebody typed; `BadValue` says how to write it where it cannot be read."""
    match field.kind:
        case FieldKind.TEXT:
            return _text(text)
        case FieldKind.NUMBER:
            return _number(_even(text))
        case FieldKind.MONEY:
            return _money(text, currency, language)
        case FieldKind.DATE:
            return _date(_even(text), language)
        case FieldKind.CHOICE:
            return _choice(field.choices, text)
        case FieldKind.PHONE:
            found = normalise(clean(text), region)
            if not found:
                raise BadValue(NOT_PHONE, example="+374 91 123456")
            return found
    return _yes_no(text, language)


def shown_value(field: FieldView, stored: str, tr: Translator) -> str:
    """A kept value in the reader's words; what is not of the field's form any more stands as it is."""
    if field.kind is FieldKind.YES_NO and stored in YES_NO_WORDS:
        return tr(YES_NO_WORDS[stored])
    if field.kind is FieldKind.MONEY and (amount := _STORED_MONEY.fullmatch(stored)):
        return money(tr.language, int(amount[1]), amount[2])
    if field.kind is FieldKind.DATE and _ISO.fullmatch(stored):
        return shown_date(date.fromisoformat(stored), tr.language)
    if field.kind is FieldKind.NUMBER and _STORED_NUMBER.fullmatch(stored):
        return _shown_number(stored, tr.language)
    return stored


def shown_date(day: date, language: str) -> str:
    """A day in short words of a language."""
    from babel.dates import format_date

    return format_date(day, "d MMM y", locale=language)


def is_kept(field: FieldView, stored: str) -> bool:
    """Whether this has the form in which a value of that field is kept: what `parse_value` made stays itself; pure."""
    match field.kind:
        case FieldKind.TEXT:
            return bool(stored) and stored == _tidy(stored) and utf16_length(stored) <= TEXT_MOST
        case FieldKind.NUMBER:
            return _STORED_NUMBER.fullmatch(stored) is not None and stored != "-0" and _fits(stored)
        case FieldKind.MONEY:
            amount = _STORED_MONEY.fullmatch(stored)
            return amount is not None and len(amount[1]) <= 17 and str(int(amount[1])) == amount[1]
        case FieldKind.DATE:
            return _is_day(stored)
        case FieldKind.CHOICE:
            return stored in field.choices
        case FieldKind.PHONE:
            return re.fullmatch(r"\+[1-9]\d{4,18}", stored, re.ASCII) is not None
    return stored in YES_NO_WORDS


def label_of(text: str) -> str:
    """What a field is called, made safe to show; `BadValue` for nothing at all, or too much."""
    return _named(text, LABEL_MOST)


def choices_of(text: str) -> tuple[str, ...]:
    """The choices that were typed one per line, each once; `BadValue` where there are fewer than two or too many."""
    found: dict[str, str] = {}
    for line in clean(text).splitlines():
        if clean_name(line):
            found.setdefault(_key(line), _named(line, CHOICE_MOST))
    if not 2 <= len(found) <= CHOICES_MOST:
        raise BadValue(N_("Type 2 to {most} choices, each on a line of its own."), most=CHOICES_MOST)
    return tuple(found.values())


def name_for(label: str, taken: Iterable[str]) -> str:
    """The name by which templates and imports call a field: the label by sound, in Latin letters, and like no other; pure."""
    used = set(taken)
    bare = "_".join(re.findall(r"[a-z0-9]+", label.lower() if label.isascii() else fold(label)))[:32].strip("_") or "field"
    bare = bare if bare[0].isalpha() else f"f_{bare}"
    return next(name for number in range(1, len(used) + 2) if (name := bare if number == 1 else f"{bare}_{number}") not in used)


def _named(text: str, most: int) -> str:
    said = clean_name(text, most + 1)
    if not said:
        raise BadValue(EMPTY)
    if len(said) > most:
        raise BadValue(TOO_LONG, most=most)
    return said


def _tidy(text: str) -> str:
    return " ".join(clean_name(text, TEXT_MOST + 2).split())


def _text(text: str) -> str:
    said = _tidy(text)
    if not said:
        raise BadValue(EMPTY)
    if utf16_length(said) > TEXT_MOST:
        raise BadValue(TOO_LONG, most=TEXT_MOST)
    return said


def _even(text: str) -> str:
    """One alphabet of digits, one kind of space and of minus, no marks that nobody sees."""
    kept = "".join(mark for mark in clean(text[:200]) if unicodedata.category(mark) != "Cf")
    even = unicodedata.normalize("NFC", kept).replace("−", "-").replace("–", "-").replace("\u066b", ".").replace("\u066c", ",")
    return " ".join("".join(str(unicodedata.decimal(mark, mark)) for mark in even).split()).casefold()


def _number(text: str) -> str:
    minus, bare = text.startswith("-"), text.removeprefix("-").removeprefix("+").strip()
    if _UNSURE.fullmatch(bare):
        whole, rest = re.split(r"[.,]", bare)
        raise BadValue(TWO_WAYS, one=f"{whole}{rest}", other=f"{whole}.{rest}0")
    grouped = _GROUPED.fullmatch(bare)
    if grouped:
        bare = bare.replace(grouped["mark"], "")
    if not _DECIMAL.fullmatch(bare):
        raise BadValue(NOT_NUMBER, example="1250.5")
    whole, _, rest = bare.replace(",", ".").partition(".")
    made = (whole.lstrip("0") or "0") + (f".{rest.rstrip('0')}" if rest.rstrip("0") else "")
    if not _fits(made):
        raise BadValue(NOT_NUMBER, example="1250.5")
    return f"-{made}" if minus and made != "0" else made


def _fits(number: str) -> bool:
    whole, _, rest = number.removeprefix("-").partition(".")
    return len(whole) <= DIGITS_MOST and len(rest) <= DIGITS_MOST


def _shown_number(stored: str, language: str) -> str:
    whole, _, rest = stored.partition(".")
    spaced = language in ("hy", "ka", "ru")
    digits = f"{int(whole):,}".replace(",", "\u00a0") if spaced else f"{int(whole):,}"
    minus = "-" if whole == "-0" else ""
    return f"{minus}{digits}{',' if spaced else '.'}{rest}" if rest else digits


def _money(text: str, currency: str, language: str) -> str:
    try:
        hundredths, found = parse_money(clean(text[:200]), currency)
    except Invalid as error:
        raise BadValue(NOT_MONEY, example=money(language, 1_250_000_00, currency)) from error
    return f"{hundredths} {found}" if found in CURRENCIES or found == currency else f"{hundredths} {currency}"


def _date(text: str, language: str) -> str:
    example = BadValue(NOT_DATE, example="25.11.2026", iso="2026-11-25")
    text = _YEAR_WORD.sub("", text)
    if found := _ISO.fullmatch(text):
        year, month, day = (int(part) for part in found.groups())
    elif found := _DAY_FIRST.fullmatch(text):
        day, month, year = (int(part) for part in found.groups())
    elif found := _NAMED.fullmatch(text) or _NAMED_FIRST.fullmatch(text):
        first, second = (found[1], found[2]) if found[1].isdecimal() else (found[2], found[1])
        day, month, year = int(first), _months(language).get(second, 0) or _months("en").get(second, 0), int(found[3])
    else:
        raise example
    try:
        made = date(year, month, day)
    except ValueError as error:
        raise example from error
    if made.year not in YEARS:
        raise example
    return made.isoformat()


@cache
def _months(language: str) -> Mapping[str, int]:
    """The names of months as people write them, whole, short and in the form that stands beside a day."""
    from babel.dates import get_month_names

    known = language if language in LANGUAGES else "en"
    forms = [get_month_names(width, context, known) for width in ("wide", "abbreviated") for context in ("format", "stand-alone")]
    return {_even(name).rstrip(".").strip(): number for names in forms for number, name in names.items()}


def _is_day(stored: str) -> bool:
    try:
        return date.fromisoformat(stored).isoformat() == stored and date.fromisoformat(stored).year in YEARS
    except ValueError:
        return False


def _choice(choices: tuple[str, ...], text: str) -> str:
    key = _key(text)
    exact = [one for one in choices if _key(one) == key]
    heard = exact or [one for one in choices if fold(one) and fold(one) == fold(text[:200])]
    if len(heard) != 1:
        raise BadValue(NOT_CHOICE, choices=", ".join(choices))
    return heard[0]


def _key(text: str) -> str:
    return clean_name(text).casefold()


def _yes_no(text: str, language: str) -> str:
    tr, said = translator(language), _even(text)
    for stored, listed in ((YES, _YES), (NO, _NO)):
        if said in listed or said == tr(YES_NO_WORDS[stored]).casefold():
            return stored
    raise BadValue(NOT_YES_NO, yes=tr(YES_NO_WORDS[YES]), no=tr(YES_NO_WORDS[NO]))
