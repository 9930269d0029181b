"""Who a Telegram update is from: the other side of a private chat with the bot, or of one in a member's own account that the bot is connected to.

The same chat id may be both, so what stands in an own account carries its connection: "1001@<connection>" for the person, "57@<connection>" for a message.
"""

import re
from dataclasses import replace

from channels.payload import NOTHING, Json, name, part, text, whole
from crm.base.events import Sender

CONNECTION = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)
OWN_BOT = "sender_business_bot"


def connection_of(body: Json) -> str:
    """The connection through which something came ("" = it came to the bot itself)."""
    found = text(body, "business_connection_id")
    return found if CONNECTION.fullmatch(found) else ""


def sender(body: Json, chat: Json = NOTHING, connection: str = "") -> Sender | None:
    """The customer of a private chat: its address is the chat's id; nobody elsewhere, and nobody where a bot writes."""
    chat = chat or part(body, "chat")
    person = part(body, "from") or part(body, "user") or chat
    address = whole(chat, "id")
    if text(chat, "type") != "private" or address <= 0 or person.get("is_bot") is True:
        return None
    if not connection:
        return _named(str(address), person)
    if wrote_it_ourselves(body, chat):
        person = chat
    return replace(_named(f"{address}@{connection}", person), same=str(address), through=connection)


def wrote_it_ourselves(body: Json, chat: Json = NOTHING) -> bool:
    """Whether in an own account its owner wrote: in a private chat there are only two, and the chat has the other one's number."""
    return whole(part(body, "from"), "id") not in (0, whole(chat or part(body, "chat"), "id"))


def mark(number: int, connection: str) -> str:
    """A message's id, with its connection where it has one ("" = none)."""
    return "" if not number else f"{number}@{connection}" if connection else str(number)


def full_name(person: Json) -> str:
    """A person's name as Telegram shows it."""
    return f"{name(person, 'first_name')} {name(person, 'last_name')}".strip()


def _named(address: str, person: Json) -> Sender:
    return Sender(address, full_name(person), name(person, "username"), name(person, "language_code")[:35])
