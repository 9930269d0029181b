"""Mailboxes read by IMAP (RFC 3501), with IDLE (RFC 2177) and the use of folders told (RFC 6154)."""

import asyncio
import base64
import re
from collections.abc import Awaitable, Callable, Mapping

from sandbox.mail.faults import Dropped
from sandbox.mail.search import chosen, words
from sandbox.mail.talk import Line, bearer, plain
from sandbox.mail.world import SENT, Folder, Letter, Mailbox, MailWorld

OFFERS = "IMAP4rev1 SASL-IR SPECIAL-USE LITERAL+ AUTH=PLAIN AUTH=XOAUTH2"
_FLAGS = re.compile(r"\\[A-Za-z]+")
_LITERAL = re.compile(rb"\{(\d+)(\+?)\}$")


class No(Exception):
    """A command is refused; what it says is the reason."""


class Reading:
    """One connection of a reader."""

    def __init__(self, world: MailWorld, line: Line) -> None:
        self._world, self._line = world, line
        self._box: Mailbox | None = None
        self._folder: Folder | None = None
        self._exists = 0
        self._literal = b""

    async def run(self) -> None:
        """Talk until LOGOUT or until the line is gone."""
        if await self._world.faults.meet("greeting"):
            await self._line.say("* BYE not now")
            return
        await self._line.say(f"* OK [CAPABILITY {self._offers()}] mail.sandbox")
        while True:
            tag, word, rest = await self._command()
            try:
                done = await self._do(word, rest)
            except No as no:
                await self._line.say(f"{tag} NO {no}")
                continue
            await self._line.say(*self._news(), f"{tag} OK {done}")
            if word == "LOGOUT":
                return
            if word == "STARTTLS":
                await self._line.encrypt()

    async def _command(self) -> tuple[str, str, str]:
        said = await self._line.read()
        while literal := _LITERAL.search(said):
            if not literal[2]:
                await self._line.say("+ go ahead")
            self._literal = await self._line.take(int(literal[1]))
            said = said[: literal.start()] + await self._line.read()
        tag, _, command = said.decode("utf-8", "replace").partition(" ")
        word, _, rest = command.partition(" ")
        if word.upper() == "UID":
            inner, _, rest = rest.partition(" ")
            word = f"UID {inner}"
        return tag, word.upper(), rest

    async def _do(self, word: str, rest: str) -> str:
        deed = _OUTSIDE.get(word) or (_INSIDE.get(word) if self._box else None)
        if deed is None:
            raise No("not known here, or log in first")
        return await deed(self, rest) or f"{word} done"

    def _offers(self) -> str:
        return OFFERS + (" IDLE" if self._world.tells else "") + (" STARTTLS" if self._line.may_encrypt else "")

    def _news(self) -> list[str]:
        """What has come since it was told last."""
        if self._folder is None or len(self._folder.letters) == self._exists:
            return []
        self._exists = len(self._folder.letters)
        return [f"* {self._exists} EXISTS"]

    async def _capability(self, _: str) -> str:
        await self._line.say(f"* CAPABILITY {self._offers()}")
        return ""

    async def _nothing(self, _: str) -> str:
        return ""

    async def _bye(self, _: str) -> str:
        await self._line.say("* BYE bye")
        return ""

    async def _starttls(self, _: str) -> str:
        if not self._line.may_encrypt:
            raise No("not offered")
        return "go ahead"

    async def _login(self, rest: str) -> str:
        user, word, *_ = [*words(rest), "", ""]
        return await self._admit(user, good=self._world.admits(user, word))

    async def _authenticate(self, rest: str) -> str:
        how, _, first = rest.partition(" ")
        if how.upper() not in ("PLAIN", "XOAUTH2"):
            raise No("not that way")
        if not first:
            await self._line.say("+ ")
            first = (await self._line.read()).decode()
        if how.upper() == "PLAIN":
            user, word = plain(first.encode())
            return await self._admit(user, good=self._world.admits(user, word))
        user, word = bearer(first.encode())
        if not self._world.admits_token(user, word):
            await self._line.say("+ " + base64.b64encode(b'{"status":"400","schemes":"bearer"}').decode())
            await self._line.read()
            raise No("[AUTHENTICATIONFAILED] the token is not good")
        return await self._admit(user, good=True)

    async def _admit(self, user: str, *, good: bool) -> str:
        if (refused := await self._world.faults.meet("auth", user)) or not good:
            raise No(refused.words if refused else "[AUTHENTICATIONFAILED] wrong user or password")
        self._box = self._world.open(user)
        return "welcome"

    async def _list(self, _: str) -> str:
        assert self._box
        for folder in self._box.folders.values():
            use = r" \Sent" if folder.name == SENT else ""
            await self._line.say(rf'* LIST (\HasNoChildren{use}) "/" "{folder.name}"')
        return ""

    async def _select(self, rest: str) -> str:
        assert self._box
        if refused := await self._world.faults.meet("select", self._box.address):
            raise No(refused.words)
        folder = self._named(rest)
        self._folder, self._exists = folder, len(folder.letters)
        await self._line.say(
            r"* FLAGS (\Seen \Answered \Deleted)",
            f"* {self._exists} EXISTS",
            "* 0 RECENT",
            f"* OK [UIDVALIDITY {folder.validity}] numbers hold",
            f"* OK [UIDNEXT {folder.next}] the next",
        )
        return "[READ-WRITE] chosen"

    async def _examine(self, rest: str) -> str:
        await self._select(rest)
        return "[READ-ONLY] chosen"

    async def _status(self, rest: str) -> str:
        folder = self._named(rest)
        told = f"MESSAGES {len(folder.letters)} UIDNEXT {folder.next} UIDVALIDITY {folder.validity}"
        await self._line.say(f'* STATUS "{folder.name}" ({told})')
        return ""

    async def _append(self, rest: str) -> str:
        assert self._box
        folder = self._named(rest)
        letter = self._box.put(folder.name, self._literal, self._world.clock())
        letter.flags |= set(_FLAGS.findall(rest))
        return f"[APPENDUID {folder.validity} {letter.uid}] kept"

    def _named(self, rest: str) -> Folder:
        assert self._box
        name = words(rest)[0]
        folder = self._box.folders.get("INBOX" if name.upper() == "INBOX" else name)
        if folder is None:
            raise No("[NONEXISTENT] no such folder")
        return folder

    async def _search(self, rest: str) -> str:
        numbers = [str(letter.uid) for letter in self._letters() if chosen(letter, words(rest), self._letters()[-1].uid)]
        await self._line.say(" ".join(["* SEARCH", *numbers]))
        return ""

    async def _fetch(self, rest: str) -> str:
        assert self._box
        which, _, items = rest.partition(" ")
        letters = self._letters()
        for place, letter in enumerate(letters, start=1):
            if chosen(letter, ["UID", which], letters[-1].uid):
                if refused := await self._world.faults.meet("fetch", self._box.address):
                    raise No(refused.words)
                await self._line.say(b"* %d FETCH (%s)" % (place, _shown(letter, items.upper())))
        return ""

    async def _store(self, rest: str) -> str:
        which, _, change = rest.partition(" ")
        flags = set(change.partition("(")[2].rstrip(")").split())
        for letter in self._letters():
            if chosen(letter, ["UID", which], self._letters()[-1].uid):
                letter.flags = letter.flags - flags if change.startswith("-") else letter.flags | flags
        return ""

    def _letters(self) -> list[Letter]:
        if self._folder is None:
            raise No("choose a folder first")
        return self._folder.letters

    async def _idle(self, _: str) -> str:
        assert self._box
        # What came meanwhile is told in the same breath as the permission to wait, as real servers do.
        await self._line.say("+ idling", *self._news())
        self._world.idling += 1
        done = asyncio.create_task(self._line.read())
        try:
            await self._world.faults.meet("idle", self._box.address)
            while not done.done():
                await self._tell(done)
            if (await done).upper() != b"DONE":
                raise Dropped
        finally:
            self._world.idling -= 1
            done.cancel()
        return ""

    async def _tell(self, done: "asyncio.Task[bytes]") -> None:
        """Wait for DONE or for a change, and tell what has come."""
        assert self._box
        seen = self._box.changes
        if news := self._news():
            await self._line.say(*news)
        change = asyncio.create_task(self._box.change(seen))
        try:
            await asyncio.wait((done, change), return_when=asyncio.FIRST_COMPLETED)
        finally:
            change.cancel()


_Deeds = Mapping[str, Callable[[Reading, str], Awaitable[str]]]
_OUTSIDE: _Deeds = {
    "CAPABILITY": Reading._capability,
    "NOOP": Reading._nothing,
    "LOGOUT": Reading._bye,
    "STARTTLS": Reading._starttls,
    "LOGIN": Reading._login,
    "AUTHENTICATE": Reading._authenticate,
}
_INSIDE: _Deeds = {
    "LIST": Reading._list,
    "SELECT": Reading._select,
    "EXAMINE": Reading._examine,
    "STATUS": Reading._status,
    "APPEND": Reading._append,
    "CLOSE": Reading._nothing,
    "UID SEARCH": Reading._search,
    "UID FETCH": Reading._fetch,
    "UID STORE": Reading._store,
    "IDLE": Reading._idle,
}


def _shown(letter: Letter, items: str) -> bytes:
    """A mail's values as FETCH tells them."""
    head = letter.raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    told = [b"UID %d" % letter.uid]
    if "FLAGS" in items:
        told.append(b"FLAGS (%s)" % " ".join(sorted(letter.flags)).encode())
    if "RFC822.SIZE" in items:
        told.append(b"RFC822.SIZE %d" % len(letter.raw))
    if "[HEADER]" in items:
        told.append(b"BODY[HEADER] {%d}\r\n%s" % (len(head), head))
    elif "BODY[]" in items or "BODY.PEEK[]" in items:
        told.append(b"BODY[] {%d}\r\n%s" % (len(letter.raw), letter.raw))
    if "BODY[" in items:
        letter.flags.add(r"\Seen")
    return b" ".join(told)
