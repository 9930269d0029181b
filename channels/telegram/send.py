"""How things to say become calls of the Bot API: texts, files, keyboards, edits."""

import html
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiogram.methods import (
    DeleteBusinessMessages,
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
    SetMessageReaction,
    TelegramMethod,
)
from aiogram.types import InputFile, LinkPreviewOptions, ReactionTypeEmoji, ReplyKeyboardRemove, ReplyParameters

from channels.payload import file_name, storable
from channels.telegram.keyboards import asking, asks, inline
from channels.telegram.media import media
from channels.telegram.people import mark
from channels.telegram.verdicts import PAUSE, Refused
from channels.telegram.wire import Wire
from crm.base.errors import DragomanError
from crm.base.events import MediaKind
from crm.base.outbound import Delete, Edit, Media, OpenMedia, Outbound, React, Reason, Receipt, RetryLater, Say, Typing, Uncertain, Undeliverable

if TYPE_CHECKING:
    from aiogram import Bot

    from channels.telegram import TelegramOptions

PHOTO_SIZE = 10 * 1024 * 1024  # Telegram takes larger pictures only as documents
_REMEMBERED = 10_000
_BOARD = re.compile(r"@[A-Za-z][A-Za-z0-9_]{3,31}", re.ASCII)
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
_ADDRESS = re.compile(r"([1-9][0-9]{0,18})(?:@([A-Za-z0-9_-]{1,128}))?", re.ASCII)
_Worded = Callable[[str, str | None], Awaitable[object]]


class Speaker:
    """Says things for one bot; remembers file ids and who has a keyboard open, and can forget both without harm."""

    def __init__(self, wire: Wire, options: "TelegramOptions") -> None:
        self._wire, self._options = wire, options
        self._files: dict[tuple[int, MediaKind], str] = {}
        self._asked: set[int | str] = set()

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt:
        """One call of the Bot API, or two when the first was certainly refused; errors as `Carrier.send` says."""
        chat = _chat(address)
        match outbound:
            case Say():
                return await self._say(chat, outbound, open_media)
            case Edit():
                return await self._edit(chat, outbound)
            case Delete():
                await self._forgiving(_deletion(chat, _number(outbound.message)), "message to delete not found")
            case React():
                await self._react(chat, outbound)
            case Typing():
                await self._call(SendChatAction(**chat.named(), action="typing"))
        return Receipt(())

    async def _react(self, chat: "_Chat", react: React) -> None:
        """Telegram knows some seventy emoji; it takes none in an own account (setMessageReaction has no connection)."""
        if chat.connection:
            raise Undeliverable(Reason.UNSUPPORTED, "reactions cannot be put in a member's own chats")
        put: list[Any] = [ReactionTypeEmoji(emoji=storable(react.emoji))] if react.emoji else []
        try:
            await self._call(SetMessageReaction(chat_id=chat.id, message_id=_number(react.message), reaction=put))
        except Refused as refused:
            if refused.says("reaction_invalid") or refused.says("reaction type"):
                raise Undeliverable(Reason.UNSUPPORTED, f"Telegram has no reaction {react.emoji}") from None
            raise

    async def _say(self, chat: "_Chat", say: Say, open_media: OpenMedia) -> Receipt:
        around: dict[str, Any] = {**chat.named(), "reply_markup": self._markup(chat, say), "reply_parameters": _reply(say.reply_to)}

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
        return Receipt((mark(message, chat.connection),) if message else ())

    async def _edit(self, chat: "_Chat", edit: Edit) -> Receipt:
        around: dict[str, Any] = {**chat.named(), "message_id": _number(edit.message), "reply_markup": inline(edit.buttons)}

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

    def _markup(self, chat: "_Chat", say: Say) -> object:
        """A message that takes a keyboard away cannot be edited later, so that rides only on the first one after a keyboard was shown.

        In an own account there is none in place of the letters (Bot API, ReplyKeyboardMarkup): nobody is asked for a number there.
        """
        if chat.connection:
            return inline(say.buttons)
        if asks(say.buttons):
            return asking(say.buttons)
        below = inline(say.buttons)
        return ReplyKeyboardRemove(remove_keyboard=True) if below is None and chat.id in self._asked and not say.personal else below

    def _note_keyboard(self, chat: "_Chat", say: Say) -> None:
        if chat.connection:
            return
        if asks(say.buttons):
            if len(self._asked) >= _REMEMBERED:
                self._asked.clear()
            self._asked.add(chat.id)
        elif not say.buttons and not say.personal:
            self._asked.discard(chat.id)

    def _remember(self, key: tuple[int, MediaKind], result: object) -> None:
        refs = media(result) if isinstance(result, dict) else ()
        if refs:
            if len(self._files) >= _REMEMBERED:
                self._files.pop(next(iter(self._files)))
            self._files[key] = refs[0].ref


@dataclass(frozen=True, slots=True)
class _Chat:
    """A chat with the bot, one in an own account that the bot is connected to, or a public channel by its name."""

    id: int | str
    connection: str = ""

    def named(self) -> dict[str, Any]:
        """The chat as a method's parameters."""
        return {"chat_id": self.id, **({"business_connection_id": self.connection} if self.connection else {})}


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
    found = _ADDRESS.fullmatch(message)
    return ReplyParameters(message_id=int(found[1]), allow_sending_without_reply=True) if found else None


def _deletion(chat: _Chat, message: int) -> TelegramMethod[Any]:
    if chat.connection:
        return DeleteBusinessMessages(business_connection_id=chat.connection, message_ids=[message])
    return DeleteMessage(chat_id=chat.id, message_id=message)


def _chat(address: str) -> _Chat:
    if _BOARD.fullmatch(address):
        return _Chat(address)
    found = _ADDRESS.fullmatch(address)
    if not found:
        raise Undeliverable(Reason.BAD_ADDRESS, "not an id of Telegram's")
    return _Chat(int(found[1]), found[2] or "")


def _number(message: str) -> int:
    found = _ADDRESS.fullmatch(message)
    if not found:
        raise Undeliverable(Reason.BAD_CONTENT, "not an id of Telegram's")
    return int(found[1])
