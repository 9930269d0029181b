"""Following a mailbox: what is new is fetched, its bytes laid down, read by the worker, kept, and only then passed by."""

import asyncio
import hashlib
import hmac
import logging
import random
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from channels.base import Firm, Offsets
from channels.email import mail as digests
from channels.email import threads
from channels.email.box import Broken, Denied, Refused
from channels.email.line import Line, enter
from channels.email.mail import Folder, Mail, Trouble
from channels.email.oauth import Access, Keyring, Unanswered, Ungranted
from channels.email.options import EmailOptions
from channels.email.originals import Originals
from channels.email.worker import Digester
from crm.base.errors import Busy
from crm.base.events import RawEvent

log = logging.getLogger(__name__)
DAY = 86_400_000
_TRIES = 3
_TELLING = ("message-id", "date", "from", "subject")
_HEADER = r"(?im)^%s:[ \t]*((?:[^\r\n]|\r?\n[ \t])*)"
FAILURES = (Broken, Denied, Refused, Ungranted, Unanswered, OSError)
"""Everything that following may meet; an OSError is our own disk's, since the line's are Broken."""


class Follower:
    """Follows one mailbox; `trouble` says in words what is wrong at the moment ("" = nothing), `looked` when it was looked last (0 = never)."""

    def __init__(self, options: EmailOptions, firm: Firm, keyring: Keyring) -> None:
        self._options, self._firm, self._keyring = options, firm, keyring
        self._originals = Originals(firm.folder / "mail")
        self._digester = Digester(options.digest_seconds, options.digest_memory)
        self._failures = 0
        self._stuck: dict[tuple[str, int], int] = {}
        self.trouble, self.looked = "", 0

    async def run(self, offsets: Offsets) -> None:
        """Follow until cancelled, whatever the server says: a password it does not take today may be right tomorrow."""
        try:
            while True:
                try:
                    async with self._entered() as (line, until):
                        await self._follow(line, until, offsets)
                except FAILURES as error:
                    await asyncio.sleep(self._failed(error))
        finally:
            await self._digester.close()

    @asynccontextmanager
    async def _entered(self) -> AsyncIterator[tuple[Line, float]]:
        """A connection, and until when (monotonic) it is to be kept."""
        access = await self._keyring.access()
        try:
            line = await enter(self._options, access.secret, token=access.token)
        except Denied:
            self._keyring.forget()
            raise
        try:
            yield line, self._until(access)
        except BaseException:
            line.close()
            raise
        await line.leave()

    def _until(self, access: Access) -> float:
        """A session ends with its token, and providers say so without a word: it is left before."""
        longest = time.monotonic() + self._options.session
        return longest if access.until is None else min(longest, access.until)

    async def _follow(self, line: Line, until: float, offsets: Offsets) -> None:
        sent = await self._sent_folder(line)
        waits = await line.do(lambda: line.box.can_wait)
        while True:
            if sent:
                await self._pass(line, sent, Folder.SENT, offsets)
            for folder in reversed(self._options.folders):  # the first comes last, because it is the one that is waited in
                await self._pass(line, folder, Folder.INBOX, offsets)
            await self._digester.close()
            self._well()
            left = until - time.monotonic()
            if left <= 0:
                return
            patience = min(self._options.idle, self._options.poll, left)
            if waits:
                await line.do(line.box.wait, patience)
            else:
                await asyncio.sleep(patience)

    async def _sent_folder(self, line: Line) -> str:
        if not self._options.read_sent:
            return ""
        return self._options.sent_folder or await line.do(line.box.sent_folder)

    async def _pass(self, line: Line, folder: str, kind: Folder, offsets: Offsets) -> None:
        """Take what is new in a folder. A folder not met before, or numbered anew, begins with the mails of the last days."""
        validity, following = await line.do(line.box.choose, folder)
        place = f"{self._options.account}:{folder}"
        name = f"{place}:{validity}"
        last, since = await offsets.get(name), 0
        known = await offsets.get(place)
        if not last and known != validity:
            since = max(1, self._firm.clock() - (self._options.again_days if known else self._options.first_days) * DAY)
        numbers = await line.do(line.box.numbers, last, since)
        for uid in numbers:
            if event := await self._event(line, name, uid, kind):
                await self._keep(offsets, name, uid, [event])
                last = uid
        top = max(last, *numbers, following - 1 if since else 0, 0)
        if top > last:
            await self._keep(offsets, name, top, [])
        if known != validity:
            await self._keep(offsets, place, validity, [])

    async def _event(self, line: Line, name: str, uid: int, kind: Folder) -> RawEvent | None:
        """One mail as it is kept; None for one that has gone, or that we sent ourselves."""
        try:
            if kind is Folder.SENT:
                head = await line.do(line.box.headers, uid)
                if head is None or self._ours(head):
                    return None
            size = await line.do(line.box.size, uid)
            too_big = size > self._options.mail_size
            raw = await line.do(line.box.headers if too_big else line.box.mail, uid)
        except Refused:
            return self._unreadable(name, uid, kind)
        if raw is None:
            return None
        key, stored, path = await asyncio.to_thread(self._laid_down, raw, kind)
        mail = await self._digester.digest(path)
        mail = replace(mail, stored=stored, folder=kind, size=size or len(raw), trouble=Trouble.TOO_BIG if too_big else mail.trouble)
        return self._raw(key, mail)

    def _laid_down(self, raw: bytes, kind: Folder) -> tuple[str, str, Path]:
        """The key of a mail, and the name and place its bytes now lie under: the same for a repeat, and nobody outside can guess it."""
        key = f"{kind}:{fingerprint(raw)}"
        stored = hmac.new(self._firm.keys[0], f"mail {self._options.account} {key}".encode(), hashlib.sha256).hexdigest()[:32]
        return key, stored, self._originals.keep(stored, raw)

    def _unreadable(self, name: str, uid: int, kind: Folder) -> RawEvent:
        """A mail the server will not give: after a few tries it is kept as that, so that it holds up no other; raises Refused before."""
        tries = self._stuck[name, uid] = self._stuck.get((name, uid), 0) + 1
        if tries < _TRIES:
            raise Refused("FETCH")
        del self._stuck[name, uid]
        mark = hashlib.sha256(f"{name}:{uid}".encode()).hexdigest()[:32]
        return self._raw(f"{name}:{uid}", Mail(folder=kind, trouble=Trouble.DIED, mark=mark))

    def _raw(self, key: str, mail: Mail) -> RawEvent:
        who = mail.to[:1] if mail.folder is Folder.SENT else (mail.author,) if mail.author else ()
        lane = threads.plain(who[0].email) if who else ""
        account = self._options.account
        return RawEvent(account, key, f"{account}:{lane}", digests.write(mail), self._firm.clock(), same=(mail.stored or mail.mark).encode())

    def _ours(self, head: bytes) -> bool:
        """Whether we sent it: by our Message-ID or, where the provider gave it another, by our mark against loops."""
        return any(threads.read_id(header(head, name), self._firm.keys) for name in ("message-id", "x-loop"))

    async def _keep(self, offsets: Offsets, name: str, offset: int, events: list[RawEvent]) -> None:
        while True:
            try:
                return await offsets.keep(name, offset, events)
            except Busy as busy:
                await asyncio.sleep(self._failed(busy))

    def _well(self) -> None:
        self._failures, self.looked = 0, self._firm.clock()
        self._say("")

    def _failed(self, error: Exception) -> float:
        """Note a failure; answers the seconds to wait: doubling, and between half and all of it, so that many do not come back at once."""
        self._failures += 1
        self._say(words(error))
        wait = min(self._options.first_wait * 2.0 ** min(self._failures - 1, 20), self._options.longest_wait)
        if isinstance(error, Denied | Ungranted) and self._failures > 2:
            wait = self._options.denied_wait
        return wait * random.uniform(0.5, 1.0)

    def _say(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.log(logging.WARNING if trouble else logging.INFO, "%s: %s", self._options.account, trouble or "following the mailbox again")
        self.trouble = trouble


def words(error: Exception) -> str:
    """What is wrong, for `doctor` and the log; never what a server said, which may hold an address."""
    match error:
        case Busy():
            return "too much is waiting to be worked through; the mailbox holds the rest"
        case Denied():
            return "the mailbox does not take this user and password"
        case Ungranted():
            return f"the provider gives no token any more ({error}): allow it anew"
        case Unanswered():
            return "the provider of tokens does not answer"
        case Refused():
            return "the mail server refuses what it was asked"
        case OSError():
            return f"a mail cannot be laid down on our disk ({type(error).__name__})"
        case _:
            return "the mail server cannot be reached"


def fingerprint(raw: bytes) -> str:
    """What tells a mail from another wherever it lies: what its author wrote, and not the traces servers put above it. Pure."""
    head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    told = [header(head, name).encode("utf-8", "surrogateescape") for name in _TELLING]
    if not any(told[:2]):
        told.append(header(head, "received").encode("utf-8", "surrogateescape"))  # without an id and a date two mails with the same words may be two
    return hashlib.sha256(b"\0".join((*told, body))).hexdigest()


def header(head: bytes, name: str) -> str:
    """A header as it stands, "" where there is none. Pure."""
    found = re.search(_HEADER % re.escape(name), head.partition(b"\n\n")[0].partition(b"\r\n\r\n")[0].decode("utf-8", "surrogateescape"))
    return " ".join(found[1].split()) if found else ""
