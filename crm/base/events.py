"""What comes in: raw events as a platform sent them, and what parsing makes of them.

`RawEvent` is kept before it is acknowledged; `parse` of a channel turns its bytes into events of the closed family below.
Instants are integers: milliseconds since 1970 UTC.
"""

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class RawEvent:
    """One element of a platform's envelope, as bytes.

    `key` is unique within the account (the dedupe), `lane` orders: events of one lane are applied one after another.
    `desk` marks what the staff wrote to their own bot: the same door, processed by the staff's loop.
    `same` is the part of the body that a repeat has too; empty = all of it, as where the bytes are the platform's own.
    """

    account: str
    key: str
    lane: str
    body: bytes
    received_at: int
    desk: bool = False
    same: bytes = b""


class MediaKind(StrEnum):
    """What sort of file travels with a message."""

    PHOTO = "photo"
    DOCUMENT = "document"
    VOICE = "voice"
    AUDIO = "audio"
    VIDEO = "video"
    STICKER = "sticker"


@dataclass(frozen=True, slots=True)
class MediaRef:
    """A file the platform holds; `ref` is what `fetch_media` needs, `size` is bytes as claimed (0 = unknown)."""

    kind: MediaKind
    ref: str
    name: str = ""
    mime: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True)
class Sender:
    """The customer as the platform names them; `language` is the platform's own hint, never the truth."""

    external_id: str
    name: str = ""
    username: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a stranger came from: a deep link's payload, a campaign's marks, a referring page."""

    payload: str = ""
    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""
    utm_term: str = ""
    utm_content: str = ""
    referrer: str = ""
    page: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A person said something: text, media or both; `at` is the platform's own time."""

    sender: Sender
    external_id: str
    text: str
    at: int
    media: tuple[MediaRef, ...] = ()
    reply_to: str = ""
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """A person changed a message of theirs."""

    sender: Sender
    external_id: str
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Postback:
    """A person pressed a button of ours; `value` is what the button carried, `label` what it showed where the platform tells."""

    sender: Sender
    external_id: str
    value: str
    at: int
    label: str = ""
    message: str = ""
    source: Source | None = None


@dataclass(frozen=True, slots=True)
class ContactShared:
    """A person shared a phone number; `own` is true only where the platform proves that it is theirs."""

    sender: Sender
    external_id: str
    phone: str
    at: int
    own: bool
    name: str = ""


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """A person opened the chat: pressed Start, opened the widget; the source's payload may be a link token.

    `looking` = opening it is no more than a look: the bot greets, but there is no lead and nobody of the staff hears of it before something is said.
    """

    sender: Sender
    external_id: str
    at: int
    source: Source = field(default_factory=Source)
    looking: bool = False


@dataclass(frozen=True, slots=True)
class LeadForm:
    """A person sent a form: named fields, an unticked or ticked box for offers, and the words beside that box."""

    sender: Sender
    external_id: str
    at: int
    name: str = ""
    phone: str = ""
    email: str = ""
    text: str = ""
    offers: bool = False
    offers_text: str = ""
    source: Source = field(default_factory=Source)


@dataclass(frozen=True, slots=True)
class IdentityChanged:
    """An address became reachable or not: blocked, unblocked, deleted."""

    sender: Sender
    reachable: bool
    at: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something the channel does not read yet; kept, counted, shown by its kind, never dropped.

    With a sender it stands in the thread as a line ("sent a poll"); without one it is only counted.
    """

    kind: str
    sender: Sender | None = None
    external_id: str = ""
    at: int = 0


Event = Message | Edit | Postback | ContactShared | SessionStarted | LeadForm | IdentityChanged | Unknown
