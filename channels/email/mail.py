"""A mail as it is kept: the small digest that a worker makes of the original bytes, and its JSON both ways.

Ids of mails (`message_id`, `references`, …) are without their angle brackets. Addresses are in lower case. Every text is free of control characters;
those that may come back in a header (subject, names, ids, addresses) hold no line break either.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TypeVar

E = TypeVar("E", bound=StrEnum)
VERSION = 1
_MOST = 500_000
"""Characters of one text that are read back."""
_MOST_ITEMS = 1_000


class Folder(StrEnum):
    """Where the mail lay: what came in, or what somebody of the firm sent."""

    INBOX = "inbox"
    SENT = "sent"


class Trouble(StrEnum):
    """Why only the headers were read."""

    NONE = ""
    TOO_BIG = "too_big"
    TOO_SLOW = "too_slow"
    DIED = "died"


class PartKind(StrEnum):
    """What a part is to the reader: a file, a picture inside the text, a forwarded mail, an invitation."""

    FILE = "file"
    INLINE = "inline"
    MAIL = "mail"
    CALENDAR = "calendar"


class ReportKind(StrEnum):
    """What a machine reports about a mail of ours: it was not delivered (DSN), it was called spam (ARF), it was opened (MDN)."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    READ = "read"


@dataclass(frozen=True, slots=True)
class Address:
    """One address: `email` in lower case, `name` as shown (it proves nothing and may name somebody else)."""

    email: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A file in the mail.

    `number` counts the leaves of the MIME tree from 0 (what `digest.open_part` takes); `name` is clean enough to show, never a path;
    `size` is in decoded bytes; `cid` is the Content-ID without brackets; `quoted` = only the quoted original shows this picture, so it is no news.
    """

    number: int
    kind: PartKind = PartKind.FILE
    name: str = ""
    mime: str = "application/octet-stream"
    size: int = 0
    cid: str = ""
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What a machine says about a mail of ours.

    `action` is RFC 3464's word ("failed", "delayed", …; empty = not said), `status` the enhanced code ("5.1.1"), `recipient` whom it was for,
    `original_ids` the Message-IDs found in what it sends back (best first),
    `addresses` where our tokens may stand (Return-Path, Reply-To, From of the original), `words` the first line of the diagnosis.
    """

    kind: ReportKind
    action: str = ""
    status: str = ""
    recipient: str = ""
    original_ids: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    words: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """The digest of one mail; `stored`, `folder`, `trouble` are filled in by whoever fetched it (`dataclasses.replace`), the rest by `digest.digest`."""

    stored: str = ""
    """The random id under which the original bytes lie (`DATA_DIR/mail/<stored>.eml`); empty = not kept."""
    folder: Folder = Folder.INBOX
    """Where it was fetched from."""
    trouble: Trouble = Trouble.NONE
    """Why the body was not read; then `text` and `parts` are empty."""
    size: int = 0
    """Bytes of the original, as the server told or as counted."""
    mark: str = ""
    """SHA-256 of the bytes digested, 32 hex digits: the same mail under a new UID has the same mark."""
    message_id: str = ""
    """Message-ID; empty where the mail has none (then parsing takes `mark`)."""
    in_reply_to: tuple[str, ...] = ()
    """Ids in In-Reply-To, as written."""
    references: tuple[str, ...] = ()
    """Ids in References, oldest first; the newest 100."""
    subject: str = ""
    """Decoded, one line, at most 500 characters."""
    date: int = 0
    """The Date header in milliseconds UTC; 0 = none or unreadable. May lie in the future: parsing clamps it."""
    authors: tuple[Address, ...] = ()
    """Well-formed addresses of From. The author is known only when there is exactly one."""
    sender: str = ""
    """The address of the Sender header; empty = none."""
    reply_to: tuple[Address, ...] = ()
    """Where answers are asked to go."""
    to: tuple[Address, ...] = ()
    """Addresses of To; the first 50."""
    cc: tuple[Address, ...] = ()
    """Addresses of Cc; the first 50."""
    delivered: tuple[str, ...] = ()
    """Addresses of Delivered-To, X-Original-To, Envelope-To: where a token survives when To does not carry it."""
    return_path: str | None = None
    """The envelope sender; "" = the null sender `<>`, None = no such header."""
    verdicts: tuple[str, ...] = ()
    """Authentication-Results headers, topmost first; anybody may have written them, see `parse.proven`."""
    loops: tuple[str, ...] = ()
    """Values of X-Loop."""
    auto: str = ""
    """Why this is a machine's mail ("auto-submitted", "list", …, see `automail`); empty = a person's."""
    report: Report | None = None
    """What it reports about a mail of ours, where it does."""
    text: str = ""
    """What the person wrote now: plain text, quotes cut off; may be empty."""
    full: str = ""
    """The whole text with all quotes."""
    parts: tuple[Part, ...] = field(default=())
    """Files, inline pictures, forwarded mails."""

    @property
    def author(self) -> Address | None:
        """The one who wrote it: the only address of From, or the one of several that Sender names; where From says nothing sure, the envelope's sender."""
        if len(self.authors) == 1:
            return self.authors[0]
        named = next((author for author in self.authors if author.email == self.sender), None)
        return named or (Address(self.return_path) if self.return_path else None)

    @property
    def id(self) -> str:
        """What tells this mail from another: its Message-ID, or the mark of its bytes."""
        return self.message_id or self.mark

    @property
    def answers(self) -> tuple[str, ...]:
        """Ids of what this mail answers, the most likely first: In-Reply-To, then References from the end."""
        return tuple(dict.fromkeys((*self.in_reply_to, *reversed(self.references))))


def write(mail: Mail) -> bytes:
    """Write a digest down as JSON; the same mail gives the same bytes."""
    return json.dumps({"v": VERSION, **asdict(mail)}, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def read(body: bytes) -> Mail | None:
    """Read a digest back: total, a field of the wrong shape counts as absent; None where it is no digest at all."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.get("v") != VERSION:
        return None
    back = found.get("return_path")
    return Mail(
        stored=_text(found, "stored"),
        folder=_one_of(Folder, found.get("folder"), Folder.INBOX),
        trouble=_one_of(Trouble, found.get("trouble"), Trouble.NONE),
        size=_number(found, "size"),
        mark=_line(found, "mark"),
        message_id=_line(found, "message_id"),
        in_reply_to=_lines(found, "in_reply_to"),
        references=_lines(found, "references"),
        subject=_line(found, "subject"),
        date=_number(found, "date"),
        authors=_addresses(found, "authors"),
        sender=_line(found, "sender"),
        reply_to=_addresses(found, "reply_to"),
        to=_addresses(found, "to"),
        cc=_addresses(found, "cc"),
        delivered=_lines(found, "delivered"),
        return_path=_clean(back, lines=False) if isinstance(back, str) else None,
        verdicts=_lines(found, "verdicts"),
        loops=_lines(found, "loops"),
        auto=_line(found, "auto"),
        report=_report(found.get("report")),
        text=_text(found, "text"),
        full=_text(found, "full"),
        parts=tuple(_part(item) for item in _items(found, "parts") if isinstance(item, dict)),
    )


def _report(found: object) -> Report | None:
    kind = next((kind for kind in ReportKind if isinstance(found, dict) and kind == found.get("kind")), None)
    if not isinstance(found, dict) or kind is None:
        return None
    return Report(
        kind=kind,
        action=_line(found, "action"),
        status=_line(found, "status"),
        recipient=_line(found, "recipient"),
        original_ids=_lines(found, "original_ids"),
        addresses=_lines(found, "addresses"),
        words=_line(found, "words"),
    )


def _part(found: Mapping[str, object]) -> Part:
    return Part(
        number=_number(found, "number"),
        kind=_one_of(PartKind, found.get("kind"), PartKind.FILE),
        name=_line(found, "name"),
        mime=_line(found, "mime"),
        size=_number(found, "size"),
        cid=_line(found, "cid"),
        quoted=found.get("quoted") is True,
    )


def _one_of(kind: type[E], found: object, otherwise: E) -> E:
    return next((member for member in kind if member == found), otherwise)


def _addresses(found: Mapping[str, object], name: str) -> tuple[Address, ...]:
    made = (Address(_line(item, "email"), _line(item, "name")) for item in _items(found, name) if isinstance(item, dict))
    return tuple(address for address in made if address.email)


def _lines(found: Mapping[str, object], name: str) -> tuple[str, ...]:
    return tuple(_clean(item, lines=False) for item in _items(found, name) if isinstance(item, str))


def _items(found: Mapping[str, object], name: str) -> Sequence[object]:
    items = found.get(name)
    return items[:_MOST_ITEMS] if isinstance(items, list) else ()


def _line(found: Mapping[str, object], name: str) -> str:
    value = found.get(name)
    return _clean(value, lines=False) if isinstance(value, str) else ""


def _text(found: Mapping[str, object], name: str) -> str:
    value = found.get(name)
    return _clean(value, lines=True) if isinstance(value, str) else ""


def _number(found: Mapping[str, object], name: str) -> int:
    value = found.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else 0


_CONTROL_IN_LINE: dict[int, str | None] = dict.fromkeys((*range(32), *range(127, 160), *range(0xD800, 0xE000)))
_CONTROL_IN_TEXT = {code: what for code, what in _CONTROL_IN_LINE.items() if code not in (9, 10)}
_CONTROL_IN_LINE |= dict.fromkeys((9, 10, 13, 0x85, 0x2028, 0x2029), " ")
_CONTROL_IN_LINE |= dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200B, 0x2060, 0xFEFF))  # would turn or hide what is shown


def _clean(value: str, *, lines: bool) -> str:
    value = value[:_MOST]
    if (value.replace("\n", "") if lines else value).isprintable():
        return value  # nearly always, and twenty times as fast
    return value.translate(_CONTROL_IN_TEXT if lines else _CONTROL_IN_LINE)


def clean_line(value: str, most: int = 500) -> str:
    """Make a value fit for one line of a header or a list: no control characters, single spaces, at most `most` characters."""
    return " ".join(_clean(value[: most * 8], lines=False).split())[:most].rstrip()


def clean_text(value: str, most: int = _MOST) -> str:
    """Make a text storable: line ends are `\\n`, no other control character but the tab."""
    return _clean(value[:most].replace("\r\n", "\n").replace("\r", "\n"), lines=True)
