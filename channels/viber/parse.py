"""What Viber brings, read: one body is one event; pure and total."""

import hashlib
import mimetypes
import re
from collections.abc import Callable, Sequence

from channels.payload import Json, file_name, kind, name, number, part, plain_name, read, text, whole
from channels.viber.seals import Seals
from crm.base.events import (
    Arrival,
    ContactShared,
    Event,
    MediaKind,
    MediaRef,
    Message,
    OptIn,
    OptOut,
    Postback,
    RawEvent,
    Scope,
    Sender,
    SessionStarted,
    Source,
    Status,
    Unknown,
)
from crm.base.outbound import Reason

ADDRESS = re.compile(r"[A-Za-z0-9+/=_-]{1,64}", re.ASCII)
WEBHOOK, MESSAGE, OPENED = "webhook", "message", "conversation_started"
_ARRIVALS = {"delivered": Arrival.DELIVERED, "seen": Arrival.READ, "failed": Arrival.FAILED}
_FILES = {"picture": MediaKind.PHOTO, "video": MediaKind.VIDEO, "file": MediaKind.DOCUMENT, "sticker": MediaKind.STICKER}


def split(account: str, body: bytes, told: Json, now: int) -> RawEvent:
    """A body as it is kept: its key is what a repeat has too, and what one person does stays in order."""
    event, number_ = text(told, "event"), token(told)
    key = f"{event}:{number_}" if number_ and kind(event) == event else f"other:{hashlib.sha256(body).hexdigest()}"
    return RawEvent(account, key, f"{account}:{address(told) or '-'}", body, now)


def token(told: Json) -> str:
    """Viber's number of a message or an event, "" where there is none."""
    found = told.get("message_token")
    written = str(found) if type(found) is int else found
    return written if isinstance(written, str) and written.isascii() and written.isdigit() and len(written) <= 32 else ""


def address(told: Json) -> str:
    """Who did something, by the id they have with this bot alone; "" where nobody did."""
    person = part(told, "sender") or part(told, "user")
    found = text(person, "id") or text(told, "user_id")
    return found if ADDRESS.fullmatch(found) else ""


def greeted(told: Json) -> bool:
    """Whether an opened chat is news: a stranger's, or somebody's whom a link brought; a subscriber opens theirs whenever they look something up."""
    return told.get("subscribed") is not True or bool(name(told, "context"))


class Reader:
    """Reads the events of one bot."""

    def __init__(self, seals: Seals) -> None:
        self._seals = seals
        self._kinds: dict[str, Callable[[Json, Json, Sender, str, int], Event | None]] = {
            "text": self._text,
            "contact": self._contact,
            "location": _location,
            "url": _url,
            **dict.fromkeys(_FILES, _file),
        }

    def parse(self, raw: RawEvent) -> Sequence[Event]:
        """One event; before a message also what it proves, that the one it answers was read."""
        try:
            told = read(raw.body)
        except ValueError:
            return [Unknown("unreadable", at=raw.received_at)]
        event, who, at = text(told, "event"), sender(told), instant(told, raw.received_at)
        if event == MESSAGE and who:
            return [*self._answered(told, who, at), self._message(told, who, token(told) or raw.key, at)]
        if event == OPENED and not greeted(told):
            return [Unknown(OPENED, at=at)]
        return [_other(told, event, who, at) or Unknown(kind(event), who, token(told) if who else "", at)]

    def _answered(self, told: Json, who: Sender, at: int) -> list[Event]:
        ref = self._seals.answered(who.external_id, text(part(told, "message"), "tracking_data"))
        return [Status(Arrival.READ, at, ref=ref)] if ref else []

    def _message(self, told: Json, who: Sender, id_: str, at: int) -> Event:
        body = part(told, "message")
        sort = text(body, "type")
        reader = self._kinds.get(sort)
        return (reader(body, told, who, id_, at) if reader else None) or Unknown(kind(sort), who, id_, at)

    def _text(self, body: Json, told: Json, who: Sender, id_: str, at: int) -> Event | None:
        words = text(body, "text")
        value, label = self._seals.pressed(who.external_id, words)
        if value:
            return Postback(who, id_, value, at, label=label)
        return Message(who, id_, words, at) if words else None

    def _contact(self, body: Json, told: Json, who: Sender, id_: str, at: int) -> Event | None:
        """A person may hand over anybody's card; only what came by our own button is surely theirs."""
        card = part(body, "contact")
        phone, own = name(card, "phone_number"), self._seals.by_button(who.external_id, text(body, "text"))
        if not phone:
            return None
        if own and phone.isascii() and phone.isdigit():
            phone = f"+{phone}"  # Viber's own numbers are international, with or without the sign
        return ContactShared(who, id_, phone, at, own, name(card, "name"))


def sender(told: Json) -> Sender | None:
    """The person, as far as this event tells of them."""
    id_, person = address(told), part(told, "sender") or part(told, "user")
    return Sender(id_, name(person, "name"), language=name(person, "language")[:35]) if id_ else None


def instant(told: Json, received_at: int) -> int:
    """Viber's milliseconds; a time that cannot be, or lies ahead, is the time of receipt."""
    said = whole(told, "timestamp")
    return said if 0 < said <= received_at else received_at


def _other(told: Json, event: str, who: Sender | None, at: int) -> Event | None:
    """Everything but messages."""
    id_ = token(told)
    if event in _ARRIVALS and id_:
        failed = (Reason.REJECTED.value, plain_name(text(told, "desc"))) if event == "failed" else ("", "")
        return Status(_ARRIVALS[event], at, (id_,), reason=failed[0], detail=failed[1])
    if who is None or not id_:
        return None
    match event:
        case "conversation_started":
            return SessionStarted(who, id_, at, Source(payload=name(told, "context")), looking=True)
        case "subscribed":
            return OptIn(who, id_, at, Scope.ALL)
        case "unsubscribed":
            return OptOut(who, id_, at, Scope.ALL)
    return None


def _file(body: Json, told: Json, who: Sender, id_: str, at: int) -> Event | None:
    url, called = text(body, "media"), file_name(text(body, "file_name"))
    if not url:
        return None
    mime = mimetypes.guess_type(called)[0] or ""
    sort = _FILES[text(body, "type")]
    if sort is MediaKind.DOCUMENT and mime.startswith("audio/"):
        sort = MediaKind.AUDIO
    return Message(who, id_, text(body, "text"), at, (MediaRef(sort, url, called, mime, max(0, whole(body, "size"))),))


def _location(body: Json, told: Json, who: Sender, id_: str, at: int) -> Event | None:
    spot = part(body, "location")
    latitude, longitude = number(spot, "lat"), number(spot, "lon")
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    here = f"{latitude:.6f},{longitude:.6f}"
    lines = (text(spot, "address"), f"📍 {here.replace(',', ', ')}", f"https://maps.google.com/?q={here}")
    return Message(who, id_, "\n".join(line for line in lines if line), at)


def _url(body: Json, told: Json, who: Sender, id_: str, at: int) -> Event | None:
    url = text(body, "media")
    words = "\n".join(dict.fromkeys(filter(None, (text(body, "text"), url))))
    return Message(who, id_, words, at) if words else None
