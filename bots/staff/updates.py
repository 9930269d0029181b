"""Reads a staff update into plain values, and drives python-telegram-bot's handlers with it, one stored event at a time."""

import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from telegram import Bot, Update
from telegram.ext import Application, ApplicationBuilder, CallbackContext, CommandHandler, ContextTypes, filters

from bots.staff.said import Blocked, Moved, Nameless, Origin, Other, Place, Press, Reacted, Rights, Shared, StaffUpdate, Text, Unblocked
from crm.base.events import MediaKind, MediaRef

__all__ = [
    "DIRECT",
    "FILES",
    "GROUP",
    "LARGEST_NUMBER",
    "READERS",
    "UNFIT",
    "Blocked",
    "Data",
    "Driven",
    "Handler",
    "Json",
    "Moved",
    "Nameless",
    "Origin",
    "Other",
    "Place",
    "Press",
    "Reacted",
    "Rights",
    "Shared",
    "StaffApplication",
    "StaffContext",
    "StaffUpdate",
    "Text",
    "Unblocked",
    "application",
    "chat_of",
    "command",
    "drive",
    "number",
    "read",
]

Json = Mapping[str, object]
Data = dict[Any, Any]

LARGEST_NUMBER = 2**63 - 1
LAST_SECOND = 253_402_300_799  # the end of the year 9999
SOMEBODY_ELSES = ("forward_origin", "forward_date", "forward_from", "via_bot", "is_automatic_forward")
FILES: Mapping[str, MediaKind] = {
    "document": MediaKind.DOCUMENT,
    "voice": MediaKind.VOICE,
    "audio": MediaKind.AUDIO,
    "video": MediaKind.VIDEO,
    "video_note": MediaKind.VIDEO,
    "sticker": MediaKind.STICKER,
}
GROUP = "supergroup"  # no other kind has topics
# What is somebody's own, but nothing that can be passed on; anything else without words tells of the group itself.
UNFIT = ("location", "contact", "poll", "venue", "dice", "story", "game", "checklist")


@dataclass(frozen=True, slots=True)
class Driven:
    """One stored event on its way through the handlers: what it says, its row id (the once-key of every deed), and now."""

    said: StaffUpdate
    event: int
    now: int


def read(raw: bytes) -> StaffUpdate:
    """Reads one update: pure, and never raises, whatever the bytes are."""
    try:
        update = json.loads(raw)
    except (ValueError, RecursionError):
        return Other("unreadable")
    if not isinstance(update, dict):
        return Other("unreadable")
    for kind, reader in READERS.items():
        if isinstance(update.get(kind), dict):
            return reader(kind, update[kind])
    return Other(next((_words(name)[:40] for name in update if name != "update_id"), "empty"))


def chat_of(update: Json) -> int | None:
    """The chat an update belongs to, whatever its kind; a press counts to the chat of its message, or else to the person's own."""
    for part in update.values():
        if isinstance(part, dict):
            found = (_part(part, "chat"), _part(_part(part, "message"), "chat"), _part(part, "from"))
            return next((id_ for id_ in (number(place.get("id")) for place in found) if id_ is not None), None)
    return None


def number(value: object) -> int | None:
    """A whole number that a database column holds, or None."""
    return value if type(value) is int and abs(value) <= LARGEST_NUMBER else None


def _read_message(kind: str, message: Json) -> StaffUpdate:
    chat_id, person, message_id, place = _private(message), _part(message, "from"), number(message.get("message_id")), _place(message)
    user_id = _person(person)
    if place is not None:
        chat_id = user_id
        if special := _special(message, place):
            return special
    if chat_id is None or user_id != chat_id or message_id is None or "sender_chat" in message:
        return Other(kind)
    text, media, edited = _words(message.get("text")) or _words(message.get("caption")), _media(message), kind == "edited_message"
    contact = _shared(message) if place is None else None
    if not text and not media and not contact and (place is None or not any(name in message for name in UNFIT)):
        return Other(kind, chat_id if place is None else None)
    return Text(
        chat_id=chat_id,
        user_id=user_id,
        user_name=_name(person),
        language=_words(person.get("language_code")),
        message_id=message_id,
        text=text,
        reply_to=number(_part(message, "reply_to_message").get("message_id")),
        edited=edited,
        forwarded=any(message.get(mark) for mark in SOMEBODY_ELSES),
        media=media,
        at=_instant(message.get("edit_date" if edited else "date")),
        tokens=_tokens(_part(message, "reply_to_message")),
        place=place,
        username=_words(person.get("username")),
        contact=contact,
        origin=_origin(message),
    )


def _shared(message: Json) -> Shared | None:
    """A contact that was handed over; one without a number says nothing."""
    contact = _part(message, "contact")
    phone = _words(contact.get("phone_number"))[:40]
    return Shared(_name(contact), phone, number(contact.get("user_id")), _words(contact.get("vcard"))) if phone else None


def _origin(message: Json) -> Origin | None:
    """Who said first what was forwarded: a person, one who hides, a group or a channel."""
    told = _part(message, "forward_origin")
    if not told:
        return None
    person, chat = _part(told, "sender_user"), _part(told, "sender_chat") or _part(told, "chat")
    name = _name(person) or _words(told.get("sender_user_name")) or _words(chat.get("title"))
    return Origin(name, number(person.get("id")), _instant(told.get("date")))


def _place(message: Json) -> Place | None:
    chat = _part(message, "chat")
    id_, thread = number(chat.get("id")), number(message.get("message_thread_id")) or 0
    if chat.get("type") != GROUP or id_ is None:
        return None
    return Place(id_, thread if message.get("is_topic_message") is True else 0, _words(chat.get("title")), chat.get("is_forum") is True)


def _special(message: Json, place: Place) -> StaffUpdate | None:
    """What a group is told, or who nobody knows."""
    new = number(message.get("migrate_to_chat_id"))
    if new is not None:
        return Moved(place.chat, new)
    if _part(message, "sender_chat").get("id") == place.chat:
        return Nameless(place, _words(message.get("text")).startswith("/"))
    return None


def _tokens(message: Json) -> tuple[str, ...]:
    """What the buttons under a message carry."""
    rows = _part(message, "reply_markup").get("inline_keyboard")
    buttons = [button for row in rows if isinstance(row, list) for button in row if isinstance(button, dict)] if isinstance(rows, list) else []
    return tuple(filter(None, (_words(button.get("callback_data")) for button in buttons)))


def _read_press(kind: str, query: Json) -> StaffUpdate:
    message = _part(query, "message")
    message_id, user_id, place = number(message.get("message_id")), _person(_part(query, "from")), _place(message)
    chat_id = user_id if place else _private(message)
    query_id, data = _words(query.get("id")), _words(query.get("data"))
    if chat_id is None or message_id is None or user_id != chat_id or not query_id or not data:
        return Other(kind)
    return Press(chat_id, user_id, query_id, message_id, data, place, place is None and bool(_media(message)))


def _read_membership(kind: str, change: Json) -> StaffUpdate:
    chat_id, status, place = _private(change), _part(change, "new_chat_member").get("status"), _place(change)
    if place is not None:
        able = status == "administrator" and _part(change, "new_chat_member").get("can_manage_topics") is True
        return Rights(place.chat, able, str(status)[:40])
    if chat_id is None or _person(_part(change, "from")) != chat_id:
        return Other(kind)
    if status == "kicked":
        return Blocked(chat_id)
    return Unblocked(chat_id) if status == "member" else Other(kind, chat_id)


def _read_reaction(kind: str, change: Json) -> StaffUpdate:
    message_id, user_id, place = number(change.get("message_id")), _person(_part(change, "user")), _place(change)
    chat_id = user_id if place else _private(change)
    if chat_id is None or message_id is None or user_id != chat_id:
        return Other(kind)
    before, after = _listed(change, "old_reaction"), _listed(change, "new_reaction")
    put = [one for one in after if one not in before]
    emoji = _words(put[-1].get("emoji")) if put and isinstance(put[-1], dict) else ""
    if put and not emoji:
        return Other(kind, None if place else chat_id)  # a picture of somebody's own, or a star that was paid for
    return Reacted(chat_id, user_id, message_id, emoji, place)


READERS: Mapping[str, Callable[[str, Json], StaffUpdate]] = {
    "message": _read_message,
    "edited_message": _read_message,
    "callback_query": _read_press,
    "my_chat_member": _read_membership,
    "message_reaction": _read_reaction,
}


def _private(holder: Json) -> int | None:
    chat = _part(holder, "chat")
    return number(chat.get("id")) if chat.get("type") == "private" else None


def _person(user: Json) -> int | None:
    id_ = number(user.get("id"))
    return id_ if id_ is not None and id_ > 0 and user.get("is_bot") is False else None


def _name(user: Json) -> str:
    return " ".join(part for part in (_words(user.get("first_name")), _words(user.get("last_name"))) if part) or _words(user.get("username"))


def _media(message: Json) -> tuple[MediaRef, ...]:
    sizes = message.get("photo")
    if isinstance(sizes, list) and sizes:
        return _file(MediaKind.PHOTO, sizes[-1])
    for name, kind in FILES.items():
        if name in message:
            return _file(kind, message[name])
    return ()


def _file(kind: MediaKind, file: object) -> tuple[MediaRef, ...]:
    told = file if isinstance(file, dict) else {}
    ref, size = _words(told.get("file_id")), number(told.get("file_size")) or 0
    return (MediaRef(kind, ref, _words(told.get("file_name")), _words(told.get("mime_type")), max(size, 0)),) if ref else ()


def _listed(holder: Json, name: str) -> list[object]:
    found = holder.get(name)
    return found if isinstance(found, list) else []


def _part(holder: Json, name: str) -> Json:
    part = holder.get(name)
    return part if isinstance(part, dict) else {}


def _words(value: object) -> str:
    # Half a character cannot be written as UTF-8, and PostgreSQL takes no NUL.
    return value.replace("\x00", "").encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _instant(seconds: object) -> int:
    told = number(seconds)
    return told * 1000 if told is not None and 0 <= told <= LAST_SECOND else 0


_driven: ContextVar[Driven] = ContextVar("driven")


class StaffContext(CallbackContext[Bot, Data, Data, Data]):
    """What a handler is given beside the update: `driven.said` is the plain value, `driven.event` the once-key."""

    def __init__(self, application: "StaffApplication", chat_id: int | None = None, user_id: int | None = None) -> None:
        super().__init__(application, chat_id, user_id)
        self.driven = _driven.get()


class StaffApplication(Application[Bot, StaffContext, Data, Data, Data, None]):
    """python-telegram-bot's handlers without its updater, queue, persistence and silence; handlers must be blocking (the default)."""

    async def process_error(self, update: object | None, error: Exception, *_: object, **__: object) -> bool:
        """Lets a handler's exception out, where python-telegram-bot would log it and go on."""
        raise error


Handler = Callable[[Update, StaffContext], Coroutine[Any, Any, None]]
# Typed by a person, here and now: no edit, no forward, no inline bot, no group.
DIRECT = filters.UpdateType.MESSAGE & filters.ChatType.PRIVATE & ~filters.FORWARDED & ~filters.VIA_BOT


def application(bot: Bot) -> StaffApplication:
    """Builds an application that is driven by `drive` and starts nothing; `initialize` it before (`bots.staff.poll.introduce`)."""
    builder = ApplicationBuilder().application_class(StaffApplication).bot(bot).updater(None).job_queue(None)
    built = builder.context_types(ContextTypes(context=StaffContext)).build()
    assert isinstance(built, StaffApplication)  # The builder's types lose the class.
    return built


def command(names: str | Sequence[str], callback: Handler) -> CommandHandler[StaffContext, None]:
    """A handler for commands that a person typed; forwarded, edited and inline ones are not commands."""
    return CommandHandler(names if isinstance(names, str) else list(names), callback, filters=DIRECT)


async def drive(application: StaffApplication, raw: bytes, *, event: int, now: int) -> None:
    """Runs the handlers on one stored update and raises what they raise; what no person did in a private chat is passed over."""
    said = read(raw)
    if isinstance(said, Other) and said.chat_id is None:
        return
    mark = _driven.set(Driven(said, event, now))
    try:
        await application.process_update(Update.de_json(json.loads(raw), application.bot))
    finally:
        _driven.reset(mark)
