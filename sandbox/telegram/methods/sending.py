"""Methods that put messages into a chat."""

from dataclasses import dataclass

from sandbox.telegram import entities
from sandbox.telegram.buttons import checked_markup
from sandbox.telegram.crowd import Crowd
from sandbox.telegram.files import CAPTIONED
from sandbox.telegram.messages import Chat, Message
from sandbox.telegram.methods.call import Call
from sandbox.telegram.shapes import Json, bad_request

MOST_IN_ALBUM = 10
IN_ALBUM = frozenset(["photo", "video", "audio", "document", "animation"])
ACTIONS = frozenset(
    [
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    ]
)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file and its caption, ready to stand in a message."""

    content: Json
    file_name: str


def caption_of(source: Json) -> Json:
    """The caption fields of a method or of one item of media; raises a refusal for a wrong caption."""
    rich = entities.rich_text(source.get("caption"), source.get("parse_mode"), source.get("caption_entities"))
    shown = entities.caption(rich).content("caption")
    return shown | ({"show_caption_above_media": True} if source.get("show_caption_above_media") and shown else {})


def attachment(call: Call, kind: str, name: str, source: Json) -> Attachment:
    """The file a call or an item of media names under `name`: sent along, attached or known by its id."""
    reference = source.get(name)
    reference = "" if reference is None else str(reference)
    upload = call.ask.upload(name, reference)
    if upload is not None:
        stored = call.world.files.add(call.bot.name, kind, upload.name, upload.content_type, upload.body)
    elif not reference:
        raise bad_request(f"there is no {kind} in the request")
    elif reference.startswith(("http://", "https://")):
        raise bad_request("failed to get HTTP URL content")
    else:
        stored = call.world.files.of(call.bot.name, reference, kind)
    content = stored.content(source)
    if kind in CAPTIONED:
        content |= caption_of(source)
    if source.get("has_spoiler") is True:
        content["has_media_spoiler"] = True
    return Attachment(content, stored.name)


def post(call: Call, chat: Chat, content: Json, file_name: str = "", extra: Json | None = None) -> Message:
    """Puts a message of the bot into a chat with what every such method may add to it."""
    topic = chat.person.marks(call.ask.number("message_thread_id")) if isinstance(chat.person, Crowd) else {}
    more = {**(extra or {}), **chat.by_the_bot(), **topic}
    if call.ask.flag("protect_content"):
        more["has_protected_content"] = True
    if call.ask.text("message_effect_id"):
        more["effect_id"] = call.ask.text("message_effect_id")
    message = call.world.post(
        chat,
        content,
        by_bot=True,
        markup=checked_markup(call.ask.object("reply_markup")),
        reply_to=call.reply_to(chat),
        file_name=file_name,
        extra=more,
    )
    chat.posted(message)
    return message


def send_message(call: Call) -> Json:
    """Sends a text."""
    chat = call.chat(writing=True)
    rich = entities.rich_text(call.ask.text("text"), call.ask.text("parse_mode"), call.ask.objects("entities"))
    preview = call.ask.object("link_preview_options")
    extra = {"link_preview_options": preview} if preview else {}
    return post(call, chat, entities.message_text(rich).content(), extra=extra).wire()


def send_file(call: Call, kind: str) -> Json:
    """Sends a file of one kind with its caption."""
    chat = call.chat(writing=True)
    file = attachment(call, kind, kind, call.ask.values)
    return post(call, chat, file.content, file.file_name).wire()


def send_media_group(call: Call) -> list[Json]:
    """Sends an album; nothing is sent when one of its items is refused."""
    chat = call.chat(writing=True)
    items = call.ask.objects("media") or []
    if not items:
        raise bad_request("there are no messages to send")
    if len(items) > MOST_IN_ALBUM:
        raise bad_request("too many messages to send as an album")
    if any(str(item.get("type")) not in IN_ALBUM for item in items):
        raise bad_request("can't parse InputMedia: media type is not allowed in an album")
    files = [attachment(call, item["type"], "media", item) for item in items]
    extra = {"media_group_id": str(13_700_000_000_000_000 + call.world.count("album"))}
    return [post(call, chat, file.content, file.file_name, extra).wire() for file in files]


def send_location(call: Call) -> Json:
    """Sends a place on the map."""
    chat = call.chat(writing=True)
    return post(call, chat, {"location": location(call.ask.values)}).wire()


def location(source: Json) -> Json:
    """A place in Telegram's shape; raises a refusal for one outside the globe."""
    place = {side: source.get(side) for side in ("latitude", "longitude")}
    if not all(isinstance(value, (int, float)) for value in place.values()):
        raise bad_request("location must be non-empty")
    if abs(place["latitude"] or 0) > 90 or abs(place["longitude"] or 0) > 180:
        raise bad_request("wrong location specified")
    return place


def send_contact(call: Call) -> Json:
    """Sends a phone number with a name."""
    chat = call.chat(writing=True)
    contact = {name: call.ask.text(name) for name in ("phone_number", "first_name", "last_name", "vcard") if call.ask.text(name)}
    if not {"phone_number", "first_name"} <= contact.keys():
        raise bad_request("phone number and first name of a contact must be non-empty")
    return post(call, chat, {"contact": contact}).wire()


def send_chat_action(call: Call) -> bool:
    """Shows that the bot is typing."""
    chat = call.chat(writing=True)
    if call.ask.text("action") not in ACTIONS:
        raise bad_request("wrong parameter action in request")
    call.world.typing(chat)
    return True


def copy_message(call: Call) -> Json:
    """Sends the content of a message again, with another caption if one is given."""
    chat = call.chat(writing=True)
    source = call.message(call.chat("from_chat_id"), "message to copy not found")
    content = source.content
    if call.ask.values.get("caption") is not None:
        kept = {name: value for name, value in content.items() if "caption" not in name}
        content = kept | caption_of(call.ask.values)
    return {"message_id": post(call, chat, content, source.file_name).message_id}


def forward_message(call: Call) -> Json:
    """Sends a message on, saying whose it was."""
    chat = call.chat(writing=True)
    source = call.message(call.chat("from_chat_id"), "message to forward not found")
    origin = source.extra.get("forward_origin") or {"type": "user", "sender_user": source.wire()["from"], "date": source.date}
    return post(call, chat, source.content, source.file_name, {"forward_origin": origin}).wire()
