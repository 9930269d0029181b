"""How things to say become calls of the Bot API: texts, files, keyboards, edits."""

import html
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from aiogram.methods import (
    DeleteMessage,
    EditMessageCaption,
    EditMessageText,
    SendAudio,
    SendChatAction,
    SendDocument,
    SendMessage,
    SendPhoto,
    SendSticker,
    SendVideo,
    SendVoice,
    TelegramMethod,
)
from aiogram.types import InputFile, LinkPreviewOptions, ReplyKeyboardRemove, ReplyParameters

from channels.payload import file_name, storable
from channels.telegram.keyboards import asking, asks, inline
from channels.telegram.media import media
from channels.telegram.verdicts import PAUSE, Refused
from channels.telegram.wire import Wire
from crm.base.errors import DragomanError
from crm.base.events import MediaKind
from crm.base.outbound import Delete, Edit, Media, OpenMedia, Outbound, Reason, Receipt, RetryLater, Say, Typing, Uncertain, Undeliverable

if TYPE_CHECKING:
    from aiogram import Bot

    from channels.telegram import TelegramOptions

PHOTO_SIZE = 10 * 1024 * 1024  # Telegram takes larger pictures only as documents
_REMEMBERED = 10_000
_ID = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)
_TAG = re.compile(r"<[^<>]*>")
_UNREADABLE = (OSError, LookupError, ValueError, DragomanError)
_FILES: dict[MediaKind, tuple[Callable[..., TelegramMethod[Any]], str]] = {
    MediaKind.PHOTO: (SendPhoto, "photo"),
    MediaKind.DOCUMENT: (SendDocument, "document"),
    MediaKind.VOICE: (SendVoice, "voice"),
    MediaKind.AUDIO: (SendAudio, "audio"),
    MediaKind.VIDEO: (SendVideo, "video"),
    MediaKind.STICKER: (SendSticker, "sticker"),
}
_Worded = Callable[[str, str | None], Awaitable[object]]


class Speaker:
    """Says things for one bot; remembers file ids and who has a keyboard open, and can forget both without harm."""

    def __init__(self, wire: Wire, options: "TelegramOptions") -> None:
        self._wire, self._options = wire, options
        self._files: dict[tuple[int, MediaKind], str] = {}
        self._asked: set[int] = set()

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt:
        """One call of the Bot API, or two when the first was certainly refused; errors as `Carrier.send` says."""
        chat = _number(address, Reason.BAD_ADDRESS)
        match outbound:
            case Say():
                return await self._say(chat, outbound, open_media)
            case Edit():
                return await self._edit(chat, outbound)
            case Delete():
                await self._forgiving(DeleteMessage(chat_id=chat, message_id=_number(outbound.message)), "message to delete not found")
            case Typing():
                await self._call(SendChatAction(chat_id=chat, action="typing"))
        return Receipt(())

    async def _say(self, chat: int, say: Say, open_media: OpenMedia) -> Receipt:
        around: dict[str, Any] = {"chat_id": chat, "reply_markup": self._markup(chat, say), "reply_parameters": _reply(say.reply_to)}

        async def text(words: str, mode: str | None) -> object:
            return await self._call(SendMessage(text=words, parse_mode=mode, link_preview_options=LinkPreviewOptions(is_disabled=True), **around))

        async def file(words: str, mode: str | None) -> object:
            assert say.media is not None
            if say.media.kind is not MediaKind.STICKER or words:
                around.update(caption=words, parse_mode=mode)
            return await self._file(say.media, bool(words), around, open_media)

        result = await _worded(file if say.media else text, say.text, say.html)
        self._note_keyboard(chat, say)
        message = result.get("message_id") if isinstance(result, dict) else None
        return Receipt((str(message),) if message else ())

    async def _edit(self, chat: int, edit: Edit) -> Receipt:
        around: dict[str, Any] = {"chat_id": chat, "message_id": _number(edit.message), "reply_markup": inline(edit.buttons)}

        async def change(words: str, mode: str | None) -> object:
            if edit.media:
                return await self._forgiving(EditMessageCaption(caption=words, parse_mode=mode, **around), "message is not modified")
            plain = LinkPreviewOptions(is_disabled=True)
            return await self._forgiving(EditMessageText(text=words, parse_mode=mode, link_preview_options=plain, **around), "message is not modified")

        await _worded(change, edit.text, edit.html)
        return Receipt((edit.message,))

    async def _file(self, media_: Media, captioned: bool, around: dict[str, Any], open_media: OpenMedia) -> object:
        """By the id Telegram gave it before, else by upload."""
        kind = _shown_as(media_, captioned)
        method, field = _FILES[kind]
        key = (media_.attachment_id, kind)
        known = self._files.pop(key, "")
        if known:
            try:
                result = await self._call(method(**{field: known}, **around))
            except Refused as refused:
                if not refused.says("file"):
                    self._files[key] = known
                    raise
            else:
                self._files[key] = known
                return result
        result = await self._upload(media_, lambda upload: method(**{field: upload}, **around), open_media)
        self._remember(key, result)
        return result

    async def _upload(self, media_: Media, build: Callable[[InputFile], TelegramMethod[Any]], open_media: OpenMedia) -> object:
        if media_.size > self._options.upload_size:
            raise Undeliverable(Reason.BAD_CONTENT, "file is too big")
        async with AsyncExitStack() as stack:
            try:
                chunks = await stack.enter_async_context(open_media(media_.attachment_id))
            except _UNREADABLE:
                raise Undeliverable(Reason.BAD_CONTENT, "the file cannot be opened") from None
            upload = _Upload(chunks, file_name(media_.name) or media_.kind.value)
            try:
                return await self._wire.call(build(upload), self._options.upload_seconds)
            except Uncertain:
                if upload.broken:
                    raise Undeliverable(Reason.BAD_CONTENT, "the file cannot be read") from None
                if not upload.finished:
                    raise RetryLater(PAUSE) from None  # without its last part a form is no request
                raise

    async def _call(self, method: TelegramMethod[Any]) -> object:
        return await self._wire.call(method, self._options.send_seconds)

    async def _forgiving(self, method: TelegramMethod[Any], harmless: str) -> object:
        """A refusal with these words means that what we want is so already."""
        try:
            return await self._call(method)
        except Refused as refused:
            if refused.says(harmless):
                return None
            raise

    def _markup(self, chat: int, say: Say) -> object:
        """A message that takes a keyboard away cannot be edited later, so that rides only on the first one after a keyboard was shown."""
        if asks(say.buttons):
            return asking(say.buttons)
        below = inline(say.buttons)
        return ReplyKeyboardRemove(remove_keyboard=True) if below is None and chat in self._asked and not say.personal else below

    def _note_keyboard(self, chat: int, say: Say) -> None:
        if asks(say.buttons):
            if len(self._asked) >= _REMEMBERED:
                self._asked.clear()
            self._asked.add(chat)
        elif not say.buttons and not say.personal:
            self._asked.discard(chat)

    def _remember(self, key: tuple[int, MediaKind], result: object) -> None:
        refs = media(result) if isinstance(result, dict) else ()
        if refs:
            if len(self._files) >= _REMEMBERED:
                self._files.pop(next(iter(self._files)))
            self._files[key] = refs[0].ref


class _Upload(InputFile):
    """A stored file on its way into a form, chunk by chunk."""

    def __init__(self, chunks: AsyncIterator[bytes], name: str) -> None:
        super().__init__(filename=name)
        self._chunks, self.broken, self.finished = chunks, False, False

    async def read(self, bot: "Bot") -> AsyncGenerator[bytes, None]:
        try:
            async for chunk in self._chunks:
                yield chunk
        except _UNREADABLE:
            self.broken = True
            raise
        self.finished = True


async def _worded(call: _Worded, words: str, is_html: bool) -> object:
    """Says it as HTML where asked; when Telegram cannot parse that, says it plainly rather than not at all."""
    words = storable(words)
    if not is_html:
        return await call(words, None)
    try:
        return await call(words, "HTML")
    except Refused as refused:
        if not refused.says("can't parse entities"):
            raise
    return await call(html.unescape(_TAG.sub("", words)), None)


def _shown_as(media_: Media, captioned: bool) -> MediaKind:
    """Large pictures and stickers with words go as documents."""
    too_large = media_.kind is MediaKind.PHOTO and media_.size > PHOTO_SIZE
    return MediaKind.DOCUMENT if too_large or (media_.kind is MediaKind.STICKER and captioned) else media_.kind


def _reply(message: str) -> ReplyParameters | None:
    return ReplyParameters(message_id=int(message), allow_sending_without_reply=True) if _ID.fullmatch(message) else None


def _number(words: str, otherwise: Reason = Reason.BAD_CONTENT) -> int:
    if not _ID.fullmatch(words):
        raise Undeliverable(otherwise, "not an id of Telegram's")
    return int(words)
