"""Callback: what systems without a library of their own bring us: how it is proven, and how its values are read; pure."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from channels.http import storable
from crm.base.errors import Invalid
from crm.base.time import instant

MOST_FIELDS = 300


def any_equal(given: str, known: Sequence[str]) -> bool:
    """Whether a secret is one of those; takes the same time whichever it is."""
    text = given.encode("utf-8", "surrogatepass")  # JSON may hold half a character
    return sum(hmac.compare_digest(text, one.encode()) for one in known) > 0


def signed(body: bytes, header: str, secrets: Sequence[str]) -> bool:
    """Whether a header has the HMAC-SHA256 of the raw bytes by one of the secrets, in hexadecimal, with or without "sha256=" before it."""
    given = header.strip().removeprefix("sha256=").lower()
    return any_equal(given, [hmac.new(secret.encode(), body, hashlib.sha256).hexdigest() for secret in secrets])


def basic(header: str) -> str:
    """User and password of a Basic authorization, "" for anything else."""
    scheme, _, packed = header.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(packed.strip(), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def bearer(header: str) -> str:
    """The token of a Bearer authorization, "" for anything else."""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def fields_of(body: bytes) -> list[tuple[str, str]]:
    """The fields of a form, in order and as they came; raises Invalid for too many."""
    try:
        return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Invalid("too many fields") from None


def by_name(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The fields by name, the first of each, as every engine stores them."""
    return {storable(name): storable(value) for name, value in reversed(pairs)}


def plain(told: Mapping[str, object], name: str) -> str:
    """A value as text; numbers as they are written, anything else as nothing."""
    value = told.get(name)
    return storable(str(value)).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def duration(value: object) -> int | None:
    """Seconds, told as a number, as text, or as 1:05; None where nothing is told."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    parts = str(value).split(":")
    if len(parts) > 3:
        return None
    try:
        found = sum(float(part) * 60**place for place, part in enumerate(reversed(parts)))
    except ValueError:
        return None
    return int(found) if 0 <= found < 10**6 else None


def moment(value: object, zone: str) -> int:
    """An instant told in seconds or milliseconds since 1970, or as ISO 8601, without an offset in the firm's own zone; 0 = it cannot be read."""
    if isinstance(value, str) and not value.replace(".", "", 1).isdecimal():
        try:
            told = datetime.fromisoformat(value.strip())
            return max(0, instant(told if told.tzinfo else told.replace(tzinfo=ZoneInfo(zone))))
        except (ValueError, OverflowError, OSError):
            return 0
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return 0
    number = float(value)
    return int(number if number > 10**11 else number * 1000) if 0 < number < 10**14 else 0
