"""What one update of MAX's means: pure, total, the same again."""

from collections.abc import Callable

from channels.max.contents import called, contact, is_own, media, phone, quoted, words
from channels.payload import Json, kind, name, objects, part, parts, read, text, whole
from crm.base.events import (
    ContactShared,
    Delete,
    Edit,
    Event,
    IdentityChanged,
    Message,
    Postback,
    RawEvent,
    Sender,
    SessionStarted,
    Source,
    Unknown,
)

_LONGEST_ID, _LONGEST_PAYLOAD = 200, 512


def parse(raw: RawEvent, token: str) -> list[Event]:
    """What happened; `token` (the bot's) is what MAX signs contacts with. What cannot be read is an `Unknown`."""
    try:
        update = read(raw.body)
    except ValueError:
        return [Unknown("unreadable", at=raw.received_at)]
    what, at = kind(text(update, "update_type")), _instant(whole(update, "timestamp"), raw.received_at)
    reader = _READERS.get(what)
    found = reader(update, at, token) if reader else None
    return [found or Unknown(what, at=at)]


def _created(update: Json, at: int, token: str) -> Event | None:
    message = part(update, "message")
    if text(part(message, "recipient"), "chat_type") not in ("dialog", ""):
        return Unknown("talk_of_several", at=at)
    sender, body, link = sender_of(part(message, "sender"), text(update, "user_locale")), part(message, "body"), part(message, "link")
    id_, at = _id(body, "mid"), _instant(whole(message, "timestamp"), at)
    if sender is None or not id_:
        return None
    card = contact(body)
    if phone(card):
        return ContactShared(sender, id_, phone(card), at, is_own(card, whole(part(message, "sender"), "user_id"), token), called(card))
    forwarded = quoted(link) if text(link, "type") == "forward" else ""
    said, files = "\n".join(filter(None, (words(body), forwarded))), media(body)
    if not said and not files:
        return Unknown(kind(next((text(one, "type") for one in parts(body, "attachments")), "nothing")), sender, id_, at)
    answered = _id(part(link, "message"), "mid") if text(link, "type") == "reply" else ""
    return Message(sender, id_, said, at, media=files, reply_to=answered)


def _edited(update: Json, at: int, token: str) -> Event | None:
    message = part(update, "message")
    sender, body = sender_of(part(message, "sender"), ""), part(message, "body")
    id_ = _id(body, "mid")
    return Edit(sender, id_, words(body), at) if sender and id_ and text(part(message, "recipient"), "chat_type") in ("dialog", "") else None


def _removed(update: Json, at: int, token: str) -> Event | None:
    person, id_ = whole(update, "user_id"), _id(update, "message_id")
    return Delete(Sender(str(person)), id_, at) if person > 0 and id_ else None


def _pressed(update: Json, at: int, token: str) -> Event | None:
    """A button of ours; what it showed stands in the message it is under."""
    callback, body = part(update, "callback"), part(part(update, "message"), "body")
    sender, value = sender_of(part(callback, "user"), text(update, "user_locale")), text(callback, "payload")
    id_ = _id(callback, "callback_id")
    if sender is None or not value or not id_:
        return None
    return Postback(sender, id_, value, at, label=_label(body, value), message=_id(body, "mid"))


def _label(body: Json, value: str) -> str:
    keyboards = [part(one, "payload").get("buttons") for one in parts(body, "attachments") if text(one, "type") == "inline_keyboard"]
    rows = [row for one in keyboards if isinstance(one, list) for row in one]
    return next((name(button, "text") for row in rows for button in objects(row) if text(button, "payload") == value), "")


def _started(update: Json, at: int, token: str) -> Event | None:
    sender, payload = sender_of(part(update, "user"), text(update, "user_locale")), text(update, "payload")[:_LONGEST_PAYLOAD]
    return SessionStarted(sender, f"started:{sender.external_id}:{at}", at, Source(payload=payload)) if sender else None


def _stopped(update: Json, at: int, token: str) -> Event | None:
    sender = sender_of(part(update, "user"), "")
    return IdentityChanged(sender, False, at) if sender else None


def _dialog(update: Json, at: int, token: str) -> Event | None:
    """Cleared, muted, removed at their end: it stands in the thread, and nothing follows from it."""
    sender, what = sender_of(part(update, "user"), ""), kind(text(update, "update_type"))
    return Unknown(what, sender, f"{what}:{sender.external_id}:{at}", at) if sender else None


_READERS: dict[str, Callable[[Json, int, str], Event | None]] = {
    "message_created": _created,
    "message_edited": _edited,
    "message_removed": _removed,
    "message_callback": _pressed,
    "bot_started": _started,
    "bot_stopped": _stopped,
    "dialog_removed": _dialog,
    "dialog_cleared": _dialog,
    "dialog_muted": _dialog,
    "dialog_unmuted": _dialog,
}
"""What is read; an update of any other kind is kept and counted."""


def sender_of(user: Json, locale: str) -> Sender | None:
    """The person; None for a bot, ours too, and where no number can be read."""
    person = whole(user, "user_id")
    if person <= 0 or user.get("is_bot") is True:
        return None
    whole_name = " ".join(filter(None, (name(user, "first_name"), name(user, "last_name")))) or name(user, "name")
    return Sender(str(person), whole_name, name(user, "username"), locale[:12] if locale.isascii() else "")


def _id(body: Json, key: str) -> str:
    found = text(body, key)
    return found if len(found) <= _LONGEST_ID else ""


def _instant(told: int, received_at: int) -> int:
    """MAX's own milliseconds; a time that cannot be, or lies ahead, is the time of receipt."""
    return told if 0 < told <= received_at else received_at
