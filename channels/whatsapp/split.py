"""One POST of Meta's taken apart: every message, status, echo and change becomes a raw event of its own."""

import hashlib
import json
from collections.abc import Iterator

from channels.meta import parked
from channels.payload import NOTHING, Json, part, parts, read, text
from channels.whatsapp.people import ids_of
from crm.base.events import RawEvent

LISTS = {
    ("messages", "messages"): "message",
    ("messages", "statuses"): "status",
    ("smb_message_echoes", "message_echoes"): "echo",
    ("message_echoes", "message_echoes"): "echo",
    ("user_preferences", "user_preferences"): "preference",
    ("user_id_update", "user_id_update"): "renamed",
    ("calls", "calls"): "call",
}
"""Where a field's value holds a list of elements, and what one is called in a raw event."""
LONGEST_KEY = 200
_WRITER = json.JSONEncoder(separators=(",", ":"))


def split(account: str, body: bytes, now: int) -> list[RawEvent]:
    """The raw events of one body; a signed body that will not split is kept whole."""
    try:
        envelope = read(body)
    except ValueError:
        return [parked(account, body, now)]
    events = [event for entry in parts(envelope, "entry") for change in parts(entry, "changes") for event in _of_change(account, entry, change, now)]
    return events or [parked(account, body, now)]


def _of_change(account: str, entry: Json, change: Json, now: int) -> Iterator[RawEvent]:
    value, field = part(change, "value"), text(change, "field")
    around = {"field": field, "business": text(entry, "id"), "metadata": part(value, "metadata")}
    lists = [(name, called) for (of_field, name), called in LISTS.items() if of_field == field and isinstance(value.get(name), list)]
    found = [(called, one) for name, called in lists for one in _elements(value.get(name))]
    cards = [(frozenset(ids_of(NOTHING, card)), card) for card in parts(value, "contacts")]
    for called, one in found:
        about = _about(called, one)
        card = _card(about, cards)
        more = {"contact": card} if card else {}
        if value.get("errors") and "errors" not in one:
            more["errors"] = value["errors"]  # type: ignore[assignment]
        yield _raw(account, called, one, {**around, **more}, now, about)
    if not found:
        yield _raw(account, "value", value, {**around, "time": entry.get("time")}, now, _about("value", value))


def _elements(found: object) -> list[Json]:
    """The elements of a list; what is no object stays where the reader of raw events can say that it is none."""
    return [one if isinstance(one, dict) else {"unreadable": one} for one in found] if isinstance(found, list) else []


def _card(about: Json, cards: list[tuple[frozenset[str], Json]]) -> Json:
    """The card, among all with their ids, of the person an element is about; one that names nobody has the only card there is."""
    ids = frozenset(ids_of(about, NOTHING))
    mine = next((card for known, card in cards if ids & known), NOTHING)
    return mine or (cards[0][1] if not ids and len(cards) == 1 else NOTHING)


def _about(called: str, one: Json) -> Json:
    """The ids in an element that are a customer's: an echo names the firm as its sender."""
    mine = {"echo": ("to", "to_user_id"), "status": ("recipient_id", "recipient_user_id")}.get(called)
    if mine:
        return {"from": one.get(mine[0]), "from_user_id": one.get(mine[1])}
    if called == "call" and text(one, "direction") == "BUSINESS_INITIATED":
        return {"from": one.get("to"), "from_user_id": one.get("to_user_id")}
    return {key: held for key, held in one.items() if not key.startswith("to")}


def _raw(account: str, called: str, one: Json, around: Json, now: int, about: Json) -> RawEvent:
    same = _WRITER.encode(one).encode("ascii")
    body = b'%b,"%b":%b}' % (_WRITER.encode(around).encode("ascii")[:-1], called.encode("ascii"), same)  # the element is written once
    person = next(iter(ids_of(about, part(around, "contact"))), "")
    return RawEvent(account, _key(called, one, around, same), f"{account}:{person}", body, now, same=same)


def _key(called: str, one: Json, around: Json, same: bytes) -> str:
    """What a repeat of an element has too: Meta's id, with the state of a status; else the mark of its words."""
    id_ = text(one, "id")
    names = {"message": id_, "status": f"{id_}:{text(one, 'status')}", "echo": f"echo:{id_}", "call": f"{id_}:{text(one, 'event') or text(one, 'status')}"}
    key = names.get(called, "")
    if id_ and key and len(key) <= LONGEST_KEY and key.isprintable() and key.isascii():
        return key
    around_it = json.dumps([around.get("field"), around.get("business"), around.get("time")]).encode("ascii")
    mark = hashlib.sha256(around_it + same).hexdigest()
    return f"{called}:{mark}"


def person_of(raw: RawEvent) -> str:
    """The id of the person whose lane a raw event is in ("" = nobody's)."""
    return raw.lane.removeprefix(f"{raw.account}:")
