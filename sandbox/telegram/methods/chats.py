"""Methods about a chat and what happens in it: its people, presses, reactions, files."""

from sandbox.telegram.files import LARGEST_DOWNLOAD
from sandbox.telegram.methods.call import Call
from sandbox.telegram.methods.reactions import REACTIONS
from sandbox.telegram.shapes import Json, bad_request

LONGEST_ANSWER = 200
ANY_GIFT = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
QUERY_GONE = "query is too old and response timeout expired or query ID is invalid"


def get_chat(call: Call) -> Json:
    """Tells everything about a private chat."""
    chat = call.chat()
    told: Json = {**chat.person.chat(), "accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": dict.fromkeys(ANY_GIFT, True)}
    if chat.person.username:
        told["active_usernames"] = [chat.person.username]
    pinned = [message for message in chat.messages.values() if message.pinned]
    return told | ({"pinned_message": pinned[-1].wire(with_reply=False)} if pinned else {})


def get_chat_member(call: Call) -> Json:
    """Tells whether somebody is in a chat; in a private one, the two who talk are."""
    chat = call.chat()
    for user in (chat.person.user(), chat.bot.user()):
        if user["id"] == call.ask.number("user_id"):
            return {"status": "member", "user": user}
    raise bad_request("member not found")


def answer_callback_query(call: Call) -> bool:
    """Answers a press of a button, once."""
    number = call.ask.text("callback_query_id")
    press = call.world.presses.get(number)
    if press is None or press.chat.bot is not call.bot:
        raise bad_request(QUERY_GONE)
    text = call.ask.text("text")
    if len(text) > LONGEST_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    del call.world.presses[number]
    said: Json = {"text": text} if text else {}
    said |= {"alert": True} if call.ask.flag("show_alert") else {}
    said |= {"url": call.ask.text("url")} if call.ask.text("url") else {}
    if not press.answer.done():
        press.answer.set_result(said)
    return True


def set_message_reaction(call: Call) -> bool:
    """Sets the bot's one reaction to a message, or takes it back."""
    chat = call.chat(writing=True)
    message = call.message(chat, "message to react not found")
    given = call.ask.objects("reaction") or []
    if len(given) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    if any(reaction.get("type") != "emoji" or str(reaction.get("emoji")).replace("\ufe0f", "") not in REACTIONS for reaction in given):
        raise bad_request("REACTION_INVALID")
    message.reactions.pop("bot", None)
    if given:
        message.reactions["bot"] = given
    call.world.changed(message, "edit")
    return True


def pin_chat_message(call: Call) -> bool:
    """Pins a message."""
    message = call.message(call.chat(writing=True), "message to pin not found")
    message.pinned = True
    call.world.changed(message, "edit")
    return True


def unpin_chat_message(call: Call) -> bool:
    """Unpins a message."""
    message = call.message(call.chat(writing=True), "message to unpin not found")
    message.pinned = False
    call.world.changed(message, "edit")
    return True


def get_file(call: Call) -> Json:
    """Gives the path from which a file can be fetched."""
    stored = call.world.files.of(call.bot.name, call.ask.text("file_id"))
    if len(stored.body) > LARGEST_DOWNLOAD:
        raise bad_request("file is too big")
    return {**stored.about(), "file_path": stored.path}
