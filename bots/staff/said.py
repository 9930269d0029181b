"""What staff did, as plain values: written, pressed, reacted, in their own chat or in a group; what happened to the bot itself."""

from dataclasses import dataclass, field

from crm.base.events import MediaRef


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a group something was done: its number, its topic (0 = outside of topics), its name, whether it has topics at all."""

    chat: int
    thread: int
    title: str
    topics: bool


@dataclass(frozen=True, slots=True)
class Shared:
    """A contact that was handed over: what the phone calls them, their number, their own number at the platform (None = they are not there), their vCard."""

    name: str
    phone: str
    user_id: int | None = None
    vcard: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Who said first what was forwarded ("" = nobody tells), their own number where they allow it, and when, in milliseconds."""

    name: str
    user_id: int | None = None
    at: int = 0


@dataclass(frozen=True, slots=True)
class Text:
    """A person wrote to the staff bot, or edited it; a caption is text too. `forwarded` = not typed by them, but by `origin`; `at` in milliseconds.

    `tokens` are the buttons under the post that is answered: they tell what it is about also where our own record of it was cut short.
    In a group (`place`) `chat_id` is the person's own chat all the same, and something we cannot pass on has neither text nor media.
    """

    chat_id: int
    user_id: int
    user_name: str
    language: str
    message_id: int
    text: str
    reply_to: int | None
    edited: bool
    forwarded: bool
    media: tuple[MediaRef, ...]
    at: int
    tokens: tuple[str, ...] = ()
    place: Place | None = None
    username: str = field(default="", compare=False)
    contact: Shared | None = None
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Press:
    """A person pressed a button under one of the bot's messages; in a group `chat_id` is their own chat all the same.

    `file` = it is their own chat, and the message is a file with a caption, which cannot be edited into words.
    """

    chat_id: int
    user_id: int
    query_id: str
    message_id: int
    data: str
    place: Place | None = None
    file: bool = False


@dataclass(frozen=True, slots=True)
class Blocked:
    """A person blocked the staff bot."""

    chat_id: int


@dataclass(frozen=True, slots=True)
class Unblocked:
    """A person unblocked the staff bot."""

    chat_id: int


@dataclass(frozen=True, slots=True)
class Other:
    """Anything else; `chat_id` is set only where a person did it in a private chat, so that they can be told."""

    kind: str
    chat_id: int | None = None


@dataclass(frozen=True, slots=True)
class Nameless:
    """Somebody wrote in a group as the group itself, so that nobody knows who it was; `command` = it began with a slash."""

    place: Place
    command: bool


@dataclass(frozen=True, slots=True)
class Moved:
    """A group has another number from now on."""

    chat: int
    to: int


@dataclass(frozen=True, slots=True)
class Rights:
    """What the bot may do in a group has changed; `able` = it may write there and steer topics."""

    chat: int
    able: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Reacted:
    """A person put an emoji on one of the bot's messages ("" = took it away); in a group `chat_id` is their own chat all the same."""

    chat_id: int
    user_id: int
    message_id: int
    emoji: str
    place: Place | None = None


StaffUpdate = Text | Press | Blocked | Unblocked | Other | Nameless | Moved | Rights | Reacted
