"""The provider as servers that listen: SMTP and IMAP, each plain with STARTTLS where there is a certificate, and under TLS from the first byte."""

import asyncio
import ssl
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from sandbox.mail.imap import Reading
from sandbox.mail.smtp import Submission
from sandbox.mail.talk import Line, port_of, serve
from sandbox.mail.world import MailWorld


@dataclass(slots=True)
class MailServer:
    """Where a world is served; ports under TLS are 0 without a certificate."""

    world: MailWorld
    smtp: int = 0
    imap: int = 0
    smtps: int = 0
    imaps: int = 0
    _servers: list[asyncio.Server] = field(default_factory=list)

    async def close(self) -> None:
        """Stop listening and cut every line."""
        for server in self._servers:
            server.close()
        lines = list(self.world.lines)
        self.world.cut()
        await asyncio.gather(*lines, return_exceptions=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()


async def serve_mail(world: MailWorld, tls: ssl.SSLContext | None = None, *, smtp: int = 0, imap: int = 0) -> MailServer:
    """Serve a world on loopback; port 0 takes a free one."""

    async def send(line: Line) -> None:
        await Submission(world, line).run()

    async def read(line: Line) -> None:
        await Reading(world, line).run()

    servers = [await serve(world, send, smtp, tls, at_once=False), await serve(world, read, imap, tls, at_once=False)]
    if tls:
        servers += [await serve(world, send, 0, tls, at_once=True), await serve(world, read, 0, tls, at_once=True)]
    ports = [port_of(server) for server in servers] + [0, 0]
    return MailServer(world, ports[0], ports[1], ports[2], ports[3], servers)
