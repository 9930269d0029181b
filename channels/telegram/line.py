"""Everything of the channel that needs aiogram, behind one door, so that one import loads it all."""

from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from aiogram.methods import AnswerCallbackQuery, DeleteWebhook, GetMe, GetWebhookInfo, SetMyCommands, SetWebhook
from aiogram.types import BotCommand, BotCommandScopeAllPrivateChats

from channels.telegram.hook import KINDS, Standing, standing_of
from channels.telegram.send import Speaker
from channels.telegram.wire import Wire
from crm.base.outbound import OpenMedia, Outbound, Receipt, RetryLater, Uncertain, Undeliverable
from crm.base.webhooks import Gate

if TYPE_CHECKING:
    from channels.telegram import TelegramOptions

_PRESS_SECONDS = 10.0


class Line:
    """One bot's line to Telegram, open for talking and listening."""

    def __init__(self, options: "TelegramOptions") -> None:
        self._options = options
        self._wire = Wire(options)
        self._speaker = Speaker(self._wire, options)

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt:
        return await self._speaker.send(address, outbound, open_media)

    async def updates(self, offset: int) -> list[object]:
        return await self._wire.updates(offset)

    async def answer_press(self, press: str) -> None:
        """Stop a pressed button from turning; too late or unreachable does not matter."""
        with suppress(RetryLater, Undeliverable, Uncertain):
            await self._wire.call(AnswerCallbackQuery(callback_query_id=press), _PRESS_SECONDS)

    def download(self, file_id: str, most: int) -> AsyncIterator[bytes]:
        """The bytes of a file, at most `most` of them."""
        return self._wire.download(file_id, most)

    async def facts(self) -> dict[str, str]:
        """Who the bot is."""
        me = await self._wire.call(GetMe(), self._options.send_seconds)
        return {key: str(me[key]) for key in ("id", "username", "first_name") if key in me} if isinstance(me, dict) else {}

    async def webhook(self) -> Standing:
        """How the bot's webhook stands."""
        return standing_of(await self._wire.call(GetWebhookInfo(), self._options.send_seconds))

    async def set_webhook(self, gate: Gate, connections: int) -> None:
        """Have updates brought to a gate; what waits is brought too, and asking twice does no harm."""
        ask = SetWebhook(url=gate.url, secret_token=gate.secrets[0], max_connections=connections, allowed_updates=list(KINDS))
        await self._wire.call(ask, self._options.send_seconds)

    async def remove_webhook(self) -> str:
        """Have updates kept for polling again, what waits too; answers the host they went to."""
        host = (await self.webhook()).host
        await self._wire.call(DeleteWebhook(), self._options.send_seconds)
        return host

    async def set_menus(self, menus: Mapping[str, Mapping[str, str]]) -> None:
        """Set the command lists: language to command to its description."""
        for language, commands in menus.items():
            listed = [BotCommand(command=command, description=says) for command, says in commands.items()]
            await self._wire.call(
                SetMyCommands(commands=listed, scope=BotCommandScopeAllPrivateChats(), language_code=language or None), self._options.send_seconds
            )

    async def close(self) -> None:
        await self._wire.close()
