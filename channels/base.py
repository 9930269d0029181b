"""The contract of a channel: how bytes come in and how words go out. A channel never touches a session or a table."""

import hashlib
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from aiohttp import web

from crm.base.events import Event, MediaRef, RawEvent
from crm.base.outbound import Health, Limits, OpenMedia, Outbound, Receipt, Window

Keep = Callable[[Sequence[RawEvent]], Awaitable[None]]
"""Stores events and returns after the commit; raises `crm.base.errors.Busy` when the waiting list is full (answer 503, keep the offset)."""


@dataclass(frozen=True, slots=True)
class Firm:
    """What every channel may know of the house: the first of the `keys` makes what is secret, all of them are believed.

    `region` is the country's two letters, `public_url` "" where nobody can come to us, `folder` is DATA_DIR, `clock` tells milliseconds since 1970 UTC,
    `open_media` opens a stored file for platforms that fetch what is sent to them (None = nothing is handed out).
    """

    name: str
    languages: tuple[str, ...]
    region: str
    zone: str
    public_url: str
    keys: tuple[bytes, ...] = field(repr=False)
    folder: Path
    clock: Callable[[], int]
    open_media: OpenMedia | None = field(default=None, repr=False)

    def derived(self, *words: str) -> tuple[str, ...]:
        """A secret for a purpose, in hexadecimal, the newest key's first."""
        return tuple(hmac.new(key, "\n".join(words).encode(), hashlib.sha256).hexdigest() for key in self.keys)

    def paths(self, account: str) -> tuple[str, ...]:
        """Where an account's platform brings what happened, such as /in/whatsapp/6f…: nobody else knows the way."""
        kind = account.partition(":")[0]
        return tuple(f"/in/{kind}/{made[:40]}" for made in self.derived("webhook path", account))


class Offsets(Protocol):
    """Where a poller stands; `keep` moves it in the same transaction as the events it covers."""

    async def get(self, name: str) -> int: ...

    async def keep(self, name: str, offset: int, events: Sequence[RawEvent]) -> None: ...


class Channel(Protocol):
    """A platform, both ways; `account` names one account on it ("telegram", later "telegram:shop")."""

    @property
    def account(self) -> str: ...

    @property
    def title(self) -> str: ...

    async def open(self) -> None:
        """Load what takes long; again is free."""

    def limits(self, window: Window, now: int) -> Limits: ...

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt: ...

    def routes(self, keep: Keep) -> Sequence[web.RouteDef]: ...

    async def listen(self, offsets: Offsets) -> None:
        """Poll until cancelled; a channel that only gets webhooks returns at once."""

    def parse(self, raw: RawEvent) -> Sequence[Event]:
        """Read one raw event: pure and total; an unknown shape is an `Unknown`, replay gives the same."""

    def fetch_media(self, ref: MediaRef) -> AsyncIterator[bytes]: ...

    async def health(self) -> Health: ...

    async def close(self) -> None: ...
