"""MAX: a bot, whose updates are brought by a webhook or fetched, and whose words go out by the bot API."""

from collections.abc import AsyncIterator, Sequence
from urllib.parse import quote, urlsplit

from aiohttp import web

from channels import outside
from channels.ask import reachable
from channels.base import Firm, Keep, Offsets
from channels.max.api import Api
from channels.max.contents import VIDEO
from channels.max.door import Door, DoorOptions
from channels.max.listen import Listener, Pace, Post
from channels.max.options import MB, MaxOptions, check, trust
from channels.max.parse import parse
from channels.max.presses import Presses
from channels.max.send import Speaker
from channels.max.split import chat_of, person_of
from channels.max.verdicts import Refused
from channels.payload import Json, part, text
from crm.base.errors import NotFound
from crm.base.events import Event, MediaKind, MediaRef, RawEvent
from crm.base.outbound import Health, Limits, OpenMedia, Outbound, Reason, Receipt, Undeliverable, Window

__all__ = ["Max", "MaxOptions"]

_SIZES = ("mp4_1080", "mp4_720", "mp4_480", "mp4_360", "mp4_240", "mp4_144")


class Max:
    """One bot that people write to."""

    title = "MAX"

    def __init__(self, options: MaxOptions, firm: Firm) -> None:
        check(options)
        self.options, self._firm = options, firm
        self._paths = firm.paths(options.account)
        self.secrets = options.secrets or firm.derived("webhook secret", options.account)
        self._tls = trust(options)
        self._api = Api(options, self._tls)
        self._speaker, self._presses = Speaker(self._api, options), Presses(self._api)
        self._door = Door(DoorOptions(options.account, self._paths, self.secrets, options.body_mb * MB), self._heard, firm.clock)
        self._limits = _limits(options)
        self._denied = ""
        brought = options.set_webhook and bool(self.secrets) and reachable(options.api_base, firm.public_url)
        url = firm.public_url.rstrip("/") + self._paths[0] if brought else ""
        self._fetched = not firm.public_url or (options.set_webhook and not url)
        post = Post(self._fetched, url, next(iter(self.secrets), ""))
        pace = Pace(options.poll_seconds, options.poll_pause, options.look_seconds, options.first_wait)
        self.listener = Listener(options.account, self._api, post, pace, self._heard, firm.clock)

    @property
    def account(self) -> str:
        return self.options.account

    async def open(self) -> None:
        """Nothing takes long."""

    def limits(self, window: Window, now: int) -> Limits:
        """The same at all times: who has started the bot can be written to until they stop it."""
        return self._limits

    def routes(self, keep: Keep) -> Sequence[web.RouteDef]:
        """The webhook."""
        return self._door.routes(keep)

    async def listen(self, offsets: Offsets) -> None:
        """Have updates brought to us, or fetch them where nobody can come to us, until cancelled."""
        await self.listener.run(offsets)

    def parse(self, raw: RawEvent) -> Sequence[Event]:
        return parse(raw, self.options.token)

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt:
        try:
            receipt = await self._speaker.send(address, outbound, open_media)
        except Refused as refused:
            if refused.reason is Reason.ACCOUNT_PROBLEM:
                self._denied = f"MAX refuses to send for us: {refused.detail}"
            raise
        self._denied = ""
        return receipt

    def entry(self, code: str, words: str = "") -> str:
        """A link to the bot that brings a code along ("" = MAX has not told the bot's name yet)."""
        known = self.options.username or self.listener.username
        return f"https://max.ru/{known}?start={quote(code, safe='')}" if known else ""

    async def fetch_media(self, ref: MediaRef) -> AsyncIterator[bytes]:
        """The bytes of a file; of a video the address is asked for first. NotFound, Refused or RetryLater as `outside.fetch` says."""
        most, base = self.options.download_mb * MB, urlsplit(self.options.api_base)
        if ref.size > most:
            raise NotFound("the file is larger than what is fetched")
        url = await self._video(ref.ref.removeprefix(VIDEO)) if ref.ref.startswith(VIDEO) else ref.ref
        pretended = (base.netloc,) if base.scheme == "http" else ()
        own = (*pretended, *(host for host in self.options.media_hosts if ":" in host))
        hosts = tuple(host for host in self.options.media_hosts if ":" not in host)
        async for chunk in outside.fetch(url, most=most, hosts=hosts, trusted=own, seconds=self.options.upload_seconds, tls=self._tls):
            yield chunk

    async def health(self) -> Health:
        """What was last seen, without asking."""
        facts = {key: str(count) for key, count in self._door.counts.items()}
        trouble = self.listener.trouble or self._denied
        if trouble or not self.listener.looked.is_set():
            return Health(not trouble, trouble or "MAX has not been asked yet", facts)
        way = "fetched" if self._fetched else "brought here"
        return Health(True, f"what is written to {self.listener.named or self.title} is {way}", facts)

    async def close(self) -> None:
        await self._presses.close()
        await self._api.close()

    def _heard(self, update: Json) -> None:
        """An update is kept: the press in it may be answered, and the dialog is known."""
        self._speaker.heard(person_of(update), chat_of(update))
        self._presses.acknowledge(update)

    async def _video(self, token: str) -> str:
        try:
            urls = part(await self._api.video(token), "urls")
        except Undeliverable as no:
            raise NotFound(no.detail) from None
        found = next((url for size in _SIZES if (url := text(urls, size))), "")
        if not found:
            raise NotFound("MAX has no file of this video")
        return found


def _limits(options: MaxOptions) -> Limits:
    return Limits(
        text=options.text,
        caption=options.text,
        buttons=options.rows,
        label=options.label,
        media=frozenset(MediaKind),
        media_size=options.upload_mb * MB,
        edits=True,
        deletes=True,
        account_rate=options.rate,
        chat_every=options.chat_every,
        chat_burst=options.chat_burst,
    )
