"""What one Telegram update means: pure, total, and plain JSON only, because it runs for every message."""

import re

from channels.payload import NOTHING, Json, kind, name, number, objects, part, read, text, whole
from channels.telegram.media import media
from crm.base.events import ContactShared, Edit, Event, IdentityChanged, Message, Postback, RawEvent, Sender, SessionStarted, Source, Unknown

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
    """One update makes one event; whatever cannot be read is an `Unknown`."""
    try:
        update = read(raw.body)
    except ValueError:
        return [Unknown("unreadable", at=raw.received_at)]
    what = next((key for key in update if key != "update_id"), "")
    body = part(update, what)
    reader = _READERS.get(what)
    known = reader(body, raw.received_at) if reader else None
    return [known or _unknown(what, body, raw.received_at)]


def _message(body: Json, received_at: int) -> Event | None:
    sender, number_ = _sender(body), whole(body, "message_id")
    if sender is None or not number_:
        return None
    at, id_ = _at(body, "date", received_at), str(number_)
    shared = _contact(body, sender, id_, at)
    if shared:
        return shared
    words, files = _words(body), media(body)
    start = _START.fullmatch(words)
    if start and not files and "forward_origin" not in body:
        return SessionStarted(sender, id_, at, Source(payload=start[1] or ""))
    if not words and not files:
        return None
    reply_to = whole(part(body, "reply_to_message"), "message_id")
    return Message(sender, id_, words, at, media=files, reply_to=str(reply_to) if reply_to else "")


def _edited(body: Json, received_at: int) -> Event | None:
    sender, number_ = _sender(body), whole(body, "message_id")
    if sender is None or not number_:
        return None
    return Edit(sender, str(number_), _words(body), _at(body, "edit_date", received_at))


def _pressed(body: Json, received_at: int) -> Event | None:
    """A press carries no time of its own, so it counts from when it came."""
    message = part(body, "message")
    sender, id_, value = _sender(body, part(message, "chat")), text(body, "id"), text(body, "data")
    if sender is None or not id_ or not value:
        return None
    under = whole(message, "message_id")
    return Postback(sender, id_, value, received_at, label=_label(message, value), message=str(under) if under else "")


def _membership(body: Json, received_at: int) -> Event | None:
    sender = _sender(body)
    reachable = _REACHABLE.get(text(part(body, "new_chat_member"), "status"))
    if sender is None or reachable is None:
        return None
    return IdentityChanged(sender, reachable, _at(body, "date", received_at))


_READERS = {"message": _message, "edited_message": _edited, "callback_query": _pressed, "my_chat_member": _membership}


def _unknown(what: str, body: Json, received_at: int) -> Unknown:
    """Business chats stand under another key later, so nobody is named for them here."""
    named = kind(what)
    if what == "message":
        named = kind(next((key for key in body if key not in _AROUND), "message"))
    chat = part(body, "chat") or part(part(body, "message"), "chat")
    sender = None if "business_connection_id" in body else _sender(body, chat)
    message = whole(body, "message_id")
    return Unknown(named, sender, str(message) if message else "", _at(body, "date", received_at))


def _sender(body: Json, chat: Json = NOTHING) -> Sender | None:
    """Only a private chat with a person has one; its address is the chat's id."""
    chat = chat or part(body, "chat")
    person = part(body, "from") or part(body, "user") or chat
    address = whole(chat, "id")
    if text(chat, "type") != "private" or address <= 0 or person.get("is_bot") is True:
        return None
    return Sender(str(address), _full_name(person), name(person, "username"), name(person, "language_code")[:35])


def _full_name(person: Json) -> str:
    return f"{name(person, 'first_name')} {name(person, 'last_name')}".strip()


def _at(body: Json, key: str, received_at: int) -> int:
    """Telegram's seconds as milliseconds; a time that cannot be, or lies ahead, is the time of receipt."""
    said = whole(body, key) * 1000
    return said if 0 < said <= received_at else received_at


def _words(body: Json) -> str:
    return text(body, "text") or text(body, "caption") or _place(body)


def _place(body: Json) -> str:
    venue = part(body, "venue")
    spot = part(venue, "location") or part(body, "location")
    latitude, longitude = number(spot, "latitude"), number(spot, "longitude")
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return ""
    here = f"{latitude:.6f},{longitude:.6f}"
    lines = [text(venue, "title"), text(venue, "address"), f"📍 {here.replace(',', ', ')}", f"https://maps.google.com/?q={here}"]
    return "\n".join(line for line in lines if line)


def _contact(body: Json, sender: Sender, id_: str, at: int) -> ContactShared | None:
    """A person may hand over anybody's card; only one that carries their own id is theirs."""
    card = part(body, "contact")
    phone = name(card, "phone_number")
    if not phone:
        return None
    own = whole(card, "user_id") != 0 and whole(card, "user_id") == whole(part(body, "from"), "id")
    if own and phone.isascii() and phone.isdigit():
        phone = f"+{phone}"  # Telegram's own numbers are international, with or without the sign
    return ContactShared(sender, id_, phone, at, own, _full_name(card))


def _label(message: Json, value: str) -> str:
    rows = part(message, "reply_markup").get("inline_keyboard")
    for row in rows if isinstance(rows, list) else []:
        for button in objects(row):
            if text(button, "callback_data") == value:
                return text(button, "text")
    return ""
