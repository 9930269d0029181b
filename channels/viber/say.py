"""How things to say look to Viber: words, the keyboard below them, files by their address; pure."""

import html
import mimetypes
import re
from dataclasses import replace
from typing import Any

from channels.payload import file_name, storable
from channels.viber.options import KB, MB, ROWS, ViberOptions
from channels.viber.seals import Seals
from crm.base.events import MediaKind
from crm.base.outbound import Button, Media, Reason, Say, Undeliverable

Body = dict[str, Any]
GRID, SHARES = 6, 3
"""Columns of a keyboard, and the version of the API from which clients can share their number."""
_TAG = re.compile(r"<[^<>]*>")


def worded(say: Say, address: str, seals: Seals, label: int) -> Body:
    """Words with choices."""
    return {"type": "text", "text": plain(say), **keyboard(say, address, seals, label)}


def plain(say: Say) -> str:
    """The words as Viber shows them: bare."""
    return storable(html.unescape(_TAG.sub("", say.text)) if say.html else say.text)


def unshared(say: Say) -> Say:
    """The same for a client too old to share its number: without that button."""
    return replace(say, buttons=tuple(row for row in (tuple(one for one in row if not one.ask) for row in say.buttons) if row))


def keyboard(say: Say, address: str, seals: Seals, label: int) -> Body:
    """The choices below the words, and the version of the API they ask for."""
    rows = [row for row in (tuple(one for one in row if not one.ask or one.ask == "phone") for row in say.buttons) if row]
    asks = any(one.ask for row in rows for one in row)
    return {**_board(rows, address, seals, label), **({"min_api_version": SHARES} if asks else {})}


def _board(rows: list[tuple[Button, ...]], address: str, seals: Seals, label: int) -> Body:
    """At most twelve rows of at most six: more are put side by side, what does not fit even so is left out."""
    if not rows:
        return {}
    if len(rows) > ROWS:
        every = [one for row in rows for one in row]
        side = min(GRID, -(-len(every) // ROWS))
        rows = [tuple(every[start : start + side]) for start in range(0, len(every), side)][:ROWS]
    buttons = [{**_button(one, address, seals, label), "Columns": columns, "Rows": 1} for row in rows for one, columns in _spread(row)]
    return {"keyboard": {"Type": "keyboard", "DefaultHeight": False, "Buttons": buttons}}


def _spread(row: tuple[Button, ...]) -> list[tuple[Button, int]]:
    """The six columns of a row shared out, what is over to the first ones."""
    kept = row[:GRID]
    each, over = divmod(GRID, len(kept))
    return [(one, each + (place < over)) for place, one in enumerate(kept)]


def _button(one: Button, address: str, seals: Seals, label: int) -> Body:
    """A press is told to us in silence: its words are for us, not for the chat."""
    words = {"Text": html.escape(one.label[:label], quote=False), "TextSize": "regular"}
    if one.url:
        return {**words, "ActionType": "open-url", "ActionBody": one.url}
    if one.ask:
        return {**words, "ActionType": "share-phone", "ActionBody": seals.phone(address)}
    return {**words, "ActionType": "reply", "ActionBody": seals.press(address, one), "Silent": True}


def sort_of(media: Media, options: ViberOptions) -> str:
    """What a file goes as: a picture, a video, or a file; raises Undeliverable for one that is too big."""
    if media.size > options.file_mb * MB:
        raise Undeliverable(Reason.BAD_CONTENT, "file is too big")
    if media.kind is MediaKind.PHOTO and media.mime in options.picture_types and media.size <= options.picture_kb * KB:
        return "picture"
    return "video" if media.kind is MediaKind.VIDEO and media.mime in options.video_types and media.size <= options.video_mb * MB else "file"


def called(media: Media) -> str:
    """A file's name with an ending, since phones open a file by that."""
    name = file_name(media.name) or media.kind.value
    ending = mimetypes.guess_extension(media.mime or "") or ".bin"
    return name if "." in name.strip(".") else f"{name}{ending}"


def words_with(media: Media, options: ViberOptions) -> int:
    """How many characters a file's own message may have beside it: a picture alone has any."""
    fits = media.size <= options.file_mb * MB
    return options.caption if fits and sort_of(media, options) == "picture" else 0


def shown(media: Media, sort: str, url: str, name: str, words: str = "") -> Body:
    """A file by its address, a picture with its words."""
    match sort:
        case "picture":
            return {"type": sort, "text": words, "media": url}
        case "video":
            return {"type": sort, "media": url, "size": media.size}
    return {"type": sort, "media": url, "size": media.size, "file_name": name}
