"""What MAX refuses: shapes and bounds of what it is asked, as its pages and libraries have them. Pure."""

import re
from collections.abc import Collection, Mapping
from typing import Any

TEXT, LABEL, PAYLOAD, ROWS, COLUMNS, WIDE = 4000, 64, 256, 30, 7, 3
BODY = {"text", "attachments", "link", "notify", "format"}
TAGS = {"b", "strong", "i", "em", "u", "ins", "s", "del", "code", "pre", "a", "mark", "h1", "blockquote"}
_TAG = re.compile(r"</?([A-Za-z][A-Za-z0-9-]*)[^<>]*>")


class No(Exception):
    """MAX refuses with a status and a word."""

    def __init__(self, status: int, word: str, words: str = "") -> None:
        super().__init__(words)
        self.status, self.word, self.words = status, word, words or word


def wrong(words: str) -> No:
    """The body is not as it has to be."""
    return No(400, "proto.payload", words)


def body(found: Any, tokens: Mapping[str, str], *, new: bool) -> None:
    """What a message, or a change of one, may hold."""
    if not isinstance(found, dict) or set(found) - BODY:
        raise wrong("unknown fields")
    text, attachments = found.get("text"), found.get("attachments")
    if text is not None and (not isinstance(text, str) or len(text) >= TEXT):
        raise wrong("text is at most 4000 characters")
    if attachments is not None and (not isinstance(attachments, list) or len(attachments) > 12):
        raise wrong("attachments is a list")
    if new and not (text or "").strip() and not attachments:
        raise wrong("there is neither a text nor a file")
    if found.get("format") not in (None, "html", "markdown"):
        raise wrong("no such format")
    if found.get("format") == "html" and {tag.lower() for tag in _TAG.findall(text or "")} - TAGS:
        raise wrong("a tag nobody knows")
    for one in attachments or []:
        attachment(one, tokens)


def attachment(found: Any, tokens: Mapping[str, str]) -> None:
    """A keyboard, or a file that is up."""
    if not isinstance(found, dict) or set(found) != {"type", "payload"} or not isinstance(found["payload"], dict):
        raise wrong("an attachment has a type and a payload")
    kind, payload = found["type"], found["payload"]
    if kind == "inline_keyboard":
        keyboard(payload)
    elif kind == "image" and set(payload) == {"photos"}:
        known([one.get("token") for one in payload["photos"].values()], kind, tokens)
    elif kind in ("image", "video", "audio", "file") and set(payload) == {"token"}:
        known([payload["token"]], kind, tokens)
    else:
        raise wrong(f"no attachment of the type {kind!r} like this")


def known(given: Collection[Any], kind: str, tokens: Mapping[str, str]) -> None:
    """Files that went up under their type."""
    if not given or not all(tokens.get(one) == kind for one in given):
        raise No(400, "attachment.not.found", "no such file")


def keyboard(payload: Mapping[str, Any]) -> None:
    """Rows of buttons: at most thirty of seven, three where a button opens or asks."""
    rows = payload.get("buttons")
    if not isinstance(rows, list) or not 0 < len(rows) <= ROWS:
        raise wrong("a keyboard has 1 to 30 rows")
    for row in rows:
        wide = any(one.get("type") in ("link", "request_contact", "request_geo_location", "open_app") for one in row)
        if not 0 < len(row) <= (WIDE if wide else COLUMNS):
            raise wrong("too many buttons in a row")
        for button in row:
            _button(button)


def _button(button: Mapping[str, Any]) -> None:
    fields = {"callback": {"payload"}, "link": {"url"}, "request_contact": set[str](), "message": set[str]()}
    kind = button.get("type")
    if kind not in fields or set(button) - {"type", "text", "intent"} != fields[kind]:
        raise wrong("no such button")
    if not isinstance(button.get("text"), str) or not 0 < len(button["text"]) <= LABEL:
        raise wrong("a label has 1 to 64 characters")
    if kind == "callback" and not 0 < len(button["payload"]) <= PAYLOAD:
        raise wrong("a payload has at most 256 characters")
    if kind == "link" and not button["url"].startswith(("https://", "http://")):
        raise wrong("a link begins with https://")
