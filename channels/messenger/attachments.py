"""What hangs on a message: files behind addresses that expire, stickers, places, things shared."""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from channels.payload import Json, kind, number, part, parts, plain_name, text, whole
from crm.base.events import MediaKind, MediaRef

_KINDS = {
    "image": (MediaKind.PHOTO, "photo.jpg", "image/jpeg"),
    "video": (MediaKind.VIDEO, "video.mp4", "video/mp4"),
    "audio": (MediaKind.VOICE, "voice.m4a", "audio/mp4"),
    "file": (MediaKind.DOCUMENT, "document", ""),
    # Their stickers are pictures of any format, which no other platform takes for a sticker.
    "sticker": (MediaKind.PHOTO, "sticker.png", "image/png"),
    "reel": (MediaKind.VIDEO, "reel.mp4", "video/mp4"),
    "ig_reel": (MediaKind.VIDEO, "reel.mp4", "video/mp4"),
}
_WORDS = {"like_heart": "❤️"}
_THUMBS = frozenset({369239263222822, 369239343222814, 369239383222810})
_ADDRESS_MOST = 4000
_NAME = re.compile(r"[^/\\]{1,120}\.[A-Za-z0-9]{1,8}")


def content(message: Json, hosts: Collection[str]) -> tuple[str, tuple[MediaRef, ...], str]:
    """The words of a message, its files on the platform's own `hosts`, and what it is where it is neither."""
    words, files, strange = [text(message, "text")], [], ""
    story = text(part(part(message, "reply_to"), "story"), "url")
    if _fetched(story, hosts):
        files.append(MediaRef(MediaKind.DOCUMENT, story, "story"))
    for one in parts(message, "attachments"):
        said, file = _attachment(one, hosts)
        words.append(said)
        files += [file] if file else []
        strange = strange or ("" if said or file else kind(text(one, "type")))
    return "\n".join(word for word in words if word), tuple(files), strange


def _attachment(one: Json, hosts: Collection[str]) -> tuple[str, MediaRef | None]:
    sort, payload = text(one, "type"), part(one, "payload")
    url = text(payload, "url") or text(one, "url")
    if sort in _WORDS or whole(payload, "sticker_id") in _THUMBS:
        return _WORDS.get(sort, "👍"), None
    if sort == "location":
        return _place(part(payload, "coordinates")), None
    title = plain_name(text(payload, "title") or text(one, "title"))
    if _fetched(url, hosts):
        return title, _file("sticker" if "sticker_id" in payload else sort, url)
    return "\n".join(word for word in (title, url if url.startswith(("https://", "http://")) else "") if word), None


def _file(sort: str, url: str) -> MediaRef:
    """A file as it is called in its address; a mention in a story and a shared post may be a picture or a film."""
    medium, called, mime = _KINDS.get(sort, (MediaKind.DOCUMENT, sort.replace("_", " ")[:40] or "file", ""))
    own = urlsplit(url).path.rpartition("/")[2] if sort == "file" else ""
    return MediaRef(medium, url, plain_name(own) if _NAME.fullmatch(own) else called, mime)


def _fetched(url: str, hosts: Collection[str]) -> bool:
    """Whether an address leads to where the platform keeps files; it is asked again, and stricter, when the file is fetched."""
    try:
        parts_ = urlsplit(url)
        place = f"{parts_.hostname or ''}:{parts_.port}" if parts_.port else parts_.hostname or ""
    except ValueError:
        return False
    if not place or len(url) > _ADDRESS_MOST or parts_.scheme not in ("https", "http"):
        return False
    return any(place == host.lstrip(".") or (host.startswith(".") and place.endswith(host)) for host in hosts)


def _place(spot: Json) -> str:
    latitude, longitude = number(spot, "lat"), number(spot, "long")
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return ""
    here = f"{latitude:.6f},{longitude:.6f}"
    return f"📍 {here.replace(',', ', ')}\nhttps://maps.google.com/?q={here}"
