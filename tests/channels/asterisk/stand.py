"""A firm that follows a pretended Asterisk."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from channels.asterisk import Asterisk, AsteriskOptions
from channels.base import Firm
from crm.base.events import Call, Event
from sandbox.asterisk.server import Ami
from tests.conftest import NOON
from tests.doors import Inbox

LOGS = Path(__file__).parent / "logs"
ANN = "+37491123456"
OPTIONS = AsteriskOptions("asterisk", "127.0.0.1", "crm", "open-sesame", trunks=("PJSIP/operator",), first_wait=0.01, longest_wait=0.05)
FIRM = Firm("Marani", ("hy", "en"), "AM", "Asia/Yerevan", "", (b"k" * 32,), Path("/nowhere"), lambda: NOON)


@dataclass(slots=True)
class Stand:
    """Both sides."""

    asterisk: Asterisk
    ami: Ami
    inbox: Inbox
    following: "asyncio.Task[None]"

    async def events(self, count: int) -> list[Event]:
        """What the firm has been told, once so many events are kept."""
        await self.inbox.until(count)
        return [event for raw in self.inbox.events for event in self.asterisk.parse(raw)]

    async def calls(self, count: int) -> list[Call]:
        """The calls among it."""
        return [event for event in await self.events(count) if isinstance(event, Call)]


def log_of(name: str) -> str:
    """A recorded log."""
    return (LOGS / f"{name}.ami").read_text()


@asynccontextmanager
async def stand(options: AsteriskOptions = OPTIONS, ami: Ami | None = None, inbox: Inbox | None = None, *, listed: bool = True) -> AsyncIterator[Stand]:
    """A firm that is logged in at its Asterisk and has asked what is under way."""
    async with ami or Ami() as server:
        kept = inbox or Inbox()
        asterisk = Asterisk(replace(options, port=server.port), FIRM)
        following = asyncio.create_task(asterisk.listen(kept))
        try:
            if listed:
                await server.listed()
            yield Stand(asterisk, server, kept, following)
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following
