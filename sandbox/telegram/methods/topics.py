"""Methods about the topics of a group."""

from sandbox.telegram.crowd import Crowd, TopicOf, service
from sandbox.telegram.messages import Chat
from sandbox.telegram.methods.call import Call
from sandbox.telegram.shapes import Json, bad_request

LONGEST_NAME = 128
COLOUR = 7_322_096


def _group(call: Call) -> tuple[Chat, Crowd]:
    chat = call.chat(writing=True)
    if not isinstance(chat.person, Crowd):
        raise bad_request("the chat is not a forum")
    chat.person.managed()
    return chat, chat.person


def _name(call: Call) -> str:
    name = call.ask.text("name").strip()
    if not 1 <= len(name) <= LONGEST_NAME:
        raise bad_request("TOPIC_TITLE_INVALID")
    return name


def _told(call: Call, chat: Chat, what: str, value: Json, thread: int) -> int:
    message = call.world.post(chat, {what: value}, by_bot=True)
    service(message, what, value, thread or message.message_id)
    return message.message_id


def create(call: Call) -> Json:
    """Makes a topic, whose number is that of the message that tells of it."""
    chat, crowd = _group(call)
    name = _name(call)
    thread = _told(call, chat, "forum_topic_created", {"name": name, "icon_color": COLOUR}, 0)
    crowd.topics[thread] = TopicOf(thread, name)
    return {"message_thread_id": thread, "name": name, "icon_color": COLOUR}


def edit(call: Call) -> bool:
    """Renames a topic."""
    chat, crowd = _group(call)
    topic, name = crowd.topic(call.ask.number("message_thread_id")), _name(call)
    if topic.name == name:
        raise bad_request("TOPIC_NOT_MODIFIED")
    topic.name = name
    _told(call, chat, "forum_topic_edited", {"name": name}, topic.thread)
    return True


def close(call: Call) -> bool:
    """Closes a topic."""
    return _shut(call, True)


def reopen(call: Call) -> bool:
    """Opens a topic again."""
    return _shut(call, False)


def _shut(call: Call, closed: bool) -> bool:
    chat, crowd = _group(call)
    topic = crowd.topic(call.ask.number("message_thread_id"))
    if topic.closed == closed:
        raise bad_request("TOPIC_NOT_MODIFIED")
    topic.closed = closed
    _told(call, chat, "forum_topic_closed" if closed else "forum_topic_reopened", {}, topic.thread)
    return True
