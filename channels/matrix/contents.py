"""What a Matrix message holds: its words without the quotation above them, its file, a place. Pure."""

import html
import re

from channels.payload import Json, file_name, number, part, text, whole
from crm.base.events import MediaKind, MediaRef

FILES = {"m.image": MediaKind.PHOTO, "m.file": MediaKind.DOCUMENT, "m.audio": MediaKind.AUDIO, "m.video": MediaKind.VIDEO, "m.sticker": MediaKind.STICKER}
VOICE = ("m.voice", "org.matrix.msc3245.voice")
TEXTS = frozenset({"m.text", "m.notice", "m.emote"})
_MXC = re.compile(r"mxc://([A-Za-z0-9.:\[\]_-]{1,255})/([A-Za-z0-9_-]{1,255})", re.ASCII)
_GEO = re.compile(r"geo:(-?[0-9]{1,3}(?:\.[0-9]{1,15})?),(-?[0-9]{1,3}(?:\.[0-9]{1,15})?)(?:[,;?].*)?", re.ASCII)
_QUOTED = re.compile(r"<mx-reply>.*?</mx-reply>", re.DOTALL | re.IGNORECASE)
_BREAK = re.compile(r"<(?:br|/p|/div|/li|/h[1-6]|/tr|/blockquote)\b[^<>]*>", re.IGNORECASE)
_MARK = re.compile(r"<[^<>]*>")
_MIME = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,80}", re.ASCII)


def words(content: Json) -> str:
    """What a message says: plainly, or as its markup says it; a place as a line with a link, a file's caption."""
    what = text(content, "msgtype")
    if what == "m.location":
        return _place(content)
    if what in FILES:
        return _said(content) if _captioned(content) else ""
    return _said(content)


def _said(content: Json) -> str:
    body = text(content, "body")
    if answered(content):
        body = _unquoted(body)
    marked = text(content, "formatted_body") if text(content, "format") == "org.matrix.custom.html" else ""
    return body if body.strip() or not marked else stripped(marked)


def _captioned(content: Json) -> bool:
    """Whether the words beside a file are more than its name."""
    called = text(content, "filename")
    return bool(called) and text(content, "body") != called


def _unquoted(body: str) -> str:
    """The words without the lines that older programs put before them for what they answer."""
    if not body.startswith("> "):
        return body
    lines = body.split("\n")
    first = next((place for place, line in enumerate(lines) if not line.startswith(">")), len(lines))
    rest = "\n".join(lines[first:]).lstrip("\n")
    return rest or body


def stripped(marked: str) -> str:
    """Markup as plain words."""
    bare = _BREAK.sub("\n", _QUOTED.sub("", marked))
    return html.unescape(_MARK.sub("", bare)).strip()


def answered(content: Json) -> str:
    """The id of what a message answers ("" = nothing): in a thread, only what somebody chose."""
    relates = part(content, "m.relates_to")
    if text(relates, "rel_type") == "m.thread" and relates.get("is_falling_back") is True:
        return ""
    return text(part(relates, "m.in_reply_to"), "event_id")


def media(content: Json, sticker: bool = False) -> tuple[MediaRef, ...]:
    """The file of a message."""
    kind = FILES.get("m.sticker" if sticker else text(content, "msgtype"))
    url = text(content, "url")
    if kind is None or not _MXC.fullmatch(url):
        return ()
    if kind is MediaKind.AUDIO and any(name in content for name in VOICE):
        kind = MediaKind.VOICE
    about = part(content, "info")
    called = file_name(text(content, "filename") or text(content, "body")) or kind.value
    mime = text(about, "mimetype").lower()
    return (MediaRef(kind, url, called, mime if _MIME.fullmatch(mime) else "", max(0, whole(about, "size"))),)


def place_of(url: str) -> tuple[str, str]:
    """The server and the name of a file by its address (mxc://server/name); empty for anything else."""
    found = _MXC.fullmatch(url)
    return (found[1], found[2]) if found else ("", "")


def _place(content: Json) -> str:
    found = _GEO.fullmatch(text(content, "geo_uri"))
    said = {"latitude": float(found[1]), "longitude": float(found[2])} if found else {}
    latitude, longitude = number(said, "latitude"), number(said, "longitude")
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return text(content, "body")
    here = f"{latitude:.6f},{longitude:.6f}"
    return f"📍 {here.replace(',', ', ')}\nhttps://maps.google.com/?q={here}"
