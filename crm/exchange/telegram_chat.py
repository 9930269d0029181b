"""Chats that Telegram Desktop exported as JSON, one or all of them; talks with one person only. Reactions, edits and what the app noted are left out; pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crm.exchange.chats import FILE, HEADER, TELEGRAM, THEM, UNPACKED_MOST, US, Opening, numbered
from crm.exchange.grid import Grid, Unreadable, bounded

PERSONAL = "personal_chat"
MEDIA = ("file_name", "file", "photo", "media_type")


def is_telegram(head: bytes) -> bool:
    """Whether a file begins as such an export does."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:4096]
    return start.startswith(b"{") and any(mark in start for mark in (b'"messages"', b'"chats"', b'"personal_information"', b'"personal_chat"', b'"about"'))


def read_telegram(opening: Opening) -> Grid:
    """The messages of every talk with one person."""
    with opening() as file:
        raw = file.read(UNPACKED_MOST + 1)
    if len(raw) > UNPACKED_MOST:
        raise Unreadable("the file is too big")
    try:
        told = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise Unreadable("it cannot be read") from error
    chats = [chat for chat in _chats(told) if chat.get("type") == PERSONAL]
    if not chats:
        raise Unreadable("there is nothing in it")
    return Grid(TELEGRAM, HEADER, bounded(numbered(one for chat in chats for one in _messages(chat))), f"{len(chats)} chats")


def _chats(told: Any) -> Sequence[Mapping[str, Any]]:
    if not isinstance(told, dict):
        return ()
    if isinstance(told.get("messages"), list):
        return [told]
    chats = told.get("chats")
    listed = chats.get("list") if isinstance(chats, dict) else None
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else ()


def _messages(chat: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str, str, str]]:
    number, title, said = str(chat.get("id") or ""), str(chat.get("name") or ""), chat.get("messages")
    for one in said if isinstance(said, list) else ():
        if not isinstance(one, dict) or one.get("type") != "message":
            continue
        at, text = _at(one), _text(one)
        if at and text:
            side = THEM if str(one.get("from_id") or "") in (f"user{number}", number) else US
            yield number, title, at, str(one.get("from") or ""), side, text


def _at(one: Mapping[str, Any]) -> str:
    seconds = str(one.get("date_unixtime") or "")
    return seconds if seconds.isascii() and seconds.isdigit() and len(seconds) <= 11 else str(one.get("date") or "")[:19]


def _text(one: Mapping[str, Any]) -> str:
    told = one.get("text")
    pieces = told if isinstance(told, list) else [told]
    words = "".join(piece if isinstance(piece, str) else str(piece.get("text") or "") if isinstance(piece, dict) else "" for piece in pieces).strip()
    found = next((one[name] for name in MEDIA if isinstance(one.get(name), str)), "")
    name = str(found).rpartition("/")[2] if not str(found).startswith("(") else ""
    file = " ".join(filter(None, (FILE, name))) if found else ""
    return "\n".join(filter(None, (file, words)))
