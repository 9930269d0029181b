"""Saying things on MAX: a file goes up first and is said by its token, buttons become words where MAX will not have them."""

from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from channels.choices import spelled
from channels.max import say as made
from channels.max.api import Api
from channels.max.options import MB, MaxOptions
from channels.max.verdicts import WORDS, Refused
from channels.payload import Json, file_name, part, text
from crm.base.events import MediaKind
from crm.base.outbound import (
    GONE,
    Buttons,
    Delete,
    Edit,
    Media,
    OpenMedia,
    Outbound,
    Reason,
    Receipt,
    RetryLater,
    Say,
    Typing,
    Uncertain,
    Undeliverable,
)

_REMEMBERED = 10_000
_PHOTOS = frozenset({"image/jpeg", "image/png", "image/gif", "image/tiff", "image/bmp", "image/heic"})
_SOUNDS = frozenset({MediaKind.VOICE, MediaKind.AUDIO})


class Speaker:
    """Says things for one bot; remembers what is up already and in which dialog somebody writes, and can forget both without harm."""

    def __init__(self, api: Api, options: MaxOptions) -> None:
        self._api, self._options = api, options
        self._files: dict[tuple[int, str], made.Body] = {}
        self._dialogs: dict[str, int] = {}

    def heard(self, person: int, chat: int) -> None:
        """Note a person's dialog: typing is shown in one, and not to a person."""
        if person and chat:
            self._dialogs.pop(str(person), None)
            self._dialogs[str(person)] = chat
            _bounded(self._dialogs)

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt:
        """One message or one change; errors as `Carrier.send` says."""
        person = made.person(address)
        match outbound:
            case Say():
                return await self._say(person, outbound, open_media)
            case Edit():
                return await self._edit(outbound)
            case Delete():
                return await self._delete(outbound)
            case Typing():
                return await self._typing(person)
            case _:
                raise Undeliverable(Reason.UNSUPPORTED, "MAX lets bots put no reactions, and knows no approved templates")

    async def _say(self, person: str, say: Say, open_media: OpenMedia) -> Receipt:
        if not say.text.strip() and not say.media:
            raise Undeliverable(Reason.BAD_CONTENT, "there is nothing to say")
        body, attachments = self._body(say.text, say.buttons, tagged=say.html)
        body |= made.around(say)
        if not say.media:
            return await self._post(person, {**body, "attachments": attachments}, say)
        file, known = await self._file(say.media, open_media)
        try:
            return await self._post(person, {**body, "attachments": [file, *attachments]}, say)
        except Refused as refused:
            if not known or refused.reason is not Reason.BAD_CONTENT:
                raise
        self._files.pop(_named(say.media), None)
        file, _ = await self._file(say.media, open_media)
        return await self._post(person, {**body, "attachments": [file, *attachments]}, say)

    def _body(self, words: str, buttons: Buttons, *, tagged: bool) -> tuple[made.Body, list[made.Body]]:
        """The text, and the keyboard where the buttons fit one; else they are words."""
        keyboard = made.keyboard(buttons, self._options)
        if keyboard:
            return made.worded(words, tagged=tagged), [keyboard]
        in_words = spelled(made.plain(words, tagged=tagged), buttons, self._options.text)
        return ({"text": in_words} if buttons else made.worded(words, tagged=tagged)), []

    async def _post(self, person: str, body: made.Body, say: Say) -> Receipt:
        """Marked up as it is; plainly where MAX cannot read that."""
        try:
            answer = await self._asked(person, body)
        except Refused as refused:
            if refused.status != 400 or "format" not in body:
                raise
            unmarked = {key: value for key, value in body.items() if key != "format"}
            answer = await self._asked(person, {**unmarked, "text": made.plain(say.text, tagged=True)})
        id_ = text(part(part(answer, "message"), "body"), "mid")
        if not id_:
            raise Uncertain("taken, but under no id")
        return Receipt((id_,))

    async def _asked(self, person: str, body: made.Body) -> Json:
        """One message; what it answers is left out where MAX cannot find that any more."""
        try:
            return await self._api.call("POST", "/messages", again=False, body=body, asked={"user_id": person})
        except Refused as refused:
            if "link" not in body or refused.status not in (400, 404) or refused.word in WORDS:
                raise
        unlinked = {key: value for key, value in body.items() if key != "link"}
        return await self._api.call("POST", "/messages", again=False, body=unlinked, asked={"user_id": person})

    async def _edit(self, edit: Edit) -> Receipt:
        """New words; a file stays where attachments are not named, and then the old buttons do too."""
        body, attachments = self._body(edit.text, edit.buttons, tagged=edit.html)
        await self._changed("PUT", made.message(edit.message), body if edit.media else {**body, "attachments": attachments})
        return Receipt((edit.message,))

    async def _delete(self, delete: Delete) -> Receipt:
        await self._changed("DELETE", made.message(delete.message), None)
        return Receipt((delete.message,))

    async def _changed(self, method: str, id_: str, body: object) -> None:
        try:
            await self._api.call(method, "/messages", body=body, asked={"message_id": id_})
        except Refused as refused:
            if refused.status == 404:
                raise Undeliverable(Reason.BAD_CONTENT, GONE) from None
            if refused.status in (200, 403):
                raise Undeliverable(Reason.UNSUPPORTED, refused.detail) from None
            raise

    async def _typing(self, person: str) -> Receipt:
        """Shown where the dialog is known, and nothing depends on it."""
        chat = self._dialogs.get(person)
        if chat:
            with suppress(RetryLater, Undeliverable):
                await self._api.call("POST", f"/chats/{chat}/actions", body={"action": "typing_on"})
        return Receipt(())

    async def _file(self, media: Media, open_media: OpenMedia) -> tuple[made.Body, bool]:
        """What a file is as an attachment, and whether it was up already."""
        type_ = self._type(media)
        known = self._files.get(_named(media))
        if known:
            return known, True
        if media.size > self._options.upload_mb * MB:
            raise Undeliverable(Reason.BAD_CONTENT, f"the file is larger than {self._options.upload_mb} MB")
        server = await self._api.call("POST", "/uploads", asked={"type": type_})
        told = await self._api.upload(self._place(text(server, "url")), media, open_media, _called(media, type_))
        payload = _payload(type_, text(server, "token"), told)
        self._files[_named(media)] = {"type": type_, "payload": payload}
        _bounded(self._files)
        return self._files[_named(media)], False

    def _type(self, media: Media) -> str:
        mime = media.mime.partition(";")[0].strip().lower()
        if media.kind is MediaKind.PHOTO and mime in _PHOTOS and media.size <= self._options.image_mb * MB:
            return "image"
        if media.kind in _SOUNDS:
            return "audio"
        return "video" if media.kind is MediaKind.VIDEO else "file"

    def _place(self, url: str) -> str:
        """Where a file goes up; MAX names the place, which is nowhere inside."""
        if not url.startswith("https://") and urlsplit(url).netloc != urlsplit(self._options.api_base).netloc:
            raise RetryLater(30.0)
        return url


def _payload(type_: str, token: str, told: Any) -> made.Body:
    """What names a file that is up: pictures have several sizes, sounds and videos the token from before."""
    photos = part(told, "photos")
    if type_ == "image" and photos:
        return {"photos": photos}
    found = text(told, "token") or token
    if not found:
        raise RetryLater(30.0)
    return {"token": found}


def _named(media: Media) -> tuple[int, str]:
    return media.attachment_id, media.kind.value


def _called(media: Media, type_: str) -> str:
    """A file's name; it is what people see of a document, so its letters stay."""
    return file_name(media.name) or type_


def _bounded(remembered: dict[Any, Any]) -> None:
    """Forget what was noted first."""
    while len(remembered) > _REMEMBERED:
        remembered.pop(next(iter(remembered)))
