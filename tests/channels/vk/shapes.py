"""Shapes of VK's events, written by hand after the platform's published schema, version 5.199: what must be there, and of which type."""

from collections.abc import Iterator, Mapping
from typing import Any

Shape = Mapping[str, Any]
"""Field to type: a type, a shape inside, a list of one shape; a name ending in "?" may be absent."""

SIZE: Shape = {"type": str, "url": str, "width": int, "height": int}
PHOTO: Shape = {"album_id": int, "date": int, "id": int, "owner_id": int, "sizes?": [SIZE], "access_key?": str}
ATTACHMENTS: Mapping[str, Shape] = {
    "photo": PHOTO,
    "doc": {"id": int, "owner_id": int, "title": str, "size": int, "ext": str, "date": int, "type": int, "url?": str},
    "audio_message": {"duration": int, "id": int, "link_mp3": str, "link_ogg": str, "owner_id": int, "waveform": [int], "access_key?": str},
    "sticker": {"inner_type": str, "sticker_id?": int, "product_id?": int, "images?": [{"url": str, "width": int, "height": int}]},
    "video": {"id?": int, "owner_id?": int, "title?": str, "access_key?": str},
    "link": {"url": str, "title?": str, "caption?": str},
    "wall": {"id?": int, "from_id?": int, "owner_id?": int, "text?": str, "date?": int},
    "market": {"id": int, "owner_id": int, "title": str, "description": str, "price": {"amount": str, "text": str}, "category": {"id": int}},
    "gift": {"id": int, "thumb_256?": str},
}
FOREIGN: Shape = {"conversation_message_id": int, "date": int, "from_id": int, "text": str, "id?": int, "peer_id?": int}
MESSAGE: Shape = {
    "date": int,
    "from_id": int,
    "id": int,
    "out": int,
    "peer_id": int,
    "text": str,
    "conversation_message_id": int,
    "fwd_messages": [FOREIGN],
    "attachments": [{"type": str}],
    "version?": int,
    "random_id?": int,
    "payload?": str,
    "ref?": str,
    "ref_source?": str,
    "admin_author_id?": int,
    "update_time?": int,
    "reply_message?": FOREIGN,
    "geo?": {"type": str, "coordinates": {"latitude": float, "longitude": float}},
}
OBJECTS: Mapping[str, Shape] = {
    "message_new": {"client_info": {"button_actions": [str], "keyboard": bool, "inline_keyboard": bool, "lang_id": int}, "message": MESSAGE},
    "message_edit": MESSAGE,
    "message_reply": MESSAGE,
    "message_allow": {"user_id": int, "key": str},
    "message_deny": {"user_id": int},
    "message_read": {"from_id": int, "peer_id": int, "read_message_id": int, "conversation_message_id": int},
    "message_reaction_event": {"reacted_id": int, "peer_id": int, "cmid": int, "reaction_id?": int},
    "user_block": {"admin_id": int, "user_id": int, "unblock_date": int, "reason": int, "comment?": str},
    "user_unblock": {"admin_id": int, "user_id": int, "by_end_date": int},
    "lead_forms_new": {
        "lead_id": int,
        "group_id": int,
        "user_id": int,
        "form_id": int,
        "form_name": str,
        "answers?": [{"key": str, "question": str, "answer?": str}],
    },
}
EVENT: Shape = {"type": str, "group_id": int, "event_id": str, "v": str, "secret?": str, "object": {}}


def faults(event: Any) -> list[str]:
    """Where an event is not as VK tells of it."""
    found = list(_wrong(event, EVENT, "event"))
    about = event.get("object") if isinstance(event, dict) else None
    found += _wrong(about, OBJECTS.get(event.get("type"), {}), "object")
    message = about.get("message", about) if isinstance(about, dict) else {}
    for one in message.get("attachments", []):
        found += _wrong(one.get(one.get("type")), ATTACHMENTS[one["type"]], one["type"])
    return found


def _wrong(value: Any, shape: Any, here: str) -> Iterator[str]:
    if isinstance(shape, list):
        if not isinstance(value, list):
            yield f"{here} is no list"
            return
        for place, one in enumerate(value):
            yield from _wrong(one, shape[0], f"{here}[{place}]")
    elif isinstance(shape, Mapping):
        if not isinstance(value, dict):
            yield f"{here} is no object"
            return
        for name, inner in shape.items():
            bare = name.removesuffix("?")
            if bare in value:
                yield from _wrong(value[bare], inner, f"{here}.{bare}")
            elif bare == name:
                yield f"{here}.{name} is missing"
    elif type(value) is not shape:
        yield f"{here} is no {shape.__name__}"
