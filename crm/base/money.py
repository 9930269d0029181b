"""Money: exact amounts in hundredths of a currency, shown with our own signs and read as people type them; pure."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from crm.base.errors import Invalid

TEXT_MOST = 200  # marks of what is typed: more is no amount
AMOUNT_MOST = 10**15  # hundredths: what a sum of many still holds in 64 bits


@dataclass(frozen=True, slots=True)
class Currency:
    """How a currency is written: its sign, its decimals, and the words by which people name it."""

    sign: str
    decimals: int
    words: tuple[str, ...]


# Babel says AMD, GEL and ETB as codes and gives the dram two decimals; people write ֏ and none (facts/ecosystem.md section 1).
CURRENCIES: Mapping[str, Currency] = {
    "AMD": Currency("֏", 0, ("amd", "dram", "drams", "դրամ", "դր", "драм", "драма", "драмов", "др", "დრამი", "ድራም")),
    "GEL": Currency("₾", 2, ("gel", "lari", "laris", "լարի", "ლარი", "ლარის", "ლ", "лари", "ላሪ")),
    "ETB": Currency("ብር", 2, ("etb", "birr", "birrs", "br", "բիր", "ბირი", "быр", "бырр")),
    "RUB": Currency("₽", 2, ("rub", "ruble", "rubles", "rouble", "roubles", "ռուբլի", "ռուբ", "რუბლი", "руб", "рубль", "рубля", "рублей", "р", "ሩብል")),
    "USD": Currency("$", 2, ("usd", "dollar", "dollars", "us", "դոլար", "დოლარი", "доллар", "доллара", "долларов", "долл", "ዶላር")),
    "EUR": Currency("€", 2, ("eur", "euro", "euros", "եվրո", "ევრო", "евро", "ዩሮ")),
}
# A lone "m" is a thousand to some and a million to others, so it is not here.
_TIMES: Mapping[str, int] = {
    **dict.fromkeys(("k", "к", "т", "тыс", "тысяч", "тысяча", "тысячи", "հազ", "հազար", "ათ", "ათასი", "ሺ", "ሺህ", "thousand"), 1_000),
    **dict.fromkeys(("mln", "million", "millions", "млн", "миллион", "миллиона", "миллионов", "մլն", "միլիոն", "მლნ", "მილიონი", "ሚሊዮን"), 1_000_000),
}
_SPACED = frozenset({"hy", "ka", "ru"})
_NBSP = "\u00a0"
_SHAPE = re.compile(r"(?P<before>[^\d]*)(?P<number>\d(?:[\d., '’]*\d)?)(?P<after>[^\d]*)")
_WORD = re.compile(r"[^\W\d_]+|[^\w\s.,]")
_GROUPED = re.compile(r"\d{1,3}(?P<mark>[., '’])\d{3}(?:(?P=mark)\d{3})*")
_PARTS = re.compile(r"(?P<whole>\d+|\d{1,3}(?P<mark>[., '’])\d{3}(?:(?P=mark)\d{3})*)(?P<point>[.,])(?P<rest>\d+)")


def money(tr_language: str, hundredths: int, currency: str) -> str:
    """An amount as a reader of this language writes it: 1 200 000 ֏, $1,200.50; a currency without decimals is rounded to whole ones."""
    sign, decimals = _known(currency).sign, _known(currency).decimals
    size = abs(hundredths)
    whole, rest = ((size + 50) // 100, 0) if not decimals else divmod(size, 100)
    spaced = tr_language in _SPACED
    digits = f"{whole:,}".replace(",", _NBSP) if spaced else f"{whole:,}"
    digits += f"{',' if spaced else '.'}{rest:02}" if rest else ""
    minus = "-" if hundredths < 0 and digits != "0" else ""
    if spaced:
        return f"{minus}{digits}{_NBSP}{sign}"
    return f"{minus}{sign}{_NBSP if sign[-1].isalpha() else ''}{digits}"


def parse_amount(text: str, currency: str) -> int:
    """Hundredths in what somebody typed: "1 200 000", "1,200.50", "12k"; raises `Invalid` when it can be read in two ways, or names other money."""
    amount, named = _read(text, currency)
    if named not in ("", currency):
        raise Invalid(f"the amount is in {named}, not in {currency}")
    return _exact(amount, currency)


def parse_money(text: str, currency: str) -> tuple[int, str]:
    """Hundredths and the currency: the one that is named, or else the one given; raises `Invalid`."""
    amount, named = _read(text, currency)
    return _exact(amount, named or currency), named or currency


def _known(currency: str) -> Currency:
    return CURRENCIES.get(currency) or Currency(currency, 2, (currency.casefold(),))


def _exact(amount: tuple[int, int], currency: str) -> int:
    """Hundredths of a number given as digits and how many of them stand behind the point."""
    digits, places = amount
    hundredths, over = divmod(abs(digits) * 100, int(10**places))
    if over or (not _known(currency).decimals and hundredths % 100) or hundredths > AMOUNT_MOST:
        raise Invalid("this amount cannot be had in this currency")
    return hundredths if digits >= 0 else -hundredths


def _read(text: str, currency: str) -> tuple[tuple[int, int], str]:
    found = _SHAPE.fullmatch(_plain(text))
    if found is None:
        raise Invalid("this is not an amount")
    before, minus = _signed(found["before"])
    ahead, behind = _WORD.findall(before), _WORD.findall(found["after"])
    times = [_TIMES[word] for word in behind if word in _TIMES]
    names = {_named(word, currency) for word in (*ahead, *(word for word in behind if word not in _TIMES))}
    if len(times) > 1 or len(names) > 1:
        raise Invalid("this is not one amount")
    digits, places = _number(found["number"], short=bool(times))
    return ((-digits if minus else digits) * (times[0] if times else 1), places), next(iter(names), "")


def _signed(before: str) -> tuple[str, bool]:
    """What stands before the number without its sign, and whether that is a minus."""
    minus = before.count("-") == 1
    return before.replace("-", "", 1).replace("+", "", 1), minus


def _number(text: str, *, short: bool) -> tuple[int, int]:
    """The digits of a number and how many stand behind the point; three behind the only mark are a group, since no money of ours has three decimals.

    Before "thousand" (`short`) they may be either, and are refused.
    """
    if text.isdecimal():
        return int(text), 0
    grouped = _GROUPED.fullmatch(text)
    if grouped and not text.startswith("0"):
        if short and grouped["mark"] in ".," and text.count(grouped["mark"]) == 1:
            raise Invalid("this number can be read in two ways")
        return int(re.sub(r"\D", "", text)), 0
    parts = _PARTS.fullmatch(text)
    if parts is None or parts["mark"] == parts["point"] or len(parts["rest"]) > 2:
        raise Invalid("this number can be read in two ways")
    return int(re.sub(r"\D", "", text)), len(parts["rest"])


def _plain(text: str) -> str:
    """One alphabet of digits, one kind of space, no marks that nobody sees; raises `Invalid` for a raised or fractional digit, and for what is too long."""
    if len(text) > TEXT_MOST:
        raise Invalid("this is not an amount")
    kept = _ethiopic("".join(mark for mark in text if unicodedata.category(mark) != "Cf"))
    if any(unicodedata.category(mark) == "No" for mark in kept):
        raise Invalid("this is not an amount")
    even = unicodedata.normalize("NFKC", kept).replace("\u066c", ",").replace("\u066b", ".").replace("\u2212", "-").replace("–", "-")
    west = "".join(str(unicodedata.decimal(mark, mark)) for mark in even)
    return " ".join(west.casefold().split()).rstrip(".,։ ")


_FROM, _TO = "\u1369", "\u137c"
_ETHIOPIC = re.compile(f"[{_FROM}-{_TO}]+")


def _ethiopic(text: str) -> str:
    """The numerals of Ge'ez as ours: they count by tens, hundreds and myriads."""

    def ours(found: re.Match[str]) -> str:
        total = group = 0
        for mark in found[0]:
            value = int(unicodedata.numeric(mark))
            if value == 10_000:
                total, group = (total + group or 1) * value, 0
            elif value == 100:
                group = (group or 1) * value
            else:
                group += value
        return str(total + group)

    return _ETHIOPIC.sub(ours, text)


def _named(word: str, currency: str) -> str:
    """The currency that a word or a sign names; raises `Invalid` where it names none."""
    found = currency if word == currency.casefold() else _names().get(word)
    if found is None:
        raise Invalid(f"{word!r} is not money")
    return found


@cache
def _names() -> Mapping[str, str]:
    return {word: code for code, one in CURRENCIES.items() for word in (one.sign, *one.words)}
