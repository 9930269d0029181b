"""WhatsApp by Meta's Cloud API: a webhook in, the Graph API out."""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from aiohttp import web

from channels.base import Firm, Keep, Offsets
from channels.entries import digits_of, typed
from channels.graph import Graph, GraphOptions, Refused
from channels.meta import Door, DoorOptions
from channels.payload import text, whole
from channels.whatsapp.approved import Approved, listed
from channels.whatsapp.contents import is_file_id
from channels.whatsapp.parse import parse
from channels.whatsapp.say import CAPTION, REPLY_LABEL, ROWS, TEXT, Sizes
from channels.whatsapp.send import Manner, Speaker
from channels.whatsapp.split import person_of, split
from channels.whatsapp.verdicts import ERRORS, MEDIA_LOST
from channels.whatsapp.watch import Pace, Post, Watch
from crm.base.errors import Misconfigured, NotFound
from crm.base.events import Event, MediaKind, MediaRef, RawEvent
from crm.base.outbound import Health, Limits, May, OpenMedia, Outbound, Reason, Receipt, RetryLater, Unit, Window
from crm.base.time import HOUR
from crm.base.webhooks import LOOPBACK

MB = 1024 * 1024
_NUMBER = re.compile(r"[0-9]{5,32}", re.ASCII)
_VERSION = re.compile(r"v[0-9]{1,3}\.[0-9]{1,2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class WhatsAppOptions:
    """How to reach one number: `phone_number` and `business` are Meta's ids of the number and of its account, not the number itself.

    All `app_secrets` are believed, so that one can be changed while messages come. `phone_app` = the owner goes on writing from the phone. Sizes are MB,
    times seconds unless named otherwise. What Meta may change without asking is an option: windows, rates, sizes.
    """

    phone_number: str
    token: str = field(repr=False)
    app_secrets: tuple[str, ...] = field(repr=False)
    business: str = ""
    account: str = "whatsapp"
    verify_token: str = field(default="", repr=False)
    set_webhook: bool = True
    phone_app: bool = False
    proof: bool = False
    list_label: str = "☰"
    window_hours: int = 24
    ad_window_hours: int = 72
    rate: float = 80.0
    phone_app_rate: float = 20.0
    pair_every: float = 6.0
    pair_burst: int = 20
    image_mb: int = 5
    video_mb: int = 16
    audio_mb: int = 16
    sticker_kb: int = 500
    document_mb: int = 100
    file_days: int = 29
    body_mb: int = 4
    api_base: str = "https://graph.facebook.com"
    api_version: str = "v26.0"
    connect_seconds: float = 10.0
    send_seconds: float = 20.0
    upload_seconds: float = 180.0
    look_seconds: float = 3600.0
    first_wait: float = 1.0


class WhatsApp:
    """One number that customers write to."""

    title = "WhatsApp"
    off_in = frozenset({"RU"})

    def __init__(self, options: WhatsAppOptions, firm: Firm) -> None:
        _check(options)
        self.options, self._clock = options, firm.clock
        self._tokens = tuple(filter(None, (options.verify_token, *firm.derived("webhook token", options.account))))
        self._public, self._paths = firm.public_url.rstrip("/"), firm.paths(options.account)
        post = _post(options, firm, self._paths, self._tokens)
        self._brought = post.url or (firm.public_url and not options.set_webhook)
        self._door = Door(DoorOptions(self._paths, self._tokens, options.app_secrets, options.body_mb * MB), self._split, firm.clock)
        secret = options.app_secrets[0] if options.proof else ""
        times = {"connect_seconds": options.connect_seconds, "send_seconds": options.send_seconds, "upload_seconds": options.upload_seconds}
        self._graph = Graph(GraphOptions(options.token, options.api_base.rstrip("/"), options.api_version, secret, **times), ERRORS)
        sizes = Sizes(options.image_mb * MB, options.video_mb * MB, options.audio_mb * MB, options.sticker_kb * 1024, options.document_mb * MB)
        self._speaker = Speaker(self._graph, Manner(options.phone_number, options.list_label, sizes, options.file_days), firm.clock)
        numbers = options.phone_number, options.business
        self.watch = Watch(self._graph, options.account, numbers, post, Pace(options.look_seconds, options.first_wait))
        self._denied = ""
        self._open, self._closed = (_limits(options, may) for may in (May.ANYTHING, May.TEMPLATE))

    @property
    def account(self) -> str:
        return self.options.account

    @property
    def webhook(self) -> Post:
        """Where Meta is to bring messages, and the word it is to ask with: for who sets it by hand."""
        return Post("".join((self._public, *self._paths[:1])), next(iter(self._tokens), ""))

    async def open(self) -> None:
        """Nothing takes long."""

    def limits(self, window: Window, now: int) -> Limits:
        """Anything for a day after the person wrote last, or as long as an advertisement's click lets us; after that approved templates."""
        day = window.last_inbound_at + self.options.window_hours * HOUR if window.last_inbound_at else 0
        return self._open if now < max(day, window.session_ends_at) else self._closed

    def entry(self, code: str, words: str = "") -> str:
        """The link that opens a chat with these words and a code to be sent; Meta tells our number at the first look."""
        number = digits_of(self.watch.number)
        return f"https://wa.me/{number}?text={typed(code, words)}" if number else ""

    def routes(self, keep: Keep) -> Sequence[web.RouteDef]:
        """The webhook: Meta's handshake and what happened."""
        return self._door.routes(keep)

    async def listen(self, offsets: Offsets) -> None:
        """Have messages brought to us, and look now and then how the number does, until cancelled."""
        await self.watch.run()

    def parse(self, raw: RawEvent) -> Sequence[Event]:
        return parse(raw, self.options.phone_number, self.options.ad_window_hours)

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt:
        try:
            receipt = await self._speaker.send(address, outbound, open_media)
        except Refused as refused:
            if refused.reason is Reason.ACCOUNT_PROBLEM:
                self._denied = f"Meta refuses to send for us: {refused.detail}"
            raise
        self._denied = ""
        return receipt

    async def templates(self) -> list[Approved]:
        """The texts Meta has approved for this account, and those it has not; raises NotFound without a `business`, or as `send` does."""
        if not self.options.business:
            raise NotFound("templates are listed by the id of the business account, which is not set")
        return await listed(self._graph, self.options.business)

    async def fetch_media(self, ref: MediaRef) -> AsyncIterator[bytes]:
        """The bytes of a file; its address is asked for anew each time, as it lives for minutes. NotFound for good, RetryLater for now."""
        most = self.options.document_mb * MB
        if not is_file_id(ref.ref):
            raise NotFound("not a file of WhatsApp's")
        try:
            file = await self._graph.get(ref.ref, phone_number_id=self.options.phone_number)
        except Refused as refused:
            if refused.reason is Reason.ACCOUNT_PROBLEM and refused.problem.code not in MEDIA_LOST:
                raise RetryLater(60.0, account=True) from None
            raise NotFound(refused.detail) from None
        if whole(file, "file_size") > most:
            raise NotFound("the file is too big")
        async for chunk in self._graph.download(text(file, "url"), most, known=True):
            yield chunk

    async def health(self) -> Health:
        """What is known: who we are to Meta, how the number is rated, what came in."""
        watch, facts = self.watch, {name: str(count) for name, count in self._door.counts.items()}
        facts |= {name: held for name, held in (("number", watch.number), ("quality", watch.quality)) if held}
        if not self._brought:
            return Health(False, "no public https address, so Meta cannot bring messages", facts)
        trouble = watch.trouble or self._denied
        if trouble or not watch.looked.is_set():
            return Health(not trouble, trouble or "Meta has not been asked yet", facts)
        return Health(watch.quality != "RED", f"{watch.number} answers, its quality is {watch.quality.lower() or 'not rated'}", facts)

    async def close(self) -> None:
        await self._graph.close()

    def _split(self, body: bytes, now: int) -> Sequence[RawEvent]:
        events = split(self.account, body, now)
        for event in events:
            if event.key.startswith("wamid.") and ":" not in event.key:
                self._speaker.heard(person_of(event), event.key)
        return events


def _limits(options: WhatsAppOptions, may: May) -> Limits:
    return Limits(
        text=TEXT,
        caption=CAPTION,
        buttons=ROWS,
        label=REPLY_LABEL,
        media=frozenset(MediaKind),
        media_size=options.document_mb * MB,
        knows=frozenset({"sent", "delivered", "read"}),
        account_rate=options.phone_app_rate if options.phone_app else options.rate,
        chat_every=options.pair_every,
        chat_burst=options.pair_burst,
        needs_inbound=False,
        unit=Unit.CHARACTERS,
        reactions=True,
        windows=True,
        templates=True,
        may=may,
        free=may is May.ANYTHING,
    )


def _post(options: WhatsAppOptions, firm: Firm, paths: tuple[str, ...], tokens: tuple[str, ...]) -> Post:
    """Where Meta is told to come; nowhere without https, but for a pretended one on this machine."""
    there, we = urlsplit(options.api_base), urlsplit(firm.public_url)
    reachable = we.scheme == "https" or (we.scheme == "http" and {there.hostname, we.hostname} <= LOOPBACK)
    if not (options.set_webhook and reachable and paths and tokens):
        return Post()
    return Post(firm.public_url.rstrip("/") + paths[0], tokens[0])


def _check(options: WhatsAppOptions) -> None:
    for held, what in ((options.phone_number, "phone_number"), (options.business or "00000", "business")):
        if not _NUMBER.fullmatch(held):
            raise Misconfigured(f"{what} of {options.account} is the id Meta shows beside the number: digits alone")
    if not options.token or not options.token.isascii() or not options.token.isprintable() or " " in options.token:
        raise Misconfigured(f"the token of {options.account} does not look like one")
    if not options.app_secrets or not all(options.app_secrets):
        raise Misconfigured(f"{options.account} needs the secret of its app: without it nobody can tell who brings messages")
    if urlsplit(options.api_base).scheme not in {"http", "https"} or not _VERSION.fullmatch(options.api_version):
        raise Misconfigured(f"api_base of {options.account} begins with https://, api_version is such as v26.0")
