"""A source of leads behind its door, and what was kept of what was brought there."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ClientSession, web

from channels.accounts import Account, open_account
from channels.base import Firm
from channels.leads.imported import Imported
from crm.base.events import Event, LeadForm, RawEvent
from sandbox.leads.forms import Filled, Posted
from tests.doors import Inbox, served

NOW = 1_764_072_000_000
NEW, OLD = "new-secret-of-the-forms", "old-secret-of-the-forms"
ANI = Filled(1, message="Oak shelves, two metres")


def firm(public_url: str = "", now: int = NOW) -> Firm:
    """A shop in Yerevan."""
    return Firm("Marani", ("hy", "ru"), "AM", "Asia/Yerevan", public_url, (b"k" * 32,), Path("/nowhere"), lambda: now)


def source(kind: str, table: Mapping[str, object], now: int = NOW) -> Imported:
    """A source as the accounts' file sets it up."""
    opened = open_account(Account(kind, "", table), firm(now=now))
    assert isinstance(opened, Imported)
    return opened


def read(channel: Imported, body: bytes, key: str = "lead:1") -> Event:
    """What one kept lead says."""
    [event] = channel.parse(RawEvent(channel.account, key, f"{channel.account}:{key}", body, NOW))
    return event


@dataclass(slots=True)
class Stand:
    """The source, its inbox, and a caller who knows the way."""

    channel: Imported
    inbox: Inbox
    http: ClientSession
    url: str

    async def post(self, what: Posted, **headers: str) -> tuple[int, str]:
        """Bring something: the status and the words of the answer."""
        async with self.http.post(self.url, data=what.body, headers={**what.headers, **headers}) as answer:
            return answer.status, await answer.text()

    @property
    def events(self) -> list[Event]:
        return [event for raw in self.inbox.events for event in self.channel.parse(raw)]

    @property
    def lead(self) -> LeadForm:
        """The only lead that came."""
        [event] = self.events
        assert isinstance(event, LeadForm)
        return event


@asynccontextmanager
async def standing(channel: Imported, inbox: Inbox | None = None) -> AsyncIterator[Stand]:
    """The door of a source on a free port."""
    kept = inbox or Inbox()
    try:
        async with served(lambda _: [route for route in channel.routes(kept) if isinstance(route, web.RouteDef)]) as url, ClientSession() as http:
            yield Stand(channel, kept, http, url + firm().paths(channel.account)[0])
    finally:
        await channel.close()
