"""What one event of VK's means: pure, total, the same again."""

import json
from collections.abc import Callable

from channels.leadfields import Naming, vk_lead
from channels.payload import Json, kind, part, parts, read, text, whole
from channels.vk.contents import media, source_of, words
from channels.vk.options import VkOptions
from crm.base.events import (
    Arrival,
    Delete,
    Edit,
    Event,
    IdentityChanged,
    Message,
    OptIn,
    OptOut,
    Postback,
    RawEvent,
    Reaction,
    Scope,
    Sender,
    SessionStarted,
    Status,
    Unknown,
)

TALKS = 2_000_000_000
"""Numbers from here on are talks of several people."""


def message_id(peer: int, number: int) -> str:
    """A message's id with us: its number in the dialog, which begins anew with each person, behind the person's own."""
    return f"{peer}_{number}" if peer > 0 and number > 0 else ""


class Reader:
    """Reads what a community is told."""

    def __init__(self, options: VkOptions) -> None:
        self._options = options
        self._naming = Naming(options.lead_fields)
        self._readers: dict[str, Callable[[Json, RawEvent, Json], list[Event]]] = {
            "message_new": self._new,
            "message_edit": self._edit,
            "message_reply": self._reply,
            "message_event": self._pressed,
            "message_allow": self._allow,
            "message_deny": self._deny,
            "message_read": self._read,
            "message_reaction_event": self._reaction,
            "user_block": self._blocked,
            "user_unblock": self._blocked,
            "lead_forms_new": self._lead,
        }

    def parse(self, raw: RawEvent) -> list[Event]:
        """What happened; what cannot be read, or came for another community, is an `Unknown`."""
        try:
            body = read(raw.body)
        except ValueError:
            return [Unknown("unreadable", at=raw.received_at)]
        if whole(body, "group_id") not in (0, self._options.group):
            return [Unknown("another_community", at=raw.received_at)]
        what = kind(text(body, "type"))
        reader = self._readers.get(what)
        return (reader(part(body, "object"), raw, body) if reader else []) or [Unknown(what, at=raw.received_at)]

    def _new(self, told: Json, raw: RawEvent, body: Json) -> list[Event]:
        message = part(told, "message") or told
        peer, at = whole(message, "peer_id"), _at(message, raw)
        person, id_ = whole(message, "from_id"), message_id(peer, whole(message, "conversation_message_id"))
        if peer >= TALKS:
            return [Unknown("talk_of_several", at=at)]
        if not 0 < person == peer or not id_:
            return []
        sender, source = Sender(str(person)), source_of(message)
        command, value = _pressed_value(text(message, "payload"))
        if command == "start":
            return [SessionStarted(sender, id_, at, source) if source else SessionStarted(sender, id_, at)]
        if value:
            return [Postback(sender, id_, value, at, label=text(message, "text"), message=_answered(message, peer), source=source)]
        said, files = words(message), media(message)
        if not said and not files:
            return [Unknown(kind(next((text(one, "type") for one in parts(message, "attachments")), "nothing")), sender, id_, at)]
        return [Message(sender, id_, said, at, media=files, reply_to=_answered(message, peer), source=source)]

    def _edit(self, message: Json, raw: RawEvent, body: Json) -> list[Event]:
        peer, person = whole(message, "peer_id"), whole(message, "from_id")
        id_ = message_id(peer, whole(message, "conversation_message_id"))
        if not 0 < person == peer < TALKS or not id_:
            return []
        at = _instant(whole(message, "update_time") or whole(message, "date"), raw.received_at)
        sender = Sender(str(person))
        return [Delete(sender, id_, at) if whole(message, "deleted") else Edit(sender, id_, words(message), at)]

    def _reply(self, message: Json, raw: RawEvent, body: Json) -> list[Event]:
        """The community wrote: we did, which tells that it arrived, or somebody else for it."""
        peer, at = whole(message, "peer_id"), _at(message, raw)
        id_ = message_id(peer, whole(message, "conversation_message_id"))
        if not id_ or peer >= TALKS:
            return []
        ref = _ref(text(message, "payload"))
        if ref and not whole(message, "admin_author_id"):
            return [Status(Arrival.SENT, at, (id_,), ref)]
        said, files = words(message), media(message)
        if not said and not files:
            return []
        return [Message(Sender(str(peer)), id_, said, at, media=files, reply_to=_answered(message, peer), echo=True)]

    def _pressed(self, told: Json, raw: RawEvent, body: Json) -> list[Event]:
        """A button that sends no message."""
        person, peer = whole(told, "user_id"), whole(told, "peer_id")
        held, id_ = told.get("payload"), text(told, "event_id")[:200]
        value = text(held, "v") if isinstance(held, dict) else _pressed_value(held if isinstance(held, str) else "")[1]
        if not 0 < person == peer < TALKS or not value or not id_:
            return []
        under = message_id(peer, whole(told, "conversation_message_id"))
        return [Postback(Sender(str(person)), f"press:{id_}", value, raw.received_at, message=under)]

    def _allow(self, told: Json, raw: RawEvent, body: Json) -> list[Event]:
        """They let the community write: by the button of a page, whose `key` tells which."""
        person = whole(told, "user_id")
        wish = OptIn(Sender(str(person)), f"allow:{raw.key}", raw.received_at, Scope.ALL, text(told, "key")[:200])
        return [wish] if person > 0 else []

    def _deny(self, told: Json, raw: RawEvent, body: Json) -> list[Event]:
        person = whole(told, "user_id")
        return [OptOut(Sender(str(person)), f"deny:{raw.key}", raw.received_at, Scope.ALL)] if person > 0 else []

    def _read(self, told: Json, raw: RawEvent, body: Json) -> list[Event]:
        """Everything up to a message has been read. VK tells no time: what was said until it was told counts."""
        peer, person = whole(told, "peer_id"), whole(told, "from_id")
        if not 0 < person == peer < TALKS:
            return []
        id_, at = message_id(peer, whole(told, "conversation_message_id")), raw.received_at
        until = Status(Arrival.READ, at, address=str(peer), until=at)
        return [Status(Arrival.READ, at, (id_,)), until] if id_ else [until]

    def _reaction(self, told: Json, raw: RawEvent, body: Json) -> list[Event]:
        person, peer = whole(told, "reacted_id"), whole(told, "peer_id")
        under = message_id(peer, whole(told, "cmid"))
        if not 0 < person == peer < TALKS or not under:
            return []
        number = whole(told, "reaction_id")
        emoji = self._options.reactions.get(str(number), f"#{number}") if number else ""
        return [Reaction(Sender(str(person)), f"reaction:{raw.key}"[:200], under, emoji, raw.received_at)]

    def _blocked(self, told: Json, raw: RawEvent, body: Json) -> list[Event]:
        """Somebody of the community put a person on its black list, or took them off it."""
        person = whole(told, "user_id")
        return [IdentityChanged(Sender(str(person)), text(body, "type") == "user_unblock", raw.received_at)] if person > 0 else []

    def _lead(self, told: Json, raw: RawEvent, body: Json) -> list[Event]:
        form = vk_lead(body, self._naming, raw.received_at)
        return [form] if form else []


def _answered(message: Json, peer: int) -> str:
    """The message that one answers."""
    return message_id(peer, whole(part(message, "reply_message"), "conversation_message_id"))


def _pressed_value(payload: str) -> tuple[str, str]:
    """What a button carried: a command of VK's own, or the value we gave it."""
    held = _payload(payload)
    return text(held, "command"), text(held, "v")


def _ref(payload: str) -> str:
    """Our own name for a message, which we put into it."""
    return text(_payload(payload), "ref")[:200]


def _payload(payload: str) -> Json:
    try:
        found = json.loads(payload) if payload else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _at(message: Json, raw: RawEvent) -> int:
    return _instant(whole(message, "date"), raw.received_at)


def _instant(seconds: int, received_at: int) -> int:
    """Seconds as milliseconds; a time that cannot be, or lies ahead, is the time of receipt."""
    return seconds * 1000 if 0 < seconds * 1000 <= received_at else received_at
