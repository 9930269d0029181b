"""Meta's envelope taken apart: each element is one RawEvent, written as an envelope of its own, with a key that a repeat has too."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

from channels.meta import parked
from channels.payload import Json, objects, part, parts, read, text, whole
from crm.base.events import RawEvent

COMMENT = "comment:"
"""What the address of somebody begins with who has only commented: behind it stands the comment's id."""
SORTS = ("messaging", "standby", "changes")
WHOLE = "body:"
"""What the key of a body begins with that would not split."""
_KEY_MOST = 200
_WRITER = json.JSONEncoder(separators=(",", ":"))
_END = b"]}]}"


@dataclass(frozen=True, slots=True)
class Element:
    """One thing that happened: the page (or account) it happened to, when that was told, and in which list it stood."""

    page: str
    time: int
    sort: str
    body: Json


def elements(envelope: Json) -> Iterator[Element]:
    """Every element of an envelope, in its order."""
    for entry in parts(envelope, "entry"):
        page, time = number_of(entry, "id"), whole(entry, "time")
        for sort in SORTS:
            for body in parts(entry, sort):
                yield Element(page, time, sort, body)


def split(account: str, body: bytes, now: int) -> list[RawEvent]:
    """One RawEvent of each element; what will not split is kept whole."""
    try:
        envelope = read(body)
    except ValueError:
        return [parked(account, body, now)]
    found = [_raw_event(account, text(envelope, "object"), element, now) for element in elements(envelope)]
    return found if found and _complete(envelope) else [*found, parked(account, body, now)]


def once(found: list[Element]) -> list[Element]:
    """Each element but once, however often an envelope has it."""
    known: dict[str, Element] = {}
    for element in found:
        known.setdefault(_key(element, _written(element.body))[0], element)
    return list(known.values())


def number_of(value: Json, key: str) -> str:
    """An id under `key`, which Meta writes as text, and as a number in a few places; "" for anything else."""
    found = value.get(key)
    written = str(found) if type(found) is int else found
    return written if isinstance(written, str) and written.isascii() and written.isdigit() and len(written) <= 64 else ""


def _complete(envelope: Json) -> bool:
    """Whether nothing in the lists was passed over."""
    entries = envelope.get("entry")
    lists = [entry.get(sort) for entry in objects(entries) for sort in SORTS]
    return all(isinstance(one, list) and len(objects(one)) == len(one) for one in [entries, *(one for one in lists if one is not None)])


def _raw_event(account: str, kind: str, element: Element, now: int) -> RawEvent:
    around = _written({"object": kind, "entry": [{"id": element.page, "time": element.time, element.sort: []}]})
    whole_body = _written(element.body)
    key, same = _key(element, whole_body)
    alone = around[: -len(_END)] + whole_body + _END  # the element is written once
    return RawEvent(account, key, f"{account}:{_person(element) or '-'}", alone, now, same=same)


def _written(value: object) -> bytes:
    return _WRITER.encode(value).encode()


def _key(element: Element, whole_body: bytes) -> tuple[str, bytes]:
    """What makes an element itself, and the part of its bytes that is the same when it comes again."""
    body = element.body
    made, same = "", whole_body
    if element.sort == "messaging":
        made = _of_messaging(body)
    elif element.sort == "changes":
        made = _of_change(part(body, "value"))
        # A comment under a boosted post is told twice, once with the ad it stands under.
        same = b'"id":' + _written(text(part(body, "value"), "id")) if made and "id" in part(body, "value") else whole_body
    return (made if 0 < len(made) <= _KEY_MOST else f"other:{hashlib.sha256(whole_body).hexdigest()}"), same


def _of_messaging(body: Json) -> str:
    """Only what has an id of its own is known by it; receipts, reactions and referrals are known by all they say."""
    message, edit, postback = part(body, "message"), part(body, "message_edit"), part(body, "postback")
    if text(message, "mid"):
        return f"{'unsent' if message.get('is_deleted') is True else 'message'}:{text(message, 'mid')}"
    if text(edit, "mid"):
        return f"edit:{text(edit, 'mid')}:{whole(edit, 'num_edit')}"
    if text(postback, "mid"):
        return f"postback:{text(postback, 'mid')}"
    read_, delivery, of = part(body, "read"), part(body, "delivery"), number_of(part(body, "sender"), "id")
    if read_:
        return f"read:{of}:{text(read_, 'mid') or whole(read_, 'watermark')}"
    if delivery and not delivery.get("mids"):
        return f"delivery:{of}:{whole(delivery, 'watermark')}"
    return ""


def _of_change(value: Json) -> str:
    if text(value, "item") == "comment" and text(value, "comment_id"):
        said = f"comment:{text(value, 'comment_id')}:{text(value, 'verb')}"
        return said if said.endswith(":add") else f"{said}:{hashlib.sha256(text(value, 'message').encode()).hexdigest()[:12]}"
    if text(value, "id") and ("media" in value or "text" in value):
        return f"comment:{text(value, 'id')}"
    return ""


def _person(element: Element) -> str:
    """Whose events come one after another: a person's, or those around a comment."""
    body = element.body
    if element.sort == "changes":
        value = part(body, "value")
        comment = text(value, "comment_id") or text(value, "id")
        return f"{COMMENT}{comment}"[:_KEY_MOST] if comment else ""
    echo = part(body, "message").get("is_echo") is True
    return number_of(part(body, "recipient" if echo else "sender"), "id")
