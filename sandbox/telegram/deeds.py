"""What a person does with their phone, turned into what a bot is told."""

import asyncio
import re
from dataclasses import dataclass

from sandbox.telegram import entities
from sandbox.telegram.files import CAPTIONED, KINDS
from sandbox.telegram.messages import Chat, Message
from sandbox.telegram.methods.sending import caption_of, location
from sandbox.telegram.request import Upload
from sandbox.telegram.shapes import Json
from sandbox.telegram.world import Board, Person, Press, World

# Links with any other payload open the chat without it (Bot API, deep linking).
PAYLOAD = re.compile(r"[A-Za-z0-9_-]{0,64}")


class NotPossible(Exception):
    """A deed that the phone would not let a person do."""


@dataclass(frozen=True, slots=True)
class Deeds:
    """What one person can do in one chat."""

    world: World
    chat: Chat

    @property
    def person(self) -> Person:
        """The person who acts."""
        return self.chat.person

    def say(self, content: Json, *, reply_to: int | None = None, file_name: str = "", extra: Json | None = None) -> Message:
        """Puts a message of the person into the chat and tells the bot."""
        if self.chat.blocked:
            raise NotPossible("the person has blocked this bot; unblock it or press Start first")
        if reply_to is not None:
            self.message(reply_to)
        self.chat.opened = True
        message = self.world.post(self.chat, content, by_bot=False, reply_to=reply_to, file_name=file_name, extra=extra or {})
        self.tell("message", message.wire())
        return message

    def start(self, payload: str) -> Message:
        """Presses Start, which also unblocks the bot."""
        if not PAYLOAD.fullmatch(payload):
            raise NotPossible("a payload is up to 64 of A-Z a-z 0-9 _ -")
        self.unblock()
        return self.type(f"/start {payload}".rstrip())

    def admit(self, allowed: bool) -> bool:
        """Makes the bot an administrator of a channel, or takes that back."""
        if not isinstance(self.person, Board):
            raise NotPossible("only a channel, @like_this, lets bots in")
        self.chat.opened = allowed
        return allowed

    def type(self, text: str, given: list[Json] | None = None, reply_to: int | None = None) -> Message:
        """Types a message."""
        rich = entities.message_text(entities.rich_text(text, "", given))
        return self.say(rich.content(), reply_to=reply_to)

    def send_file(self, kind: str, upload: Upload, caption: str, reply_to: int | None, album: str) -> Message:
        """Sends a file."""
        if kind not in KINDS:
            raise NotPossible(f"kind is one of {', '.join(KINDS)}")
        stored = self.world.files.add(self.chat.bot.name, kind, upload.name, upload.content_type, upload.body)
        content = stored.content({}) | (caption_of({"caption": caption}) if kind in CAPTIONED else {})
        return self.say(content, reply_to=reply_to, file_name=stored.name, extra={"media_group_id": album} if album else {})

    def share_contact(self, phone: str, user_id: int | None, reply_to: int | None = None) -> Message:
        """Shares the contact of the person with `user_id`; None stands for somebody who is not on Telegram."""
        whose = self.world.person_of(user_id)
        names = whose.names() if whose else {"first_name": "Somebody"}
        names.pop("username", None)
        known = {"user_id": user_id} if user_id is not None else {}
        contact = {"phone_number": phone or f"1555{(user_id or 0) % 10_000_000:07}", **names, **known}
        return self.say({"contact": contact}, reply_to=reply_to)

    def send_location(self, latitude: object, longitude: object) -> Message:
        """Sends a place."""
        return self.say({"location": location({"latitude": latitude, "longitude": longitude})})

    def edit(self, number: int, text: str) -> Message:
        """Edits a message of their own."""
        message = self.message(number)
        if message.by_bot:
            raise NotPossible("a person edits their own messages only")
        name = "text" if "text" in message.content else "caption"
        rich = entities.rich_text(text, "", None)
        rich = entities.message_text(rich) if name == "text" else entities.caption(rich)
        kept = {key: value for key, value in message.content.items() if key not in {"text", "caption", "entities", "caption_entities"}}
        message.content = kept | rich.content(name)
        self.world.edited(message)
        self.tell("edited_message", message.wire())
        return message

    def press(self, message: Message, data: str, by: Person | None = None) -> asyncio.Future[Json]:
        """Sends callback data of a message, in a group `by` one of its people; the future brings what the bot said to it."""
        number = str(4_100_000_000_000_000_000 + self.world.count("press"))
        press = self.world.presses[number] = Press(self.chat, asyncio.get_running_loop().create_future())
        query: Json = {"id": number, "from": (by or self.person).user(), "message": message.wire()}
        query |= {"chat_instance": str(-(9_000_000_000_000_000_000 - self.person.id)), "data": data}
        self.tell("callback_query", query)
        return press.answer

    def react(self, number: int, emoji: str) -> None:
        """Reacts to a message; an empty emoji takes the reaction back."""
        message = self.message(number)
        old = message.reactions.pop("person", [])
        new = [{"type": "emoji", "emoji": emoji}] if emoji else []
        if new:
            message.reactions["person"] = new
        self.world.changed(message, "edit")
        reaction: Json = {"chat": self.person.chat(), "message_id": number, "user": self.person.user(), "date": self.world.now()}
        self.tell("message_reaction", {**reaction, "old_reaction": old, "new_reaction": new})

    def block(self) -> None:
        """Blocks the bot and lets it know."""
        if not self.chat.blocked:
            self.chat.blocked = True
            self._tell_membership("member", "kicked")

    def unblock(self) -> None:
        """Unblocks the bot and lets it know."""
        if self.chat.blocked:
            self.chat.blocked = False
            self._tell_membership("kicked", "member")

    def message(self, number: object) -> Message:
        """The message of this id in the chat."""
        message = self.chat.messages.get(number) if isinstance(number, int) else None
        if message is None:
            raise NotPossible(f"there is no message {number} in this chat")
        return message

    def tell(self, kind: str, value: Json) -> None:
        """Queues an update for the bot."""
        self.chat.bot.updates.put(kind, value)

    def _tell_membership(self, before: str, after: str) -> None:
        bot = self.chat.bot.user()
        states = [{"user": bot, "status": status, **({"until_date": 0} if status == "kicked" else {})} for status in (before, after)]
        told: Json = {"chat": self.person.chat(), "from": self.person.user(), "date": self.world.now()}
        self.tell("my_chat_member", {**told, "old_chat_member": states[0], "new_chat_member": states[1]})
