"""Files in Telegram's keeping: ids that belong to one bot, sizes of pictures, paths to download."""

import struct
from dataclasses import dataclass, replace

from sandbox.telegram.shapes import Json, bad_request

LARGEST_UPLOAD = 50 * 1024 * 1024
LARGEST_DOWNLOAD = 20 * 1024 * 1024
LARGEST_PHOTO = 10 * 1024 * 1024
# An animation stands before the document it is also named as.
KINDS = ("photo", "animation", "document", "voice", "video", "audio", "sticker", "video_note")
CAPTIONED = frozenset(["photo", "document", "voice", "video", "audio", "animation"])
FOLDERS = {"photo": "photos", "document": "documents", "voice": "voice", "video": "videos", "audio": "music", "sticker": "stickers", "animation": "animations"}
ENDINGS = {"photo": ".jpg", "voice": ".oga", "video": ".mp4", "audio": ".mp3", "sticker": ".webp", "animation": ".mp4", "video_note": ".mp4"}
MIMES = {"voice": "audio/ogg", "video": "video/mp4", "audio": "audio/mpeg", "animation": "video/mp4", "document": "application/octet-stream"}
WRONG_ID = "wrong file identifier/HTTP URL specified"
UNKNOWN_SIZE = (800, 600)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file as one bot knows it."""

    bot: str
    kind: str
    file_id: str
    unique_id: str
    path: str
    name: str
    mime: str
    body: bytes
    width: int
    height: int

    def about(self) -> Json:
        """The ids and the size that every kind of file carries."""
        return {"file_id": self.file_id, "file_unique_id": self.unique_id, "file_size": len(self.body)}

    def content(self, details: Json) -> Json:
        """The field of a message that holds the file."""
        shown: Json = {self.kind: self.attachment(details)}
        if self.kind == "animation":
            # Named twice, for clients that know documents only.
            shown["document"] = replace(self, kind="document").attachment(details)
        return shown

    def attachment(self, details: Json) -> Json | list[Json]:
        """The file as it stands in a message, with what its sender said of it."""
        about, size = self.about(), {"width": self.width, "height": self.height}
        if self.kind == "photo":
            small = {"width": max(1, self.width * 90 // 800), "height": max(1, self.height * 90 // 800)}
            thumbnail = {**about, "file_id": self.file_id + "-s", "file_unique_id": self.unique_id + "s"}
            return [{**thumbnail, **small}, {**about, **size}]
        if self.kind == "sticker":
            return {**about, "width": 512, "height": 512, "type": "regular", "is_animated": False, "is_video": False}
        timed = {"duration": details.get("duration", 1)} if self.kind != "document" else {}
        if self.kind == "video_note":
            return {**about, **timed, "length": details.get("length", 240)}
        named = {} if self.kind == "voice" else {"file_name": self.name}
        shown = {"mime_type": self.mime, **named, **timed, **about}
        if self.kind in {"video", "animation"}:
            size = {side: details.get(side) or size[side] for side in size}
            return {**shown, **size}
        if self.kind == "audio":
            return {**shown, **{key: details[key] for key in ("performer", "title") if key in details}}
        return shown


class FileStore:
    """Every file that was ever sent."""

    def __init__(self) -> None:
        self._by_id: dict[str, StoredFile] = {}
        self._by_path: dict[tuple[str, str], StoredFile] = {}
        self._count = 0

    def add(self, bot: str, kind: str, name: str, mime: str, body: bytes) -> StoredFile:
        """Keeps a new file; raises a refusal for an empty or a too large one."""
        if not body:
            raise bad_request("file must be non-empty")
        if kind == "photo" and len(body) > LARGEST_PHOTO:
            raise bad_request(f"file of size {len(body)} bytes is too big for a photo; the maximum size is {LARGEST_PHOTO} bytes")
        self._count += 1
        width, height = picture_size(body) or UNKNOWN_SIZE
        _, dot, ending = name.rpartition(".")
        path = f"{FOLDERS.get(kind, 'files')}/file_{self._count}{ENDINGS.get(kind, dot + ending)}"
        if not mime or mime == "application/octet-stream":
            mime = MIMES.get(kind, mime)
        file_id = f"AgACAgIAAxkBAA-{bot}-{kind}-{self._count:06}"
        stored = StoredFile(bot, kind, file_id, f"AQAD{self._count:06}", path, name or path.rpartition("/")[2], mime, body, width, height)
        self._by_id[file_id] = self._by_id[file_id + "-s"] = stored
        self._by_path[bot, path] = stored
        return stored

    def of(self, bot: str, file_id: str, kind: str | None = None) -> StoredFile:
        """The file of this bot under this id; raises a refusal for another bot's, an unknown one or another kind."""
        stored = self._by_id.get(file_id)
        if stored is None or stored.bot != bot:
            raise bad_request(WRONG_ID)
        if kind is not None and kind != stored.kind:
            raise bad_request(f"can't use file of type {stored.kind.title()} as {kind.title()}")
        return stored

    def at(self, bot: str, path: str) -> StoredFile | None:
        """The file a download path of this bot names; None for an unknown or a too large one."""
        stored = self._by_path.get((bot, path))
        return stored if stored is not None and len(stored.body) <= LARGEST_DOWNLOAD else None

    def shown(self, unique_id: str) -> StoredFile | None:
        """The file behind an id that the human side shows."""
        return next((stored for stored in self._by_id.values() if stored.unique_id == unique_id), None)


def picture_size(body: bytes) -> tuple[int, int] | None:
    """Width and height in pixels of a PNG or a JPEG, None for anything else."""
    if body.startswith(b"\x89PNG\r\n\x1a\n") and len(body) >= 24:
        width, height = struct.unpack(">II", body[16:24])
        return width, height
    at = 2
    while body.startswith(b"\xff\xd8") and at + 9 <= len(body):
        marker, length = body[at + 1], int.from_bytes(body[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xC3:
            return int.from_bytes(body[at + 7 : at + 9], "big"), int.from_bytes(body[at + 5 : at + 7], "big")
        at += 2 + max(length, 2)
    return None
