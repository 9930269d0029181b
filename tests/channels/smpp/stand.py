"""A firm with one SMPP account and a pretended SMS centre, connected to each other."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from channels.base import Firm
from channels.smpp import Smpp, SmppOptions
from crm.base.events import Event
from crm.base.outbound import Say
from sandbox.smsc.server import Smsc
from sandbox.smsc.world import Centre, Manner
from tests.conftest import NOON
from tests.doors import Inbox

ANN, BEN = "+37491123456", "+37491000005"
OPTIONS = SmppOptions("smpp", "127.0.0.1", "marani", "sesame", sender="Marani", first_wait=0.01, longest_wait=0.05, later_seconds=1.0)


class Clock:
    """A clock that stands until somebody moves it."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> int:
        return self.now


@dataclass(slots=True)
class Stand:
    """Both sides; `listening` is the task that follows, where one does."""

    smpp: Smpp
    smsc: Smsc
    inbox: Inbox
    clock: Clock
    options: SmppOptions
    folder: Path
    listening: "asyncio.Task[None] | None" = None

    @property
    def centre(self) -> Centre:
        return self.smsc.centre

    async def say(self, text: str, to: str = ANN, ref: str = "") -> tuple[str, ...]:
        """Send one text; the centre's ids."""
        return (await self.smpp.send(to, Say(text, ref=ref), no_media)).ids

    async def listen(self) -> None:
        """Follow, and wait until the session is bound."""
        self.listening = asyncio.create_task(self.smpp.listen(self.inbox))
        async with asyncio.timeout(30):
            while not self.follows:
                await asyncio.sleep(0)

    @property
    def follows(self) -> bool:
        return self.smpp._follower is not None and self.smpp._follower.session is not None

    async def stop(self) -> None:
        """Follow no more."""
        if self.listening:
            self.listening.cancel()
            with suppress(asyncio.CancelledError):
                await self.listening
            self.listening = None

    async def again(self) -> None:
        """Be another process in the same folder, that remembers nothing."""
        await self.stop()
        await self.smpp.close()
        self.smpp = Smpp(self.options, firm(self.folder, self.clock))
        await self.listen()

    async def events(self, count: int) -> list[Event]:
        """What the firm has been told, once so many events are kept."""
        await self.inbox.until(count)
        return [event for raw in self.inbox.events for event in self.smpp.parse(raw)]

    async def ids(self, count: int) -> list[str]:
        """The ids of the messages that are told of as they arrive."""
        return [event.external_id for event in await self.events(count) if hasattr(event, "external_id")]


def firm(folder: Path, clock: Clock) -> Firm:
    """A firm in Yerevan."""
    return Firm("Marani", ("hy", "en"), "AM", "Asia/Yerevan", "", (b"k" * 32,), folder, clock)


def no_media(_: int) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
    """SMS asks for no file."""
    raise AssertionError("no file was asked for")


@asynccontextmanager
async def stand(
    folder: Path, options: SmppOptions = OPTIONS, manner: Manner | None = None, *, listen: bool = True, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Stand]:
    """A firm and its operator; the firm follows unless it is told not to."""
    centre = Centre(clock=lambda: NOON / 1000)
    centre.manner = manner or Manner()
    smsc = Smsc(centre)
    await smsc.open(tls=tls)
    async with smsc:
        clock, options = Clock(), replace(options, port=smsc.port)
        made = Stand(Smpp(options, firm(folder, clock)), smsc, Inbox(), clock, options, folder)
        try:
            if listen:
                await made.listen()
            yield made
        finally:
            await made.stop()
            await made.smpp.close()
