"""What the staff bot can send and fetch: the carrier of the account "staff" on python-telegram-bot."""

import html
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypedDict, TypeVar

from telegram import (
    BotCommand,
    BotCommandScopeChat,
    BotCommandScopeDefault,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    LinkPreviewOptions,
    Message,
    ReplyParameters,
)
from telegram.constants import ChatAction, ParseMode
from telegram.error import BadRequest, TelegramError

from bots.staff.endings import GONE, MISSHAPEN, SOON, ended, says, words_of
from bots.staff.topics import PRIVATE, act, opened, react, tempo, thread_of
from bots.staff.transport import AiohttpRequest, StaffBot, StaffOptions
from crm.base.errors import DragomanError
from crm.base.events import MediaKind, MediaRef
from crm.base.outbound import (
    Buttons,
    Delete,
    Edit,
    Health,
    Limits,
    Media,
    OpenMedia,
    Outbound,
    React,
    Reason,
    Receipt,
    RetryLater,
    Say,
    Topic,
    Typing,
    Uncertain,
    Undeliverable,
    Window,
)

MEGABYTE = 1024 * 1024
LARGEST_UPLOAD = 50 * MEGABYTE
LARGEST_DOWNLOAD = 20 * MEGABYTE
LARGEST_PHOTO = 10 * MEGABYTE
PRESS_ANSWER = 200
LIMITS = Limits(
    media=frozenset(MediaKind),
    media_size=LARGEST_UPLOAD,
    edits=True,
    deletes=True,
    account_rate=25.0,
    chat_every=PRIVATE.every,
    chat_burst=PRIVATE.burst,
    needs_inbound=False,
    tempo=tempo,
)
# A file that Telegram will not take as a picture, voice or video is still a file.
ONLY_A_DOCUMENT = ("photo_", "image_process_failed", "voice_messages_forbidden", "video_", "wrong type", "wrong file type", "sticker")
NUMBER = re.compile(r"-?[0-9]{1,18}")
TAG = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)
UNWANTED_IN_A_NAME = re.compile(r'[\x00-\x1f\x7f"\\/]')

Worded = TypeVar("Worded", Say, Edit)
Sent = TypeVar("Sent")
log = logging.getLogger(__name__)


class Bare(TypedDict):
    """What every message with a file carries besides it."""

    reply_markup: InlineKeyboardMarkup | None
    reply_parameters: ReplyParameters | None
    message_thread_id: int | None


class Dress(Bare):
    """What every message with a caption carries besides its file."""

    caption: str | None
    parse_mode: str | None


class StaffCarrier:
    """Sends to reps and managers; `bot` and `request` are for the handlers and the poller of the same account."""

    def __init__(self, options: StaffOptions, account: str = "staff") -> None:
        self._account = account
        self.request = AiohttpRequest(options)
        self.bot = StaffBot(options, self.request)

    @property
    def account(self) -> str:
        """The account it sends for."""
        return self._account

    async def open(self) -> None:
        """All is loaded when there is one."""

    def limits(self, window: Window, now: int) -> Limits:
        """What Telegram allows a bot in a private chat, and how fast it may write to a group."""
        return LIMITS

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt:
        """Sends one thing to the chat `address`; raises RetryLater, Undeliverable, Uncertain and nothing else."""
        chat = _number(address)
        if chat is None:
            raise Undeliverable(Reason.BAD_ADDRESS, "not a chat id")
        with ended():
            match outbound:
                case Say():
                    return await self._say(chat, outbound, open_media)
                case Edit():
                    return await self._edit(chat, outbound)
                case Delete():
                    return await self._delete(chat, outbound)
                case Topic():
                    return await act(self.bot, chat, outbound)
                case React():
                    return await react(self.bot, chat, _message_number(outbound.message), outbound)
                case Typing():
                    await self.bot.send_chat_action(chat, ChatAction.TYPING)
                    return Receipt(())
                case _:
                    raise Undeliverable(Reason.UNSUPPORTED, type(outbound).__name__)

    async def fetch_media(self, ref: MediaRef) -> AsyncIterator[bytes]:
        """Streams a file that a rep sent, at most 20 MB; raises RetryLater or Undeliverable."""
        seen = 0
        try:
            with ended():
                async for chunk in self.request.download(await self._path(ref)):
                    seen += len(chunk)
                    if seen > LARGEST_DOWNLOAD:
                        raise Undeliverable(Reason.BAD_CONTENT, "file is too big")
                    yield chunk
        except Uncertain as error:
            # Fetching changes nothing at Telegram, so it may simply be done again.
            raise RetryLater(SOON) from error

    async def answer_press(self, callback_query_id: str, text: str = "", *, alert: bool = False) -> None:
        """Ends the waiting of a pressed button; best effort, because Telegram takes such an answer for a short while only."""
        try:
            await self.bot.answer_callback_query(callback_query_id, text=text[:PRESS_ANSWER] or None, show_alert=alert)
        except (TelegramError, *MISSHAPEN) as error:
            log.info("a press was not answered: %s", error)

    async def set_commands(self, chat_id: int | None, language: str, commands: Sequence[tuple[str, str]]) -> None:
        """Sets the menu (name, description) of one chat, or of everybody; language "" = all others. Raises as `send` does."""
        scope = BotCommandScopeDefault() if chat_id is None else BotCommandScopeChat(chat_id)
        with ended():
            await self.bot.set_my_commands([BotCommand(*command) for command in commands], scope=scope, language_code=language or None)

    async def health(self) -> Health:
        """Asks Telegram who the bot is."""
        try:
            me = await self.request.call("getMe", {})
        except TelegramError as error:
            return Health(ok=False, words=words_of(error))
        username = str(me.get("username", "")) if isinstance(me, dict) else ""
        return Health(ok=True, words=f"@{username} answers", facts={"username": username})

    async def close(self) -> None:
        """Closes the line to Telegram."""
        await self.request.shutdown()

    async def _say(self, chat: int, say: Say, open_media: OpenMedia) -> Receipt:
        async def send() -> Message:
            if say.media is None:
                return await _plain_if_refused(say, lambda worded: self._send_text(chat, worded))
            return await self._say_with_file(chat, say, say.media, open_media)

        message = await opened(self.bot, chat, say.thread, send)
        return Receipt((str(message.message_id),))

    async def _send_text(self, chat: int, say: Say) -> Message:
        return await self.bot.send_message(
            chat,
            say.text,
            parse_mode=_mode(say),
            reply_markup=_keyboard(say.buttons),
            reply_parameters=_reply(say.reply_to),
            link_preview_options=LinkPreviewOptions(is_disabled=True),
            message_thread_id=thread_of(say.thread),
            disable_notification=say.quiet or None,
        )

    async def _say_with_file(self, chat: int, say: Say, media: Media, open_media: OpenMedia) -> Message:
        content = await _content(media, open_media)
        kind = MediaKind.DOCUMENT if _too_much_for_its_kind(say, media, len(content)) else media.kind
        file = InputFile(content, UNWANTED_IN_A_NAME.sub("_", media.name) or media.kind.value)
        try:
            return await _plain_if_refused(say, lambda worded: self._send_file(chat, kind, file, worded))
        except BadRequest as error:
            if kind is MediaKind.DOCUMENT or not says(error, ONLY_A_DOCUMENT):
                raise
        return await _plain_if_refused(say, lambda worded: self._send_file(chat, MediaKind.DOCUMENT, file, worded))

    async def _send_file(self, chat: int, kind: MediaKind, file: InputFile, say: Say) -> Message:
        bare = Bare(reply_markup=_keyboard(say.buttons), reply_parameters=_reply(say.reply_to), message_thread_id=thread_of(say.thread))
        dress = Dress(caption=say.text or None, parse_mode=_mode(say), **bare)
        match kind:
            case MediaKind.PHOTO:
                return await self.bot.send_photo(chat, file, **dress)
            case MediaKind.DOCUMENT:
                return await self.bot.send_document(chat, file, **dress)
            case MediaKind.VOICE:
                return await self.bot.send_voice(chat, file, **dress)
            case MediaKind.AUDIO:
                return await self.bot.send_audio(chat, file, **dress)
            case MediaKind.VIDEO:
                return await self.bot.send_video(chat, file, **dress)
            case MediaKind.STICKER:
                return await self.bot.send_sticker(chat, file, **bare)

    async def _edit(self, chat: int, edit: Edit) -> Receipt:
        message = _message_number(edit.message)
        try:
            await _plain_if_refused(edit, lambda worded: self._send_edit(chat, message, worded))
        except BadRequest as error:
            if not says(error, ("message is not modified",)):
                raise
        return Receipt((edit.message,))

    async def _send_edit(self, chat: int, message: int, edit: Edit) -> object:
        mode, keyboard = _mode(edit), _keyboard(edit.buttons)
        if edit.media:
            return await self.bot.edit_message_caption(chat, message, caption=edit.text, parse_mode=mode, reply_markup=keyboard)
        preview = LinkPreviewOptions(is_disabled=True)
        return await self.bot.edit_message_text(edit.text, chat, message, parse_mode=mode, reply_markup=keyboard, link_preview_options=preview)

    async def _delete(self, chat: int, delete: Delete) -> Receipt:
        try:
            await self.bot.delete_message(chat, _message_number(delete.message))
        except BadRequest as error:
            if not says(error, GONE):
                raise
        return Receipt((delete.message,))

    async def _path(self, ref: MediaRef) -> str:
        found = await self.request.call("getFile", {"file_id": ref.ref})
        path = found.get("file_path") if isinstance(found, dict) else None
        if not isinstance(path, str):
            raise Undeliverable(Reason.BAD_CONTENT, "file is not there")
        return path


async def _plain_if_refused(worded: Worded, send: Callable[[Worded], Awaitable[Sent]]) -> Sent:
    try:
        return await send(worded)
    except BadRequest as error:
        if not worded.html or not says(error, ("can't parse entities",)):
            raise
    return await send(replace(worded, text=html.unescape(TAG.sub("", worded.text)), html=False))


async def _content(media: Media, open_media: OpenMedia) -> bytes:
    # In memory, because python-telegram-bot's InputFile takes no stream; fit never lets more than 50 MB come here.
    try:
        async with open_media(media.attachment_id) as chunks:
            content = b"".join([chunk async for chunk in chunks])
    except (DragomanError, OSError) as error:
        raise Undeliverable(Reason.BAD_CONTENT, "the file cannot be read") from error
    if not content:
        raise Undeliverable(Reason.BAD_CONTENT, "the file is empty")
    return content


def _too_much_for_its_kind(say: Say, media: Media, size: int) -> bool:
    return (media.kind is MediaKind.PHOTO and size > LARGEST_PHOTO) or (media.kind is MediaKind.STICKER and bool(say.text))


def _keyboard(buttons: Buttons) -> InlineKeyboardMarkup | None:
    rows = [
        [
            InlineKeyboardButton(button.label, url=button.url or None, callback_data=None if button.url else button.value)
            for button in row
            if button.url or button.value
        ]
        for row in buttons
    ]
    shown = [row for row in rows if row]
    return InlineKeyboardMarkup(shown) if shown else None


def _mode(worded: Say | Edit) -> str | None:
    return ParseMode.HTML if worded.html else None


def _reply(message: str) -> ReplyParameters | None:
    number = _number(message)
    return None if number is None else ReplyParameters(number, allow_sending_without_reply=True)


def _number(written: str) -> int | None:
    return int(written) if NUMBER.fullmatch(written) else None


def _message_number(written: str) -> int:
    number = _number(written)
    if number is None:
        raise Undeliverable(Reason.BAD_CONTENT, "gone")
    return number
