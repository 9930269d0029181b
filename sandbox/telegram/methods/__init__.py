"""The methods of the Bot API that this server knows, by the name a bot calls them by."""

import inspect
from collections.abc import Callable
from functools import partial

from sandbox.telegram.files import KINDS
from sandbox.telegram.methods import chats, editing, own, profile, sending, topics
from sandbox.telegram.methods.call import Call
from sandbox.telegram.shapes import Json, Refusal

FILE_METHODS = {"send" + "".join(word.title() for word in kind.split("_")): partial(sending.send_file, kind=kind) for kind in KINDS}
TEXTS = {"Name": "name", "Description": "description", "ShortDescription": "short_description"}
METHODS: dict[str, Callable[[Call], object]] = {
    "getMe": profile.get_me,
    "getUpdates": profile.get_updates,
    "setWebhook": profile.set_webhook,
    "deleteWebhook": profile.delete_webhook,
    "getWebhookInfo": profile.get_webhook_info,
    "setMyCommands": profile.set_my_commands,
    "getMyCommands": profile.get_my_commands,
    "deleteMyCommands": profile.delete_my_commands,
    "setChatMenuButton": profile.set_chat_menu_button,
    "getChatMenuButton": profile.get_chat_menu_button,
    "sendMessage": sending.send_message,
    "sendMediaGroup": sending.send_media_group,
    "sendLocation": sending.send_location,
    "sendContact": sending.send_contact,
    "sendChatAction": sending.send_chat_action,
    "copyMessage": sending.copy_message,
    "forwardMessage": sending.forward_message,
    "editMessageText": editing.edit_text,
    "editMessageCaption": editing.edit_caption,
    "editMessageReplyMarkup": editing.edit_markup,
    "editMessageMedia": editing.edit_media,
    "deleteMessage": editing.delete_message,
    "deleteMessages": editing.delete_messages,
    "answerCallbackQuery": chats.answer_callback_query,
    "setMessageReaction": chats.set_message_reaction,
    "pinChatMessage": chats.pin_chat_message,
    "unpinChatMessage": chats.unpin_chat_message,
    "getChat": chats.get_chat,
    "getChatMember": chats.get_chat_member,
    "getFile": chats.get_file,
    "createForumTopic": topics.create,
    "editForumTopic": topics.edit,
    "closeForumTopic": topics.close,
    "reopenForumTopic": topics.reopen,
    "getBusinessConnection": own.get_business_connection,
    "deleteBusinessMessages": own.delete_business_messages,
    **FILE_METHODS,
    **{f"setMy{title}": partial(profile.set_text, name=name) for title, name in TEXTS.items()},
    **{f"getMy{title}": partial(profile.get_text, name=name) for title, name in TEXTS.items()},
}
NAMES = {name.lower(): name for name in METHODS}


async def carry_out(method: str, call: Call) -> Json:
    """Does what a method asks and answers its result in Telegram's envelope; raises a refusal."""
    if method not in METHODS:
        raise Refusal(404, "Not Found")
    result = METHODS[method](call)
    if inspect.isawaitable(result):
        result = await result
    return {"ok": True, "result": result}
