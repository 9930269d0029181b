"""A mailbox on its server, through imap-tools: every call here blocks, so each box has one thread of its own and its socket is broken from outside."""

import imaplib
import re
import select
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from imap_tools import BaseMailBox
from imap_tools.errors import ImapToolsError

from channels.email.options import STARTTLS, TLS, EmailOptions

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")
_SENT = ("Sent", "Sent Items", "Sent Messages", "Sent Mail", "INBOX.Sent", "[Gmail]/Sent Mail")
_LONGEST_IDLE = 28 * 60.0


class Broken(Exception):
    """The line to the server is gone, or was never there; what it says is the kind of failure alone."""


class Denied(Exception):
    """The server does not let us in."""


class Refused(Exception):
    """The server refuses one command; the line stands."""


class Box:
    """One connection; `cut` may be called from any thread, everything else from the box's own."""

    def __init__(self, sock: socket.socket, options: EmailOptions, context: ssl.SSLContext | None) -> None:
        self._sock, self._options, self._context = sock, options, context
        # TLS takes a socket over; a second handle on the same connection can always break it.
        self._handle = sock.dup()
        self._mailbox: _Mailbox | None = None

    def enter(self, secret: str, *, token: bool) -> None:
        """Greet and log in; raises Denied or Broken."""
        with translated(Broken):
            self._mailbox = _Mailbox(self._sock, self._options, self._context)
        with translated(Denied):
            if token:
                self._mailbox.xoauth2(self._options.user, secret, None)
            elif secret.isascii() and self._options.user.isascii():
                self._mailbox.login(self._options.user, secret, None)
            else:
                self._mailbox.login_utf8(self._options.user, secret, None)

    @property
    def mailbox(self) -> "_Mailbox":
        """The connection, entered."""
        if self._mailbox is None:
            raise Broken("not connected")
        return self._mailbox

    def choose(self, folder: str) -> tuple[int, int]:
        """Open a folder without leaving a mark; answers its UIDVALIDITY and the number the next mail gets (0 = not told)."""
        with translated(Refused):
            self.mailbox.folder.set(folder, readonly=True)
        self._news()
        return self._told("UIDVALIDITY"), self._told("UIDNEXT")

    def _told(self, code: str) -> int:
        told = self.mailbox.client.response(code)[1]
        return int(told[0]) if told and isinstance(told[0], bytes) and told[0].isdigit() else 0

    def sent_folder(self) -> str:
        """The folder the server uses for what was sent; "" = none is found."""
        with translated(Refused):
            folders = self.mailbox.folder.list()
        marked = [folder.name for folder in folders if "\\Sent" in folder.flags]
        names = {folder.name for folder in folders}
        return next(iter(marked), next((name for name in _SENT if name in names), ""))

    def numbers(self, after: int, since: int = 0) -> list[int]:
        """UIDs over `after`, rising; with an instant only of what came since that day."""
        criteria = f"SINCE {day(since)}" if since else f"UID {after + 1}:*"
        with translated(Refused):
            found = self.mailbox.uids(criteria, None)
        return sorted(number for number in map(int, found) if number > after)  # the server tells the last one even when nothing is new

    def size(self, uid: int) -> int:
        """How many bytes a mail has; 0 when it has gone."""
        lines = [line if isinstance(line, bytes) else line[0] for line in self._fetch(str(uid), "(RFC822.SIZE)") if line]
        return next((int(found[1]) for line in lines if (found := _SIZE.search(line))), 0)

    def mail(self, uid: int) -> bytes | None:
        """A mail's bytes, without marking it as read; None when it has gone."""
        return self._literal(uid, "(BODY.PEEK[])")

    def headers(self, uid: int) -> bytes | None:
        """The bytes of a mail's headers; None when it has gone."""
        return self._literal(uid, "(BODY.PEEK[HEADER])")

    def _literal(self, uid: int, what: str) -> bytes | None:
        return next((bytes(line[1]) for line in self._fetch(str(uid), what) if isinstance(line, tuple)), None)

    def has(self, message_id: str) -> bool:
        """Whether the folder that is open holds a mail of ours with this id (without brackets), also where the provider has given it another."""
        with translated(Refused):
            return any(self.mailbox.uids(f'HEADER {name} "{message_id}"', None) for name in ("Message-ID", "X-Loop"))

    def lay(self, folder: str, raw: bytes) -> None:
        """Put a mail that is known already into a folder."""
        with translated(Refused):
            self.mailbox.append(raw, folder, flag_set=["\\Seen"])

    def _fetch(self, uids: str, what: str) -> list[bytes | tuple[bytes, bytes] | None]:
        with translated(Refused):
            state, told = self.mailbox.client.uid("FETCH", uids, what)
        if state != "OK":
            raise Refused("FETCH")
        return list(told)

    @property
    def can_wait(self) -> bool:
        """Whether the server tells when something comes."""
        return "IDLE" in self.mailbox.client.capabilities

    def wait(self, seconds: float) -> None:
        """Wait for news in the folder that is open, at most so long; not at all where some came since it was opened."""
        if self._news():
            return
        with translated(Refused):
            self.mailbox.idle.start()  # type: ignore[no-untyped-call]
            if not self._news() and not self._buffered():
                self._ready(min(seconds, _LONGEST_IDLE))
            self.mailbox.idle.stop()  # type: ignore[no-untyped-call]

    def _news(self) -> bool:
        """Whether the server has told of mails beside the answer to something else; it tells once, and not again when we begin to wait."""
        return self.mailbox.client.response("EXISTS")[1] != [None]

    def _buffered(self) -> bool:
        """Whether something was read together with the permission to wait: what lies in a buffer wakes nobody who looks at the socket."""
        client = self.mailbox.client
        patience = client.sock.gettimeout()
        client.sock.settimeout(0)
        try:
            return bool(client.file.peek(1))  # type: ignore[union-attr]
        except (ssl.SSLWantReadError, BlockingIOError):
            return False
        finally:
            client.sock.settimeout(patience)

    def _ready(self, seconds: float) -> None:
        poller = select.poll()
        poller.register(self.mailbox.client.sock.fileno(), select.POLLIN)
        poller.poll(seconds * 1000)

    def leave(self) -> None:
        """Say goodbye."""
        with translated(Refused):
            self.mailbox.logout()

    def cut(self) -> None:
        """Break the connection: whatever waits on it ends at once."""
        with suppress(OSError):
            self._handle.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Give the socket back, when nothing waits on it any more."""
        if self._mailbox:
            self._mailbox.client.file.close()
            self._mailbox.client.sock.close()
        self._sock.close()
        self._handle.close()


class _Mailbox(BaseMailBox):
    """imap-tools on a socket that is connected already."""

    def __init__(self, sock: socket.socket, options: EmailOptions, context: ssl.SSLContext | None) -> None:
        self._wire, self._options, self._context = sock, options, context
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        at_once = self._options.imap_security == TLS
        sock = self._context.wrap_socket(self._wire, server_hostname=self._options.imap_host) if at_once and self._context else self._wire
        client = _Client(sock)
        if self._options.imap_security == STARTTLS:
            client.host = self._options.imap_host
            client.starttls(self._context)
        return client


class _Client(imaplib.IMAP4):
    """imaplib on a given socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._given = sock
        super().__init__()

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return self._given


@contextmanager
def translated(no: Callable[[str], Exception]) -> Iterator[None]:
    """Turn what the libraries raise into `no` for what the server refuses, Broken for the rest; no words of theirs, which may hold a password."""
    try:
        yield
    except imaplib.IMAP4.abort:
        raise Broken("the connection ended") from None
    except (imaplib.IMAP4.error, ImapToolsError) as error:
        raise no(type(error).__name__) from None
    except (OSError, EOFError, ValueError) as error:
        raise Broken(type(error).__name__) from None


def day(at: int) -> str:
    """A day as IMAP writes it."""
    date = datetime.fromtimestamp(max(at, 0) / 1000, UTC)
    return f"{date.day:02}-{_MONTHS[date.month - 1]}-{date.year}"
