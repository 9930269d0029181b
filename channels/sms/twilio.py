"""SMS through Twilio: its REST API out, its signed callbacks in, and a look now and then at what it holds of messages that were not brought."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace

from aiohttp import web

from channels import twilio
from channels.base import Firm, Offsets
from channels.sms import Sms
from channels.sms.door import Door
from channels.sms.options import SmsOptions
from channels.sms.recent import MEDIA, Place, Recent
from crm.base.errors import Misconfigured
from crm.base.events import Event, MediaKind, MediaRef, Message, OptIn, OptOut, RawEvent, Scope
from crm.base.outbound import Health

__all__ = ["TwilioSms", "TwilioSmsOptions"]

ERRORS: Mapping[str, str] = {
    "21610": "opted_out",
    **dict.fromkeys(("21211", "21614", "30004", "30005", "30006"), "bad_address"),
    **dict.fromkeys(("21408", "21608", "21612", "30003", "30007", "30034", "63016"), "rejected"),
    **dict.fromkeys(("21602", "21605", "21617", "21619"), "bad_content"),
    **dict.fromkeys(("20429", "14107", "63018", "21611", "http 429"), "later"),
    **dict.fromkeys(("20003", "20005", "20404", "21212", "21603", "21606", "21659", "21660", "21701", "21703", "21704", "30002"), "account"),
}
"""What Twilio's error numbers mean, at the sending and in a receipt; options may say otherwise."""
STATES: Mapping[str, str] = {"sent": "sent", "delivered": "delivered", "read": "read", "undelivered": "failed", "failed": "failed", "canceled": "failed"}
TAKEN = ("accepted", "scheduled", "queued", "sending", "sent", "delivered")
QUIET = ("accepted", "scheduled", "queued", "sending", "receiving", "received")
RECEIPT = {"id": "MessageSid", "ref": "ref", "state": "MessageStatus", "error": "ErrorCode", "number": "To"}
INBOUND = {"id": "MessageSid", "number": "From", "text": "Body", "at": "At", "wish": "OptOutType", "files": "NumMedia"} | {
    f"{name}{place}": f"{field}{place}" for place in range(MEDIA) for name, field in (("file", "MediaUrl"), ("type", "MediaContentType"))
}
_KINDS = {"image": MediaKind.PHOTO, "audio": MediaKind.AUDIO, "video": MediaKind.VIDEO}
_LAYOUT = "application/smil"


@dataclass(frozen=True, slots=True)
class TwilioSmsOptions:
    """One account at Twilio: all `tokens` are believed in callbacks, the first (or the API `key` with its `key_secret`) is shown when we ask.

    `sender` is our number, or `service` the messaging service that chooses one. `errors` are added to what is known of Twilio's numbers: a reason,
    "later" or "account". `every` = seconds between two looks at what Twilio holds (0 = it is never looked at); `media_size` is bytes.
    """

    account: str
    sid: str
    tokens: tuple[str, ...] = field(repr=False)
    sender: str = ""
    service: str = ""
    title: str = "SMS"
    key: str = ""
    key_secret: str = field(default="", repr=False)
    errors: dict[str, str] = field(default_factory=dict)
    parts: int = 10
    rate: float = 1.0
    chat_every: float = 1.0
    every: float = 300.0
    media_size: int = 20 * 1024 * 1024
    media_hosts: tuple[str, ...] = twilio.HOMES
    retries: str = twilio.RETRIES
    api: str = twilio.API
    connect_seconds: float = 10.0
    send_seconds: float = 30.0
    later_seconds: float = 30.0
    patience: float = 10.0
    again: int = 2


class TwilioSms(Sms):
    """One account at Twilio; what is said of a gateway in general holds for it too."""

    def __init__(self, options: TwilioSmsOptions, firm: Firm) -> None:
        _check(options)
        made = as_gateway(options, callbacks=bool(firm.public_url))
        super().__init__(made, firm)
        self._twilio = options
        self._believed = twilio.Believed(firm.public_url, options.tokens, ("", options.retries))
        self._door = Door(made, firm.paths(options.account), self._address, firm.clock, self._signed)
        place = Place(options.api, f"/2010-04-01/Accounts/{options.sid}", options.sender, options.every)
        self._recent = Recent(options.account, self._line, place, self._door.raw, firm.clock)

    async def listen(self, offsets: Offsets) -> None:
        """Look now and then at what Twilio holds; return at once where that is not wanted."""
        if self._twilio.every > 0:
            await self._recent.run(offsets)

    async def fetch_media(self, ref: MediaRef) -> AsyncIterator[bytes]:
        """The bytes of a picture; raises as `outside.fetch` does."""
        options = self._twilio
        async for chunk in twilio.fetched(ref.ref, options.media_size, options.api, _credentials(options), options.media_hosts):
            yield chunk

    async def health(self) -> Health:
        """Tell whether Twilio takes what it is given, and shows what it holds."""
        known = await super().health()
        if known.ok and self._recent.trouble:
            return replace(known, ok=False, words=self._recent.trouble)
        return known if self._firm.public_url else replace(known, words=f"{known.words}; without PUBLIC_URL nothing is brought to us")

    def _signed(self, request: web.Request, body: bytes, pairs: twilio.Pairs) -> bool:
        """Whether Twilio sent this."""
        return self._believed.genuine(request, body if request.method == "POST" else b"", pairs)

    def _address(self, number: str) -> str:
        """A number as Twilio writes it; an address on another of its platforms (whatsapp:+374…) is none."""
        return "" if ":" in number else super()._address(number)

    def _message(self, fields: Mapping[str, str], at: int, raw: RawEvent) -> Event:
        """What a customer wrote, or that they want no more, where Twilio itself has understood and answered it."""
        event = super()._message(fields, at, raw)
        if not isinstance(event, Message):
            return event
        match fields.get("wish", "").upper():
            case "STOP":
                return OptOut(event.sender, event.external_id, at, Scope.ALL, event.text)
            case "START":
                return OptIn(event.sender, event.external_id, at, Scope.ALL, event.text)
        return replace(event, media=tuple(_files(fields)))


def _files(fields: Mapping[str, str]) -> list[MediaRef]:
    """The files of a message, but for what only says how they are laid out."""
    named = [(fields.get(f"file{place}", ""), fields.get(f"type{place}", "").partition(";")[0].strip().lower()) for place in range(MEDIA)]
    return [MediaRef(_KINDS.get(mime.partition("/")[0], MediaKind.DOCUMENT), url[:2000], "", mime[:100]) for url, mime in named if url and mime != _LAYOUT]


def _credentials(options: TwilioSmsOptions) -> tuple[str, str]:
    return (options.key, options.key_secret) if options.key else (options.sid, options.tokens[0])


def as_gateway(options: TwilioSmsOptions, *, callbacks: bool) -> SmsOptions:
    """Twilio, told as any operator is told; pure."""
    who = {"MessagingServiceSid": options.service} if options.service else {"From": "{from}"}
    back = {"StatusCallback": f"{{callback}}?ref={{ref}}{options.retries}"} if callbacks else {}
    user, password = _credentials(options)
    return SmsOptions(
        account=options.account,
        url=f"{options.api}/2010-04-01/Accounts/{options.sid}/Messages.json",
        title=options.title,
        sender=options.sender,
        body="form",
        fields={"To": "{to}", "Body": "{text}", **who, **back},
        user=user,
        password=password,
        id_at="sid",
        ok_at="status",
        ok=TAKEN,
        error_at="code",
        errors={**ERRORS, **options.errors},
        receipt=RECEIPT,
        states=dict(STATES),
        inbound=INBOUND,
        quiet=QUIET,
        callback_answer=twilio.EMPTY,
        callback_type=twilio.XML,
        **{name: getattr(options, name) for name in _ALIKE},
    )


_ALIKE = ("parts", "rate", "chat_every", "connect_seconds", "send_seconds", "later_seconds", "patience", "again")


def _check(options: TwilioSmsOptions) -> None:
    """Raise Misconfigured for options that cannot work."""
    reasons = (
        (not options.sid.startswith("AC"), "sid is that of the account and begins with AC"),
        (not options.tokens or not all(options.tokens), "tokens has the auth token, and for the time of a change the other one"),
        (bool(options.sender) == bool(options.service), "give sender (our number) or service (that of a messaging service), one of them"),
        (bool(options.key) != bool(options.key_secret), "key and key_secret belong together"),
        (options.parts > 10, "parts is at most 10: Twilio takes 1600 characters"),
    )
    for wrong, words in reasons:
        if wrong:
            raise Misconfigured(f"{options.account}: {words}")
