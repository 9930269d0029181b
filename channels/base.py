"""The contract of a channel: how bytes come in and how words go out. A channel never touches a session or a table."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Protocol

from aiohttp import web

from crm.base.events import Event, MediaRef, RawEvent
from crm.base.outbound import Health, Limits, OpenMedia, Outbound, Receipt, Window

Keep = Callable[[Sequence[RawEvent]], Awaitable[None]]
"""Stores events and returns after the commit; raises `crm.base.errors.Busy` when the waiting list is full (answer 503, keep the offset)."""


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
