"""The provider's world: mailboxes with their folders, tokens, and how a mail comes from one to another."""

import asyncio
import re
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sandbox.mail.faults import Faults

INBOX, SENT = "INBOX", "Sent"
_MESSAGE_ID = re.compile(rb"(?mi)^Message-ID:(?:[^\r\n]|\r\n[ \t])*")


@dataclass(slots=True)
class Letter:
    """A stored mail: its bytes with CRLF, when it came (seconds since 1970), its flags."""

    uid: int
    raw: bytes
    at: float
    flags: set[str] = field(default_factory=set)


class Folder:
    """A folder; numbers are given in the order of coming and never again, until `renumber` begins anew."""

    def __init__(self, name: str, validity: int) -> None:
        self.name, self.validity, self.next = name, validity, 1
        self.letters: list[Letter] = []

    def add(self, raw: bytes, at: float) -> Letter:
        """Put a mail at the end."""
        letter = Letter(self.next, raw, at)
        self.next += 1
        self.letters.append(letter)
        return letter

    def renumber(self) -> None:
        """Do what a provider does that moves a mailbox: the same mails under other numbers."""
        self.validity += 1
        for number, letter in enumerate(self.letters, start=1):
            letter.uid = number
        self.next = len(self.letters) + 1


class Mailbox:
    """One address and what lies under it; `keeps_sent` = what is submitted is copied into Sent by the provider, as Gmail does."""

    def __init__(self, address: str, name: str, password: str, validity: int) -> None:
        self.address, self.name, self.password = address, name, password
        self.keeps_sent = True
        self.folders = {folder: Folder(folder, validity) for folder in (INBOX, SENT)}
        self._changed = asyncio.Event()
        self.changes = 0

    def put(self, folder: str, raw: bytes, at: float) -> Letter:
        """Store a mail and wake whoever waits for one."""
        letter = self.folders[folder].add(raw, at)
        self.stir()
        return letter

    def stir(self) -> None:
        """Wake whoever waits for a change."""
        self.changes += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def change(self, seen: int) -> None:
        """Wait until more has changed than `seen`."""
        while self.changes <= seen:
            await self._changed.wait()


@dataclass(frozen=True, slots=True)
class Taken:
    """A mail that was submitted: by whom, the envelope, the bytes as they came."""

    user: str
    sender: str
    recipients: tuple[str, ...]
    raw: bytes


class MailWorld:
    """All mailboxes of one provider; a mail to anybody else comes back. `size` is the biggest mail taken, `tells` = IDLE is offered,
    `renames` = what is submitted gets another Message-ID, as Microsoft 365 does."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.faults = Faults()
        self.mailboxes: dict[str, Mailbox] = {}
        self.taken: list[Taken] = []
        self.lines: set[asyncio.Task[None]] = set()
        self.idling = 0
        self.tokens: dict[str, tuple[str, float]] = {}
        self.refreshes: dict[str, str] = {}
        self.size, self.tells, self.renames = 35_000_000, True, False
        self._validity = 1_700_000_000

    def open(self, address: str, name: str = "", password: str = "") -> Mailbox:
        """The mailbox of an address, made at the first asking."""
        key = address.lower()
        if key not in self.mailboxes:
            self._validity += 1000
            self.mailboxes[key] = Mailbox(key, name or key.partition("@")[0].title(), password or secrets.token_urlsafe(12), self._validity)
        return self.mailboxes[key]

    def find(self, address: str) -> Mailbox | None:
        """The mailbox an address leads to, with or without its plus part."""
        local, _, domain = address.lower().rpartition("@")
        return self.mailboxes.get(f"{local}@{domain}") or self.mailboxes.get(f"{local.partition('+')[0]}@{domain}")

    def submit(self, user: str, sender: str, recipients: tuple[str, ...], raw: bytes) -> None:
        """Take a mail from one of ours: a copy into Sent, one into each mailbox, a bounce for whom nobody knows."""
        if self.renames:
            raw = _MESSAGE_ID.sub(b"Message-ID: <%s@mail.sandbox>" % secrets.token_hex(10).encode(), raw, count=1)
        self.taken.append(Taken(user, sender, recipients, raw))
        own = self.find(user)
        if own and own.keeps_sent:
            own.put(SENT, raw, self.clock())
        for recipient in recipients:
            self.deliver(sender, recipient, raw)

    def deliver(self, sender: str, recipient: str, raw: bytes) -> Letter | None:
        """Carry a mail to a mailbox, or its bounce back to the sender; the null sender gets none."""
        box = self.find(recipient)
        if box:
            trace = f"Return-Path: <{sender}>\r\nDelivered-To: {recipient}\r\nReceived: by mail.sandbox; {self._date()}\r\n"
            return box.put(INBOX, trace.encode() + raw, self.clock())
        if sender:
            self.deliver("", sender, bounce(sender, recipient, raw, self._date()))
        return None

    def grant(self, address: str, seconds: float = 3600.0) -> str:
        """A token for IMAP and SMTP; good for a time."""
        token = secrets.token_urlsafe(24)
        self.tokens[token] = (address.lower(), self.clock() + seconds)
        return token

    def admits(self, user: str, password: str) -> bool:
        """Whether this is the password of that mailbox."""
        box = self.mailboxes.get(user.lower())
        return bool(box) and secrets.compare_digest(box.password.encode(), password.encode())  # type: ignore[union-attr]

    def admits_token(self, user: str, token: str) -> bool:
        """Whether a token opens that mailbox now."""
        address, until = self.tokens.get(token, ("", 0.0))
        return address == user.lower() and self.clock() < until

    def expire_tokens(self) -> None:
        """End every token; lines that stand are cut, as providers do."""
        self.tokens = {token: (address, 0.0) for token, (address, _) in self.tokens.items()}
        self.cut()

    def cut(self) -> None:
        """Break every line that stands, without a word."""
        for line in self.lines:
            line.cancel()

    def letters(self, address: str) -> Iterator[Letter]:
        """What lies in somebody's inbox."""
        yield from self.open(address).folders[INBOX].letters

    def _date(self) -> str:
        return time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(self.clock()))


def bounce(sender: str, recipient: str, raw: bytes, date: str) -> bytes:
    """What a server sends back for an address it does not know (RFC 3464), with the original's headers."""
    head = raw.partition(b"\r\n\r\n")[0]
    edge = "=_bounce_" + secrets.token_hex(8)
    lines = [
        "From: Mail Delivery System <MAILER-DAEMON@mail.sandbox>",
        f"To: {sender}",
        f"Date: {date}",
        f"Message-ID: <{secrets.token_hex(8)}@mail.sandbox>",
        "Subject: Undelivered Mail Returned to Sender",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type=delivery-status; boundary="{edge}"',
        "",
        f"--{edge}",
        "Content-Type: text/plain; charset=us-ascii",
        "",
        f"<{recipient}>: no such mailbox here",
        f"--{edge}",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mail.sandbox",
        "",
        f"Final-Recipient: rfc822; {recipient}",
        "Action: failed",
        "Status: 5.1.1",
        "Diagnostic-Code: smtp; 550 5.1.1 no such mailbox here",
        f"--{edge}",
        "Content-Type: text/rfc822-headers",
        "",
    ]
    return "\r\n".join(lines).encode() + b"\r\n" + head + f"\r\n--{edge}--\r\n".encode()
