"""Quantities and rates: thousandths and basis points, shown in the reader's numbers and read as people type them; pure."""

import re
import unicodedata

from crm.base.errors import Invalid
from crm.base.pricing import ONE, QUANTITY_MOST, WHOLE

TEXT_MOST = 40
_COMMA = frozenset({"hy", "ka", "ru"})
_NBSP = "\u00a0"
# A letter right behind the digits is a unit ("2.5kg"); it is passed over, since the product has its own.
_QUANTITY = re.compile(r"[x×*х]? ?(?P<minus>-?)(?P<whole>\d{1,3}(?: \d{3})+|\d+)(?:(?P<point>[.,])(?P<rest>\d{1,3}))? ?(?:[^\W\d_]{1,12}\.?)?")
_RATE = re.compile(r"(?P<sign>[+-]?) ?(?P<whole>\d{1,3})(?:[.,](?P<rest>\d{1,2}))? ?%?")


def quantity(language: str, thousandths: int, unit: str = "") -> str:
    """So much of something as a reader of this language writes it: 2.5 kg, 1,200 pc, 3."""
    whole, rest = divmod(abs(thousandths), ONE)
    spaced = language in _COMMA
    digits = f"{whole:,}".replace(",", _NBSP) if spaced else f"{whole:,}"
    if rest:
        digits += ("," if spaced else ".") + f"{rest:03}".rstrip("0")
    return f"{'-' if thousandths < 0 else ''}{digits}" + (f"{_NBSP}{unit}" if unit else "")


def rate(language: str, basis_points: int) -> str:
    """A rate as a reader of this language writes it: 20 %, 7.5 %."""
    whole, rest = divmod(basis_points, 100)
    behind = ("," if language in _COMMA else ".") + f"{rest:02}".rstrip("0") if rest else ""
    return f"{whole}{behind}{_NBSP}%"


def read_quantity(text: str, *, below: bool = False) -> int:
    """Thousandths in what somebody typed: "3", "2.5kg", "1 200"; raises `Invalid`, also where "1.250" may be two things. `below` = less than none is meant."""
    found = _QUANTITY.fullmatch(_even(text))
    if found is None or (found["minus"] and not below):
        raise Invalid("this is not a quantity")
    whole, rest = found["whole"].replace(" ", ""), found["rest"] or ""
    if (len(whole) > 1 and whole.startswith("0")) or (len(rest) == 3 and whole != "0"):
        raise Invalid("this quantity can be read in two ways")
    much = int(whole) * ONE + int(rest.ljust(3, "0"))
    if much > QUANTITY_MOST:
        raise Invalid("this quantity cannot be used")
    return -much if found["minus"] else much


def read_rate(text: str) -> tuple[int, str]:
    """Basis points in what somebody typed and the sign before them: "20%", "+18 %", "7.5"; raises `Invalid`."""
    found = _RATE.fullmatch(_even(text))
    if found is None:
        raise Invalid("this is not a share")
    points = int(found["whole"]) * 100 + int((found["rest"] or "").ljust(2, "0"))
    if points > WHOLE:
        raise Invalid("this is more than all")
    return points, found["sign"]


def _even(text: str) -> str:
    """One alphabet of digits and one kind of space."""
    if len(text) > TEXT_MOST:
        raise Invalid("this is not a number")
    plain = unicodedata.normalize("NFKC", text).replace("\u2212", "-").replace("–", "-").replace("\u066b", ".")
    return " ".join("".join(str(unicodedata.decimal(mark, mark)) for mark in plain).casefold().split())
