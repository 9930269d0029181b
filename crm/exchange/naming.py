"""Naming: whether bytes of a platform, a post of the house or a row of a list name one person; pure."""

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import quote

_DIGITS = re.compile(r"\D")
_APART = re.compile(r"[,;/\n|]+| (?=\+)")
# Before a word may stand what a form or a JSON text writes for a mark: %2B, \n.
_BEGINS = rb"(?:(?<![0-9A-Za-z])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrtbf]))"
_LEAST, _TRUNK = 7, 11


@lru_cache(maxsize=256)
def _pattern(word: bytes) -> re.Pattern[bytes]:
    text = word.decode("utf-8", "surrogateescape")
    escaped = json.dumps(text)[1:-1] if text.isprintable() else text
    forms = {word, escaped.encode("utf-8", "surrogateescape"), quote(word).encode(), quote(word, safe="").encode()}
    found = [re.escape(form) for form in sorted(forms)]
    if word.isdigit():  # a phone, as people write it
        found.append(rb"[ ().-]{0,2}".join(bytes([mark]) for mark in word))
    return re.compile(_BEGINS + rb"(?:" + rb"|".join(found) + rb")(?![0-9A-Za-z])", re.IGNORECASE)


def named(word: bytes, body: bytes) -> bool:
    """Whether bytes hold an address as a whole, not as a part of a longer one; as it is, or as JSON and forms write it."""
    return _pattern(word).search(body) is not None


def listed(cells: Sequence[str], phones: Sequence[str], emails: Sequence[str]) -> bool:
    """Whether a row of a list holds one of these phones (their digits, with or without the country's) or e-mails (in small letters)."""
    return any(any(email in cell.lower() for email in emails) or any(_phone(piece, phones) for piece in _APART.split(cell)) for cell in cells)


def _phone(piece: str, phones: Sequence[str]) -> bool:
    digits = _DIGITS.sub("", piece).lstrip("0")
    digits = digits[1:] if len(digits) == _TRUNK and digits.startswith("8") else digits
    return len(digits) >= _LEAST and any(phone.endswith(digits) for phone in phones)
