"""How things to say become calls of the Send API: words, choices, files, reactions, private replies."""

import html
import json
import re
from typing import Any

from channels.graph import Graph, Refused
from channels.messenger.envelope import COMMENT
from channels.messenger.options import MB, Dialect, PageOptions
from channels.messenger.parse import OURS
from channels.messenger.verdicts import UNKNOWN
from channels.payload import Json, storable, text
from crm.base.events import MediaKind
from crm.base.outbound import (
    ApprovedTemplate,
    Button,
    Media,
    OpenMedia,
    Outbound,
    React,
    Reason,
    Receipt,
    Say,
    Typing,
    Uncertain,
    Undeliverable,
)

QUICK, CARD, CARD_TEXT, LABEL, VALUE = 13, 3, 640, 20, 1000
"""Quick replies under a message, buttons on a card, its characters, characters of a label, of what it carries."""
_REMEMBERED = 10_000
_PERSON = re.compile(r"[0-9]{1,64}", re.ASCII)
_COMMENT = re.compile(r"comment:[0-9]+(?:_[0-9]+)*", re.ASCII)
_MID = re.compile(r"(?![0-9_]+$)[A-Za-z0-9_$:.=+/-]{8,400}", re.ASCII)
_TAG = re.compile(r"<[^<>]*>")
_KINDS = {
    MediaKind.PHOTO: "image",
    MediaKind.VIDEO: "video",
    MediaKind.VOICE: "audio",
    MediaKind.AUDIO: "audio",
    MediaKind.DOCUMENT: "file",
}
_Body = dict[str, Any]


class Speaker:
    """Says things for one page; remembers the ids of files brought up before, and can forget them without harm."""

    def __init__(self, graph: Graph, options: PageOptions, dialect: Dialect) -> None:
        self._graph, self._options, self._dialect = graph, options, dialect
        self._files: dict[tuple[int, str], str] = {}

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt:
        """One message, after its file was brought up where it has one; errors as `Carrier.send` says."""
        recipient = _recipient(address)
        match outbound:
            case Say():
                return await self._say(recipient, outbound, open_media)
            case ApprovedTemplate():
                return await self._template(recipient, outbound)
            case React():
                return await self._react(recipient, outbound)
            case Typing():
                if "id" in recipient:
                    await self._post({"recipient": recipient, "sender_action": "typing_on"})
                return Receipt(())
            case _:
                raise Undeliverable(Reason.UNSUPPORTED, f"{self._dialect.title} changes nothing that was sent")

    async def _say(self, recipient: _Body, say: Say, open_media: OpenMedia) -> Receipt:
        comment = recipient.get("comment_id", "")
        if say.late and not (say.personal and self._options.human_agent):
            raise Undeliverable(Reason.WINDOW_CLOSED, "only a person may answer that late")
        if comment and say.media:
            raise Undeliverable(Reason.UNSUPPORTED, "a private reply to a comment is words alone")
        body: _Body = {"recipient": recipient}
        if not comment:
            body |= {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"} if say.late else {"messaging_type": "RESPONSE"}
        marked = {"metadata": " ".join(filter(None, (OURS, comment and COMMENT + comment, say.ref)))}
        if say.media:
            return await self._file(body, marked, say, say.media, open_media)
        return await self._answering(body, {**self._worded(say), **marked}, say.reply_to)

    async def _answering(self, body: _Body, message: _Body, reply_to: str) -> Receipt:
        """Under the message it answers; without it where that one is there no more."""
        if "id" in body["recipient"] and _MID.fullmatch(reply_to):
            try:
                return await self._message({**body, "reply_to": {"mid": reply_to}}, message)
            except Refused as refused:
                if refused.reason is not Reason.BAD_CONTENT:
                    raise
        return await self._message(body, message)

    def _worded(self, say: Say) -> _Body:
        """Words with choices: links and choices on a card where they fit, else quick replies, and links among the words."""
        words = storable(html.unescape(_TAG.sub("", say.text)) if say.html else say.text)
        buttons = [one for row in say.buttons for one in row]
        links = [one for one in buttons if one.url]
        if links and len(buttons) <= CARD and 0 < len(words) <= CARD_TEXT and not any(one.ask for one in buttons):
            card = {"template_type": "button", "text": words, "buttons": [_on_card(one) for one in buttons]}
            return {"attachment": {"type": "template", "payload": card}}
        lines = [words, *(f"{one.label}: {one.url}" for one in links)]
        return {"text": "\n".join(line for line in lines if line), **self._choices(buttons)}

    def _choices(self, buttons: list[Button]) -> _Body:
        found = [choice for one in buttons if (choice := self._choice(one))]
        return {"quick_replies": found[:QUICK]} if found else {}

    def _choice(self, one: Button) -> _Body | None:
        if one.ask:
            return {"content_type": "user_phone_number"} if one.ask == "phone" and self._dialect.phones else None
        return {"content_type": "text", "title": one.label[:LABEL], "payload": one.value[:VALUE]} if one.value else None

    async def _file(self, body: _Body, marked: _Body, say: Say, media: Media, open_media: OpenMedia) -> Receipt:
        """By the id it was given when it came up before, else brought up now."""
        if say.text:
            raise Undeliverable(Reason.BAD_CONTENT, "a file carries no words here")
        sort, around = self._sort(media), {**marked, **self._choices([one for row in say.buttons for one in row])}
        known = self._files.pop((media.attachment_id, sort), "")
        if known:
            try:
                receipt = await self._message(body, {**_attached(sort, known), **around})
            except Refused as refused:
                if refused.reason is not Reason.BAD_CONTENT:
                    self._remember(media, sort, known)
                    raise
            else:
                self._remember(media, sort, known)
                return receipt
        brought = await self._bring(media, sort, open_media)
        self._remember(media, sort, brought)
        return await self._message(body, {**_attached(sort, brought), **around})

    def _sort(self, media: Media) -> str:
        sort, allowed = _KINDS.get(media.kind, ""), self._dialect.files
        if not sort or (sort == "file" and allowed and media.mime not in allowed):
            raise Undeliverable(Reason.UNSUPPORTED, f"{self._dialect.title} takes no such file")
        if sort == "image" and media.size > self._options.image_mb * MB and not allowed:
            sort = "file"
        if media.size > MB * (self._options.image_mb if sort == "image" else self._options.upload_mb):
            raise Undeliverable(Reason.BAD_CONTENT, "file is too big")
        return sort

    async def _bring(self, media: Media, sort: str, open_media: OpenMedia) -> str:
        wanted = {"attachment": {"type": sort, "payload": {"is_reusable": True}}}
        fields = {"message": json.dumps(wanted), **self._dialect.upload}
        told = await self._graph.upload("me/message_attachments", fields, media, open_media, name="filedata")
        if not text(told, "attachment_id"):
            raise Undeliverable(Reason.BAD_CONTENT, "the platform gave the file no id")
        return text(told, "attachment_id")

    def _remember(self, media: Media, sort: str, brought: str) -> None:
        if len(self._files) >= _REMEMBERED:
            self._files.pop(next(iter(self._files)))
        self._files[media.attachment_id, sort] = brought

    async def _template(self, recipient: _Body, one: ApprovedTemplate) -> Receipt:
        if not self._options.utility or "id" not in recipient:
            raise Undeliverable(Reason.UNSUPPORTED, "there are no approved templates here")
        filled = [{"type": "text", "text": storable(field)} for field in one.fields]
        components = [{"type": "body", "parameters": filled}] if filled else []
        template = {"name": one.name, "language": {"code": one.language}, "components": components}
        marked = {"metadata": f"{OURS} {one.ref}".strip()}
        return await self._message({"recipient": recipient, "messaging_type": "UTILITY"}, {"template": template, **marked})

    async def _react(self, recipient: _Body, react: React) -> Receipt:
        hearts = self._dialect.hearts
        if "id" not in recipient or (react.emoji and hearts and react.emoji not in hearts):
            raise Undeliverable(Reason.UNSUPPORTED, "this reaction cannot be given there")
        given = {"reaction": hearts.get(react.emoji, react.emoji)} if react.emoji else {}
        action = "react" if react.emoji else "unreact"
        await self._post({"recipient": recipient, "sender_action": action, "payload": {"message_id": react.message, **given}}, repeatable=True)
        return Receipt(())

    async def _message(self, body: _Body, message: _Body) -> Receipt:
        mid = text(await self._post({**body, "message": message}), "message_id")
        return Receipt((mid,) if mid else ())

    async def _post(self, body: _Body, *, repeatable: bool = False) -> Json:
        try:
            return await self._graph.post("me/messages", body, repeatable=repeatable)
        except Refused as refused:
            if refused.problem.code == UNKNOWN:
                raise Uncertain(refused.detail) from None
            raise


def _recipient(address: str) -> _Body:
    """A person by their number, or somebody of whom only a comment is known."""
    if _PERSON.fullmatch(address):
        return {"id": address}
    if _COMMENT.fullmatch(address):
        return {"comment_id": address.removeprefix(COMMENT)}
    raise Undeliverable(Reason.BAD_ADDRESS, "not an id of the platform's")


def _on_card(one: Button) -> _Body:
    if one.url:
        return {"type": "web_url", "title": one.label[:LABEL], "url": one.url}
    return {"type": "postback", "title": one.label[:LABEL], "payload": one.value[:VALUE]}


def _attached(sort: str, brought: str) -> _Body:
    return {"attachment": {"type": sort, "payload": {"attachment_id": brought}}}
