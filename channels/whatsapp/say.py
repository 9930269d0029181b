"""How things to say become bodies of the Graph API's messages: texts, files, buttons, lists, templates. Pure; lengths are characters."""

import html
import re
from dataclasses import dataclass, replace

from channels.payload import file_name, storable
from channels.whatsapp.people import PHONE, is_address
from crm.base.events import MediaKind
from crm.base.outbound import ApprovedTemplate, Button, Media, React, Reason, Say, Undeliverable
from crm.base.text import cut

Body = dict[str, object]
TEXT, CAPTION, BUTTONED = 4096, 1024, 1024
REPLIES, REPLY_LABEL, REPLY_VALUE = 3, 20, 256
ROWS, ROW_LABEL, ROW_MORE, ROW_VALUE, LIST_LABEL = 10, 24, 72, 200, 20
FIELD, REF = 1024, 512
_MARK = re.compile(r"<[^<>]*>")
_MESSAGE = re.compile(r"wamid\.[!-~]{1,180}", re.ASCII)
_AROUND = re.compile(r"\s+")
_NAMED = {MediaKind.PHOTO: "image", MediaKind.VIDEO: "video", MediaKind.AUDIO: "audio", MediaKind.VOICE: "audio", MediaKind.STICKER: "sticker"}


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large a file of a kind may be, in bytes; what is larger, or of a type the kind does not take, goes as a document."""

    image: int = 5 * 1024 * 1024
    video: int = 16 * 1024 * 1024
    audio: int = 16 * 1024 * 1024
    sticker: int = 500 * 1024
    document: int = 100 * 1024 * 1024


TAKES = {
    "image": frozenset({"image/jpeg", "image/png"}),
    "video": frozenset({"video/mp4", "video/3gpp"}),
    "audio": frozenset({"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"}),
    "sticker": frozenset({"image/webp"}),
}


def to(address: str) -> Body:
    """Whom a body is for; raises Undeliverable for what is no address of WhatsApp's."""
    if not is_address(address):
        raise Undeliverable(Reason.BAD_ADDRESS, "neither a number nor an id of WhatsApp's")
    return {"messaging_product": "whatsapp", "recipient_type": "individual", "to" if PHONE.fullmatch(address) else "recipient": address}


def around(ref: str, reply_to: str = "") -> Body:
    """What goes with any body: our own name for it, and what it answers."""
    named: Body = {"biz_opaque_callback_data": ref[:REF]} if ref else {}
    return {**named, "context": {"message_id": reply_to}} if _MESSAGE.fullmatch(reply_to) else named


def plain(say: Say) -> str:
    """The words without the few tags of HTML."""
    return storable(html.unescape(_MARK.sub("", say.text)) if say.html else say.text)


def shown_as(media: Media, captioned: bool, sizes: Sizes) -> str:
    """The type a file goes as; raises Undeliverable for one that goes as none."""
    if media.size > sizes.document:
        raise Undeliverable(Reason.BAD_CONTENT, f"the file is larger than the {sizes.document // 2**20} MB that WhatsApp takes")
    type_ = _NAMED.get(media.kind, "document")
    fits = media.mime.partition(";")[0].strip().lower() in TAKES.get(type_, ()) and media.size <= getattr(sizes, type_)
    return type_ if fits and not (captioned and type_ in {"audio", "sticker"}) else "document"


def file(media: Media, type_: str, id_: str, words: str) -> Body:
    """A file that is up already, with words under it."""
    inside: Body = {"id": id_}
    if words and type_ not in {"audio", "sticker"}:
        inside["caption"] = words
    if type_ == "document":
        inside["filename"] = file_name(media.name) or media.kind.value
    if media.kind is MediaKind.VOICE and type_ == "audio" and media.mime.startswith("audio/ogg"):
        inside["voice"] = True
    return {"type": type_, type_: inside}


def text(words: str) -> Body:
    """Words alone; raises Undeliverable for none."""
    if not words.strip():
        raise Undeliverable(Reason.BAD_CONTENT, "there is nothing to say")
    return {"type": "text", "text": {"body": words, "preview_url": False}}


def chosen(say: Say, list_label: str, header: Body | None = None) -> Body | None:
    """Words with buttons; None where they do not fit and have to be words too (`spelled`). A header is a picture, video or document above."""
    buttons = _distinct([one for row in say.buttons for one in row if not one.ask])
    pressed, links = [one for one in buttons if one.value and not one.url], [one for one in buttons if one.url]
    lone = len(links) == 1 and not pressed and len(links[0].label) <= REPLY_LABEL
    words = _linked(plain(say), [] if lone else links).strip() or "👇"
    if not (pressed or lone) or len(words) > BUTTONED:
        return None
    if lone:
        return _interactive("cta_url", words, {"name": "cta_url", "parameters": {"display_text": links[0].label, "url": links[0].url}}, header)
    short = len(pressed) <= REPLIES and all(len(one.label) <= REPLY_LABEL and len(one.value) <= REPLY_VALUE for one in pressed)
    if short:
        replies = [{"type": "reply", "reply": {"id": one.value, "title": one.label}} for one in pressed]
        return _interactive("button", words, {"buttons": replies}, header)
    if header or len(pressed) > ROWS or any(len(one.value) > ROW_VALUE for one in pressed):
        return None
    return _interactive("list", words, {"button": list_label[:LIST_LABEL], "sections": [{"rows": [_row(one) for one in pressed]}]}, None)


def spelled(say: Say, most: int) -> str:
    """The words with every choice as a line of its own, for where buttons cannot go; what is too long loses of its words, not of its choices."""
    buttons = _distinct([one for row in say.buttons for one in row if not one.ask])
    lines = [f"• {one.label}" for one in buttons if not one.url] + [f"{one.label}: {one.url}" for one in buttons if one.url]
    words, choices = plain(say).strip(), "\n".join(lines)
    if not choices:
        return cut(words, most)
    room = max(most - len(choices) - 3, 0)
    return "\n\n".join(filter(None, [words if len(words) <= room else f"{cut(words, room)}…", choices]))[:most]


def _interactive(type_: str, words: str, action: Body, header: Body | None) -> Body:
    inside: Body = {"type": type_, "body": {"text": words}, "action": action}
    if header:
        inside["header"] = header
    return {"type": "interactive", "interactive": inside}


def _row(button: Button) -> Body:
    row: Body = {"id": button.value, "title": cut(button.label, ROW_LABEL)}
    if len(button.label) > ROW_LABEL:
        row["description"] = cut(button.label, ROW_MORE)
    return row


def _distinct(buttons: list[Button]) -> list[Button]:
    """Buttons that have something to show, each value once; WhatsApp refuses two alike."""
    seen: dict[str, Button] = {}
    for one in buttons:
        label = " ".join(storable(one.label).split())
        if label and (one.url or one.value):
            seen.setdefault(f"{bool(one.url)}{one.url or one.value}", replace(one, label=label))
    return _numbered(list(seen.values()))


def _numbered(buttons: list[Button]) -> list[Button]:
    """Two choices called alike are told apart by a number."""
    made: list[Button] = []
    for one in buttons:
        label, count = one.label, 1
        while label in {known.label for known in made}:
            count += 1
            label = f"{cut(one.label, REPLY_LABEL - 3)} {count}"
        made.append(replace(one, label=label))
    return made


def _linked(words: str, links: list[Button]) -> str:
    return "\n".join(filter(None, [words, *(f"{one.label}: {one.url}" for one in links)]))


def template(one: ApprovedTemplate) -> Body:
    """An approved template with its places filled; a field is one line, as WhatsApp demands."""
    fields = [{"type": "text", "text": cut(_AROUND.sub(" ", storable(field)).strip(), FIELD) or "–"} for field in one.fields]
    named: Body = {"name": one.name, "language": {"code": one.language}}
    if fields:
        named["components"] = [{"type": "body", "parameters": fields}]
    return {"type": "template", "template": named}


def reaction(react: React) -> Body:
    """An emoji on a message of theirs; raises Undeliverable for what is no message."""
    if not _MESSAGE.fullmatch(react.message):
        raise Undeliverable(Reason.BAD_CONTENT, "not a message of WhatsApp's")
    return {"type": "reaction", "reaction": {"message_id": react.message, "emoji": react.emoji}}


def seen(message: str) -> Body:
    """Their message is read, and an answer is being written."""
    return {"messaging_product": "whatsapp", "status": "read", "message_id": message, "typing_indicator": {"type": "text"}}
