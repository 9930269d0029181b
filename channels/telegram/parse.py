"""What one Telegram update means: pure, total, and plain JSON only, because it runs for every message."""

import re
from collections.abc import Callable

from channels.payload import Json, kind, name, objects, part, parts, read, text, whole
from channels.telegram.media import media
from channels.telegram.people import OWN_BOT, connection_of, full_name, mark, sender, wrote_it_ourselves
from channels.telegram.words import is_place, words
from crm.base.events import (
    ContactShared,
    Delete,
    Edit,
    Event,
    IdentityChanged,
    Message,
    OwnAccount,
    Postback,
    RawEvent,
    Reaction,
    Sender,
    SessionStarted,
    Source,
    Unknown,
)
from crm.base.time import DAY

OWN_WINDOW = DAY
"""In an own account the bot may write for so long after the customer did (Bot API, BusinessBotRights.can_reply)."""
UNNAMED = "✨"
"""What stands for a reaction that is no emoji: a custom picture, a paid star."""
_START = re.compile(r"/start(?:@\w{1,64})?(?: ([A-Za-z0-9_-]{1,64}))?\s*", re.ASCII)
_REACHABLE = {"member": True, "kicked": False}
_ENVELOPE = (
    "message_id message_thread_id direct_messages_topic from sender_chat sender_boost_count sender_business_bot sender_tag business_connection_id date chat "
    "forward_origin is_topic_message is_automatic_forward reply_to_message external_reply quote reply_to_story via_bot edit_date has_protected_content "
    "is_from_offline is_paid_post media_group_id author_signature paid_star_count entities caption caption_entities show_caption_above_media "
    "has_media_spoiler link_preview_options effect_id reply_markup text"
)
_AROUND = frozenset(_ENVELOPE.split())


def parse(raw: RawEvent) -> list[Event]:
    """One update makes one event, a deletion one for each message; whatever cannot be read is an `Unknown`."""
    try:
        update = read(raw.body)
    except ValueError:
        return [Unknown("unreadable", at=raw.received_at)]
    what = next((key for key in update if key != "update_id"), "")
    body = part(update, what)
    if what == "deleted_business_messages":
        return _deleted(body, raw.received_at) or [_unknown(what, body, raw.received_at)]
    reader = _READERS.get(what)
    known = reader(body, raw.received_at) if reader else None
    return [known or _unknown(what, body, raw.received_at)]


def _message(body: Json, received_at: int) -> Event | None:
    connection = connection_of(body)
    who, number_ = sender(body, connection=connection), whole(body, "message_id")
    if who is None or not number_:
        return None
    at, id_ = _at(body, "date", received_at), mark(number_, connection)
    if not connection:
        start = _START.fullmatch(text(body, "text"))
        if start and "forward_origin" not in body:
            return SessionStarted(who, id_, at, Source(payload=start[1] or ""))
    echo = bool(connection) and wrote_it_ourselves(body)
    shared = None if echo else _contact(body, who, id_, at)
    return shared or _said(body, who, connection, at, echo=echo)


def _said(body: Json, who: Sender, connection: str, at: int, *, echo: bool) -> Message | None:
    said, files = words(body) or _card(body), media(body)
    if not said and not files:
        return None
    id_, reply_to = mark(whole(body, "message_id"), connection), mark(whole(part(body, "reply_to_message"), "message_id"), connection)
    ends = at + OWN_WINDOW if connection and not echo else 0
    return Message(who, id_, said, at, files, reply_to, echo=echo, window_ends_at=ends, album=name(body, "media_group_id"))


def _in_own_account(body: Json, received_at: int) -> Event | None:
    """What our bot said in an own account comes back: it is told apart by who sent it, and is nobody's news."""
    if not connection_of(body):
        return None
    return Unknown("own_echo", at=received_at) if part(body, OWN_BOT) else _message(body, received_at)


def _edited(body: Json, received_at: int) -> Event | None:
    connection = connection_of(body)
    who, number_ = sender(body, connection=connection), whole(body, "message_id")
    if who is None or not number_:
        return None
    return Edit(who, mark(number_, connection), words(body), _at(body, "edit_date", received_at), moving=is_place(body))


def _edited_in_own_account(body: Json, received_at: int) -> Event | None:
    """The owner's own edits change nothing that the customer said."""
    if not connection_of(body):
        return None
    return Unknown("own_edit", at=received_at) if part(body, OWN_BOT) or wrote_it_ourselves(body) else _edited(body, received_at)


def _deleted(body: Json, received_at: int) -> list[Event]:
    connection, numbers = connection_of(body), body.get("message_ids")
    who = sender(body, connection=connection) if connection else None
    if who is None or not isinstance(numbers, list):
        return []
    return [Delete(who, mark(number, connection), received_at) for number in dict.fromkeys(numbers[:100]) if type(number) is int and 0 < number < 2**63]


def _pressed(body: Json, received_at: int) -> Event | None:
    """A press carries no time of its own, so it counts from when it came."""
    message = part(body, "message")
    connection, chat = connection_of(message), part(message, "chat")
    who, id_, value = sender(body, chat, connection), text(body, "id"), text(body, "data")
    if who is None or not id_ or not value or (connection and wrote_it_ourselves(body, chat)):
        return None
    return Postback(who, id_, value, received_at, label=_label(message, value), message=mark(whole(message, "message_id"), connection))


def _membership(body: Json, received_at: int) -> Event | None:
    who = sender(body)
    reachable = _REACHABLE.get(text(part(body, "new_chat_member"), "status"))
    if who is None or reachable is None:
        return None
    return IdentityChanged(who, reachable, _at(body, "date", received_at))


def _reacted(body: Json, received_at: int) -> Event | None:
    """Of several the newest counts; whoever takes one away and keeps another has taken one away."""
    who, number_ = sender(body), whole(body, "message_id")
    if who is None or not number_:
        return None
    at, before = _at(body, "date", received_at), [_emoji(one) for one in parts(body, "old_reaction")]
    put = [emoji for emoji in map(_emoji, parts(body, "new_reaction")) if emoji not in before]
    return Reaction(who, f"reaction:{number_}:{at}", str(number_), put[-1] if put else "", at)


def _emoji(reaction: Json) -> str:
    return text(reaction, "emoji")[:16] or UNNAMED


def _connected(body: Json, received_at: int) -> Event | None:
    """A member of the staff connected the bot to their own account, or changed what it may do there; the older field is gone in newer servers."""
    user, through = part(body, "user"), text(body, "id")
    owner = whole(user, "id")
    if owner <= 0 or connection_of({"business_connection_id": through}) != through or not through:
        return None
    may = body.get("is_enabled") is True and (part(body, "rights").get("can_reply") is True or body.get("can_reply") is True)
    return OwnAccount(through, str(owner), may, received_at, full_name(user))


_READERS: dict[str, Callable[[Json, int], Event | None]] = {
    "message": _message,
    "edited_message": _edited,
    "callback_query": _pressed,
    "my_chat_member": _membership,
    "message_reaction": _reacted,
    "business_connection": _connected,
    "business_message": _in_own_account,
    "edited_business_message": _edited_in_own_account,
}


def _unknown(what: str, body: Json, received_at: int) -> Unknown:
    """What stands in an own account and cannot be read is its owner's to read there."""
    named = kind(what)
    if what == "message":
        named = kind(next((key for key in body if key not in _AROUND), "message"))
    chat = part(body, "chat") or part(part(body, "message"), "chat")
    who = None if "business_connection_id" in body or "business_connection_id" in part(body, "message") else sender(body, chat)
    message = whole(body, "message_id")
    return Unknown(named, who, str(message) if message else "", _at(body, "date", received_at))


def _at(body: Json, key: str, received_at: int) -> int:
    """Telegram's seconds as milliseconds; a time that cannot be, or lies ahead, is the time of receipt."""
    said = whole(body, key) * 1000
    return said if 0 < said <= received_at else received_at


def _contact(body: Json, who: Sender, id_: str, at: int) -> ContactShared | None:
    """A person may hand over anybody's card; only one that carries their own id is theirs."""
    card = part(body, "contact")
    phone = name(card, "phone_number")
    if not phone:
        return None
    own = whole(card, "user_id") != 0 and whole(card, "user_id") == whole(part(body, "from"), "id")
    if own and phone.isascii() and phone.isdigit():
        phone = f"+{phone}"  # Telegram's own numbers are international, with or without the sign
    return ContactShared(who, id_, phone, at, own, full_name(card), other=not own)


def _card(body: Json) -> str:
    """A card that the owner of an own account handed over."""
    card = part(body, "contact")
    return f"👤 {full_name(card)} {name(card, 'phone_number')}".strip() if name(card, "phone_number") else ""


def _label(message: Json, value: str) -> str:
    rows = part(message, "reply_markup").get("inline_keyboard")
    for row in rows if isinstance(rows, list) else []:
        for button in objects(row):
            if text(button, "callback_data") == value:
                return text(button, "text")
    return ""
