"""Private chats and their messages: as a bot is told of them and as a person sees them."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.telegram.files import KINDS
from sandbox.telegram.shapes import Json

if TYPE_CHECKING:
    from sandbox.telegram.world import Bot, Person


@dataclass(slots=True)
class Message:
    """One message; `content` holds the fields of its kind, `extra` those of any kind, `sender` is who of a group wrote it."""

    message_id: int
    chat: "Chat"
    by_bot: bool
    date: int
    content: Json
    markup: Json | None = None
    reply_to: int | None = None
    extra: Json = field(default_factory=dict)
    file_name: str = ""
    edit_date: int | None = None
    edit_revision: int = 0
    pinned: bool = False
    revision: int = 0
    reactions: dict[str, list[Json]] = field(default_factory=dict)
    sender: "Person | None" = None

    def wire(self, *, with_reply: bool = True) -> Json:
        """The message as the Bot API gives it."""
        sender = self.sender.user() if self.sender else self.chat.sender(by_bot=self.by_bot)
        shown: Json = {"message_id": self.message_id, "from": sender, "chat": self.chat.person.chat(), "date": self.date}
        if self.edit_date is not None:
            shown["edit_date"] = self.edit_date
        shown |= self.extra
        replied = self.chat.messages.get(self.reply_to or 0)
        if with_reply and replied is not None:
            shown["reply_to_message"] = replied.wire(with_reply=False)
        shown |= self.content
        if self.markup is not None and "inline_keyboard" in self.markup:
            shown["reply_markup"] = self.markup
        return shown

    def shown(self) -> Json:
        """The message as the person sees it."""
        text = self.content.get("text", self.content.get("caption", ""))
        entities = self.content.get("entities", self.content.get("caption_entities", []))
        view: Json = {"message_id": self.message_id, "from": "bot" if self.by_bot else "person", "text": text, "entities": entities}
        view |= {"buttons": self.buttons(), "edited": self.edit_date is not None, "at": self.date, "revision": self.revision}
        if self.markup is not None and "inline_keyboard" not in self.markup:
            view["keyboard"] = {"keyboard": [], **self.markup}
        if self.file_name:
            view["file"] = self.file()
        if self.reply_to is not None:
            view["reply_to"] = self.reply_to
        if self.pinned:
            view["pinned"] = True
        if self.sender:
            view["by"] = self.sender.name
        if self.reactions:
            view["reactions"] = {who: [reaction.get("emoji", "") for reaction in given] for who, given in self.reactions.items()}
        return view | {kind: self.content[kind] for kind in ("contact", "location") if kind in self.content}

    def buttons(self) -> list[list[Json]]:
        """The buttons under the message, `data` being what a press sends back."""
        rows = (self.markup or {}).get("inline_keyboard", [])
        return [[_button(button) for button in row] for row in rows]

    def file(self) -> Json:
        """The file of the message, with an address the person can fetch it from."""
        kind = next(kind for kind in KINDS if kind in self.content)
        attached = self.content[kind][-1] if kind == "photo" else self.content[kind]
        return {"kind": kind, "name": self.file_name, "size": attached["file_size"], "url": f"/play/files/{attached['file_unique_id']}"}


def _button(button: Json) -> Json:
    names = {"text": "text", "url": "url", "callback_data": "data", "style": "style"}
    return {names[name]: value for name, value in button.items() if name in names}


@dataclass(slots=True)
class Chat:
    """The private chat of one bot and one person; message ids grow within it."""

    bot: "Bot"
    person: "Person"
    opened: bool = False
    blocked: bool = False
    messages: dict[int, Message] = field(default_factory=dict)
    last_id: int = 0

    def names(self) -> Json:
        """The short names of both sides."""
        return {"person": self.person.name, "bot": self.bot.name}

    def sender(self, *, by_bot: bool) -> Json:
        """Who wrote a message."""
        return self.bot.user() if by_bot else self.person.user()

    def by_the_bot(self) -> Json:
        """What a message of the bot says besides."""
        return {}

    def posted(self, message: Message) -> None:
        """What comes of a message of the bot: nothing, in a chat of its own."""

    def add(self, content: Json, by_bot: bool, date: int, details: dict[str, object]) -> Message:
        """Adds a message under the next id."""
        self.last_id += 1
        message = Message(self.last_id, self, by_bot, date, content, **details)  # type: ignore[arg-type]
        self.messages[self.last_id] = message
        return message
