"""SMS: how long a text is on a telephone, where it is counted in parts, and where it may be cut; pure.

A text of GSM 03.38's own characters has 160 of them in one part, or 153 in each of several; any other has 70 or 67 UTF-16 units.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from crm.base.text import cut

_BASIC = frozenset("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà")
_EXTENDED = frozenset("\f^{}\\[~]|€")


class Encoding(StrEnum):
    """How a telephone writes a text."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


ROOM = {Encoding.GSM7: (160, 153), Encoding.UCS2: (70, 67)}
"""What fits into the only part, and into each of several."""


@dataclass(frozen=True, slots=True)
class Length:
    """How many parts a text has; `left` = how many more characters of its kind the last one takes."""

    encoding: Encoding
    parts: int
    left: int


def encoding_of(text: str) -> Encoding:
    """The shorter way of writing where every character has it: GSM's, else UCS-2."""
    return Encoding.GSM7 if _BASIC.union(_EXTENDED).issuperset(text) else Encoding.UCS2


def parts(text: str) -> Length:
    """How many parts a text is sent in."""
    encoding = encoding_of(text)
    alone, together = ROOM[encoding]
    whole = sum(_units(text, encoding))
    if whole <= alone:
        return Length(encoding, 1 if text else 0, alone - whole)
    count, used = 1, 0
    for wide in _units(text, encoding):
        if used + wide > together:
            count, used = count + 1, 0
        used += wide
    return Length(encoding, count, together - used)


def segments(text: str) -> list[str]:
    """A text cut into the parts that go over the air: an escape and its character, or the halves of a surrogate pair, stay together."""
    if parts(text).parts <= 1:
        return [text] if text else []
    pieces, rest = [], text
    encoding = encoding_of(text)
    while rest:
        end = _reach(rest, encoding, ROOM[encoding][1])
        pieces.append(rest[:end])
        rest = rest[end:]
    return pieces


def beginning(text: str, most: int) -> str:
    """The longest beginning that goes in at most `most` parts, written as the whole text has to be, and cut between letters."""
    encoding = encoding_of(text)
    alone, together = ROOM[encoding]
    if parts(text).parts <= most:
        return text
    end = _reach(text, encoding, alone) if most <= 1 else 0
    for _ in range(most if most > 1 else 0):
        end += _reach(text[end:], encoding, together)
    return cut(text, end) or text[:end]


def _units(text: str, encoding: Encoding) -> Iterator[int]:
    """How much room each character takes."""
    wide = _EXTENDED.__contains__ if encoding is Encoding.GSM7 else "\uffff".__lt__
    return (1 + wide(mark) for mark in text)


def _reach(text: str, encoding: Encoding, room: int) -> int:
    """How many characters from the beginning fit into a room."""
    used = 0
    for place, wide in enumerate(_units(text, encoding)):
        used += wide
        if used > room:
            return place
    return len(text)
