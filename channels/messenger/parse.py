"""What one envelope of Messenger or Instagram means: pure, total; a RawEvent holds an envelope with one element."""

import re
from collections.abc import Callable
from dataclasses import replace

from channels.messenger.attachments import content
from channels.messenger.comments import comment_of
from channels.messenger.envelope import COMMENT, WHOLE, Element, elements, number_of
from channels.messenger.options import PageOptions
from channels.payload import Json, kind, part, read, storable, text, whole
from crm.base.events import (
    AccountAlert,
    Arrival,
    ContactShared,
    Delete,
    Edit,
    Event,
    IdentityChanged,
    Message,
    OptIn,
    OptOut,
    Postback,
    RawEvent,
    Reaction,
    Sender,
    SessionStarted,
    Source,
    Status,
    Unknown,
)

OURS = "dragoman"
"""What the metadata of everything we say begins with: it comes back with the echo."""
_PHONE = re.compile(r"\+?[0-9]{7,15}", re.ASCII)
_DAY = 86_400_000
_EMOJI = {"love": "❤️", "like": "👍", "dislike": "👎", "smile": "😆", "wow": "😮", "sad": "😢", "angry": "😠"}
_HANDOVER = frozenset({"pass_thread_control", "take_thread_control", "request_thread_control", "app_roles", "account_linking"})
_AROUND = frozenset({"sender", "recipient", "timestamp"})
_SECONDS = 100_000_000_000
_Heard = list[Event] | None


class Reader:
    """Reads for one page or account: what is said to another one is nobody's here."""

    def __init__(self, options: PageOptions) -> None:
        self._options = options
        self._readers: dict[str, Callable[[Json, int], _Heard]] = {
            "message": self._message,
            "message_edit": self._edited,
            "postback": self._pressed,
            "reaction": self._reacted,
            "delivery": _delivered,
            "read": _read,
            "referral": self._referred,
            "optin": self._opted,
            "policy_enforcement": _enforced,
        }

    def parse(self, raw: RawEvent) -> list[Event]:
        """Everything in an envelope, in its order; what cannot be read is an `Unknown`."""
        try:
            found = list(elements(read(raw.body)))
        except ValueError:
            return [Unknown("unreadable", at=raw.received_at)]
        if not found or raw.key.startswith(WHOLE):  # what could be read of a damaged body was kept by itself
            return [Unknown("envelope", at=raw.received_at)]
        # An element that stands twice in an envelope happened once.
        return list(dict.fromkeys(event for element in found for event in self._element(element, raw.received_at)))

    def _element(self, element: Element, received_at: int) -> list[Event]:
        if element.page != self._options.id:
            return [Unknown("another_page", at=received_at)]
        if element.sort == "standby":  # another app has the thread and answers
            return [Unknown("standby", at=received_at)]
        if element.sort == "changes":
            return self._changed(element, received_at)
        body = element.body
        what = next((key for key in body if key in self._readers), "")
        heard = self._readers[what](body, received_at) if what else None
        return [_unknown(body, received_at)] if heard is None else heard

    def _message(self, body: Json, received_at: int) -> _Heard:
        message = part(body, "message")
        if message.get("is_echo") is True:
            return self._echoed(body, message, received_at)
        sender, mid, at = _sender(body, "sender"), text(message, "mid"), _at(body, received_at)
        if sender is None or not mid:
            return None
        if message.get("is_deleted") is True:
            return [Delete(sender, mid, at)]
        chosen = part(message, "quick_reply")
        if text(chosen, "payload"):
            return [_chosen(sender, mid, text(chosen, "payload"), text(message, "text"), at)]
        return [self._said(sender, message, at)]

    def _said(self, sender: Sender, message: Json, at: int) -> Event:
        words, files, strange = content(message, self._options.media_hosts)
        mid = text(message, "mid")
        if not words and not files:
            return Unknown("unsupported" if message.get("is_unsupported") is True else strange or "message", sender, mid, at)
        referral = part(message, "referral")
        ends = at + round(self._options.ad_days * _DAY) if text(referral, "source") == "ADS" and self._options.ad_days else 0
        answered = text(part(message, "reply_to"), "mid")
        return Message(sender, mid, words, at, media=files, reply_to=answered, source=_source(referral), window_ends_at=ends)

    def _echoed(self, body: Json, message: Json, received_at: int) -> _Heard:
        """What the page said: by us, which tells no more than that it left and to whom; or elsewhere, which is new to us."""
        person, mid, at = _sender(body, "recipient"), text(message, "mid"), _at(body, received_at)
        if person is None or not mid:
            return None
        written, _, about = text(message, "metadata").partition(" ")
        app = number_of(message, "app_id")
        if app == self._options.app or (not app and written == OURS):
            return _ours(about[:200], mid, person, at) if written == OURS else []
        if message.get("is_deleted") is True:
            return [Unknown("echo_deleted", at=at)]
        said = self._said(person, message, at)
        return [replace(said, echo=True, source=None, window_ends_at=0)] if isinstance(said, Message) else [Unknown("echo", at=at)]

    def _edited(self, body: Json, received_at: int) -> _Heard:
        edit, sender = part(body, "message_edit"), _sender(body, "sender")
        mid = text(edit, "mid")
        if sender is None or not mid:
            return None
        return [] if sender.external_id == self._options.id else [Edit(sender, mid, text(edit, "text"), _at(body, received_at))]

    def _pressed(self, body: Json, received_at: int) -> _Heard:
        postback, sender, at = part(body, "postback"), _sender(body, "sender"), _at(body, received_at)
        value, source = text(postback, "payload"), _source(part(postback, "referral"))
        if sender is None or not value:
            return None
        mid = text(postback, "mid") or f"postback:{at}"
        if value == self._options.get_started:
            return [SessionStarted(sender, mid, at, source or Source())]
        return [Postback(sender, mid, value, at, label=text(postback, "title"), source=source)]

    def _reacted(self, body: Json, received_at: int) -> _Heard:
        reaction, sender, at = part(body, "reaction"), _sender(body, "sender"), _at(body, received_at)
        mid, action = text(reaction, "mid"), text(reaction, "action")
        emoji = text(reaction, "emoji") or _EMOJI.get(text(reaction, "reaction"), "")
        if sender is None or not mid or action not in ("react", "unreact") or (action == "react" and not emoji):
            return None
        if sender.external_id == self._options.id:
            return []
        return [Reaction(sender, f"reaction:{mid}:{at}", mid, emoji if action == "react" else "", at)]

    def _referred(self, body: Json, received_at: int) -> _Heard:
        """Somebody came into a thread that was there before, by a link or an ad."""
        sender, source, at = _sender(body, "sender"), _source(part(body, "referral")), _at(body, received_at)
        return [SessionStarted(sender, f"referral:{at}", at, source)] if sender and source else None

    def _opted(self, body: Json, received_at: int) -> _Heard:
        optin, sender, at = part(body, "optin"), _sender(body, "sender"), _at(body, received_at)
        if sender is None:
            return None
        if text(optin, "type") in ("notification_messages", "one_time_notif_req"):
            made = OptOut if text(optin, "notification_messages_status") == "STOP_NOTIFICATIONS" else OptIn
            return [made(sender, f"optin:{at}", at, shown=text(optin, "title"))]
        return [SessionStarted(sender, f"optin:{at}", at, Source(payload=text(optin, "ref")))] if text(optin, "ref") else None

    def _changed(self, element: Element, received_at: int) -> list[Event]:
        field, value = text(element.body, "field"), part(element.body, "value")
        if field == "message_template_status_update":
            state, named = kind(text(value, "event").lower()), text(value, "message_template_name")[:200]
            return [AccountAlert("template", f"{named}: {state}", received_at, ok=state == "approved")]
        said = comment_of(field, value, element, self._options, received_at) if self._options.comments else None
        named = "_".join(word for word in (field, text(value, "item")) if word)
        return [Unknown(kind(named), at=received_at)] if said is None else said


def _sender(body: Json, key: str) -> Sender | None:
    person = number_of(part(body, key), "id")
    return Sender(person) if person else None


def _ours(about: str, mid: str, person: Sender, at: int) -> list[Event]:
    """Our mark names the comment that was answered and the part that was sent, whose answer may have been lost."""
    words = about.split(" ")
    comment = next((word for word in words if word.startswith(COMMENT)), "")
    ref = next((word for word in words if word and word != comment), "")
    left: list[Event] = [Status(Arrival.SENT, at, ids=(mid,), ref=ref)] if ref else []
    return [*left, IdentityChanged(Sender(comment), reachable=True, at=at, new_id=person.external_id)] if comment else left


def _chosen(sender: Sender, mid: str, value: str, label: str, at: int) -> Event:
    """A quick reply; one that asked for the number carries it, from the person's own profile, where nobody vouches for it."""
    if _PHONE.fullmatch(value) and _PHONE.fullmatch(label.replace(" ", "")):
        return ContactShared(sender, mid, value if value.startswith("+") else f"+{value}", at, own=False)
    return Postback(sender, mid, value, at, label=label)


def _delivered(body: Json, received_at: int) -> _Heard:
    """The watermark covers all that was sent before; ids may be absent."""
    told, person = part(body, "delivery"), number_of(part(body, "sender"), "id")
    mids = told.get("mids")
    ids = tuple(storable(mid) for mid in mids if isinstance(mid, str) and mid) if isinstance(mids, list) else ()
    return _arrived(Arrival.DELIVERED, ids, person, whole(told, "watermark"), _at(body, received_at, whole(told, "watermark")))


def _read(body: Json, received_at: int) -> _Heard:
    told, person = part(body, "read"), number_of(part(body, "sender"), "id")
    ids = (text(told, "mid"),) if text(told, "mid") else ()
    return _arrived(Arrival.READ, ids, person, whole(told, "watermark"), _at(body, received_at, whole(told, "watermark")))


def _arrived(arrival: Arrival, ids: tuple[str, ...], person: str, watermark: int, at: int) -> _Heard:
    found: list[Event] = [Status(arrival, at, ids=ids)] if ids else []
    if person and watermark > 0:
        found.append(Status(arrival, at, address=person, until=watermark))
    return found or None


def _enforced(body: Json, received_at: int) -> _Heard:
    told = part(body, "policy_enforcement")
    action = kind(text(told, "action").lower())
    return [AccountAlert("policy", text(told, "reason")[:500] or action, _at(body, received_at), ok=action == "unblock")]


def _source(referral: Json) -> Source | None:
    """Where a link or an ad sent somebody from; a link's own words come first, since they may be a token of ours."""
    ref, ad = text(referral, "ref")[:500], number_of(referral, "ad_id")
    title, came = text(part(referral, "ads_context_data"), "ad_title")[:200], text(referral, "source").lower()[:100]
    if not (ref or ad or came):
        return None
    return Source(payload=ref or ad, utm_source=came, utm_campaign=title, utm_content=ad, referrer=text(referral, "referer_uri")[:2000])


def _at(body: Json, received_at: int, otherwise: int = 0) -> int:
    """Meta's milliseconds, which are seconds in a few places and text in others; a time that cannot be, or lies ahead, is the time of receipt."""
    said = int(number_of(body, "timestamp")[:18] or 0) or otherwise
    said = said * 1000 if said < _SECONDS else said
    return said if 0 < said <= received_at else received_at


def _unknown(body: Json, received_at: int) -> Unknown:
    """With a sender where a person did it in their own thread."""
    what = next((key for key in body if key not in _AROUND), "")
    sender = None if what in _HANDOVER or what in ("delivery", "read", "optin") else _sender(body, "sender")
    mid = text(part(body, what), "mid")
    echo = part(body, "message").get("is_echo") is True
    named = sender if mid and not echo else None
    return Unknown(kind(what), named, mid if named else "", _at(body, received_at))
