"""What a MAX message holds: its words, its files, a contact and whether it is the sender's own. Pure."""

import base64
import hashlib
import hmac
import re

from channels.payload import Json, file_name, name, number, part, parts, plain_name, text, whole
from crm.base.events import MediaKind, MediaRef

VIDEO = "video:"
"""Begins a reference to a video, whose address has to be asked for."""
_TOKEN = re.compile(r"[!-~]{1,1000}", re.ASCII)
_PHONE = re.compile(r"^TEL[^:\r\n]*:\s*([^\r\n]+)", re.MULTILINE | re.IGNORECASE)
_NAME = re.compile(r"^FN[^:\r\n]*:\s*([^\r\n]+)", re.MULTILINE | re.IGNORECASE)
_LINES = 30


def media(body: Json) -> tuple[MediaRef, ...]:
    """Every file of a message."""
    found = (_file(one) for one in parts(body, "attachments"))
    return tuple(one for one in found if one is not None)


def _file(attachment: Json) -> MediaRef | None:
    inside, url = part(attachment, "payload"), text(part(attachment, "payload"), "url")
    url = url if url.startswith(("https://", "http://")) else ""
    match text(attachment, "type"):
        case "image":
            made = MediaRef(MediaKind.PHOTO, url, "photo.jpg", "image/jpeg")
        case "video":
            token = text(inside, "token")
            made = MediaRef(MediaKind.VIDEO, f"{VIDEO}{token}" if _TOKEN.fullmatch(token) else url, "video.mp4", "video/mp4")
        case "audio":
            made = MediaRef(MediaKind.VOICE, url, "voice.mp3", "audio/mpeg")
        case "file":
            made = MediaRef(MediaKind.DOCUMENT, url, file_name(text(attachment, "filename")) or "document", "", max(0, whole(attachment, "size")))
        case "sticker":
            made = MediaRef(MediaKind.STICKER, url, "sticker.webp", "image/webp")
        case _:
            return None
    return made if made.ref else None


def words(body: Json) -> str:
    """What a message says: its text, a place, a link, a contact as lines."""
    said = text(body, "text")
    return "\n".join(filter(None, [said, *(_spoken(one, said) for one in parts(body, "attachments")[:_LINES])]))


def _spoken(attachment: Json, said: str) -> str:
    inside = part(attachment, "payload")
    match text(attachment, "type"):
        case "location":
            return _place(attachment)
        case "share":
            url = text(inside, "url")
            return "\n".join(filter(None, (name(attachment, "title"), url if url.startswith(("https://", "http://")) and url not in said else "")))
        case "contact":
            return " ".join(filter(None, (f"👤 {called(inside)}".strip(), phone(inside))))
        case "audio":
            return text(attachment, "transcription")
        case _:
            return ""


def _place(spot: Json) -> str:
    latitude, longitude = number(spot, "latitude"), number(spot, "longitude")
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return ""
    here = f"{latitude:.6f},{longitude:.6f}"
    return f"📍 {here.replace(',', ', ')}\nhttps://maps.google.com/?q={here}"


def quoted(link: Json) -> str:
    """A forwarded message as a quotation; its files are named, since only the message's own are fetched."""
    inside = part(link, "message")
    said = "\n".join(filter(None, [words(inside), *(f"📎 {one.name}" for one in media(inside))]))
    return "\n".join(f"> {line}" for line in said.splitlines())


def contact(body: Json) -> Json:
    """The payload of the one contact of a message that holds nothing else, or an empty one."""
    held = parts(body, "attachments")
    alone = len(held) == 1 and text(held[0], "type") == "contact" and not text(body, "text")
    return part(held[0], "payload") if alone else {}


def phone(card: Json) -> str:
    """The first number on a contact's card, in international form where it is written in digits alone."""
    found = _PHONE.search(text(card, "vcf_info"))
    given = plain_name(found[1]) if found else ""
    return f"+{given}" if given.isascii() and given.isdigit() and len(given) > 10 else given


def called(card: Json) -> str:
    """What a contact is called."""
    found = _NAME.search(text(card, "vcf_info"))
    return plain_name(found[1]) if found else " ".join(filter(None, (name(part(card, "max_info"), "first_name"), name(part(card, "max_info"), "last_name"))))


def is_own(card: Json, person: int, token: str) -> bool:
    """Whether MAX vouches that a contact is the sender's: it is signed with the bot's token, and names the account that writes."""
    made = hmac.new(token.encode(), text(card, "vcf_info").encode(), hashlib.sha256).digest()
    given = text(card, "hash").strip().encode("utf-8", "surrogateescape")
    signed = hmac.compare_digest(given.lower(), made.hex().encode()) or hmac.compare_digest(given, base64.b64encode(made))
    return signed and person > 0 and whole(part(card, "max_info"), "user_id") == person
