"""Groups with topics: who is in one, what the bot may do there, its topics, and the 20 messages a minute that a bot may send to it."""

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.telegram.faults import too_many
from sandbox.telegram.shapes import Json, Refusal, bad_request, forbidden
from sandbox.telegram.world import Person

if TYPE_CHECKING:
    from sandbox.telegram.messages import Message

FIRST_GROUP = -1_001_900_000_000
A_MINUTE, MOST_A_MINUTE = 60.0, 20
COUNTED = ("send", "edit", "copy", "forward", "create", "close", "reopen")
MEMBER, ADMIN, KICKED = "member", "administrator", "kicked"
ANONYMOUS: Json = {"id": 1_087_968_824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}


@dataclass(slots=True)
class TopicOf:
    """One topic; `closed` = only who may manage topics opens it again."""

    thread: int
    name: str
    closed: bool = False

    def shown(self) -> Json:
        """The topic as the human side lists it."""
        return {"thread": self.thread, "name": self.name, "closed": self.closed}


@dataclass(slots=True)
class Crowd(Person):
    """A group that one bot may be in; it stands among people, because a chat is a chat with somebody."""

    title: str = ""
    topical: bool = True
    status: str = MEMBER
    able: bool = False
    moved_to: int = 0
    topics: dict[int, TopicOf] = field(default_factory=dict)
    spent: deque[float] = field(default_factory=deque)
    most: int = MOST_A_MINUTE

    def chat(self) -> Json:
        """The group as messages name it."""
        return {"id": self.id, "title": self.title, "type": "supergroup", **({"is_forum": True} if self.topical else {})}

    def user(self) -> Json:
        """Whoever writes as the group itself."""
        return ANONYMOUS

    def enter(self) -> None:
        """Refuse a bot that is not there, or asks for a group that has moved."""
        if self.moved_to:
            raise Refusal(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=self.moved_to)
        if self.status == KICKED:
            raise forbidden("bot was kicked from the supergroup chat")

    def pace(self, method: str, now: float) -> None:
        """Count what a bot does in the group and refuse what is too much for a minute."""
        if not method.startswith(COUNTED):
            return
        while self.spent and self.spent[0] <= now - A_MINUTE:
            self.spent.popleft()
        if len(self.spent) >= self.most:
            raise too_many(self.spent[0] + A_MINUTE - now)
        self.spent.append(now)

    def managed(self) -> None:
        """Refuse a bot that may not manage topics."""
        self.enter()
        if not self.topical:
            raise bad_request("the chat is not a forum")
        if self.status != ADMIN or not self.able:
            raise bad_request("not enough rights to manage topics")

    def topic(self, thread: int) -> TopicOf:
        """A topic by its number; a refusal where it is not there."""
        if thread not in self.topics:
            raise bad_request("message thread not found")
        return self.topics[thread]

    def marks(self, thread: int) -> Json:
        """What a message of the bot carries in a topic; a refusal where the topic is not there, or closed to it."""
        if not thread:
            return {}
        topic = self.topic(thread)
        if topic.closed and not (self.status == ADMIN and self.able):
            raise bad_request("TOPIC_CLOSED")
        return {"message_thread_id": thread, "is_topic_message": True}


def service(message: "Message", what: str, value: Json, thread: int) -> None:
    """Make a message one that tells of the group itself."""
    message.content = {what: value}
    message.extra = {"message_thread_id": thread, "is_topic_message": True}
