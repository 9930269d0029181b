"""Own accounts (Telegram Business): a person connects a bot to their own account, and it reads and answers there in their stead."""

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.telegram.messages import Chat, Message
from sandbox.telegram.shapes import Json, bad_request

if TYPE_CHECKING:
    from sandbox.telegram.world import Bot, Person, World

DAY = 24 * 3600
NOT_FOUND = "business connection not found"


@dataclass(slots=True)
class OwnChat(Chat):
    """The chat of a person with the owner of an account, into which the bot looks; `heard_at` = when the person wrote last, in seconds."""

    connection: "Connection | None" = None
    heard_at: int = 0

    def sender(self, *, by_bot: bool) -> Json:
        """What stands on the near side is the owner's, whoever wrote it."""
        assert self.connection
        return self.connection.owner.user() if by_bot else self.person.user()

    def add(self, content: Json, by_bot: bool, date: int, details: dict[str, object]) -> Message:
        """Adds a message under the next id of the owner's account."""
        assert self.connection
        self.connection.last_id += 1
        self.last_id = self.connection.last_id - 1
        # Named outright: a slotted dataclass is made anew, and `super()` would look for the old one.
        message = Chat.add(self, content, by_bot, date, details)
        message.extra = {**message.extra, "business_connection_id": self.connection.id}
        return message

    def by_the_bot(self) -> Json:
        """What a message says that the bot wrote for the owner."""
        return {"sender_business_bot": self.bot.user()}

    def posted(self, message: Message) -> None:
        """Tells the bot of its own message, as life does."""
        self.bot.updates.put("business_message", message.wire())


@dataclass(slots=True)
class Connection:
    """A bot connected to an account; one of either at most."""

    id: str
    bot: "Bot"
    owner: "Person"
    may_reply: bool = True
    may_delete: bool = True
    enabled: bool = True
    made_at: int = 0
    last_id: int = 0
    chats: dict[int, OwnChat] = field(default_factory=dict)

    def wire(self) -> Json:
        """The connection as the Bot API gives it; a removed one has no rights."""
        about: Json = {"id": self.id, "user": self.owner.user(), "user_chat_id": self.owner.id, "date": self.made_at, "is_enabled": self.enabled}
        rights = {name: True for name, given in (("can_reply", self.may_reply), ("can_delete_sent_messages", self.may_delete)) if given}
        return about | ({"rights": rights} if self.enabled else {})

    def chat(self, person: "Person") -> OwnChat:
        """The chat with a person, begun when first named."""
        if person.id not in self.chats:
            self.chats[person.id] = OwnChat(self.bot, person, opened=True, connection=self)
        return self.chats[person.id]


def connect(world: "World", bot: "Bot", owner: "Person", *, may_reply: bool) -> Connection:
    """Connects a bot, or changes what it may do; the bot is told."""
    made = world.connections.setdefault((bot.name, owner.id), Connection(f"own{owner.id}", bot, owner, made_at=world.now()))
    made.may_reply, made.enabled = may_reply, True
    bot.updates.put("business_connection", made.wire())
    return made


def disconnect(connection: Connection) -> None:
    """Takes the bot off the account; it is told."""
    connection.enabled = False
    connection.bot.updates.put("business_connection", connection.wire())


def chat_of(world: "World", bot: "Bot", name: str, person: object, *, writing: bool) -> Chat:
    """The chat a bot speaks of in somebody's account; refuses where there is none, and to write where it may not."""
    found = connection_of(world, bot, name)
    chat = found.chats.get(person) if isinstance(person, int) else None
    if chat is None:
        raise bad_request("BUSINESS_PEER_INVALID")
    if writing and not found.may_reply:
        raise bad_request("BUSINESS_CONNECTION_NOT_ALLOWED")
    if writing and world.now() - chat.heard_at > DAY:
        raise bad_request("BUSINESS_PEER_USAGE_MISSING")
    return chat


def connection_of(world: "World", bot: "Bot", name: str) -> Connection:
    """An enabled connection of a bot; raises a refusal."""
    found = next((one for one in world.connections.values() if one.id == name and one.bot is bot and one.enabled), None)
    if found is None:
        raise bad_request(NOT_FOUND)
    return found


def said(world: "World", chat: OwnChat, content: Json, *, by_owner: bool, extra: Json | None = None) -> Message:
    """Somebody writes in an own account: the person, or the owner by their own hand; the bot is told."""
    if not by_owner:
        chat.heard_at = world.now()
    message = world.post(chat, content, by_bot=by_owner, extra=dict(extra or {}))
    tell(chat, "business_message", message.wire())
    return message


def tell(chat: OwnChat, kind: str, value: Json) -> None:
    """Queues an update for a bot that is connected still."""
    assert chat.connection
    if chat.connection.enabled:
        chat.bot.updates.put(kind, value)


def delete(chat: OwnChat, numbers: list[int]) -> None:
    """Messages disappear on both sides; the bot is told which."""
    for number in numbers:
        chat.messages.pop(number, None)
    assert chat.connection
    tell(chat, "deleted_business_messages", {"business_connection_id": chat.connection.id, "chat": chat.person.chat(), "message_ids": numbers})


def press(world: "World", chat: OwnChat, message: Message, data: str) -> asyncio.Future[Json]:
    """The person presses a button under a message there."""
    from sandbox.telegram.world import Press

    number = str(4_200_000_000_000_000_000 + world.count("press"))
    made = world.presses[number] = Press(chat, asyncio.get_running_loop().create_future())
    query: Json = {"id": number, "from": chat.person.user(), "message": message.wire(), "chat_instance": f"-{chat.person.id}", "data": data}
    tell(chat, "callback_query", query)
    return made.answer
