"""MAX: a bot, whose updates are brought by a webhook or fetched, and whose words go out by the bot API."""

from collections.abc import AsyncIterator, Sequence
from urllib.parse import quote

from channels import outside
from channels.ask import reachable
from channels.base import Firm, Offsets
from channels.hooked import DoorOptions, Hooked
from channels.max.api import Api
from channels.max.contents import VIDEO
from channels.max.door import Door
from channels.max.listen import Listener, Pace, Post
from channels.max.options import MB, MaxOptions, check, trust
from channels.max.parse import parse
from channels.max.presses import Presses
from channels.max.send import Speaker
from channels.max.split import chat_of, person_of
from channels.payload import Json, part, text
from crm.base.errors import NotFound
from crm.base.events import Event, MediaKind, MediaRef, RawEvent
from crm.base.outbound import Health, Limits, Undeliverable

__all__ = ["Max", "MaxOptions"]

_SIZES = ("mp4_1080", "mp4_720", "mp4_480", "mp4_360", "mp4_240", "mp4_144")


class Max(Hooked):
    """One bot that people write to."""

    title = "MAX"

    def __init__(self, options: MaxOptions, firm: Firm) -> None:
        check(options)
        self.options, self._firm = options, firm
        self._paths = firm.paths(options.account)
        self.secrets = options.secrets or firm.derived("webhook secret", options.account)
        self._tls = trust(options)
        self._api = Api(options, self._tls)
        self._says, self._presses = Speaker(self._api, options), Presses(self._api)
        door = Door(DoorOptions(options.account, self._paths, self.secrets, options.body_mb * MB), self._heard, firm.clock)
        super().__init__(options.account, door, self._says, _limits(options))
        brought = options.set_webhook and bool(self.secrets) and reachable(options.api_base, firm.public_url)
        url = firm.public_url.rstrip("/") + self._paths[0] if brought else ""
        self._fetched = not firm.public_url or (options.set_webhook and not url)
        post = Post(self._fetched, url, next(iter(self.secrets), ""))
        pace = Pace(options.poll_seconds, options.poll_pause, options.look_seconds, options.first_wait)
        self.listener = Listener(options.account, self._api, post, pace, self._heard, firm.clock)

    async def listen(self, offsets: Offsets) -> None:
        """Have updates brought to us, or fetch them where nobody can come to us, until cancelled."""
        await self.listener.run(offsets)

    def parse(self, raw: RawEvent) -> Sequence[Event]:
        return parse(raw, self.options.token)

    def entry(self, code: str, words: str = "") -> str:
        """A link to the bot that brings a code along ("" = MAX has not told the bot's name yet)."""
        known = self.options.username or self.listener.username
        return f"https://max.ru/{known}?start={quote(code, safe='')}" if known else ""

    async def fetch_media(self, ref: MediaRef) -> AsyncIterator[bytes]:
        """The bytes of a file; of a video the address is asked for first. NotFound, Refused or RetryLater as `outside.fetch` says."""
        most = self.options.download_mb * MB
        if ref.size > most:
            raise NotFound("the file is larger than what is fetched")
        url = await self._video(ref.ref.removeprefix(VIDEO)) if ref.ref.startswith(VIDEO) else ref.ref
        hosts, own = outside.homes(self.options.api_base, self.options.media_hosts)
        async for chunk in outside.fetch(url, most=most, hosts=hosts, trusted=own, seconds=self.options.upload_seconds, tls=self._tls):
            yield chunk

    async def health(self) -> Health:
        """What was last seen, without asking."""
        facts = {key: str(count) for key, count in self._door.counts.items()}
        trouble = self.listener.trouble or self.denied
        if trouble or not self.listener.looked.is_set():
            return Health(not trouble, trouble or "MAX has not been asked yet", facts)
        way = "fetched" if self._fetched else "brought here"
        return Health(True, f"what is written to {self.listener.named or self.title} is {way}", facts)

    async def close(self) -> None:
        await self._presses.close()
        await self._api.close()

    def _heard(self, update: Json) -> None:
        """An update is kept: the press in it may be answered, and the dialog is known."""
        self._says.heard(person_of(update), chat_of(update))
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
