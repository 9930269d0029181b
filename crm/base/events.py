"""What comes in: raw events as a platform sent them, and what parsing makes of them.

`RawEvent` is kept before it is acknowledged; `parse` of a channel turns its bytes into events of the closed family below.
Instants are integers: milliseconds since 1970 UTC.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from crm.base.paid import Payment


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
    """The customer as the platform names them; `language` is the platform's own hint, never the truth.

    `aliases` are other ids of the same address (a number and an id that stands for it). `phone` and `email` come with the message; `proven` = the
    platform vouches that they are the sender's own, so that they may join two addresses to one person. `same` = another address on this account which
    the platform says is the same person's ("" = none). `visitor` = their account in the firm's own shop, for which its server vouches.
    `through` = the own account of a member of the staff where they are met, as `OwnAccount` names it ("" = the firm's).
    """

    external_id: str
    name: str = ""
    username: str = ""
    language: str = ""
    aliases: tuple[str, ...] = ()
    phone: str = ""
    email: str = ""
    proven: bool = False
    same: str = ""
    visitor: str = ""
    through: str = ""


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
    """A person said something: text, media or both; `at` is the platform's own time.

    `echo` = the firm itself said it to the sender, elsewhere than here; `auto` = a machine wrote it, nobody waits for an answer.
    Where there are subjects: `subject`, `title` = the subject where it is news and stands above the words, the `full` text with what it quotes,
    `thread` = the key of our own conversation that came back proven, `answers` = ids of the messages it answers, the nearest first.
    `window_ends_at` = until when the platform lets us answer freely, where it is longer than usual (0 = as usual).
    `album` = the key of several files sent as one, unique for the sender: what comes under a key that is known is a further part of the same message.
    """

    sender: Sender
    external_id: str
    text: str
    at: int
    media: tuple[MediaRef, ...] = ()
    reply_to: str = ""
    source: Source | None = None
    echo: bool = False
    auto: bool = False
    subject: str = ""
    title: str = ""
    full: str = ""
    thread: str = ""
    answers: tuple[str, ...] = ()
    window_ends_at: int = 0
    album: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """A person changed a message of theirs; `moving` = it changes by itself, as a place that is shared live, and is no news."""

    sender: Sender
    external_id: str
    text: str
    at: int
    moving: bool = False


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
    """A person shared a phone number; `own` is true only where the platform proves that it is theirs, `other` where it is surely somebody else's."""

    sender: Sender
    external_id: str
    phone: str
    at: int
    own: bool
    name: str = ""
    other: bool = False


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
    """An address became reachable or not (blocked, unblocked, deleted), or has a new id: then `new_id` stands for what `sender` was."""

    sender: Sender
    reachable: bool
    at: int
    new_id: str = ""


@dataclass(frozen=True, slots=True)
class Delete:
    """A person took back a message of theirs."""

    sender: Sender
    external_id: str
    at: int


@dataclass(frozen=True, slots=True)
class Reaction:
    """A person put an emoji on a message ("" = took it away); `message` is the platform's id of what it stands on."""

    sender: Sender
    external_id: str
    message: str
    emoji: str
    at: int


class Arrival(StrEnum):
    """How far something we sent has come, as the platform tells."""

    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Status:
    """What became of messages we sent: by the platform's `ids`, by our own `ref` (see `Say.ref`), or of all to `address` up to `until` (an instant).

    `reason` is a value of `crm.base.outbound.Reason` for what failed, `detail` the platform's own words.
    """

    arrival: Arrival
    at: int
    ids: tuple[str, ...] = ()
    ref: str = ""
    address: str = ""
    until: int = 0
    reason: str = ""
    detail: str = ""
    sender: None = None


class Scope(StrEnum):
    """What somebody wants no more of."""

    MARKETING = "marketing"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class OptOut:
    """A person told the platform, by its own means, that they want no more; `shown` is what they pressed or wrote where it is known.

    `ref` = the message of ours that they answered by it, as its `Say.ref`, where it came back proven: then it counts for whom that went to.
    """

    sender: Sender
    external_id: str
    at: int
    scope: Scope = Scope.MARKETING
    shown: str = ""
    ref: str = ""


@dataclass(frozen=True, slots=True)
class OptIn:
    """A person told the platform, by its own means, that they want to be written to."""

    sender: Sender
    external_id: str
    at: int
    scope: Scope = Scope.MARKETING
    shown: str = ""


class CallPhase(StrEnum):
    """Where a call is; MISSED and ENDED are its last, RECORDED comes when the recording can be fetched."""

    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"
    MISSED = "missed"
    RECORDED = "recorded"


@dataclass(frozen=True, slots=True)
class Call:
    """Something happened to a phone call: `external_id` names it in all phases, `outgoing` = we rang, `seconds` they talked; a recording's sender may be ""."""

    sender: Sender
    external_id: str
    phase: CallPhase
    at: int
    outgoing: bool = False
    seconds: int = 0
    agent: str = ""
    line: str = ""
    recording: MediaRef | None = None


@dataclass(frozen=True, slots=True)
class AccountAlert:
    """The platform tells something about our own account: a template paused, a quota, a number restricted; `ok` = it is over."""

    kind: str
    words: str
    at: int
    ok: bool = False
    sender: None = None


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """A member of the staff lets us write in their own account on the platform, or does no more (`may_write`).

    `through` is what `Sender.through` says of those who are met there, `owner` their id on the platform, `name` how they are called there.
    """

    through: str
    owner: str
    may_write: bool
    at: int
    name: str = ""
    sender: None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something the channel does not read yet; kept, counted, shown by its kind, never dropped.

    With a sender it stands in the thread as a line ("sent a poll"); without one it is only counted.
    """

    kind: str
    sender: Sender | None = None
    external_id: str = ""
    at: int = 0


Said = Message | Edit | Delete | Reaction | Postback | ContactShared | SessionStarted | LeadForm
Told = Status | IdentityChanged | OptOut | OptIn | Call | AccountAlert | Payment | OwnAccount | Unknown
Event = Said | Told
