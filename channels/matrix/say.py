"""How things to say become events of a room: words plain and marked up, files, changes, the key against saying twice. Pure."""

import hashlib
import html
import re
import secrets
from collections.abc import Sequence
from typing import Any

from channels.payload import file_name, storable
from crm.base.events import MediaKind
from crm.base.outbound import Media, Reason, Say, Undeliverable

Body = dict[str, Any]
MARK = "org.dragoman.sent"
"""Stands in what we sent, so that we know it again wherever we meet it: our own name for it and a seal."""
_ROOM = re.compile(r"![!-~]{1,254}", re.ASCII)
_EVENT = re.compile(r"\$[!-~]{1,254}", re.ASCII)
_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9-]*)[^<>]*>")
_TAGS = {name: name for name in ("b", "strong", "i", "em", "u", "s", "del", "code", "pre", "a", "blockquote")}
_SPOILER = "tg-spoiler"
_UNTOLD = ("", "application/octet-stream")
"""What stands for the sort of a file that nobody told, as of pictures from Telegram."""
_REF = re.compile(r"[a-z0-9]{1,30}", re.ASCII)


class Marks:
    """Our marks in what we send; all seals are believed, the first is used."""

    def __init__(self, seals: Sequence[str]) -> None:
        self._seals = tuple(one[:16] for one in seals)

    def made(self, ref: str) -> str:
        """The mark for a name of ours; without one it still says that it is ours."""
        return f"{ref if _REF.fullmatch(ref) else ''}.{self._seals[0]}"

    def read(self, mark: str) -> str | None:
        """The name in a mark ("" = it has none); None for what is no mark of ours."""
        ref, _, seal = mark.partition(".")
        return ref if seal in self._seals and (not ref or _REF.fullmatch(ref)) else None

    def key(self, room: str, say: Say) -> str:
        """What the server takes a message under once only: of our name for it and of all that is said, since a store restored gives names again."""
        if not say.ref:
            return once()
        said = (self._seals[0], room, say.ref, say.text, say.reply_to, str(say.media.attachment_id) if say.media else "")
        return hashlib.sha256("\n".join(said).encode("utf-8", "surrogatepass")).hexdigest()[:40]


def once() -> str:
    """A key that was never used."""
    return secrets.token_hex(16)


def room(address: str) -> str:
    """A room's id; raises Undeliverable for what is none."""
    if not _ROOM.fullmatch(address):
        raise Undeliverable(Reason.BAD_ADDRESS, "not a room of Matrix")
    return address


def event(message: str) -> str:
    """The id of a message; raises Undeliverable for what is none."""
    if not _EVENT.fullmatch(message):
        raise Undeliverable(Reason.BAD_CONTENT, "not a message of Matrix")
    return message


def is_event(message: str) -> bool:
    """Whether this is the id of a message."""
    return _EVENT.fullmatch(message) is not None


def plain(words: str, *, tagged: bool) -> str:
    """The words without the few tags of HTML."""
    return storable(html.unescape(_TAG.sub("", words)) if tagged else words)


def worded(words: str, *, tagged: bool) -> Body:
    """A text, and the same marked up where it is."""
    made: Body = {"msgtype": "m.text", "body": plain(words, tagged=tagged)}
    if tagged and _TAG.search(words):
        marked = _TAG.sub(_allowed, storable(words)).replace("\n", "<br>")
        made |= {"format": "org.matrix.custom.html", "formatted_body": marked}
    return made


def _allowed(tag: re.Match[str]) -> str:
    name = tag[1].lower()
    if name == _SPOILER:
        return "</span>" if tag[0].startswith("</") else "<span data-mx-spoiler>"
    return tag[0] if name in _TAGS else ""


def filed(media: Media, url: str, words: str, *, tagged: bool) -> Body:
    """A file with the words under it."""
    called, mime = file_name(media.name) or media.kind.value, media.mime.partition(";")[0].strip().lower()
    made: Body = {**worded(words, tagged=tagged), "msgtype": _type(media.kind, mime), "url": url, "filename": called}
    if not made["body"].strip():
        made["body"] = called
    made["info"] = {"size": media.size, **({"mimetype": mime} if mime else {})}
    if media.kind is MediaKind.VOICE:
        made["org.matrix.msc3245.voice"] = {}
    return made


def _type(kind: MediaKind, mime: str) -> str:
    if kind in (MediaKind.PHOTO, MediaKind.STICKER) and (mime in _UNTOLD or mime.startswith("image/")):
        return "m.image"
    if kind in (MediaKind.VOICE, MediaKind.AUDIO):
        return "m.audio"
    return "m.video" if kind is MediaKind.VIDEO else "m.file"


def answering(message: str) -> Body:
    """What goes with an answer to a message."""
    return {"m.relates_to": {"m.in_reply_to": {"event_id": message}}} if is_event(message) else {}


def changed(message: str, new: Body) -> Body:
    """New content for a message; the words before it are for programs that know no changes."""
    shown = {"msgtype": new["msgtype"], "body": f"* {new['body']}"}
    kept = {key: value for key, value in new.items() if key in ("url", "info", "filename")}
    return {**shown, **kept, "m.new_content": new, "m.relates_to": {"rel_type": "m.replace", "event_id": message}}


def reacted(message: str, emoji: str) -> Body:
    """An emoji on a message."""
    return {"m.relates_to": {"rel_type": "m.annotation", "event_id": message, "key": emoji}}
