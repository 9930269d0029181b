"""The pretended provider around the e-mail channel: one mailbox of the firm, people who write, and what tests look at."""

import asyncio
import time
import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from channels.base import Firm
from channels.email.channel import Email
from channels.email.mail import Mail, read
from channels.email.options import EmailOptions
from crm.base.errors import Busy
from crm.base.events import Event, MediaKind, RawEvent
from crm.base.outbound import Media, Outbound, Receipt
from sandbox.mail.server import MailServer, serve_mail
from sandbox.mail.world import INBOX, Mailbox, MailWorld

SHOP, ANAHIT = "sales@shop.example", "anahit@home.example"
NOON = 1_764_072_000_000


class Recorder:
    """Offsets in memory that note every keeping and forget what came again, as the store does; `busy` refuses that many first."""

    def __init__(self) -> None:
        self.values: dict[str, int] = {}
        self.events: dict[str, RawEvent] = {}
        self.busy = 0
        self._changed = asyncio.Condition()

    async def get(self, name: str) -> int:
        return self.values.get(name, 0)

    async def keep(self, name: str, offset: int, events: Sequence[RawEvent]) -> None:
        if self.busy:
            self.busy -= 1
            raise Busy
        async with self._changed:
            self.values[name] = offset
            for event in events:
                self.events.setdefault(event.key, event)
            self._changed.notify_all()

    async def have(self, count: int) -> list[RawEvent]:
        """The events kept, once there are so many."""
        async with asyncio.timeout(60), self._changed:
            await self._changed.wait_for(lambda: len(self.events) >= count)
            return list(self.events.values())

    async def stand_at(self, name: str, value: int) -> None:
        """Wait until an offset stands there."""
        async with asyncio.timeout(60), self._changed:
            await self._changed.wait_for(lambda: self.values.get(name) == value)


class Stand:
    """The provider, the firm's mailbox, and the channel under test."""

    def __init__(self, world: MailWorld, server: MailServer, folder: Path, **settings: object) -> None:
        self.world, self.server = world, server
        self.box: Mailbox = world.open(SHOP, "Shop", "secret")
        self.anahit = world.open(ANAHIT, "Anahit")
        self.firm = firm(folder)
        self.options = options(server, **settings)
        self.email = Email(self.options, self.firm)
        self.offsets = Recorder()

    def write(self, text: str = "Hello", *, to: str = SHOP, sender: str = ANAHIT, **headers: str) -> bytes:
        """Have a person write to the shop."""
        raw = letter(text, to=to, sender=sender, **headers)
        self.world.deliver(sender, to, raw)
        return raw

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[asyncio.Task[None]]:
        """The channel following its mailbox meanwhile."""
        task = asyncio.create_task(self.email.listen(self.offsets))
        try:
            yield task
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def idle(self) -> None:
        """Wait until the channel waits for mail."""
        async with asyncio.timeout(60):
            while not self.world.idling:
                await asyncio.sleep(0.01)

    async def send(self, outbound: Outbound, address: str = ANAHIT) -> Receipt:
        return await self.email.send(address, outbound, a_file)

    def got(self, address: str = ANAHIT) -> list[EmailMessage]:
        """What lies in somebody's inbox."""
        return [opened(letter.raw) for letter in self.world.open(address).folders[INBOX].letters]

    def parsed(self, events: Sequence[RawEvent]) -> list[Event]:
        return [event for raw in events for event in self.email.parse(raw)]


@asynccontextmanager
async def standing(folder: Path, **settings: object) -> AsyncIterator[Stand]:
    """A stand over loopback, without TLS."""
    world = MailWorld()
    async with await serve_mail(world) as server:
        stand = Stand(world, server, folder, **settings)
        try:
            yield stand
        finally:
            await stand.email.close()


def firm(folder: Path) -> Firm:
    return Firm("Marani", ("en", "hy"), "AM", "Asia/Yerevan", "https://shop.example", (b"k" * 32, b"old" * 11), folder, lambda: time.time_ns() // 1_000_000)


def options(server: MailServer, **settings: object) -> EmailOptions:
    given: dict[str, object] = {
        "address": SHOP,
        "password": "secret",
        "imap_host": "127.0.0.1",
        "imap_port": server.imap,
        "imap_security": "plain",
        "smtp_host": "127.0.0.1",
        "smtp_port": server.smtp,
        "smtp_security": "plain",
        "first_wait": 0.01,
        "longest_wait": 0.05,
        "denied_wait": 0.05,
        **settings,
    }
    return EmailOptions(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]


def letter(text: str, *, to: str = SHOP, sender: str = ANAHIT, **headers: str) -> bytes:
    """A mail as a person's program writes it."""
    head = {"From": f"Anahit <{sender}>", "To": to, "Subject": "Wine", "Message-ID": f"<{zlib.crc32(f'{text} {to} {sender}'.encode())}@home.example>"}
    head |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}" for name, value in head.items()] + ["MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "", text, ""]
    return "\r\n".join(lines).encode()


def opened(raw: bytes) -> EmailMessage:
    """A mail read by the library that was not used to write it."""
    made = message_from_bytes(raw, policy=policy.default)
    assert isinstance(made, EmailMessage)
    return made


def digest(event: RawEvent) -> Mail:
    mail = read(event.body)
    assert mail is not None
    return mail


def a_file(_: int) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
    """Any file of the store: seven bytes."""

    @asynccontextmanager
    async def file() -> AsyncIterator[AsyncIterator[bytes]]:
        async def chunks() -> AsyncIterator[bytes]:
            yield b"con"
            yield b"tent"

        yield chunks()

    return file()


PDF = Media(1, MediaKind.DOCUMENT, "Գինի/прайс.pdf", "application/pdf", 7)
