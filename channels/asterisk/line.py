"""The line to an Asterisk: connected, logged in, read packet by packet."""

import asyncio
import hashlib
import itertools
import ssl
from functools import cache

from channels.asterisk.options import AsteriskOptions
from channels.asterisk.packets import END, packet_of, written

ROOM = 4 * 1024 * 1024
"""Bytes that may wait while the store is busy: Asterisk drops whoever does not read for a tenth of a second."""


class Broken(Exception):
    """There is no line, or it ended."""


class Denied(Exception):
    """Asterisk does not let us in."""


class Line:
    """One connection; what it is asked is answered among the events, under the number that was given with it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._numbers = itertools.count(1)

    @classmethod
    async def open(cls, options: AsteriskOptions) -> "Line":
        """Connect and log in; raises Broken or Denied."""
        try:
            async with asyncio.timeout(options.connect_seconds):
                context = tls(options.ca_file) if options.tls else None
                line = cls(*await asyncio.open_connection(*options.place, ssl=context, limit=ROOM))
        except (OSError, TimeoutError) as error:
            raise Broken(type(error).__name__) from None
        try:
            async with asyncio.timeout(options.answer_seconds):
                await line._enter(options)
        except TimeoutError:
            line.close()
            raise Broken("no answer to the login") from None
        except BaseException:
            line.close()
            raise
        return line

    async def _enter(self, options: AsteriskOptions) -> None:
        try:
            greeting = await self._reader.readline()
        except (OSError, ValueError) as error:
            raise Broken(type(error).__name__) from None
        if not greeting.startswith(b"Asterisk Call Manager"):
            raise Broken("this is no manager interface")
        who = {"Username": options.user, "Events": "call"}
        if options.plain:
            answer = await self._asked("Login", **who, Secret=options.secret)
        else:
            challenge = (await self._asked("Challenge", AuthType="MD5")).get("challenge", "")
            key = hashlib.md5(f"{challenge}{options.secret}".encode(), usedforsecurity=False).hexdigest()  # AMI knows no other challenge
            answer = await self._asked("Login", **who, AuthType="MD5", Key=key)
        if answer.get("response", "").lower() != "success":
            raise Denied(answer.get("message", "")[:100])

    async def _asked(self, action: str, **fields: str) -> dict[str, str]:
        number = self.ask(action, **fields)
        while (packet := await self.packet()).get("actionid") != number:
            pass
        return packet

    def ask(self, action: str, **fields: str) -> str:
        """Ask for something; answers the number under which it is answered."""
        number = str(next(self._numbers))
        self._writer.write(written(action, ActionID=number, **fields))
        return number

    async def packet(self) -> dict[str, str]:
        """The next packet; raises Broken at the end of the line."""
        try:
            return packet_of(await self._reader.readuntil(END))
        except (OSError, EOFError, asyncio.LimitOverrunError) as error:
            raise Broken(type(error).__name__) from None

    def close(self) -> None:
        """Cut the line."""
        self._writer.transport.abort()


@cache
def tls(file: str) -> ssl.SSLContext:
    """How Asterisk proves who it is: by the authorities this machine trusts, or by those in a file of the owner's."""
    return ssl.create_default_context(cafile=file or None)
