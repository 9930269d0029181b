"""Addresses out of a header: strict where identity hangs on it, and the shown name kept apart from the address.

`email.utils.parseaddr` takes `alice@good.example)bob@evil.example` for alice on our Python (CVE-2023-27043), so it decides nothing here.
"""

import re
from dataclasses import dataclass

from channels.email.headers import decode_words
from channels.email.mail import Address, clean_line

_LENGTH, _MOST = 8_000, 50
_TOKEN = re.compile(r'=\?[^?\s]{1,60}\?[bBqQ]\?[^?\s]{0,1000}\?=|"(?:[^"\\]|\\.)*"|\((?:[^()\\]|\\.)*\)|<[^<>]*>|[,;:]|[^",;:<>()]+|.', re.DOTALL)
_LOCAL = re.compile(r"[^\s<>()\[\]\\,;:\"@\x00-\x1f\x7f-\x9f]{1,64}")
_DOMAIN = re.compile(r"(?=.{1,253}\Z)[^\W_](?:[\w-]{0,61}[^\W_])?(?:\.[^\W_](?:[\w-]{0,61}[^\W_])?)*\.?")
_ESCAPED = re.compile(r"\\(.)")


@dataclass(slots=True)
class _Entry:
    """One entry of the list while it is read."""

    name: str = ""
    comment: str = ""
    angle: str | None = None
    broken: bool = False


def addresses(value: str) -> tuple[Address, ...]:
    """Read the well-formed addresses of a header, the first 50."""
    return tuple(found for entry in _entries(value) if (found := _address(entry)))


def authors(value: str) -> tuple[Address, ...]:
    """Read From: nobody at all when something in it looks like one more address but is not well-formed."""
    made = [(entry, _address(entry)) for entry in _entries(value)]
    doubtful = any(found is None and "@" in f"{entry.name}{entry.angle or ''}{entry.comment}" for entry, found in made)
    return () if doubtful else tuple(found for _, found in made if found)


def email(value: str) -> str:
    """Bring a bare address into the one form it is known by: lower case, domain in ASCII; empty = not an address."""
    local, _, domain = value.strip().rpartition("@")
    if not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        return ""
    domain = domain.rstrip(".").lower()
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError:
            return ""
    return f"{clean_line(local, 64).lower()}@{domain}"


def path(value: str) -> str | None:
    """Read an envelope address such as Return-Path; "" = the null sender, None = nothing that can be read."""
    inside = value.strip()
    if inside.startswith("<") and inside.endswith(">"):
        inside = inside[1:-1].strip()
    if not inside:
        return "" if value.strip() else None
    return email(inside) or None


def _entries(value: str) -> list[_Entry]:
    entry, made = _Entry(), []
    for found in _TOKEN.finditer(value[:_LENGTH]):
        token = found[0]
        if token in ",;":
            made.append(entry)
            entry = _Entry()
            if len(made) == _MOST:
                return [entry for entry in made if _said(entry)]
        elif token == ":":
            entry = _Entry()  # the name of a group
        else:
            _take(entry, token)
    return [entry for entry in (*made, entry) if _said(entry)]


def _said(entry: _Entry) -> bool:
    return entry.broken or entry.angle is not None or bool(entry.name.strip())


def _take(entry: _Entry, token: str) -> None:
    """An address in angles ends its entry: whatever follows but a comment makes it malformed."""
    if token[0] == "(" and len(token) > 1:
        entry.comment += token[1:-1]
    elif token[0] == "<" and len(token) > 1:
        entry.broken = entry.broken or entry.angle is not None
        entry.angle = token[1:-1]
    elif token in '()<>"':
        entry.broken = True
        entry.name += token
    else:
        entry.broken = entry.broken or (entry.angle is not None and bool(token.strip()))
        entry.name += _ESCAPED.sub(r"\1", token[1:-1]) if token[0] == '"' else token


def _address(entry: _Entry) -> Address | None:
    if entry.broken:
        return None
    if entry.angle is None:
        found = email(entry.name)
        return Address(found, _name(entry.comment)) if found else None
    found = email(entry.angle)
    return Address(found, _name(entry.name) or _name(entry.comment)) if found else None


def _name(value: str) -> str:
    return clean_line(decode_words(value.strip()), 200).strip(" \"'")
