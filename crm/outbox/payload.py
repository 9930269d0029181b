"""How a delivery remembers what to send: one short JSON text, written and read here alone; pure."""

import json
from dataclasses import replace
from typing import Any

from crm.base.events import MediaKind
from crm.base.outbound import Button, Buttons, Delete, Edit, Media, Outbound, Say


def pack(outbound: Outbound) -> str:
    """Write a thing to send as text."""
    match outbound:
        case Say(text, media, buttons, reply_to, html, lasting):
            values: dict[str, Any] = {"text": text}
            if media:
                values["media"] = [media.attachment_id, media.kind.value, media.name, media.mime, media.size]
            if lasting:
                values["lasting"] = True
            if reply_to:
                values["reply_to"] = reply_to
        case Edit(message, text, buttons, html, media_there):
            values = {"edit": message, "text": text, "media_there": media_there}
        case Delete(message):
            return json.dumps({"delete": message})
        case _:
            raise TypeError(f"{type(outbound).__name__} does not wait")
    if buttons:
        values["buttons"] = pack_buttons(buttons)
    if html:
        values["html"] = True
    return json.dumps(values, ensure_ascii=False)


def unpack(text: str) -> Say | Edit | Delete:
    """Read what `pack` wrote."""
    values = json.loads(text)
    if "delete" in values:
        return Delete(values["delete"])
    buttons, html = unpack_buttons(values.get("buttons", [])), values.get("html", False)
    if "edit" in values:
        return Edit(values["edit"], values["text"], buttons, html, values["media_there"])
    media = values.get("media")
    file = Media(media[0], MediaKind(media[1]), media[2], media[3], media[4]) if media else None
    return Say(values["text"], file, buttons, values.get("reply_to", ""), html, values.get("lasting", False))


def pack_buttons(buttons: Buttons) -> list[list[list[str]]]:
    """Buttons as plain lists."""
    return [[[b.label, b.value, b.url, b.ask] for b in row] for row in buttons]


def unpack_buttons(rows: list[list[list[str]]]) -> Buttons:
    """Plain lists as buttons."""
    return tuple(tuple(Button(*values) for values in row) for row in rows)


def without_media(say: Say, words: str) -> Say:
    """The same message when its file could not be had: the text and a line that says so."""
    return replace(say, media=None, text=f"{say.text}\n{words}".strip())
