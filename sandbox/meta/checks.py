"""What the messages endpoint demands of a body, key by key; an unknown key is refused like a missing one."""

import re
from collections.abc import Callable
from typing import Any

from sandbox.meta.errors import Json, No

PHONE, STAND_IN = re.compile(r"\d{5,20}", re.ASCII), re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}", re.ASCII)
AROUND = {"messaging_product", "recipient_type", "to", "recipient", "type", "context", "biz_opaque_callback_data"}
TYPES = ("text", "image", "video", "audio", "document", "sticker", "interactive", "template", "reaction", "location", "contacts")


def checked(body: Any) -> tuple[str, str]:
    """The address and the type of a message; raises `No`."""
    if not isinstance(body, dict):
        raise No(100, "the body must be a JSON object")
    type_ = body.get("type", "text")
    if type_ not in TYPES:
        raise No(100, "Param type must be one of {AUDIO, CONTACTS, DOCUMENT, IMAGE, INTERACTIVE, LOCATION, REACTION, STICKER, TEMPLATE, TEXT, VIDEO}")
    only(body, AROUND | {type_}, "the message")
    if body.get("messaging_product") != "whatsapp":
        raise No(100, "messaging_product must be whatsapp")
    if body.get("recipient_type", "individual") != "individual":
        raise No(100, "recipient_type must be individual")
    if type_ not in body:
        raise No(131008, f"Parameter {type_} is missing")
    words(body, "biz_opaque_callback_data", 512, needed=False)
    if "context" in body:
        only(body["context"], {"message_id"}, "context")
        words(body["context"], "message_id", 300)
    _CHECKS[type_](body[type_])
    return address(body), type_


def address(body: Json) -> str:
    """Whom it is for: a number in `to`, an id in `recipient`; a number goes before."""
    to, recipient = body.get("to"), body.get("recipient")
    if isinstance(to, str) and PHONE.fullmatch(to.removeprefix("+")):
        return to.removeprefix("+")
    if to is not None:
        raise No(131009, "to is not a phone number")
    if isinstance(recipient, str) and STAND_IN.fullmatch(recipient):
        return recipient
    raise No(131008, "either to or recipient must be given")


def only(body: Any, keys: set[str], where: str) -> None:
    """Raise for anything that is no object, or has a key beyond `keys`."""
    if not isinstance(body, dict):
        raise No(100, f"Param {where} must be a JSON object")
    for key in body:
        if key not in keys:
            raise No(100, f"Unexpected key {key!r} on param {where}")


def words(body: Json, key: str, most: int, *, needed: bool = True) -> str:
    """A text of at most `most` characters; raises for a longer one, another type, or a missing one that is needed."""
    held = body.get(key, "" if not needed else None)
    if held is None or (needed and held == ""):
        raise No(131008, f"Parameter {key} is missing")
    if not isinstance(held, str):
        raise No(100, f"Param {key} must be a string")
    if len(held) > most:
        raise No(131009, f"Param {key} must be at most {most} characters long, it has {len(held)}")
    if "\x00" in held:
        raise No(100, f"Param {key} holds a null byte")
    return held


def _text(body: Any) -> None:
    only(body, {"body", "preview_url"}, "text")
    if not words(body, "body", 4096).strip():
        raise No(131009, "text body is blank")


def _file(type_: str, *more: str) -> Callable[[Any], None]:
    def check(body: Any) -> None:
        only(body, {"id", "link", *more}, type_)
        if ("id" in body) == ("link" in body):
            raise No(131008, f"{type_} needs either id or link")
        if "id" in body:
            words(body, "id", 200)
        if "caption" in body:
            words(body, "caption", 1024)
        if "filename" in body:
            words(body, "filename", 240)

    return check


def _interactive(body: Any) -> None:
    only(body, {"type", "header", "body", "footer", "action"}, "interactive")
    type_ = body.get("type")
    if type_ not in _ACTIONS:
        raise No(131009, "interactive type is not valid")
    only(body.get("body"), {"text"}, "interactive body")
    words(body["body"], "text", 1024)
    if "header" in body:
        _header(body["header"], type_)
    only(body.get("action"), _ACTIONS[type_][0], "action")
    _ACTIONS[type_][1](body["action"])


def _header(header: Any, of: str) -> None:
    kind = header.get("type") if isinstance(header, dict) else None
    if kind not in ({"text"} if of == "list" else {"text", "image", "video", "document"}):
        raise No(131009, f"a header of this type cannot stand above {of}")
    only(header, {"type", kind}, "header")
    if kind == "text":
        words(header, "text", 60)
    else:
        _file(kind, "filename")(header.get(kind))


def _replies(action: Json) -> None:
    buttons = action.get("buttons")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 3:
        raise No(131009, "buttons must be 1 to 3")
    for one in buttons:
        only(one, {"type", "reply"}, "button")
        only(one.get("reply"), {"id", "title"}, "reply")
        if one.get("type") != "reply":
            raise No(131009, "button type must be reply")
    _differ([(words(one["reply"], "id", 256), words(one["reply"], "title", 20)) for one in buttons])


def _list(action: Json) -> None:
    words(action, "button", 20)
    sections = action.get("sections")
    if not isinstance(sections, list) or not 1 <= len(sections) <= 10:
        raise No(131009, "sections must be 1 to 10")
    found: list[tuple[str, str]] = []
    for section in sections:
        only(section, {"title", "rows"}, "section")
        words(section, "title", 24, needed=len(sections) > 1)
        for row in section.get("rows") or [{}]:
            only(row, {"id", "title", "description"}, "row")
            words(row, "description", 72, needed=False)
            found.append((words(row, "id", 200), words(row, "title", 24)))
    if len(found) > 10:
        raise No(131009, f"a list has at most 10 rows, not {len(found)}")
    _differ([(id_, id_) for id_, _ in found])


def _differ(pairs: list[tuple[str, str]]) -> None:
    for side in zip(*pairs, strict=True):
        if len(set(side)) != len(side):
            raise No(131009, "ids and titles must not be alike")


def _cta(action: Json) -> None:
    if action.get("name") != "cta_url":
        raise No(131009, "action name must be cta_url")
    only(action.get("parameters"), {"display_text", "url"}, "parameters")
    words(action["parameters"], "display_text", 20)
    if not words(action["parameters"], "url", 2000).startswith(("https://", "http://")):
        raise No(131009, "url must begin with http")


def _template(body: Any) -> None:
    only(body, {"name", "language", "components"}, "template")
    words(body, "name", 512)
    only(body.get("language"), {"code", "policy"}, "language")
    words(body["language"], "code", 20)
    for component in body.get("components", []):
        only(component, {"type", "sub_type", "index", "parameters"}, "component")
        for parameter in component.get("parameters", []):
            only(parameter, {"type", "text", "parameter_name"}, "parameter")
            held = words(parameter, "text", 32_768)
            if "\n" in held or "\t" in held or "     " in held:
                raise No(132012, "parameters cannot have new-line, tab characters or more than 4 consecutive spaces")


def _reaction(body: Any) -> None:
    only(body, {"message_id", "emoji"}, "reaction")
    words(body, "message_id", 300)
    words(body, "emoji", 32, needed=False)


def _anything(body: Any) -> None:
    if not isinstance(body, dict | list):
        raise No(100, "an object was expected")


_ACTIONS: dict[str, tuple[set[str], Callable[[Json], None]]] = {
    "button": ({"buttons"}, _replies),
    "list": ({"button", "sections"}, _list),
    "cta_url": ({"name", "parameters"}, _cta),
}
_CHECKS: dict[str, Callable[[Any], None]] = {
    "text": _text,
    "image": _file("image", "caption"),
    "video": _file("video", "caption"),
    "audio": _file("audio", "voice"),
    "document": _file("document", "caption", "filename"),
    "sticker": _file("sticker"),
    "interactive": _interactive,
    "template": _template,
    "reaction": _reaction,
    "location": _anything,
    "contacts": _anything,
}
