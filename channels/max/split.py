"""One update of MAX's as it is kept, from a webhook or from a poll; both give it the same key."""

import hashlib
import json

from channels.payload import Json, part, text, whole
from crm.base.events import RawEvent

_LONGEST_KEY = 200


def raw_event(account: str, update: Json, now: int, body: bytes = b"") -> RawEvent:
    """An update with the bytes it came in, or else as ASCII escapes, which carry even lone surrogates through unchanged."""
    told = body or json.dumps(update, separators=(",", ":")).encode("ascii")
    person = person_of(update)
    return RawEvent(account, _key(update, person) or f"body:{hashlib.sha256(told).hexdigest()}", f"{account}:{person or ''}", told, now)


def person_of(update: Json) -> int:
    """The number of the person an update is about (0 = nobody's): one person's updates keep their order."""
    pressed, wrote = part(part(update, "callback"), "user"), part(part(update, "message"), "sender")
    return next((number for where in (pressed, wrote, part(update, "user"), update) if (number := whole(where, "user_id")) > 0), 0)


def chat_of(update: Json) -> int:
    """The number of the dialog an update is from (0 = it does not say)."""
    return whole(part(part(update, "message"), "recipient"), "chat_id") or whole(update, "chat_id")


def _key(update: Json, person: int) -> str:
    """What a repeat of an update has too: MAX gives updates no number of their own."""
    kind, at = text(update, "update_type"), whole(update, "timestamp")
    mid, press = text(part(part(update, "message"), "body"), "mid"), text(part(update, "callback"), "callback_id")
    about = press or mid or text(update, "message_id")
    if not kind or not (about or person):
        return ""
    once = kind == "message_created" or press
    key = f"{kind}:{about or person}" if about and once else f"{kind}:{about or person}:{at}"
    return key if len(key) <= _LONGEST_KEY and key.isascii() and key.isprintable() else ""
