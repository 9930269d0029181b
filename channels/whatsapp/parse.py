"""What one raw event of WhatsApp means: pure, total, the same again."""

from channels.payload import Json, kind, name, part, parts, read, text, whole
from channels.whatsapp.alerts import alert, error_words
from channels.whatsapp.contents import card_name, media, source_of, window_of, words
from channels.whatsapp.people import is_address, sender_of
from channels.whatsapp.verdicts import reason_of
from crm.base.events import (
    Arrival,
    Call,
    CallPhase,
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
    Status,
    Unknown,
)

_ARRIVALS = {"sent": Arrival.SENT, "delivered": Arrival.DELIVERED, "read": Arrival.READ, "played": Arrival.READ, "failed": Arrival.FAILED}
_LONGEST_ID = 200


def parse(raw: RawEvent, phone_number: str, ad_hours: int) -> list[Event]:
    """One element makes one event; what cannot be read, or came for another number than `phone_number`, is an `Unknown`."""
    try:
        body = read(raw.body)
    except ValueError:
        return [Unknown("unreadable", at=raw.received_at)]
    meant_for = text(part(body, "metadata"), "phone_number_id")
    if meant_for and meant_for != phone_number:
        return [Unknown("another_number", at=raw.received_at)]
    for called, reader in _READERS.items():
        if called in body:
            return [reader(body, part(body, called), raw.received_at, ad_hours)]
    value = part(body, "value")
    at = _instant(whole(body, "time"), raw.received_at)
    return [alert(text(body, "field"), value, at) or Unknown(kind(text(body, "field")), at=at)]


def _message(body: Json, message: Json, received_at: int, ad_hours: int) -> Event:
    type_, at, id_ = kind(text(message, "type")), _at(message, received_at), _id(message, "id")
    if "group_id" in message:
        return Unknown("group_message", at=at)
    if type_ == "system":
        return _system(part(message, "system"), message, at)
    sender = sender_of(_without(message, "to"), part(body, "contact"))
    if sender is None or not id_:
        return Unknown(type_, at=at)
    return _SPECIAL.get(type_, _said)(sender, id_, message, at, ad_hours) or Unknown(_unread(message, type_), sender, id_, at)


def _said(sender: Sender, id_: str, message: Json, at: int, ad_hours: int) -> Event | None:
    type_ = text(message, "type")
    said, files = words(message, type_), media(message, type_)
    if not said and not files:
        return None
    context, source, until = part(message, "context"), source_of(message), window_of(message, at, ad_hours)
    return Message(sender, id_, said, at, media=files, reply_to=_id(context, "id"), source=source, window_ends_at=until)


def _interactive(sender: Sender, id_: str, message: Json, at: int, ad_hours: int) -> Event | None:
    inside = part(message, "interactive")
    pressed = part(inside, "button_reply") or part(inside, "list_reply")
    value, label, under = text(pressed, "id"), text(pressed, "title"), _id(part(message, "context"), "id")
    if value:
        return Postback(sender, id_, value, at, label=label, message=under, source=source_of(message))
    return _said(sender, id_, message, at, ad_hours)


def _button(sender: Sender, id_: str, message: Json, at: int, ad_hours: int) -> Event | None:
    """A template's quick reply: where it carries nothing but its own words, it is as if they had been written."""
    pressed, under = part(message, "button"), _id(part(message, "context"), "id")
    value, label = text(pressed, "payload"), text(pressed, "text")
    if value and value != label:
        return Postback(sender, id_, value, at, label=label, message=under)
    return Message(sender, id_, label, at, reply_to=under) if label else None


def _reaction(sender: Sender, id_: str, message: Json, at: int, ad_hours: int) -> Event | None:
    put = part(message, "reaction")
    under = _id(put, "message_id")
    return Reaction(sender, id_, under, text(put, "emoji")[:32], at) if under else None


def _edit(sender: Sender, id_: str, message: Json, at: int, ad_hours: int) -> Event | None:
    edit = part(message, "edit")
    meant, now = _id(edit, "original_message_id"), part(edit, "message")
    return Edit(sender, meant, words(now, text(now, "type")), at) if meant and now else None


def _revoke(sender: Sender, id_: str, message: Json, at: int, ad_hours: int) -> Event | None:
    meant = _id(part(message, "revoke"), "original_message_id")
    return Delete(sender, meant, at) if meant else None


def _contacts(sender: Sender, id_: str, message: Json, at: int, ad_hours: int) -> Event | None:
    """One card with a number is shared as such. It is their own only if it names the account that writes, and then by the account's number:
    what else stands on a card anybody may write there. A card that names another account is another's."""
    cards = parts(message, "contacts")
    phones = parts(cards[0], "phones") if len(cards) == 1 else []
    phone = next((one for one in phones if name(one, "phone") or name(one, "wa_id")), None)
    if phone is None:
        return _said(sender, id_, message, at, ad_hours)
    own = bool(sender.phone) and f"+{text(phone, 'wa_id')}" == sender.phone
    number = sender.phone if own else name(phone, "phone") or f"+{name(phone, 'wa_id')}"
    named = {f"+{one}" for one in (text(card, "wa_id") for card in phones) if one}
    other = bool(sender.phone and named) and sender.phone not in named
    return ContactShared(sender, id_, number, at, own, card_name(cards[0]), other)


def _welcome(sender: Sender, id_: str, message: Json, at: int, ad_hours: int) -> Event | None:
    return SessionStarted(sender, id_, at, looking=True)


def _unsupported(sender: Sender, id_: str, message: Json, at: int, ad_hours: int) -> Event | None:
    """WhatsApp itself cannot show us this: a poll, an event, a view-once picture."""
    return None


_SPECIAL = {
    "interactive": _interactive,
    "button": _button,
    "reaction": _reaction,
    "edit": _edit,
    "revoke": _revoke,
    "contacts": _contacts,
    "request_welcome": _welcome,
    "unsupported": _unsupported,
}


def _unread(message: Json, type_: str) -> str:
    told = text(part(message, "unsupported"), "type")
    return kind(told) if told else type_


def _system(system: Json, message: Json, at: int) -> Event:
    """A person has another number, or another id: what they were is in the message, what they are now in its middle."""
    type_ = kind(text(system, "type"))
    if type_ not in {"user_changed_number", "customer_changed_number", "user_changed_user_id"}:
        return Unknown(type_, at=at)
    was = [text(message, "from"), text(message, "from_user_id"), text(system, "customer"), text(system, "previous_user_id")]
    now = [text(system, "wa_id"), text(system, "new_wa_id"), text(system, "user_id")]
    return _renamed_to(was, now, type_, at)


def _renamed_to(was: list[str], now: list[str], type_: str, at: int) -> Event:
    old, new = ([one for one in dict.fromkeys(ids) if is_address(one)] for ids in (was, now))
    old = [one for one in old if one not in new]
    if not old or not new:
        return Unknown(type_, at=at)
    return IdentityChanged(Sender(old[0], aliases=tuple(old[1:] + new[1:])), True, at, new_id=new[0])


def _status(body: Json, status: Json, received_at: int, ad_hours: int) -> Event:
    arrival, at, id_ = _ARRIVALS.get(text(status, "status")), _at(status, received_at), _id(status, "id")
    if arrival is None or not id_:
        return Unknown(f"status_{kind(text(status, 'status'))}"[:64], at=at)
    errors, ref = parts(status, "errors") or parts(body, "errors"), text(status, "biz_opaque_callback_data")[:512]
    if arrival is not Arrival.FAILED:
        return Status(arrival, at, (id_,), ref)
    reason = reason_of(whole(errors[0], "code")) if errors else reason_of(0x7FFFFFFF)
    return Status(arrival, at, (id_,), ref, reason=reason.value, detail=error_words(errors[0])[:300] if errors else "")


def _echo(body: Json, message: Json, received_at: int, ad_hours: int) -> Event:
    """The firm wrote on its own phone: to the person, in their thread, and not for us to answer."""
    type_, at, id_ = kind(text(message, "type")), _at(message, received_at), _id(message, "id")
    sender = sender_of(_without(message, "from"), part(body, "contact"))
    said, files = words(message, type_), media(message, type_)
    if sender is None or not id_ or not (said or files):
        return Unknown(f"echo_{type_}"[:64], at=at)
    return Message(sender, id_, said, at, media=files, reply_to=_id(part(message, "context"), "id"), echo=True)


def _preference(body: Json, one: Json, received_at: int, ad_hours: int) -> Event:
    sender, at = sender_of(one, part(body, "contact")), _at(one, received_at)
    wish = text(one, "value").lower()
    if sender is None or wish not in {"stop", "resume", "signup"}:
        return Unknown("preference", at=at)
    id_, shown = f"preference:{wish}:{sender.external_id}:{at}", name(one, "detail")
    return OptOut(sender, id_, at, shown=shown) if wish == "stop" else OptIn(sender, id_, at, shown=shown)


def _renamed(body: Json, one: Json, received_at: int, ad_hours: int) -> Event:
    ids = [part(one, key) for key in ("user_id", "wa_id")]
    was, now = ([text(found, key) for found in ids] for key in ("previous", "current"))
    return _renamed_to([*was, text(one, "previous_user_id")], [*now, text(one, "user_id")], "user_id_update", _at(one, received_at))


def _call(body: Json, call: Json, received_at: int, ad_hours: int) -> Event:
    """A call over WhatsApp: we cannot take it, so one that ends without having been talked on was missed."""
    outgoing, at, id_ = text(call, "direction") == "BUSINESS_INITIATED", _at(call, received_at), _id(call, "id")
    sender, seconds = sender_of(_without(call, "from" if outgoing else "to"), part(body, "contact")), max(whole(call, "duration"), 0)
    ended = CallPhase.ENDED if seconds or outgoing else CallPhase.MISSED
    phase = {"connect": CallPhase.RINGING, "terminate": ended}.get(text(call, "event"))
    if sender is None or not id_ or phase is None:
        return Unknown("call", at=at)
    return Call(sender, id_, phase, at, outgoing, seconds)


_READERS = {"message": _message, "status": _status, "echo": _echo, "preference": _preference, "renamed": _renamed, "call": _call}


def _without(message: Json, side: str) -> Json:
    """A message without the ids of one of its two ends."""
    return {key: held for key, held in message.items() if key != side and not key.startswith(f"{side}_")}


def _id(body: Json, key: str) -> str:
    found = text(body, key)
    return found if len(found) <= _LONGEST_ID else ""


def _at(body: Json, received_at: int) -> int:
    """WhatsApp's seconds, told as text or as a number."""
    told = text(body, "timestamp")
    return _instant(int(told[:12]) if told.isascii() and told.isdigit() else whole(body, "timestamp"), received_at)


def _instant(seconds: int, received_at: int) -> int:
    """Seconds as milliseconds; a time that cannot be, or lies ahead, is the time of receipt."""
    return seconds * 1000 if 0 < seconds * 1000 <= received_at else received_at
