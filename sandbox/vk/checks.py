"""What VK refuses: shapes and bounds of what it is asked, as its own schema and pages have them. Pure."""

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

TEXT, LABEL, PAYLOAD, ROWS, COLUMNS, BUTTONS = 4096, 40, 255, 6, 5, 10
ATTACHMENT = re.compile(r"(photo|doc|video|audio|audio_message|wall|market)-?\d+_\d+(_\w+)?", re.ASCII)
COLORS = {"primary", "secondary", "default", "positive", "negative"}
SEND = (
    "peer_ids",
    "peer_id",
    "user_id",
    "random_id",
    "message",
    "attachment",
    "keyboard",
    "payload",
    "forward",
    "reply_to",
    "disable_mentions",
    "dont_parse_links",
    "sticker_id",
    "lat",
    "long",
    "template",
    "group_id",
    "intent",
    "content_source",
)
EDIT = (
    "peer_id",
    "cmid",
    "message_id",
    "message",
    "attachment",
    "keyboard",
    "keep_forward_messages",
    "keep_snippets",
    "disable_mentions",
    "dont_parse_links",
    "template",
)


class No(Exception):
    """VK refuses with a number."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code, self.words = code, words


def missing(name: str) -> No:
    """A parameter is missing or wrong."""
    return No(100, f"One of the parameters specified was missing or invalid: {name} is invalid")


def known(fields: Mapping[str, str], names: Collection[str]) -> None:
    """Nothing but what the method has."""
    for name in fields:
        if name not in names:
            raise missing(name)


def integer(fields: Mapping[str, str], name: str) -> int:
    """A whole number that must be there."""
    if not re.fullmatch(r"-?\d{1,18}", fields.get(name, ""), re.ASCII):
        raise missing(name)
    return int(fields[name])


def read(text: str, name: str) -> Any:
    """A parameter that is JSON."""
    try:
        return json.loads(text)
    except ValueError:
        raise missing(name) from None


def message(fields: Mapping[str, str]) -> None:
    """What a message may hold."""
    text, attachment = fields.get("message", ""), fields.get("attachment", "")
    if not text.strip() and not attachment:
        raise No(100, "One of the parameters specified was missing or invalid: message is empty or invalid")
    if len(text) > TEXT:
        raise No(914, "Message is too long")
    if attachment and not all(ATTACHMENT.fullmatch(one) for one in attachment.split(",")):
        raise missing("attachment")
    if len(fields.get("payload", "")) > 1000 or (fields.get("payload") and not isinstance(read(fields["payload"], "payload"), dict)):
        raise missing("payload")
    if "keyboard" in fields:
        keyboard(read(fields["keyboard"], "keyboard"))


def keyboard(found: Any) -> None:
    """A keyboard under a message: at most six rows of five, ten buttons in all."""
    if not isinstance(found, dict) or set(found) - {"inline", "one_time", "buttons", "author_id"} or not isinstance(found.get("buttons"), list):
        raise _bad("a keyboard has buttons")
    rows = found["buttons"]
    if found.get("inline") is not True or "one_time" in found:
        raise _bad("only keyboards under a message are pretended")
    if len(rows) > ROWS or not all(isinstance(row, list) and 0 < len(row) <= COLUMNS for row in rows) or sum(map(len, rows)) > BUTTONS:
        raise _bad("too many buttons")
    for button in (one for row in rows for one in row):
        _button(button)


def _button(button: Any) -> None:
    if not isinstance(button, dict) or set(button) - {"action", "color"} or not isinstance(button.get("action"), dict):
        raise _bad("a button has an action")
    action = button["action"]
    wanted = {"text": {"type", "label", "payload"}, "callback": {"type", "label", "payload"}, "open_link": {"type", "label", "link", "payload"}}
    kind = action.get("type")
    if kind not in wanted or set(action) - wanted[kind] or not isinstance(action.get("label"), str) or not 0 < len(action["label"]) <= LABEL:
        raise _bad("a label has 1 to 40 characters")
    if kind == "open_link" and ("color" in button or not str(action.get("link", "")).startswith(("https://", "http://"))):
        raise _bad("a link has no color and begins with https://")
    if button.get("color", "primary") not in COLORS:
        raise _bad("no such color")
    payload = action.get("payload", "{}")
    if not isinstance(payload, str) or len(payload) > PAYLOAD:
        raise _bad("a payload is a JSON text of at most 255 characters")
    try:
        json.loads(payload)
    except ValueError:
        raise _bad("a payload is JSON") from None


def _bad(words: str) -> No:
    return No(911, f"Keyboard format is invalid: {words}")
