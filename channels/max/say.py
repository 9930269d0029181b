"""How things to say become bodies of MAX's messages: words, keyboards, what may be marked up. Pure."""

import html
import re

from channels.choices import shown
from channels.max.options import MaxOptions
from channels.payload import storable
from crm.base.outbound import Button, Buttons, Reason, Say, Undeliverable
from crm.base.text import utf16_length

Body = dict[str, object]
TAGS = frozenset({"b", "strong", "i", "em", "u", "ins", "s", "del", "code", "pre", "a"})
"""What MAX reads in a text marked up; any other tag is left out."""
_MARK = re.compile(r"</?([A-Za-z][A-Za-z0-9-]*)[^<>]*>")
_PERSON = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)
_MESSAGE = re.compile(r"[A-Za-z0-9._:-]{1,200}", re.ASCII)


def person(address: str) -> str:
    """A person's number; raises Undeliverable for what is none."""
    if not _PERSON.fullmatch(address):
        raise Undeliverable(Reason.BAD_ADDRESS, "not a person of MAX's")
    return address


def message(id_: str) -> str:
    """A message's id; raises Undeliverable for what is none."""
    if not _MESSAGE.fullmatch(id_):
        raise Undeliverable(Reason.BAD_CONTENT, "not a message of MAX's")
    return id_


def plain(words: str, *, tagged: bool) -> str:
    """The words without tags."""
    return storable(html.unescape(_MARK.sub("", words)) if tagged else words)


def worded(words: str, *, tagged: bool) -> Body:
    """A text as MAX takes it, marked up where it is."""
    if not tagged:
        return {"text": storable(words)}
    kept = _MARK.sub(lambda tag: tag[0] if tag[1].lower() in TAGS else "", storable(words))
    return {"text": kept, "format": "html"} if _MARK.search(kept) else {"text": html.unescape(kept)}


def around(say: Say) -> Body:
    """What goes with a message: what it answers."""
    return {"link": {"type": "reply", "mid": say.reply_to}} if _MESSAGE.fullmatch(say.reply_to) else {}


def keyboard(buttons: Buttons, options: MaxOptions) -> Body | None:
    """Buttons under the message; None where there are none, or they do not fit and have to be words (`spelled`)."""
    rows = [made for row in buttons for made in _rows([_button(one, options) for one in shown(row, asking=True)], options)]
    if not rows or len(rows) > options.rows or not all(all(row) for row in rows):
        return None
    return {"type": "inline_keyboard", "payload": {"buttons": rows}}


def _rows(row: list[Body], options: MaxOptions) -> list[list[Body]]:
    """A row as MAX takes it: shorter where a button in it opens a page or asks."""
    wide = any(one.get("type") in ("link", "request_contact") for one in row)
    step = options.wide_columns if wide else options.columns
    return [row[place : place + step] for place in range(0, len(row), step)]


def _button(button: Button, options: MaxOptions) -> Body:
    """One button; an empty one does not fit."""
    if utf16_length(button.label) > options.label or len(button.value) > options.payload:
        return {}
    if button.ask == "phone":
        return {"type": "request_contact", "text": button.label}
    if button.url:
        return {"type": "link", "text": button.label, "url": button.url}
    return {"type": "callback", "text": button.label, "payload": button.value}
