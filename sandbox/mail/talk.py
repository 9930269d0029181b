"""What both of the provider's protocols need: lines in and out, TLS on the way, and who somebody is."""

import asyncio
import base64
import binascii
import ssl
from collections.abc import Awaitable, Callable

from sandbox.mail.faults import Dropped
from sandbox.mail.world import MailWorld

LONGEST = 64 * 1024 * 1024
Session = Callable[["Line"], Awaitable[None]]


class Line:
    """One connection, in lines ending in CRLF; `tls` can begin later."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tls: ssl.SSLContext | None, encrypted: bool) -> None:
        self._reader, self._writer, self._tls = reader, writer, tls
        self.encrypted = encrypted

    @property
    def may_encrypt(self) -> bool:
        """Whether STARTTLS can be offered."""
        return self._tls is not None and not self.encrypted

    async def read(self) -> bytes:
        """One line without its end; raises Dropped at the end of the connection."""
        line = await self._reader.readline()
        if not line.endswith(b"\n"):
            raise Dropped
        return line.rstrip(b"\r\n")

    async def take(self, size: int) -> bytes:
        """So many bytes."""
        return await self._reader.readexactly(size)

    async def say(self, *lines: str | bytes) -> None:
        """Say lines."""
        self._writer.writelines((line.encode("utf-8", "surrogateescape") if isinstance(line, str) else line) + b"\r\n" for line in lines)
        await self._writer.drain()

    async def encrypt(self) -> None:
        """Go on under TLS."""
        assert self._tls is not None
        await self._writer.start_tls(self._tls)
        self.encrypted = True

    def close(self) -> None:
        """Cut it."""
        self._writer.transport.abort()

    async def finish(self) -> None:
        """Close it when everything has been said."""
        self._writer.close()
        await self._writer.wait_closed()


async def serve(world: MailWorld, session: Session, port: int, tls: ssl.SSLContext | None, *, at_once: bool) -> asyncio.Server:
    """Listen on loopback; `at_once` = TLS from the first byte, else it may begin later."""

    async def come(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = Line(reader, writer, tls, at_once)
        task = asyncio.current_task()
        assert task is not None
        world.lines.add(task)
        try:
            await session(line)
            await line.finish()
        except (Dropped, OSError, EOFError, ValueError, asyncio.CancelledError):
            line.close()
        finally:
            world.lines.discard(task)

    return await asyncio.start_server(come, "127.0.0.1", port, ssl=tls if at_once else None, limit=LONGEST)


def port_of(server: asyncio.Server) -> int:
    """Where it listens."""
    port: int = server.sockets[0].getsockname()[1]
    return port


def plain(encoded: bytes) -> tuple[str, str]:
    """User and password of SASL PLAIN."""
    _, user, password = unpacked(encoded).split("\0")
    return user, password


def bearer(encoded: bytes) -> tuple[str, str]:
    """User and token of XOAUTH2."""
    fields = dict(part.split("=", 1) for part in unpacked(encoded).split("\1") if "=" in part)
    return fields.get("user", ""), fields.get("auth", "").removeprefix("Bearer ")


def unpacked(encoded: bytes) -> str:
    """What is said in Base64; raises ValueError."""
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except binascii.Error as error:
        raise ValueError("not Base64") from error
