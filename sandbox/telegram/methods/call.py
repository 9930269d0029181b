"""One call of a method, and what most methods look up first."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.telegram.crowd import Crowd
from sandbox.telegram.messages import Chat, Message
from sandbox.telegram.own import chat_of
from sandbox.telegram.request import Parameters
from sandbox.telegram.shapes import bad_request, forbidden
from sandbox.telegram.world import Board, Bot, Person, World


@dataclass(frozen=True, slots=True)
class Call:
    """A bot asks something of the world."""

    world: World
    bot: Bot
    ask: Parameters
    alive: Callable[[], bool]

    def chat(self, name: str = "chat_id", *, writing: bool = False) -> Chat:
        """The chat the call speaks of; raises a refusal where the bot may not read it or, when `writing`, write to it."""
        given = self.ask.values.get(name)
        if given is None or given == "":
            raise bad_request(f"{name} is empty")
        if through := self.ask.text("business_connection_id"):
            return chat_of(self.world, self.bot, through, given, writing=writing)
        person = self.world.people.get(given) if isinstance(given, str) and given.startswith("@") else self.world.person_of(given)
        if person is None:
            if given in [bot.id for bot in self.world.bots.values()]:
                raise forbidden("bots can't send messages to bots")
            raise bad_request("chat not found")
        return self._open_chat(person, writing)

    def message(self, chat: Chat, missing: str, name: str = "message_id") -> Message:
        """The message the call speaks of; raises a refusal worded `missing` where there is none."""
        given = self.ask.values.get(name)
        if given is None:
            raise bad_request("message identifier is not specified")
        message = chat.messages.get(given) if isinstance(given, int) else None
        if message is None:
            raise bad_request(missing)
        return message

    def reply_to(self, chat: Chat) -> int | None:
        """The id of the message replied to; raises a refusal when it is not there and the bot insists on it."""
        given = self.ask.object("reply_parameters") or {}
        number = given.get("message_id") or self.ask.number("reply_to_message_id")
        if not number:
            return None
        elsewhere = given.get("chat_id") not in (None, chat.person.id)
        if isinstance(number, int) and number in chat.messages and not elsewhere:
            return number
        if given.get("allow_sending_without_reply") is True or self.ask.flag("allow_sending_without_reply"):
            return None
        raise bad_request("message to be replied not found")

    def _open_chat(self, person: Person, writing: bool) -> Chat:
        chat = self.world.chat(self.bot, person)
        if isinstance(person, Crowd):
            person.enter()
            return chat
        if not chat.opened and isinstance(person, Board):
            raise forbidden("bot is not a member of the channel chat")
        if not chat.opened:
            raise forbidden("bot can't initiate conversation with a user")
        if writing and chat.blocked:
            raise forbidden("bot was blocked by the user")
        if self.ask.number("message_thread_id"):
            raise bad_request("message thread not found")
        return chat
