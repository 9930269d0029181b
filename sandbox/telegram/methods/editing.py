"""Methods that change or remove messages that are there."""

from sandbox.telegram import entities
from sandbox.telegram.buttons import inline_markup
from sandbox.telegram.files import CAPTIONED
from sandbox.telegram.messages import Message
from sandbox.telegram.methods.call import Call
from sandbox.telegram.methods.sending import attachment, caption_of
from sandbox.telegram.shapes import Json, bad_request

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message"
)
MOST_DELETED = 100


def own_message(call: Call) -> Message:
    """The message to edit; raises a refusal unless the bot wrote it and may still change it."""
    message = call.message(call.chat(), "message to edit not found")
    if not message.by_bot or "inline_keyboard" not in (message.markup or {"inline_keyboard": []}):
        raise bad_request("message can't be edited")
    return message


def change(call: Call, message: Message, content: Json, file_name: str | None = None) -> Json:
    """Gives a message its new content and buttons; raises a refusal when both are what they were."""
    markup = inline_markup(call.ask.object("reply_markup"))
    if (content, markup) == (message.content, message.markup):
        raise bad_request(NOT_MODIFIED)
    message.content, message.markup = content, markup
    message.file_name = message.file_name if file_name is None else file_name
    call.world.edited(message)
    return message.wire()


def edit_text(call: Call) -> Json:
    """Changes the text of a message."""
    message = own_message(call)
    if "text" not in message.content:
        raise bad_request("there is no text in the message to edit")
    rich = entities.rich_text(call.ask.text("text"), call.ask.text("parse_mode"), call.ask.objects("entities"))
    return change(call, message, entities.message_text(rich).content())


def edit_caption(call: Call) -> Json:
    """Changes the caption of a file."""
    message = own_message(call)
    if not CAPTIONED & message.content.keys():
        raise bad_request("there is no caption in the message to edit")
    kept = {name: value for name, value in message.content.items() if "caption" not in name}
    return change(call, message, kept | caption_of(call.ask.values))


def edit_markup(call: Call) -> Json:
    """Changes the buttons under a message."""
    message = own_message(call)
    return change(call, message, message.content)


def edit_media(call: Call) -> Json:
    """Changes the file of a message and its caption."""
    message = own_message(call)
    media = call.ask.object("media") or {}
    if str(media.get("type")) not in CAPTIONED - {"voice"}:
        raise bad_request("can't parse InputMedia: media type is invalid")
    file = attachment(call, media["type"], "media", media)
    return change(call, message, file.content, file.file_name)


def delete_message(call: Call) -> bool:
    """Removes a message for both sides."""
    remove(call, call.message(call.chat(), "message to delete not found"))
    return True


def delete_messages(call: Call) -> bool:
    """Removes several messages, passing over those that are not there."""
    chat = call.chat()
    numbers = call.ask.values.get("message_ids")
    if not isinstance(numbers, list) or not numbers:
        raise bad_request("message identifiers are not specified")
    if len(numbers) > MOST_DELETED:
        raise bad_request("too many message identifiers specified")
    for message in [chat.messages[number] for number in numbers if isinstance(number, int) and number in chat.messages]:
        remove(call, message)
    return True


def remove(call: Call, message: Message) -> None:
    """Takes a message out of its chat and tells the watchers."""
    del message.chat.messages[message.message_id]
    call.world.changed(message, "delete")
