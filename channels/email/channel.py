"""E-mail: one mailbox of the firm, read by IMAP and written from by SMTP."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from aiohttp import web

from channels.base import Firm, Keep, Offsets
from channels.email.oauth import Keyring
from channels.email.options import EmailOptions, settled
from channels.email.originals import Originals
from channels.email.parse import Reading, parse
from channels.email.unsubscribe import Leaving
from channels.entries import typed
from crm.base.errors import NotFound
from crm.base.events import Event, MediaKind, MediaRef, RawEvent
from crm.base.outbound import Health, Limits, OpenMedia, Outbound, Receipt, Unit, Window

if TYPE_CHECKING:
    from channels.email.fetch import Follower
    from channels.email.send import Sender

TEXT = 100_000
_CHUNK = 65_536


class Email:
    """One mailbox that customers write to."""

    title = "E-mail"

    def __init__(self, options: EmailOptions, firm: Firm) -> None:
        self.options, self._firm = settled(options), firm
        self._keyring = Keyring(self.options)
        self._leaving = Leaving(self.options, firm)
        own = frozenset(address.lower() for address in (self.options.address, *self.options.aliases))
        self._reading = Reading(own, frozenset(server.lower() for server in self.options.servers), firm.keys)
        self._opening = asyncio.Lock()
        self._sender: Sender | None = None
        self._follower: Follower | None = None
        self._limits = Limits(
            text=TEXT,
            caption=TEXT,
            buttons=0,
            label=0,
            media=frozenset(MediaKind),
            media_size=self.options.media_size,
            knows=frozenset({"sent", "failed"}),
            account_rate=self.options.rate,
            needs_inbound=False,
            unit=Unit.CHARACTERS,
            threads=True,
        )

    @property
    def account(self) -> str:
        return self.options.account

    async def open(self) -> None:
        """Load the libraries of both ways."""
        await self._open()

    def limits(self, window: Window, now: int) -> Limits:
        """The same at all times: a mailbox takes mail whenever it comes."""
        return self._limits

    def entry(self, code: str, words: str = "") -> str:
        """The link that begins a letter to us with these words and a code as its subject."""
        return f"mailto:{self.options.address}?subject={typed(code, words)}"

    def routes(self, keep: Keep) -> Sequence[web.RouteDef]:
        """The page that ends offers, where anybody can come to us."""
        return self._leaving.routes(keep)

    async def listen(self, offsets: Offsets) -> None:
        """Follow the mailbox until cancelled; what is wrong meanwhile `health` says."""
        await self._open()
        from channels.email.fetch import Follower

        self._follower = Follower(self.options, self._firm, self._keyring)
        try:
            await self._follower.run(offsets)
        finally:
            self._follower = None  # from now on another node may follow

    def parse(self, raw: RawEvent) -> Sequence[Event]:
        return parse(raw.body, self._reading, raw.received_at)

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt:
        sender = await self._open()
        return await sender.send(address, outbound, open_media)

    async def fetch_media(self, ref: MediaRef) -> AsyncIterator[bytes]:
        """The bytes of a file in a mail; raises NotFound. `ref` is the mail's name and the number of the part."""
        from channels.email.worker import Digester

        name, _, number = ref.ref.partition("/")
        path = Originals(self._firm.folder / "mail").path(name)
        if not (number.isascii() and number.isdigit() and len(number) < 6 and path.is_file()):
            raise NotFound("no such file in a mail")
        digester = Digester(self.options.digest_seconds, self.options.digest_memory)
        try:
            content = await digester.part(path, int(number))
        finally:
            await digester.close()
        for start in range(0, len(content), _CHUNK):
            yield content[start : start + _CHUNK]

    async def health(self) -> Health:
        """How the following goes, and whether the server for sending lets us in."""
        sender = await self._open()
        trouble = (self._follower.trouble if self._follower else "") or await sender.trouble()
        facts = {"address": self.options.address, **({"looked": str(self._follower.looked)} if self._follower else {})}
        return Health(not trouble, trouble or f"{self.options.address} is followed", facts)

    async def close(self) -> None:
        if self._sender:
            await self._sender.close()

    async def _open(self) -> "Sender":
        """What sends, made at the first use: a thread loads the libraries and the loop goes on."""
        if self._sender is not None:
            return self._sender
        async with self._opening:
            if self._sender is None:
                for part in ("send", "fetch"):
                    await asyncio.to_thread(importlib.import_module, f"channels.email.{part}")
                from channels.email.send import Sender

                self._sender = Sender(self.options, self._firm, self._keyring, self._leaving)
            return self._sender
