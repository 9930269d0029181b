"""Cells: what a row of a list says of a person, read by what its columns are; pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from crm.base.errors import Invalid
from crm.base.money import parse_money
from crm.base.phones import normalise
from crm.base.text import clean_name
from crm.base.time import DAY
from crm.exchange.imports import FIELD
from crm.people.contacts import PointKind
from crm.people.field_words import BadValue, FieldView, parse_value
from crm.people.tags import EACH_MOST, plain

_APART = re.compile(r"[,;/\n|]+| (?=\+)")
_TAGS = re.compile(r"[,;|\n]+|\s(?=#)")
_EMAIL = re.compile(r"[^\s@,;<>\"']{1,64}@[^\s@,;<>\"']{1,190}\.[^\s@,;<>\"']{2,}")
_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})[./](\d{1,2})[./](\d{4})")
_YES = frozenset(["1", "on", "true", "yes", "y", "+", "да", "այո", "კი", "დიახ", "አዎ", "አዎን", "checked", "agreed", "✓", "✔", "x"])
_NO = frozenset(["0", "off", "false", "no", "n", "-", "нет", "ոչ", "არა", "አይ", "አይደለም"])
_KINDS: Mapping[str, str] = {
    word: kind
    for kind, words in {
        "customer": "customer client покупатель клиент հաճախորդ գնորդ მომხმარებელი კლიენტი ደንበኛ",
        "supplier": "supplier vendor поставщик մատակարար მომწოდებელი አቅራቢ",
        "partner": "partner партнёр партнер գործընկեր պარտნიორი პარტნიორი አጋር",
    }.items()
    for word in words.split()
}
_LANGUAGES: Mapping[str, str] = {
    word: code
    for code, words in {
        "hy": "hy arm am-arm armenian հայերեն армянский hye",
        "ka": "ka geo georgian ქართული грузинский kat",
        "am": "amh amharic አማርኛ амхарский",
        "ru": "ru rus russian русский ռուսերեն რუსული",
        "en": "en eng english английский անգլերեն ინგლისური",
    }.items()
    for word in words.split()
}
POINTS_MOST, TITLE_MOST = 10, 120


@dataclass(frozen=True, slots=True)
class Firm:
    """What reading needs of the firm: the country phones are read in, the language dates and amounts are, its currency, its own fields of a person."""

    region: str
    language: str
    currency: str
    fields: Mapping[str, FieldView] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Agreed:
    """An answer about offers that the list tells of: which, when (milliseconds), and from where."""

    granted: bool
    at: int
    source: str


@dataclass(frozen=True, slots=True)
class Person:
    """What a row says; `amount` in hundredths, `values` are (field, stored), `troubles` what in it could not be read."""

    number: int
    name: str = ""
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    language: str = ""
    company: str = ""
    kind: str = ""
    deal: str = ""
    amount: int | None = None
    currency: str = ""
    stage: str = ""
    agreed: Agreed | None = None
    values: tuple[tuple[int, str], ...] = ()
    troubles: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def points(self) -> tuple[tuple[str, str], ...]:
        """Their phones and e-mails, by kind."""
        return (*(("phone", one) for one in self.phones), *(("email", one) for one in self.emails))


def person_of(number: int, cells: Sequence[str], mapping: Sequence[str], firm: Firm, *, now: int) -> Person:
    """Read a row."""
    told: dict[str, list[str]] = {}
    for target, value in zip(mapping, cells, strict=False):
        if value and target != "-":
            told.setdefault(target, []).append(value)
    one = {target: values[0] for target, values in told.items()}
    troubles: list[str] = []
    phones = _phones(told.get("phone", ()), firm.region, troubles)
    emails = _emails(told.get(PointKind.EMAIL.value, ()), troubles)
    amount, currency = _amount(one.get("amount", ""), firm, troubles)
    return Person(
        number,
        clean_name(_name(one)),
        phones,
        emails,
        _LANGUAGES.get(one.get("language", "").casefold(), ""),
        clean_name(one.get("company", "")),
        _KINDS.get(one.get("kind", "").casefold(), ""),
        clean_name(one.get("deal", ""), TITLE_MOST),
        amount,
        currency,
        one.get("stage", ""),
        _agreed(one, troubles, now),
        tuple(_values(one, firm, troubles)),
        tuple(troubles),
        _tags(one.get("tags", "")),
    )


def _tags(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, map(plain, _TAGS.split(text)))))[:EACH_MOST]


def _name(one: Mapping[str, str]) -> str:
    parts = [one[key] for key in ("first_name", "middle_name", "last_name") if one.get(key)]
    return one.get("name") or " ".join(parts)


def _phones(values: Sequence[str], region: str, troubles: list[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for value in values:
        pieces = [piece for piece in _APART.split(value) if piece.strip()]
        several = len(pieces) > 1 and all(normalise(piece, region) for piece in pieces)  # a comma may begin an extension, too
        for piece in pieces if several or not normalise(value, region) else [value]:
            number = normalise(piece, region)
            if number:
                found[number] = None
            else:
                troubles.append(f"phone: {piece.strip()[:40]}")
    return tuple(found)[:POINTS_MOST]


def email_in(text: str) -> str:
    """The e-mail address in a text ("" = there is none)."""
    found = _EMAIL.search(text)
    return found[0].lower().strip(".") if found else ""


def _emails(values: Sequence[str], troubles: list[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for value in values:
        addresses = _EMAIL.findall(value)
        found |= dict.fromkeys(one.lower().strip(".") for one in addresses)
        if not addresses:
            troubles.append(f"email: {value[:40]}")
    return tuple(found)[:POINTS_MOST]


def _amount(text: str, firm: Firm, troubles: list[str]) -> tuple[int | None, str]:
    if not text:
        return None, ""
    try:
        amount, currency = parse_money(text, firm.currency)
    except Invalid:
        troubles.append(f"amount: {text[:40]}")
        return None, ""
    return (amount, currency) if amount >= 0 else (None, "")


def day_of(text: str) -> int | None:
    """Midnight UTC of a date as YYYY-MM-DD or DD.MM.YYYY; None for anything else, such as a thirteenth month."""
    found = _DAY.match(text.strip())
    if not found:
        return None
    year, month, day = (found[1], found[2], found[3]) if found[1] else (found[6], found[5], found[4])
    try:
        return (date(int(year), int(month), int(day)) - date(1970, 1, 1)).days * DAY
    except ValueError:
        return None


def _agreed(one: Mapping[str, str], troubles: list[str], now: int) -> Agreed | None:
    """An answer counts only with its day and where it was given: nobody can show it otherwise."""
    said = one.get("consent", "").casefold()
    if not said:
        return None
    at, source = day_of(one.get("consent_at", "")), one.get("consent_source", "")
    granted = said in _YES
    if not (granted or said in _NO) or at is None or not 0 < at <= now or not source:
        troubles.append("consent: no date or source" if granted or said in _NO else f"consent: {said[:40]}")
        return None
    return Agreed(granted, at, source[:200])


def _values(one: Mapping[str, str], firm: Firm, troubles: list[str]) -> Iterator[tuple[int, str]]:
    for target, text in one.items():
        about = firm.fields.get(target.removeprefix(FIELD)) if target.startswith(FIELD) else None
        if about is None:
            continue
        try:
            yield about.id, parse_value(about, text, firm.language, firm.region, firm.currency)
        except BadValue:
            troubles.append(f"{about.label}: {text[:40]}")
