"""How things to say become parameters of VK's methods: words, keyboards, the key against saying twice. Pure."""

import hashlib
import html
import json
import re

from channels.choices import shown
from channels.payload import storable
from channels.vk.options import VkOptions
from channels.vk.parse import TALKS
from crm.base.outbound import Button, Buttons, Reason, Say, Undeliverable
from crm.base.text import utf16_length

Fields = dict[str, str]
_MARK = re.compile(r"<[^<>]*>")
_MESSAGE = re.compile(r"([1-9][0-9]{0,9})_([1-9][0-9]{0,18})", re.ASCII)
_PERSON = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)
_WRITER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def person(address: str) -> str:
    """A person's number; raises Undeliverable for what is none."""
    if not _PERSON.fullmatch(address) or int(address) >= TALKS:
        raise Undeliverable(Reason.BAD_ADDRESS, "not a person of VK's")
    return address


def number_in(message: str, address: str) -> str:
    """A message's number in the dialog with a person ("" = it is not of this dialog)."""
    found = _MESSAGE.fullmatch(message)
    return found[2] if found and found[1] == address else ""


def random_id(ref: str) -> str:
    """The key under which VK takes a message once only, made of our own name for it; "0" = it has none, and VK does not look."""
    return str(int.from_bytes(hashlib.sha256(ref.encode()).digest()[:4]) % (2**31 - 1) + 1) if ref else "0"


def plain(words: str, *, tagged: bool) -> str:
    """The words without the few tags of HTML."""
    return storable(html.unescape(_MARK.sub("", words)) if tagged else words)


def around(say: Say, address: str) -> Fields:
    """What goes with any message: the key, our own name for it, what it answers."""
    fields = {"peer_ids": address, "random_id": random_id(say.ref), "disable_mentions": "1"}
    if say.ref:
        fields["payload"] = _WRITER.encode({"ref": say.ref})
    answered = number_in(say.reply_to, address)
    if answered:
        fields["forward"] = _WRITER.encode({"peer_id": int(address), "conversation_message_ids": [int(answered)], "is_reply": 1})
    return fields


def keyboard(buttons: Buttons, options: VkOptions) -> str:
    """Buttons under the message, as VK reads them; "" where there are none, or they do not fit and have to be words (`spelled`)."""
    rows = [row for row in ([_button(one, options) for one in shown(row)] for row in buttons) if row]
    if not rows or not all(all(row) for row in rows):
        return ""
    rows = [row[place : place + options.columns] for row in rows for place in range(0, len(row), options.columns)]
    flat = [one for row in rows for one in row]
    if len(flat) > options.buttons:
        return ""
    if len(rows) > options.rows:
        rows = [flat[place : place + options.columns] for place in range(0, len(flat), options.columns)]
    return _WRITER.encode({"inline": True, "buttons": rows}) if len(rows) <= options.rows else ""


def _button(button: Button, options: VkOptions) -> dict[str, object]:
    """One button; an empty one does not fit."""
    if utf16_length(button.label) > options.label:
        return {}
    if button.url:
        return {"action": {"type": "open_link", "label": button.label, "link": button.url}}
    payload = _WRITER.encode({"v": button.value})
    if len(payload.encode()) > options.payload:
        return {}
    return {"action": {"type": "text", "label": button.label, "payload": payload}, "color": "secondary"}
