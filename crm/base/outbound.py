"""What goes out: the closed family of things to send, what a carrier can do, and how a sending may end."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Protocol

from crm.base.events import MediaKind


class Lane(IntEnum):
    """Who goes first when a channel account cannot send everything at once."""

    REPLY = 0
    SERVICE = 1
    FOLLOWUP = 2
    PROMOTION = 3


@dataclass(frozen=True, slots=True)
class Button:
    """A choice under a message: `value` comes back as a Postback; `url` opens a page; `ask` = "phone" asks for the person's own number."""

    label: str
    value: str = ""
    url: str = ""
    ask: str = ""


Buttons = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class Media:
    """A stored file on its way out; `attachment_id` is what `open_media` takes."""

    attachment_id: int
    kind: MediaKind
    name: str
    mime: str
    size: int


@dataclass(frozen=True, slots=True)
class Say:
    """A message: text, one file, buttons; `html` says that the text carries the few tags Telegram knows, already escaped.

    `personal` = a person wrote it and may edit it later: nothing may ride on it that makes it uneditable, and some platforms take it when they take no
    automata any more (`late` = it is that late). `ref` names this very part to the platform, the same on a repeat, so that what became of it
    can be found again; `template` is what goes instead where only approved templates may.
    Where there are subjects: `subject`, `thread` = the key that comes back in `Message.thread`, `references` = ids of what was said before, oldest first,
    `unsubscribe` = the address of the page that ends such messages ("" = nobody waits to be rid of them).
    `quiet` = it makes no sound where the platform can do that.
    """

    text: str
    media: Media | None = None
    buttons: Buttons = ()
    reply_to: str = ""
    html: bool = False
    personal: bool = field(default=False, compare=False)
    ref: str = field(default="", compare=False)
    late: bool = field(default=False, compare=False)
    subject: str = ""
    thread: str = ""
    references: tuple[str, ...] = ()
    unsubscribe: str = ""
    template: "ApprovedTemplate | None" = None
    quiet: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class ApprovedTemplate:
    """A text the platform has approved, by its name there; `fields` fill its places in order, `text` is what the customer will read, for the thread."""

    name: str
    language: str
    text: str
    fields: tuple[str, ...] = ()
    ref: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class React:
    """Put an emoji on a message of theirs ("" = take it away)."""

    message: str
    emoji: str


@dataclass(frozen=True, slots=True)
class Edit:
    """New words (and buttons) for a message sent before; `message` is the platform's id."""

    message: str
    text: str
    buttons: Buttons = ()
    html: bool = False
    media: bool = False


@dataclass(frozen=True, slots=True)
class Delete:
    """Take back a message sent before."""

    message: str


@dataclass(frozen=True, slots=True)
class Typing:
    """Show that an answer is being written."""


class TopicAct(StrEnum):
    """What is done to a topic of a group."""

    MAKE = "make"
    RENAME = "rename"
    CLOSE = "close"
    REOPEN = "reopen"


@dataclass(frozen=True, slots=True)
class Topic:
    """Do something to a topic of a group: its receipt names the `thread` that what is said there carries."""

    act: TopicAct
    name: str = ""
    thread: str = ""


Outbound = Say | Edit | Delete | ApprovedTemplate | React | Typing | Topic


@dataclass(frozen=True, slots=True)
class Receipt:
    """The platform took it; `ids` are its ids for what was sent, in order.

    `each` = it went as several messages that are told of one by one, and has arrived when all have; else the first stands for it.
    """

    ids: tuple[str, ...]
    each: bool = False


class Unit(StrEnum):
    """What the length of a text is counted in; SMS counts parts of one message (see `crm.base.sms`)."""

    UTF16 = "utf16"
    CHARACTERS = "characters"
    BYTES = "bytes"
    SMS = "sms"


class May(StrEnum):
    """What a platform takes for one address now: anything, what a person writes, its approved templates, or nothing."""

    ANYTHING = "anything"
    PERSONAL = "personal"
    TEMPLATE = "template"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Tempo:
    """How fast one address may be written to: one message every `every` seconds, `burst` of them at once."""

    every: float
    burst: int


@dataclass(frozen=True, slots=True)
class Limits:
    """What a carrier can do and how fast, as data; lengths in `unit`s, sizes in bytes, rates per second.

    `may` holds for the window that was asked about; `windows` = it differs from window to window, so each delivery is asked for; `offers` = promotions
    may go, where `may` lets something go; `late` = what goes now goes by an exemption; `templates` = texts the platform has approved go where others may
    not. `repeats` = sending twice under one `ref` arrives once. `threads` = what is said has a subject and answers something. `free` = a further
    message costs nothing. `tempo` = how fast an address may be written to, where they are not all alike (None = `chat_every`, `chat_burst`).
    `words_with` = how long the words in a file's own message may be, where that is not the same for all files (None = `caption`).
    """

    text: int = 4096
    caption: int = 1024
    buttons: int = 8
    label: int = 24
    media: frozenset[MediaKind] = frozenset()
    media_size: int = 0
    edits: bool = False
    deletes: bool = False
    knows: frozenset[str] = frozenset({"sent"})
    account_rate: float = 25.0
    chat_every: float = 1.0
    chat_burst: int = 3
    needs_inbound: bool = True
    unit: Unit = Unit.UTF16
    reactions: bool = False
    windows: bool = False
    may: May = May.ANYTHING
    late: bool = False
    offers: bool = True
    templates: bool = False
    threads: bool = False
    repeats: bool = False
    free: bool = True
    tempo: "Callable[[str], Tempo] | None" = None
    words_with: "Callable[[Media], int] | None" = None


@dataclass(frozen=True, slots=True)
class Window:
    """What the gate knows of an identity: last inbound and session end, as instants (0 = never)."""

    last_inbound_at: int = 0
    session_ends_at: int = 0


class Reason(StrEnum):
    """Why a message will never arrive."""

    BLOCKED = "blocked"
    OPTED_OUT = "opted_out"
    BAD_ADDRESS = "bad_address"
    WINDOW_CLOSED = "window_closed"
    REJECTED = "rejected"
    BAD_CONTENT = "bad_content"
    UNSUPPORTED = "unsupported"
    ACCOUNT_PROBLEM = "account_problem"
    CLOSED = "closed"


GONE = "gone"
"""The detail of an `Undeliverable` edit whose message is not there any more."""
TOPIC_GONE, NO_RIGHTS, MOVED = "topic gone", "no rights", "moved to "
"""In the detail of an `Undeliverable` to a group: its topic is not there, we may not do that there, the group's other address follows."""


class RetryLater(Exception):
    """It was certainly not sent; try again after `after` seconds. `account` = the whole account must wait, not this chat alone;
    `answered` = the platform itself said so, and is there."""

    def __init__(self, after: float, *, account: bool = False, answered: bool = False) -> None:
        super().__init__(f"retry after {after} s")
        self.after, self.account, self.answered = after, account, answered


class Undeliverable(Exception):
    """The platform will never take this message."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(detail or reason.value)
        self.reason, self.detail = reason, detail


class Uncertain(Exception):
    """Nobody knows whether the message left."""


OpenMedia = Callable[[int], AbstractAsyncContextManager[AsyncIterator[bytes]]]


class Carrier(Protocol):
    """Anything that can send: a channel, or the staff bot. `send` raises RetryLater, Undeliverable, Uncertain and nothing else."""

    @property
    def account(self) -> str: ...

    async def open(self) -> None:
        """Load what takes long: nothing is claimed before, since what is `sending` is taken to leave at once. Again is free."""

    def limits(self, window: Window, now: int) -> Limits: ...

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt: ...


@dataclass(frozen=True, slots=True)
class Health:
    """How a channel account does; `words` is one line in English for `doctor` and the log."""

    ok: bool
    words: str = ""
    facts: dict[str, str] = field(default_factory=dict)
