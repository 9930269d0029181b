"""What a WhatsApp message holds: its words, its file, where it came from. Pure."""

import json
import re

from channels.payload import Json, file_name, name, number, part, parts, text, whole
from crm.base.events import MediaKind, MediaRef, Source
from crm.base.time import HOUR

_FILES = {
    "image": (MediaKind.PHOTO, "photo.jpg", "image/jpeg"),
    "video": (MediaKind.VIDEO, "video.mp4", "video/mp4"),
    "audio": (MediaKind.AUDIO, "audio.ogg", "audio/ogg"),
    "document": (MediaKind.DOCUMENT, "document", "application/octet-stream"),
    "sticker": (MediaKind.STICKER, "sticker.webp", "image/webp"),
}
_ENDINGS = {"image/png": "png", "video/3gpp": "3gp", "audio/mpeg": "mp3", "audio/mp4": "m4a", "audio/amr": "amr", "audio/aac": "aac"}
_FILE_ID = re.compile(r"[A-Za-z0-9_.:-]{1,200}", re.ASCII)
_LINES = 60


def is_file_id(ref: str) -> bool:
    """Whether words can be the id of a file at Meta's."""
    return bool(_FILE_ID.fullmatch(ref)) and ".." not in ref


def media(message: Json, type_: str) -> tuple[MediaRef, ...]:
    """The one file of a message."""
    if type_ not in _FILES:
        return ()
    file, (kind, called, mime) = part(message, type_), _FILES[type_]
    ref = text(file, "id")
    if not is_file_id(ref):
        return ()
    if kind is MediaKind.AUDIO and file.get("voice") is True:
        kind, called = MediaKind.VOICE, "voice.ogg"
    mime = name(file, "mime_type").partition(";")[0].strip() or mime
    called = f"{called.partition('.')[0]}.{_ENDINGS[mime]}" if mime in _ENDINGS else called
    return (MediaRef(kind, ref, file_name(text(file, "filename")) or called, mime),)


def words(message: Json, type_: str) -> str:
    """What a message says: its text, the words under a file, a place, contacts, an order, a filled-in form."""
    match type_:
        case "text":
            return text(part(message, "text"), "body")
        case "image" | "video" | "document":
            return text(part(message, type_), "caption")
        case "location":
            return place(part(message, "location"))
        case "contacts":
            return "\n".join(filter(None, map(card, parts(message, "contacts")[:_LINES])))
        case "order":
            return order(part(message, "order"))
        case "interactive":
            return form(part(part(message, "interactive"), "nfm_reply"))
        case _:
            return ""


def place(spot: Json) -> str:
    """A place in words, with a link to the map; "" for one that is not on Earth."""
    latitude, longitude = number(spot, "latitude"), number(spot, "longitude")
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return ""
    here = f"{latitude:.6f},{longitude:.6f}"
    lines = [text(spot, "name"), text(spot, "address"), f"📍 {here.replace(',', ', ')}", f"https://maps.google.com/?q={here}"]
    return "\n".join(line for line in lines if line)


def card(contact: Json) -> str:
    """A contact on one line: the name, then its numbers and addresses."""
    reached = [name(one, key) for kind, key in (("phones", "phone"), ("emails", "email")) for one in parts(contact, kind)[:_LINES]]
    return " ".join(filter(None, [card_name(contact), ", ".join(filter(None, reached))]))


def card_name(contact: Json) -> str:
    """What a contact is called."""
    called = part(contact, "name")
    return name(called, "formatted_name") or f"{name(called, 'first_name')} {name(called, 'last_name')}".strip()


def order(ordered: Json) -> str:
    """A basket of the catalogue, a line for each thing in it, and what was written with it."""
    items = parts(ordered, "product_items")[:_LINES]
    lines = [_item(one) for one in items if text(one, "product_retailer_id")]
    return "\n".join(filter(None, [text(ordered, "text"), *lines]))


def _item(one: Json) -> str:
    price = number(one, "item_price")
    cost = f" ({price:g} {name(one, 'currency')})" if price is not None else ""
    return f"🛒 {max(whole(one, 'quantity'), 1)} × {name(one, 'product_retailer_id')}{cost}"


def form(reply: Json) -> str:
    """What was filled in, a line for each field; what only the form itself needs is left out."""
    try:
        filled = json.loads(text(reply, "response_json"))
    except (ValueError, RecursionError):
        filled = None
    plain = {key: value for key, value in filled.items() if key != "flow_token"} if isinstance(filled, dict) else {}
    lines = [f"{name({'key': key}, 'key')}: {text({'value': str(value)}, 'value')[:1000]}" for key, value in list(plain.items())[:_LINES]]
    return "\n".join(lines) or text(reply, "body")


def source_of(message: Json) -> Source | None:
    """The advertisement or post that led here."""
    led = part(message, "referral")
    if not led:
        return None
    return Source(
        utm_source="meta",
        utm_medium=name(led, "source_type"),
        utm_campaign=name(led, "source_id"),
        utm_term=text(led, "ctwa_clid")[:500],
        utm_content=name(led, "headline"),
        referrer=text(led, "source_url")[:500],
    )


def window_of(message: Json, at: int, hours: int) -> int:
    """Until when an advertisement's click keeps the window open (0 = as usual)."""
    return at + hours * HOUR if name(part(message, "referral"), "source_type") == "ad" else 0
