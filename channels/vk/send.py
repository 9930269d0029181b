"""Saying things on VK: a file goes up first and is said by its name there, buttons become words where VK will not have them."""

from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from channels.choices import spelled
from channels.payload import Json, file_name, objects, part, text, whole
from channels.vk import say as made
from channels.vk.api import Api
from channels.vk.options import MB, VkOptions
from channels.vk.parse import message_id
from channels.vk.verdicts import EXPIRED, KEYBOARD, Refused, verdict
from crm.base.events import MediaKind
from crm.base.outbound import (
    GONE,
    Delete,
    Edit,
    Media,
    OpenMedia,
    Outbound,
    React,
    Reason,
    Receipt,
    RetryLater,
    Say,
    Typing,
    Uncertain,
    Undeliverable,
)

_REMEMBERED = 10_000
_PHOTOS = frozenset({"image/jpeg", "image/png", "image/gif"})


class Speaker:
    """Says things for one community; remembers what is up already and what hangs on which message, and can forget both without harm."""

    def __init__(self, api: Api, options: VkOptions) -> None:
        self._api, self._options = api, options
        self._files: dict[tuple[int, str], str] = {}
        self._hung: dict[str, str] = {}
        self._numbers = {emoji: number for number, emoji in options.reactions.items()}

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt:
        """One message or one change; errors as `Carrier.send` says."""
        peer = made.person(address)
        match outbound:
            case Say():
                return await self._say(peer, outbound, open_media)
            case Edit():
                return await self._edit(peer, outbound)
            case Delete():
                return await self._delete(peer, outbound)
            case React():
                return await self._react(peer, outbound)
            case Typing():
                with suppress(RetryLater, Undeliverable):
                    await self._api.call("messages.setActivity", {"peer_id": peer, "type": "typing"})
                return Receipt(())
            case _:
                raise Undeliverable(Reason.UNSUPPORTED, "VK knows no approved templates")

    async def _say(self, peer: str, say: Say, open_media: OpenMedia) -> Receipt:
        words, keyboard = made.plain(say.text, tagged=say.html), made.keyboard(say.buttons, self._options)
        if not words.strip() and not say.media:
            raise Undeliverable(Reason.BAD_CONTENT, "there is nothing to say")
        fields = made.around(say, peer)
        if say.media:
            fields["attachment"], known = await self._file(peer, say.media, open_media)
            try:
                return await self._post(peer, fields, say, words, keyboard)
            except Refused as refused:
                if not known or refused.reason is not Reason.BAD_CONTENT or refused.code in KEYBOARD:
                    raise
            self._files.pop(_named(say.media), None)
            fields["attachment"], _ = await self._file(peer, say.media, open_media)
        return await self._post(peer, fields, say, words, keyboard)

    async def _post(self, peer: str, fields: made.Fields, say: Say, words: str, keyboard: str) -> Receipt:
        """With its keyboard; where VK does not take that, with its choices in words."""
        if keyboard:
            try:
                return await self._sent(peer, {**fields, "message": words, "keyboard": keyboard})
            except Refused as refused:
                if refused.code not in KEYBOARD:
                    raise
        return await self._sent(peer, {**fields, "message": spelled(words, say.buttons, self._options.text)})

    async def _sent(self, peer: str, fields: made.Fields) -> Receipt:
        """One message; what it answers is left out where VK cannot find that any more."""
        try:
            return await self._asked(peer, fields)
        except Refused as refused:
            if refused.code != 100 or "forward" not in fields:
                raise
        return await self._asked(peer, {key: value for key, value in fields.items() if key != "forward"})

    async def _asked(self, peer: str, fields: made.Fields) -> Receipt:
        """One message; where its answer is lost it goes once more at once, since its key holds it to one."""
        try:
            answer = await self._api.call("messages.send", fields, again=False)
        except Uncertain:
            if fields["random_id"] == "0":
                raise
            answer = await self._api.call("messages.send", fields, again=False)
        receipt = _receipt(answer, peer)
        if "attachment" in fields:
            self._hung[receipt.ids[0]] = fields["attachment"]
            _bounded(self._hung)
        return receipt

    async def _edit(self, peer: str, edit: Edit) -> Receipt:
        """New words; a file stays only where it is named again, so one that is not remembered is not risked."""
        fields = {"peer_id": peer, "cmid": self._number(edit.message, peer), "disable_mentions": "1"}
        words, keyboard = made.plain(edit.text, tagged=edit.html), made.keyboard(edit.buttons, self._options)
        fields["message"] = words if keyboard else spelled(words, edit.buttons, self._options.text)
        if keyboard:
            fields["keyboard"] = keyboard
        if edit.media and edit.message not in self._hung:
            raise Undeliverable(Reason.UNSUPPORTED, "the file of the message would be lost")
        if edit.media:
            fields["attachment"] = self._hung[edit.message]
        await self._changed("messages.edit", fields)
        return Receipt((edit.message,))

    async def _delete(self, peer: str, delete: Delete) -> Receipt:
        fields = {"peer_id": peer, "cmids": self._number(delete.message, peer), "delete_for_all": "1"}
        for one in objects(await self._changed("messages.delete", fields)):
            if part(one, "error"):
                raise verdict(part(one, "error"))
        return Receipt((delete.message,))

    async def _react(self, peer: str, react: React) -> Receipt:
        fields = {"peer_id": peer, "cmid": self._number(react.message, peer)}
        if not react.emoji:
            await self._changed("messages.deleteReaction", fields)
        elif react.emoji in self._numbers or f"{react.emoji}\ufe0f" in self._numbers:
            number = self._numbers.get(react.emoji) or self._numbers[f"{react.emoji}\ufe0f"]
            await self._changed("messages.sendReaction", {**fields, "reaction_id": number})
        else:
            raise Undeliverable(Reason.UNSUPPORTED, "VK has no such reaction")
        return Receipt((react.message,))

    async def _changed(self, method: str, fields: made.Fields) -> object:
        """A change, which twice is the same; of a message that is not there any more the person has seen the last."""
        try:
            return await self._api.call(method, fields)
        except Refused as refused:
            if refused.code == 100 and "cmid" in refused.detail:
                raise Undeliverable(Reason.BAD_CONTENT, GONE) from None
            if refused.code in EXPIRED or refused.code == 15:
                raise Undeliverable(Reason.UNSUPPORTED, refused.detail) from None
            raise

    def _number(self, message: str, peer: str) -> str:
        found = made.number_in(message, peer)
        if not found:
            raise Undeliverable(Reason.BAD_CONTENT, "not a message of this dialog")
        return found

    async def _file(self, peer: str, media: Media, open_media: OpenMedia) -> tuple[str, bool]:
        """What a file is called at VK, and whether it was up already."""
        known = self._files.get(_named(media))
        if known:
            return known, True
        if media.size > self._options.upload_mb * MB:
            raise Undeliverable(Reason.BAD_CONTENT, f"the file is larger than {self._options.upload_mb} MB")
        up = await self._photo(peer, media, open_media) if _is_photo(media) else await self._doc(peer, media, open_media)
        self._files[_named(media)] = up
        _bounded(self._files)
        return up, False

    async def _photo(self, peer: str, media: Media, open_media: OpenMedia) -> str:
        server = await self._api.call("photos.getMessagesUploadServer", {"peer_id": peer})
        told = await self._api.upload(self._place(server), "photo", media, open_media, _ascii(media, "photo.jpg"))
        kept = {"server": str(whole(told, "server")), "photo": text(told, "photo"), "hash": text(told, "hash")}
        saved = objects(await self._api.call("photos.saveMessagesPhoto", kept))
        return _called("photo", saved[0] if saved else {})

    async def _doc(self, peer: str, media: Media, open_media: OpenMedia) -> str:
        type_ = "audio_message" if media.kind is MediaKind.VOICE and media.mime.startswith("audio/ogg") else "doc"
        server = await self._api.call("docs.getMessagesUploadServer", {"peer_id": peer, "type": type_})
        told = await self._api.upload(self._place(server), "file", media, open_media, _ascii(media, "file"))
        title = file_name(media.name) or media.kind.value
        saved = await self._api.call("docs.save", {"file": text(told, "file"), "title": title})
        return _called("doc", part(saved, type_) if isinstance(saved, dict) else {})

    def _place(self, server: object) -> str:
        """Where a file goes up; VK names the place, which is nowhere inside."""
        url = text(server, "upload_url") if isinstance(server, dict) else ""
        if not url.startswith("https://") and urlsplit(url).netloc != urlsplit(self._options.api_base).netloc:
            raise RetryLater(30.0)
        return url


def _receipt(answer: object, peer: str) -> Receipt:
    """What became of the one person a message was for."""
    for one in objects(answer):
        if part(one, "error"):
            raise verdict(part(one, "error"))
        id_ = message_id(whole(one, "peer_id"), whole(one, "conversation_message_id"))
        if id_ and whole(one, "peer_id") == int(peer):
            return Receipt((id_,))
    raise Uncertain("taken, but under no number")


def _called(kind: str, saved: Json) -> str:
    """A file's name in a message, with the word that lets others see it."""
    owner, id_, key = whole(saved, "owner_id"), whole(saved, "id"), text(saved, "access_key")
    if not owner or not id_:
        raise RetryLater(30.0)
    return f"{kind}{owner}_{id_}{f'_{key}' if key else ''}"


def _is_photo(media: Media) -> bool:
    return media.kind is MediaKind.PHOTO and media.mime.partition(";")[0].strip().lower() in _PHOTOS


def _named(media: Media) -> tuple[int, str]:
    return media.attachment_id, media.kind.value


def _ascii(media: Media, otherwise: str) -> str:
    """A file's name as a form's header takes it."""
    name = file_name(media.name)
    return name if name.isascii() and name else otherwise if "." in otherwise else f"{otherwise}{_ending(name)}"


def _ending(name: str) -> str:
    dot = name.rfind(".")
    return name[dot:] if dot > 0 and name[dot:].isascii() else ".bin"


def _bounded(remembered: dict[Any, str]) -> None:
    """Forget what was noted first."""
    while len(remembered) > _REMEMBERED:
        remembered.pop(next(iter(remembered)))
