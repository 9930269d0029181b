"""What a widget may say, read strictly: unknown types, extra fields and wrong shapes are refused."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from channels.http import strict_json
from crm.base.errors import Invalid
from crm.base.events import Source

MARKS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "referrer", "page", "payload")
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}")
_LONGEST_MARK = 500
_SEQS = 2**63


@dataclass(frozen=True, slots=True)
class Hello:
    """The first word of a widget: whose browser it is, what it has shown already, and where the visitor came from.

    `visitor` is their account in the shop, as the page says, `signature` what the shop's server signed it with; believed only where the two fit.
    """

    secret: str = ""
    last_seq: int = 0
    language: str = ""
    source: Source = field(default_factory=Source)
    visitor: str = ""
    signature: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Open:
    """The visitor opened the panel for the first time."""

    id: str = "start"


@dataclass(frozen=True, slots=True)
class Said:
    """The visitor said something; `file` names an upload of theirs."""

    id: str
    text: str
    file: str = ""


@dataclass(frozen=True, slots=True)
class Press:
    """The visitor pressed a button under the line `message` (its seq)."""

    id: str
    value: str
    label: str
    message: str


@dataclass(frozen=True, slots=True)
class TypingNow:
    """The visitor is typing."""


Act = Open | Said | Press
ClientFrame = Hello | Act | TypingNow

_FIELDS: Mapping[str, frozenset[str]] = {
    "hello": frozenset({"secret", "last_seq", "language", "visitor", "signature", *MARKS}),
    "open": frozenset(),
    "say": frozenset({"id", "text", "file"}),
    "press": frozenset({"id", "value", "label", "message"}),
    "typing": frozenset(),
}


def read_frame(text: str) -> ClientFrame:
    """Read one frame of a socket; raises Invalid."""
    return read_values(strict_json(text, depth=3))


def read_values(values: Mapping[str, object]) -> ClientFrame:
    """Read one frame already out of its JSON; raises Invalid."""
    kind = values.get("type")
    if not isinstance(kind, str) or kind not in _FIELDS:
        raise Invalid("unknown type of frame")
    if extra := values.keys() - _FIELDS[kind] - {"type"}:
        raise Invalid(f"{len(extra)} fields too many")
    if kind == "hello":
        return _hello(values)
    if kind == "say":
        return Said(_id(values), _text(values, "text"), _text(values, "file"))
    if kind == "press":
        return Press(_id(values), _short(values, "value"), _short(values, "label"), _short(values, "message"))
    return Open() if kind == "open" else TypingNow()


def valid_secret(secret: str) -> str:
    """Check that a secret is 256 bits in base64url; raises Invalid."""
    if not _SECRET.fullmatch(secret):
        raise Invalid("not a visitor's secret")
    return secret


def _hello(values: Mapping[str, object]) -> Hello:
    secret, language = _text(values, "secret"), _text(values, "language")
    seq = values.get("last_seq", 0)
    if not isinstance(seq, int) or isinstance(seq, bool) or not 0 <= seq < _SEQS:
        raise Invalid("last_seq is not a number of ours")
    marks = {name: _text(values, name)[:_LONGEST_MARK] for name in MARKS}
    spoken, known = language if _LANGUAGE.fullmatch(language) else "", (_text(values, "visitor"), _text(values, "signature"))
    return Hello(valid_secret(secret) if secret else "", seq, spoken, Source(**marks), *known)


def _id(values: Mapping[str, object]) -> str:
    found = _text(values, "id")
    if not _ID.fullmatch(found):
        raise Invalid("id is not 8 to 64 letters, digits, - or _")
    return found


def _short(values: Mapping[str, object], name: str) -> str:
    found = _text(values, name)
    if len(found) > 256:
        raise Invalid(f"{name} is too long")
    return found


def _text(values: Mapping[str, object], name: str) -> str:
    found = values.get(name, "")
    if not isinstance(found, str):
        raise Invalid(f"{name} is not text")
    return found
