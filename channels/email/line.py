"""A box behind a thread of its own, so that waiting for mail holds nothing up and can be broken off at once."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import ParamSpec, TypeVar

from channels.email.box import Box, Broken, Refused
from channels.email.options import PLAIN, EmailOptions

T = TypeVar("T")
P = ParamSpec("P")
_KEEPALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 20, "TCP_KEEPCNT": 3}


class Line:
    """One connection to a mailbox; its box is touched by its thread alone."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self._thread = ThreadPoolExecutor(1, "mailbox")

    async def do(self, deed: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Have the box do something; raises what it raises. When this is cancelled the connection is broken, and with it what the thread waits for."""
        work = asyncio.get_running_loop().run_in_executor(self._thread, partial(deed, *args, **named))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            self.box.cut()
            await asyncio.wait([work])
            if not work.cancelled():
                work.exception()
            raise

    async def leave(self) -> None:
        """Say goodbye where the server still listens, and close."""
        try:
            await self.do(self.box.leave)
        except (Broken, Refused):
            pass
        finally:
            self.close()

    def close(self) -> None:
        """Break the connection and let the thread go."""
        self.box.cut()
        self._thread.submit(self.box.close)
        self._thread.shutdown(wait=False)


async def enter(options: EmailOptions, secret: str, *, token: bool) -> Line:
    """Connect and log in; raises Broken or Denied."""
    try:
        sock = await connect(options.imap_host, options.imap_port, options.connect)
    except (OSError, TimeoutError) as error:
        raise Broken(type(error).__name__) from None
    sock.settimeout(options.answer)
    line = Line(Box(sock, options, tls(options) if options.imap_security != PLAIN else None))
    try:
        await line.do(line.box.enter, secret, token=token)
    except BaseException:
        line.close()
        raise
    return line


async def connect(host: str, port: int, seconds: float) -> socket.socket:
    """A connection, tried at each address of a host in turn, each for its share of the time; raises OSError or TimeoutError."""
    loop, last = asyncio.get_running_loop(), OSError("no address")
    async with asyncio.timeout(seconds):
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for family, kind, protocol, _, address in found:
        sock = socket.socket(family, kind, protocol)
        try:
            async with asyncio.timeout(seconds / len(found)):
                sock.setblocking(False)
                keep_alive(sock)
                await loop.sock_connect(sock, address)
        except (OSError, TimeoutError) as error:
            sock.close()
            last = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise last


def keep_alive(sock: socket.socket) -> None:
    """Have the system notice a peer that is gone, where it can."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def tls(options: EmailOptions) -> ssl.SSLContext:
    """How the server proves who it is: by the authorities this machine trusts, or by those in a file of the owner's."""
    return _trusting(options.ca_file)


@cache
def _trusting(file: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=file or None)  # reads hundreds of certificates
