"""A platform's JSON, read strictly: what is damaged or hostile is refused, what is missing or of another type reads as empty."""

import json
import math
import re
from collections.abc import Mapping

Json = Mapping[str, object]

DEPTH = 64
NOTHING: Json = {}
_TOP = 2**63
_UNSTORABLE = re.compile("[\ud800-\udfff\x00]")  # SQLite and PostgreSQL treat both differently or refuse them
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
_KIND = re.compile(r"[a-z][a-z0-9_]{0,63}")


def read(body: bytes) -> Json:
    """The one object in `body`; ValueError for anything else, for nesting over 64, repeated keys, NaN and Infinity."""
    try:
        value = _READ(body.decode("utf-8"))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("not an object")
    if body.count(b"{") + body.count(b"[") > DEPTH and _deeper(value):
        raise ValueError("nested too deeply")
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


_READ = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse).decode  # made once: `json.loads` makes one a call


def _deeper(value: object) -> bool:
    """Walks level by level, so that depth costs no recursion."""
    level = [value]
    for _ in range(DEPTH):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return False
    return True


def _children(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def part(value: Json, key: str) -> Json:
    """The object under `key`, or an empty one."""
    found = value.get(key)
    return found if isinstance(found, dict) else NOTHING


def parts(value: Json, key: str) -> list[Json]:
    """The objects in the list under `key`; other things in it are passed over."""
    return objects(value.get(key))


def objects(value: object) -> list[Json]:
    """The objects in a list, or none."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def whole(value: Json, key: str) -> int:
    """The whole number under `key` if 64 bits hold it, else 0."""
    found = value.get(key)
    return found if type(found) is int and -_TOP <= found < _TOP else 0


def number(value: Json, key: str) -> float | None:
    """The finite number under `key`, whole or not."""
    found = value.get(key)
    if type(found) is int and abs(found) < _TOP:
        return float(found)
    return found if isinstance(found, float) and math.isfinite(found) else None


def text(value: Json, key: str) -> str:
    """The text under `key` in full; NUL and lone surrogates become U+FFFD."""
    found = value.get(key)
    return storable(found) if isinstance(found, str) else ""


def storable(words: str) -> str:
    """The same words as every engine and every encoder takes them."""
    return _UNSTORABLE.sub("\ufffd", words)


def name(value: Json, key: str) -> str:
    """A short name under `key`, without control and direction marks, on one line, at most 200 characters."""
    found = value.get(key)
    return plain_name(found) if isinstance(found, str) else ""


def plain_name(words: str) -> str:
    """A name that cannot turn the line it stands in around."""
    return " ".join(_UNSEEN.sub(" ", words).split())[:200]


def file_name(words: str) -> str:
    """A file's name without folders, quotes and marks that hide its ending."""
    return plain_name(words.replace("\\", "/").rpartition("/")[2]).replace('"', "'").strip(". ")[-120:]


def kind(words: object) -> str:
    """A kind as platforms spell kinds, or "unnamed"."""
    return words if isinstance(words, str) and _KIND.fullmatch(words) else "unnamed"
