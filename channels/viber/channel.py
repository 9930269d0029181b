"""A Viber bot for customers: a webhook in, send_message out."""

from collections.abc import AsyncIterator, Sequence
from functools import partial
from urllib.parse import quote, urlsplit

from aiohttp import web

from channels import outside
from channels.base import Firm, Keep, Offsets
from channels.viber.door import Door, DoorOptions, Welcomes
from channels.viber.options import KB, MB, NAME_MOST, ROWS, ViberOptions, check
from channels.viber.parse import Reader
from channels.viber.say import words_with
from channels.viber.seals import Seals
from channels.viber.send import Speaker, Voice
from channels.viber.watch import Pace, Post, Watch
from channels.viber.wire import Wire, written
from crm.base.errors import NotFound
from crm.base.events import Event, MediaKind, MediaRef, RawEvent
from crm.base.outbound import Health, Limits, May, OpenMedia, Outbound, Receipt, Unit, Window
from crm.base.time import HOUR
from crm.base.webhooks import LOOPBACK


class Viber:
    """One bot that people write to."""

    title = "Viber"

    def __init__(self, options: ViberOptions, firm: Firm) -> None:
        check(options)
        self.options, self._firm = options, firm
        paths, base = firm.paths(options.account), _base(options, firm)
        seals, welcomes, files = Seals(firm.derived("viber", options.account)), Welcomes(), firm.open_media if base else None
        self._reader, self._wire = Reader(seals), Wire(options)
        ready = _ready(options, firm.name)
        self._door = Door(
            DoorOptions(options.account, paths, options.tokens, options.body_kb * KB, options.welcome_seconds, ready),
            seals,
            welcomes,
            firm.open_media,
            firm.clock,
        )
        ours = [f"{firm.public_url.rstrip('/')}{path}" for path in paths]
        post = Post(ours[0] if base and options.set_webhook else "", frozenset(ours))
        self.watch = Watch(options.account, self._wire, post, Pace(options.look_seconds, options.first_wait))
        self._speaker = Speaker(self._wire, Voice(options, seals, firm.name, f"{base}{paths[0]}/file" if files else "", firm.clock), welcomes, self.watch.hurry)
        kinds = frozenset(MediaKind) if files else frozenset[MediaKind]()
        self._session, self._after = (_limits(options, kinds, free=free) for free in (True, False))

    @property
    def account(self) -> str:
        return self.options.account

    async def open(self) -> None:
        """Nothing takes long here."""

    def limits(self, window: Window, now: int) -> Limits:
        """Free for a day after they wrote; after that what is sent is billed, as far as the options let it go."""
        day = window.last_inbound_at + round(self.options.session_hours * HOUR) if window.last_inbound_at else 0
        return self._session if now < max(day, window.session_ends_at) else self._after

    def entry(self, code: str, words: str = "") -> str:
        """The link that opens the chat and brings a code; Viber tells the bot's name in links at the first look."""
        return f"viber://pa?chatURI={quote(self.watch.uri, safe='')}&context={quote(code, safe='')}" if self.watch.uri else ""

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt:
        return await self._speaker.send(address, outbound)

    def routes(self, keep: Keep) -> Sequence[web.RouteDef]:
        """The webhook, and the files that we send, which Viber fetches."""
        return self._door.routes(keep)

    async def listen(self, offsets: Offsets) -> None:
        """Have everything brought to us, and look now and then whether it still is, until cancelled; `health` tells."""
        await self.watch.run()

    def parse(self, raw: RawEvent) -> Sequence[Event]:
        return self._reader.parse(raw)

    async def fetch_media(self, ref: MediaRef) -> AsyncIterator[bytes]:
        """The bytes of a file while its address lasts (an hour); NotFound, Refused or RetryLater as `outside.fetch` says."""
        most = self.options.download_mb * MB
        if ref.size > most:
            raise NotFound("the file is larger than what is fetched")
        hosts, own = outside.homes("", self.options.media_hosts)
        async for chunk in outside.fetch(ref.ref, most=most, hosts=hosts, trusted=own):
            yield chunk

    async def health(self) -> Health:
        """What was last seen, without asking."""
        counts = self._door.counts + self._speaker.counts
        facts = {**({"uri": self.watch.uri} if self.watch.uri else {}), **{key: str(count) for key, count in counts.items()}}
        if not self._firm.public_url:
            return Health(False, "no public https address, so Viber cannot bring messages", facts)
        trouble = self.watch.trouble or self._speaker.trouble
        if trouble or not self.watch.looked:
            return Health(not trouble, trouble or "Viber has not been asked yet", facts)
        return Health(True, f"what is written to {self.watch.named or self.title} is brought here", facts)

    async def close(self) -> None:
        await self._wire.close()


def _base(options: ViberOptions, firm: Firm) -> str:
    """Where Viber may come to us; nowhere without https, but for a pretended one on this machine."""
    there, we = urlsplit(options.api_base), urlsplit(firm.public_url)
    reachable = we.scheme == "https" or (we.scheme == "http" and {there.hostname, we.hostname} <= LOOPBACK)
    return firm.public_url.rstrip("/") if reachable else ""


def _ready(options: ViberOptions, firm_name: str) -> bytes:
    """The answer to who opens the chat when nothing better comes in time."""
    if not options.welcome:
        return b""
    return written({"type": "text", "text": options.welcome, "sender": {"name": (options.name or firm_name)[:NAME_MOST]}}, options.request_kb)


def _limits(options: ViberOptions, kinds: frozenset[MediaKind], *, free: bool) -> Limits:
    return Limits(
        text=options.text,
        caption=0,
        buttons=ROWS,
        label=options.label,
        media=kinds,
        media_size=options.file_mb * MB,
        knows=frozenset({"sent", "delivered", "read"}),
        account_rate=options.rate,
        chat_every=options.chat_every,
        chat_burst=options.chat_burst,
        unit=Unit.CHARACTERS,
        windows=True,
        may=May.ANYTHING if free else May(options.outside),
        free=free,
        words_with=partial(words_with, options=options),
    )
