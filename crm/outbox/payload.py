"""How a delivery remembers what to send: one short JSON text, written and read here alone; pure."""

import json
from dataclasses import replace
from typing import Any

from crm.base.events import MediaKind
from crm.base.outbound import ApprovedTemplate, Button, Buttons, Delete, Edit, Media, Outbound, React, Say, Topic, TopicAct


def pack(outbound: Outbound) -> str:
    """Write a thing to send as text."""
    match outbound:
        case Say(text, media, buttons, reply_to, html, personal, subject=subject, template=template, quiet=quiet):
            values: dict[str, Any] = {"text": text}
            if media:
                values["media"] = [media.attachment_id, media.kind.value, media.name, media.mime, media.size]
            if personal:
                values["lasting"] = True
            if reply_to:
                values["reply_to"] = reply_to
            if subject:
                values["subject"] = subject
            if quiet:
                values["quiet"] = True
            if template:
                values["template"] = _pack_template(template)
        case Edit(message, text, buttons, html, media_there):
            values = {"edit": message, "text": text, "media_there": media_there}
        case Delete(message):
            return json.dumps({"delete": message})
        case React(message, emoji):
            return json.dumps({"react": message, "emoji": emoji}, ensure_ascii=False)
        case ApprovedTemplate():
            return json.dumps({"approved": _pack_template(outbound)}, ensure_ascii=False)
        case Topic(act, name):
            return json.dumps({"topic": act.value, "name": name}, ensure_ascii=False)
        case _:
            raise TypeError(f"{type(outbound).__name__} does not wait")
    if buttons:
        values["buttons"] = pack_buttons(buttons)
    if html:
        values["html"] = True
    return json.dumps(values, ensure_ascii=False)


def unpack(text: str) -> Say | Edit | Delete | React | ApprovedTemplate | Topic:
    """Read what `pack` wrote."""
    values = json.loads(text)
    if "delete" in values:
        return Delete(values["delete"])
    if "react" in values:
        return React(values["react"], values["emoji"])
    if "topic" in values:
        return Topic(TopicAct(values["topic"]), values["name"])
    if "approved" in values:
        return _template(values["approved"])
    buttons, html = unpack_buttons(values.get("buttons", [])), values.get("html", False)
    if "edit" in values:
        return Edit(values["edit"], values["text"], buttons, html, values["media_there"])
    media = values.get("media")
    file = Media(media[0], MediaKind(media[1]), media[2], media[3], media[4]) if media else None
    template = _template(values["template"]) if "template" in values else None
    plain = values.get("reply_to", ""), html, values.get("lasting", False)
    return Say(values["text"], file, buttons, *plain, subject=values.get("subject", ""), template=template, quiet=values.get("quiet", False))


def _pack_template(one: ApprovedTemplate) -> list[Any]:
    return [one.name, one.language, one.text, list(one.fields)]


def _template(values: list[Any]) -> ApprovedTemplate:
    name, language, text, fields = values
    return ApprovedTemplate(name, language, text, tuple(fields))


def pack_buttons(buttons: Buttons) -> list[list[list[str]]]:
    """Buttons as plain lists."""
    return [[[b.label, b.value, b.url, b.ask] for b in row] for row in buttons]


def unpack_buttons(rows: list[list[list[str]]]) -> Buttons:
    """Plain lists as buttons."""
    return tuple(tuple(Button(*values) for values in row) for row in rows)


def without_media(say: Say, words: str) -> Say:
    """The same message when its file could not be had: the text and a line that says so."""
    return replace(say, media=None, text=f"{say.text}\n{words}".strip())
