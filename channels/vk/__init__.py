"""VK: the messages of a community, by the Callback API in, by the methods of VK's API out."""

from collections.abc import AsyncIterator, Sequence
from urllib.parse import quote

from channels import outside
from channels.ask import reachable
from channels.base import Firm, Offsets
from channels.hooked import DoorOptions, Hooked
from channels.payload import name, objects
from channels.vk.api import Api
from channels.vk.door import Door
from channels.vk.options import MB, VkOptions, check
from channels.vk.parse import Reader
from channels.vk.send import Speaker
from channels.vk.watch import Pace, Post, Watch
from crm.base.errors import NotFound
from crm.base.events import Event, MediaKind, MediaRef, RawEvent, Sender
from crm.base.outbound import Health, Limits

__all__ = ["Vk", "VkOptions"]

_SECRET = 50


class Vk(Hooked):
    """One community that people write to."""

    title = "VK"

    def __init__(self, options: VkOptions, firm: Firm) -> None:
        check(options)
        self.options, self._firm = options, firm
        self._paths = firm.paths(options.account)
        self.secrets = options.secrets or tuple(made[:_SECRET] for made in firm.derived("webhook secret", options.account))
        self._reader = Reader(options)
        self._api = Api(options)
        brought = options.set_webhook and bool(self.secrets) and reachable(options.api_base, firm.public_url)
        url = firm.public_url.rstrip("/") + self._paths[0] if brought else ""
        self._brought = bool(url or (firm.public_url and not options.set_webhook))
        post = Post(options.group, options.api_version, url, next(iter(self.secrets), ""))
        self.watch = Watch(options.account, self._api, options.confirmation, post, Pace(options.look_seconds, options.first_wait))
        way = DoorOptions(options.account, self._paths, self.secrets, options.body_mb * MB)
        door = Door(way, options.group, self.watch.confirmation, firm.clock)
        super().__init__(options.account, door, Speaker(self._api, options), _limits(options))

    async def listen(self, offsets: Offsets) -> None:
        """Have everything brought to us, and look now and then whether it still is, until cancelled; `health` tells."""
        await self.watch.run()

    def parse(self, raw: RawEvent) -> Sequence[Event]:
        return self._reader.parse(raw)

    async def enrich(self, address: str) -> Sender:
        """Who a person is, as they are called there: messages bring their number alone; raises as `send` does."""
        told = objects(await self._api.call("users.get", {"user_ids": address, "fields": "screen_name"})) if address.isascii() and address.isdigit() else []
        if not told:
            return Sender(address)
        return Sender(address, f"{name(told[0], 'first_name')} {name(told[0], 'last_name')}".strip(), name(told[0], "screen_name"))

    def entry(self, code: str, words: str = "") -> str:
        """A link to the dialog that brings a code along."""
        known = self.watch.screen_name or f"club{self.options.group}"
        return f"https://vk.me/{known}?ref={quote(code, safe='')}"

    async def fetch_media(self, ref: MediaRef) -> AsyncIterator[bytes]:
        """The bytes of a file while its address lasts; NotFound, Refused or RetryLater as `outside.fetch` says."""
        most = self.options.download_mb * MB
        if ref.size > most:
            raise NotFound("the file is larger than what is fetched")
        hosts, own = outside.homes(self.options.api_base, self.options.media_hosts)
        async for chunk in outside.fetch(ref.ref, most=most, hosts=hosts, trusted=own, seconds=self.options.upload_seconds):
            yield chunk

    async def health(self) -> Health:
        """What was last seen, without asking."""
        facts = {"group": str(self.options.group), **{key: str(count) for key, count in self._door.counts.items()}}
        if not self._brought:
            return Health(False, "no public https address, so VK cannot bring messages", facts)
        trouble = self.watch.trouble or self.denied
        return Health(not trouble, trouble or f"what is written to {self.watch.named or self.title} is brought here", facts)

    async def close(self) -> None:
        await self._api.close()


def _limits(options: VkOptions) -> Limits:
    return Limits(
        text=options.text,
        caption=options.text,
        buttons=options.buttons,
        label=options.label,
        media=frozenset(MediaKind),
        media_size=options.upload_mb * MB,
        edits=True,
        deletes=True,
        knows=frozenset({"sent", "read"}),
        account_rate=options.rate,
        chat_every=options.chat_every,
        chat_burst=options.chat_burst,
        reactions=True,
        repeats=True,
    )
