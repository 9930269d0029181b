"""Submission: one of ours logs in and hands a mail over (RFC 5321, 4954, 3207, 1870)."""

import base64
import re
from collections.abc import Awaitable, Callable, Mapping

from sandbox.mail.faults import Refusal
from sandbox.mail.talk import Line, bearer, plain, unpacked
from sandbox.mail.world import MailWorld

_PATH = re.compile(r"(?i)(?:FROM|TO):\s*<([^<>]*)>(.*)")
_SIZE = re.compile(r"(?i)\bSIZE=(\d+)")
DENIED = "535 5.7.8 authentication failed"


class Submission:
    """One connection of a sender."""

    def __init__(self, world: MailWorld, line: Line) -> None:
        self._world, self._line = world, line
        self._user = ""
        self._sender: str | None = None
        self._recipients: list[str] = []

    async def run(self) -> None:
        """Talk until QUIT or until the line is gone."""
        if refused := await self._world.faults.meet("greeting"):
            await self._refuse(refused)
            return
        await self._line.say("220 mail.sandbox ESMTP")
        while True:
            said = (await self._line.read()).decode("utf-8", "surrogateescape")
            word, _, rest = said.partition(" ")
            if word.upper() == "QUIT":
                await self._line.say("221 2.0.0 bye")
                return
            deed = _DEEDS.get(word.upper())
            if deed is None:
                await self._line.say("502 5.5.1 not known here")
            else:
                await deed(self, rest)

    async def _greet(self, _: str) -> None:
        offers = ["mail.sandbox", f"SIZE {self._world.size}", "8BITMIME", "ENHANCEDSTATUSCODES"]
        offers += ["STARTTLS"] if self._line.may_encrypt else []
        offers += ["AUTH PLAIN LOGIN XOAUTH2"]
        await self._line.say(*(f"250{' ' if offer is offers[-1] else '-'}{offer}" for offer in offers))

    async def _encrypt(self, _: str) -> None:
        if not self._line.may_encrypt:
            await self._line.say("502 5.5.1 not offered")
            return
        await self._line.say("220 2.0.0 go ahead")
        await self._line.encrypt()
        self._user, self._sender = "", None

    async def _login(self, rest: str) -> None:
        if refused := await self._world.faults.meet("auth"):
            await self._refuse(refused)
            return
        how, _, first = rest.partition(" ")
        match how.upper():
            case "PLAIN":
                user, word = plain((first or await self._asked("")).encode())
                good = self._world.admits(user, word)
            case "LOGIN":
                user, word = unpacked((first or await self._asked("Username:")).encode()), unpacked((await self._asked("Password:")).encode())
                good = self._world.admits(user, word)
            case "XOAUTH2":
                user, word = bearer((first or await self._asked("")).encode())
                good = self._world.admits_token(user, word)
                if not good:
                    await self._asked('{"status":"401","schemes":"bearer"}')
            case _:
                user, good = "", False
        self._user = user if good else ""
        await self._line.say("235 2.7.0 welcome" if good else DENIED)

    async def _asked(self, question: str) -> str:
        await self._line.say(f"334 {base64.b64encode(question.encode()).decode()}")
        return (await self._line.read()).decode()

    async def _from(self, rest: str) -> None:
        found, size = _PATH.match(rest), _SIZE.search(rest)
        if not self._user:
            await self._line.say("530 5.7.0 log in first")
        elif found is None:
            await self._line.say("501 5.5.4 MAIL FROM:<address>")
        elif size and int(size[1]) > self._world.size:
            await self._line.say("552 5.3.4 too big")
        elif refused := await self._world.faults.meet("mail", found[1]):
            await self._refuse(refused)
        else:
            self._sender, self._recipients = found[1], []
            await self._line.say("250 2.1.0 ok")

    async def _to(self, rest: str) -> None:
        found = _PATH.match(rest)
        if self._sender is None or found is None:
            await self._line.say("503 5.5.1 MAIL first, then RCPT TO:<address>")
        elif refused := await self._world.faults.meet("rcpt", found[1]):
            await self._refuse(refused)
        else:
            self._recipients.append(found[1])
            await self._line.say("250 2.1.5 ok")

    async def _data(self, _: str) -> None:
        if self._sender is None or not self._recipients:
            await self._line.say("503 5.5.1 nobody to send it to")
            return
        if refused := await self._world.faults.meet("data", self._recipients[0]):
            await self._refuse(refused)
            return
        await self._line.say("354 go ahead")
        raw = await self._body()
        if len(raw) > self._world.size:
            await self._line.say("552 5.3.4 too big")
        elif refused := await self._world.faults.meet("body", self._recipients[0]):
            await self._refuse(refused)
        else:
            await self._accept(raw)

    async def _accept(self, raw: bytes) -> None:
        assert self._sender is not None
        sender, recipients = self._sender, tuple(self._recipients)
        self._sender, self._recipients = None, []
        if not self._world.faults.swallows(recipients[0]):
            self._world.submit(self._user, sender, recipients, raw)
        if refused := await self._world.faults.meet("accepted", recipients[0]):
            await self._refuse(refused)
        else:
            await self._line.say(f"250 2.0.0 taken as {len(self._world.taken)}")

    async def _body(self) -> bytes:
        lines: list[bytes] = []
        while (line := await self._line.read()) != b".":
            lines.append(line.removeprefix(b".") if line.startswith(b".") else line)
        return b"".join(line + b"\r\n" for line in lines)

    async def _reset(self, _: str) -> None:
        self._sender, self._recipients = None, []
        await self._line.say("250 2.0.0 ok")

    async def _nothing(self, _: str) -> None:
        await self._line.say("250 2.0.0 ok")

    async def _refuse(self, refused: Refusal) -> None:
        await self._line.say(f"{refused.code} {refused.words}")


_DEEDS: Mapping[str, Callable[[Submission, str], Awaitable[None]]] = {
    "EHLO": Submission._greet,
    "HELO": Submission._greet,
    "STARTTLS": Submission._encrypt,
    "AUTH": Submission._login,
    "MAIL": Submission._from,
    "RCPT": Submission._to,
    "DATA": Submission._data,
    "RSET": Submission._reset,
    "NOOP": Submission._nothing,
}
