"""One thing that happened in a room, as it is kept: the event in full, and beside it who we are and who the other one is. Pure."""

import hashlib
import json
from dataclasses import dataclass

from channels.payload import Json, text
from crm.base.events import RawEvent

_LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something happened: the account it was told to, the room, who we are there, who the one other is and how they are called."""

    account: str
    room: str
    me: str
    peer: str
    name: str


def of_event(spot: Spot, event: Json, now: int, on: str = "") -> RawEvent:
    """An event of a room; `on` = what a reaction stood on that it takes away."""
    return _raw(spot, text(event, "event_id"), {"event": event, **({"on": on} if on else {})}, now)


def of_receipt(spot: Spot, id_: str, at: int, about: "Seen", now: int) -> RawEvent:
    """The other one has read up to an event."""
    told = {"event_id": id_, "ts": at, "of": {"mine": about.mine, "at": about.at, "ref": about.ref}}
    return _raw(spot, f"read:{id_}", {"receipt": told}, now)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is remembered of an event: whether we sent it, when its server took it, under which mark of ours; `on` = what it is a reaction to."""

    mine: bool
    at: int
    ref: str = ""
    on: str = ""


def _raw(spot: Spot, key: str, held: dict[str, object], now: int) -> RawEvent:
    body = _written({"room": spot.room, "me": spot.me, "peer": spot.peer, "name": spot.name, **held})
    fits = key and len(key) <= _LONGEST_KEY and key.isascii() and key.isprintable()
    name = key if fits else f"sha256:{hashlib.sha256(key.encode('utf-8', 'surrogatepass') or body).hexdigest()}"
    # The same event has another age each time it is told, and its sender perhaps another name.
    return RawEvent(spot.account, name, f"{spot.account}:{spot.room}", body, now, same=_written(_id_in(held))[1:-1])


def _id_in(held: dict[str, object]) -> dict[str, object]:
    told = next(iter(held.values()))
    return {"event_id": told["event_id"]} if isinstance(told, dict) and "event_id" in told else {}


def _written(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")
