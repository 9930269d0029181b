"""Which file travels with a Telegram message, and what it may be called."""

from channels.payload import Json, file_name, name, part, parts, text, whole
from crm.base.events import MediaKind, MediaRef

# An animation comes with a `document` twin for old clients, so it is looked for first.
_SINGLE = (
    ("animation", MediaKind.VIDEO, "animation.mp4", "video/mp4"),
    ("video", MediaKind.VIDEO, "video.mp4", "video/mp4"),
    ("video_note", MediaKind.VIDEO, "video.mp4", "video/mp4"),
    ("voice", MediaKind.VOICE, "voice.ogg", "audio/ogg"),
    ("audio", MediaKind.AUDIO, "audio.mp3", "audio/mpeg"),
    ("sticker", MediaKind.STICKER, "", ""),
    ("document", MediaKind.DOCUMENT, "document", "application/octet-stream"),
)


def media(body: Json) -> tuple[MediaRef, ...]:
    """The one file of a message, as Telegram names and measures it; sizes are claims."""
    sizes = [size for size in parts(body, "photo") if text(size, "file_id")]
    if sizes:
        largest = max(sizes, key=lambda size: (whole(size, "width") * whole(size, "height"), whole(size, "file_size")))
        return (MediaRef(MediaKind.PHOTO, text(largest, "file_id"), "photo.jpg", "image/jpeg", _size(largest)),)
    for key, kind, called, mime in _SINGLE:
        file = part(body, key)
        ref = text(file, "file_id")
        if ref and kind is MediaKind.STICKER:
            return (MediaRef(kind, ref, *_sticker(file), _size(file)),)
        if ref:
            return (MediaRef(kind, ref, file_name(text(file, "file_name")) or called, name(file, "mime_type") or mime, _size(file)),)
    return ()


def _size(file: Json) -> int:
    return max(0, whole(file, "file_size"))


def _sticker(file: Json) -> tuple[str, str]:
    if file.get("is_animated") is True:
        return "sticker.tgs", "application/gzip"
    if file.get("is_video") is True:
        return "sticker.webm", "video/webm"
    return "sticker.webp", "image/webp"
