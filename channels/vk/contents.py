"""What a VK message holds: its words, its files, where it came from. Pure."""

import re

from channels.payload import Json, file_name, name, number, objects, part, parts, text, whole
from crm.base.events import MediaKind, MediaRef, Source

_LINES, _DEEP = 30, 3
_PAGE = "https://vk.com"
_MIMES = {"jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "pdf": "application/pdf", "webp": "image/webp"}
_ENDING = re.compile(r"[a-z0-9]{1,8}", re.ASCII)


def media(message: Json) -> tuple[MediaRef, ...]:
    """Every file of a message that can be fetched."""
    found = (_file(one) for one in parts(message, "attachments"))
    return tuple(one for one in found if one is not None)


def _file(attachment: Json) -> MediaRef | None:
    kind = text(attachment, "type")
    inside = part(attachment, kind)
    made = _FILES[kind](inside) if kind in _FILES else None
    return made if made and made.ref.startswith(("https://", "http://")) else None


def _photo(photo: Json) -> MediaRef:
    sizes = [*parts(photo, "sizes"), part(photo, "orig_photo")]
    largest = max(sizes, key=lambda one: (whole(one, "width") * whole(one, "height"), bool(text(one, "url"))))
    return MediaRef(MediaKind.PHOTO, text(largest, "url"), "photo.jpg", "image/jpeg")


def _doc(doc: Json) -> MediaRef:
    ending = text(doc, "ext").lower()
    title = file_name(text(doc, "title")) or "document"
    if _ENDING.fullmatch(ending) and not title.lower().endswith(f".{ending}"):
        title = f"{title}.{ending}"
    return MediaRef(MediaKind.DOCUMENT, text(doc, "url"), title, _MIMES.get(ending, "application/octet-stream"), max(0, whole(doc, "size")))


def _voice(voice: Json) -> MediaRef:
    ogg = text(voice, "link_ogg")
    return MediaRef(MediaKind.VOICE, ogg or text(voice, "link_mp3"), "voice.ogg" if ogg else "voice.mp3", "audio/ogg" if ogg else "audio/mpeg")


def _audio(audio: Json) -> MediaRef:
    called = " - ".join(filter(None, (name(audio, "artist"), name(audio, "title")))) or "audio"
    return MediaRef(MediaKind.AUDIO, text(audio, "url"), f"{file_name(called)}.mp3", "audio/mpeg")


def _sticker(sticker: Json) -> MediaRef:
    images = parts(sticker, "images") or parts(sticker, "images_with_background")
    largest: Json = max(images, key=lambda one: whole(one, "width")) if images else {}
    return MediaRef(MediaKind.STICKER, text(largest, "url"), "sticker.png", "image/png")


def _graffiti(drawn: Json) -> MediaRef:
    return MediaRef(MediaKind.PHOTO, text(drawn, "url"), "drawing.png", "image/png")


_FILES = {"photo": _photo, "doc": _doc, "audio_message": _voice, "audio": _audio, "sticker": _sticker, "graffiti": _graffiti}


def words(message: Json, deep: int = 0) -> str:
    """What a message says: its text, what cannot be fetched as links, a place, and what was forwarded."""
    lines = [text(message, "text"), *(_spoken(one) for one in parts(message, "attachments")[:_LINES]), _place(part(message, "geo"))]
    if deep < _DEEP:
        lines += [_quoted(one, deep) for one in objects(message.get("fwd_messages"))[:_LINES]]
    return "\n".join(filter(None, lines))


def _quoted(message: Json, deep: int) -> str:
    """A forwarded message as a quotation; its files are named, since only the message's own are fetched."""
    said = "\n".join(filter(None, [words(message, deep + 1), *(f"📎 {one.name}" for one in media(message))]))
    return "\n".join(f"> {line}" for line in said.splitlines())


def _spoken(attachment: Json) -> str:
    kind = text(attachment, "type")
    inside = part(attachment, kind)
    match kind:
        case "link":
            return "\n".join(filter(None, (name(inside, "title"), _address(text(inside, "url")))))
        case "video":
            return "\n".join(filter(None, (f"🎬 {name(inside, 'title')}".strip(), _page("video", inside, "owner_id"))))
        case "wall":
            owner = "from_id" if whole(inside, "from_id") else "owner_id"
            return "\n".join(filter(None, (text(inside, "text")[:500], _page("wall", inside, owner))))
        case "market":
            price = name(part(inside, "price"), "text")
            return "\n".join(filter(None, (f"🛒 {name(inside, 'title')} {price}".strip(), _page("product", inside, "owner_id"))))
        case "audio_message":
            return text(inside, "transcript") if text(inside, "transcript_state") == "done" else ""
        case _:
            return ""


def _page(kind: str, inside: Json, owner: str) -> str:
    of, id_ = whole(inside, owner), whole(inside, "id")
    return f"{_PAGE}/{kind}{of}_{id_}" if of and id_ else ""


def _address(url: str) -> str:
    return url if url.startswith(("https://", "http://")) else ""


def _place(geo: Json) -> str:
    """A place in words, with a link to the map; "" for one that is not on Earth."""
    spot = part(geo, "coordinates")
    latitude, longitude = number(spot, "latitude"), number(spot, "longitude")
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return ""
    here = f"{latitude:.6f},{longitude:.6f}"
    lines = [name(part(geo, "place"), "title"), f"📍 {here.replace(',', ', ')}", f"https://maps.google.com/?q={here}"]
    return "\n".join(line for line in lines if line)


def source_of(message: Json) -> Source | None:
    """The link that led here, such as vk.me/shop?ref=spring."""
    ref, of = text(message, "ref")[:500], text(message, "ref_source")[:500]
    return Source(payload=ref, utm_source="vk", referrer=of) if ref or of else None
