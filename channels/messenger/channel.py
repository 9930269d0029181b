"""Messenger and Instagram for customers: one class for both, a webhook in, the Send API out."""

from collections.abc import AsyncIterator, Sequence
from typing import ClassVar
from urllib.parse import urlsplit

from aiohttp import web

from channels import outside
from channels.base import Firm, Keep, Offsets
from channels.graph import Graph, GraphOptions
from channels.messenger.approved import listed
from channels.messenger.envelope import split
from channels.messenger.options import INSTAGRAM, MB, MESSENGER, Dialect, InstagramOptions, MessengerOptions, PageOptions
from channels.messenger.parse import Reader
from channels.messenger.send import LABEL, QUICK, Speaker
from channels.messenger.verdicts import TABLE
from channels.messenger.watch import Pace, Post, Watch
from channels.meta import Door, DoorOptions
from channels.payload import name
from channels.whatsapp.approved import Approved
from crm.base.errors import Misconfigured, NotFound
from crm.base.events import Event, MediaKind, MediaRef, RawEvent, Sender
from crm.base.outbound import Health, Limits, May, OpenMedia, Outbound, Receipt, Unit, Window
from crm.base.webhooks import LOOPBACK

_HOUR, _DAY = 3_600_000, 86_400_000
_KINDS = frozenset({MediaKind.PHOTO, MediaKind.VIDEO, MediaKind.VOICE, MediaKind.AUDIO, MediaKind.DOCUMENT})


class Page:
    """A page or an account that people write to; what differs between the two stands in its dialect."""

    off_in = frozenset({"RU"})
    dialect: ClassVar[Dialect]

    def __init__(self, options: PageOptions, firm: Firm) -> None:
        _check(options)
        self.options, self._firm = options, firm
        self._reader = Reader(options)
        self._graph = Graph(_way(options, options.token), TABLE)
        self._app = Graph(_way(options, f"{options.app}|{options.app_secrets[0]}"), TABLE)
        self._speaker = Speaker(self._graph, options, self.dialect)
        self.words = tuple(filter(None, (options.verify_token, *(made[:40] for made in firm.derived("webhook token", options.account)))))
        door = DoorOptions(firm.paths(options.account), self.words, options.app_secrets, size=options.body_mb * MB)
        self._door = Door(door, self._split, firm.clock)
        self._limits = _limits(options, self.dialect)
        pace = Pace(options.look_seconds, options.first_wait)
        self.watch = Watch(options.account, self._graph, self._app, _post(options, self.dialect, firm, self.words[0]), pace)

    @property
    def account(self) -> str:
        return self.options.account

    @property
    def title(self) -> str:
        return self.dialect.title

    async def open(self) -> None:
        """Nothing takes long here."""

    def limits(self, window: Window, now: int) -> Limits:
        """Anything in the window; after it what a person writes; then what was approved, or nothing."""
        ends = max(window.last_inbound_at + round(self.options.window_hours * _HOUR) if window.last_inbound_at else 0, window.session_ends_at)
        late_until = window.last_inbound_at + round(self.options.person_days * _DAY) if window.last_inbound_at and self.options.human_agent else 0
        if now < ends:
            return self._limits[May.ANYTHING]
        if now < late_until:
            return self._limits[May.PERSONAL]
        return self._limits[May.TEMPLATE if self.options.utility else May.NOTHING]

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt:
        return await self._speaker.send(address, outbound, open_media)

    def entry(self, code: str, words: str = "") -> str:
        """The link that opens a chat with a code."""
        named = self.options.username or (self.options.id if self.dialect.by_id else "")
        return f"{self.dialect.link}{named}?ref={code}" if named else ""

    def routes(self, keep: Keep) -> Sequence[web.RouteDef]:
        return self._door.routes(keep)

    async def listen(self, offsets: Offsets) -> None:
        """Have everything brought to us, and look now and then whether it still is, until cancelled; `health` tells."""
        await self.watch.run()

    def parse(self, raw: RawEvent) -> Sequence[Event]:
        return self._reader.parse(raw)

    async def fetch_media(self, ref: MediaRef) -> AsyncIterator[bytes]:
        """The bytes of a file while its address lasts; NotFound, Refused or RetryLater as `outside.fetch` says."""
        most = self.options.download_mb * MB
        if ref.size > most:
            raise NotFound("the file is larger than what is fetched")
        hosts, own = outside.homes("", self.options.media_hosts)
        async for chunk in outside.fetch(ref.ref, most=most, hosts=hosts, trusted=own, seconds=self.options.upload_seconds):
            yield chunk

    async def templates(self) -> list[Approved]:
        """The texts Meta has approved for this page, and those it has not; raises NotFound where there are none to be had, or as `send` does."""
        if not self.options.utility:
            raise NotFound("there are no approved templates here")
        return await listed(self._graph)

    async def enrich(self, address: str) -> Sender:
        """Who a person is, as they are called there; raises as `send` does. Of a commenter the comment said it already."""
        if not address.isascii() or not address.isdigit():
            return Sender(address)
        told = await self._graph.get(address, fields=self.dialect.profile)
        called = name(told, "name") or f"{name(told, 'first_name')} {name(told, 'last_name')}".strip()
        return Sender(address, called, name(told, "username"))

    async def health(self) -> Health:
        """What was last seen, without asking."""
        facts = {"id": self.options.id, **{key: str(count) for key, count in self._door.counts.items()}}
        if not self._firm.public_url:
            return Health(False, "no public https address, so Meta cannot bring messages", facts)
        return Health(not self.watch.trouble, self.watch.trouble or f"what is written to {self.watch.named or self.title} is brought here", facts)

    async def close(self) -> None:
        await self._graph.close()
        await self._app.close()

    def _split(self, body: bytes, now: int) -> list[RawEvent]:
        return split(self.account, body, now)


class Messenger(Page):
    """A Facebook page."""

    dialect = MESSENGER

    def __init__(self, options: MessengerOptions, firm: Firm) -> None:
        super().__init__(options, firm)


class Instagram(Page):
    """An Instagram account."""

    dialect = INSTAGRAM

    def __init__(self, options: InstagramOptions, firm: Firm) -> None:
        super().__init__(options, firm)


def _post(options: PageOptions, dialect: Dialect, firm: Firm, word: str) -> Post:
    """Where Meta is told to come; nowhere without https, but for a pretended one on this machine."""
    there, we = urlsplit(options.api_base), urlsplit(firm.public_url)
    reachable = we.scheme == "https" or (we.scheme == "http" and {there.hostname, we.hostname} <= LOOPBACK)
    url = firm.public_url.rstrip("/") + firm.paths(options.account)[0] if options.set_webhook and reachable else ""
    fields, page_fields = frozenset(options.fields) or dialect.fields, frozenset(options.page_fields) or dialect.page_fields
    return Post(options.app, dialect.object, url, word, fields, page_fields)


def _way(options: PageOptions, token: str) -> GraphOptions:
    return GraphOptions(
        token,
        base=options.api_base.rstrip("/"),
        version=options.api_version,
        secret=options.app_secrets[0] if options.proof and token == options.token else "",
        connect_seconds=options.connect_seconds,
        send_seconds=options.send_seconds,
        upload_seconds=options.upload_seconds,
        pause=options.pause_seconds,
    )


def _limits(options: PageOptions, dialect: Dialect) -> dict[May, Limits]:
    """What can be carried, once for each thing the window may allow."""
    return {
        may: Limits(
            text=options.text,
            caption=0,
            buttons=QUICK,
            label=LABEL,
            media=_KINDS,
            media_size=options.upload_mb * MB,
            knows=dialect.knows,
            account_rate=options.rate,
            chat_every=options.chat_every,
            chat_burst=options.chat_burst,
            unit=Unit.BYTES if dialect.bytes else Unit.CHARACTERS,
            reactions=True,
            windows=True,
            may=may,
            late=may is May.PERSONAL,
            offers=may is May.ANYTHING,
            templates=options.utility,
        )
        for may in May
    }


def _check(options: PageOptions) -> None:
    if not options.id.isascii() or not options.id.isdigit():
        raise Misconfigured(f"id of {options.account} is the number of the page or account: digits")
    if not options.app.isascii() or not options.app.isdigit():
        raise Misconfigured(f"app of {options.account} is the number of the app: digits")
    if not options.token or not options.app_secrets or not all(options.app_secrets):
        raise Misconfigured(f"{options.account} needs its token and the app's secrets")
    parts = urlsplit(options.api_base)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise Misconfigured(f"api_base of {options.account} must begin with https://")
