"""ARMSCII-8: the bytes of Armenian texts older than Unicode, which Python has no codec for."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

ARMSCII = "armscii-8"
_MARKS = dict(zip(range(0xA2, 0xB2), "և։)(»«—.՝,-֊…՜՛՞", strict=True))
_LETTERS = {0xB2 + 2 * n + small: chr((0x561 if small else 0x531) + n) for n in range(38) for small in (0, 1)}
_TABLE = {byte: chr(byte) for byte in range(0x80)} | _MARKS | _LETTERS | {0xFE: "՚"}
_MOST = 64 * 1024 * 1024


def is_armscii(high: Sequence[int]) -> bool:
    """Whether the bytes above 127 look like it: small letters are the odd ones from B3 on, and texts are mostly small letters."""
    letters = [byte for byte in high if 0xB2 <= byte <= 0xFD]
    return len(letters) * 10 >= len(high) * 9 > 0 and sum(byte % 2 for byte in letters) * 10 >= len(letters) * 7


def decoded(path: Path) -> TextIO:
    """Such a file as text."""
    with path.open("rb") as file:
        return io.StringIO(words(file.read(_MOST)), newline="")


def words(raw: bytes) -> str:
    """Such bytes as text."""
    return "".join([_TABLE.get(byte, "\ufffd") for byte in raw])
