"""Telegram for customers: a long poll in, the Bot API out, through aiogram, which is loaded only when one of them begins."""

import asyncio
import importlib
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

from channels.base import Keep, Offsets
from channels.telegram.listen import LONGEST_WAIT, WRONG_TOKEN, Poller
from channels.telegram.parse import parse
from channels.telegram.verdicts import Refused
from crm.base.errors import Misconfigured, NotFound
from crm.base.events import Event, MediaKind, MediaRef, RawEvent
from crm.base.outbound import Health, Limits, OpenMedia, Outbound, Reason, Receipt, RetryLater, Uncertain, Window

if TYPE_CHECKING:
    from channels.telegram.line import Line

UPLOAD_SIZE = 50 * 1024 * 1024
DOWNLOAD_SIZE = 20 * 1024 * 1024
_TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class TelegramOptions:
    """How to reach one bot; `api_base` "" is Telegram's own address, times are seconds, sizes bytes."""

    token: str = field(repr=False)
    api_base: str = ""
    proxy: str = field(default="", repr=False)
    username: str = ""
    account: str = "telegram"
    poll_seconds: int = 25
    connect_seconds: float = 10.0
    send_seconds: float = 20.0
    upload_seconds: float = 180.0
    first_wait: float = 1.0
    longest_wait: float = LONGEST_WAIT
    upload_size: int = UPLOAD_SIZE


class Telegram:
    """One bot that customers write to."""

    title = "Telegram"

    def __init__(self, options: TelegramOptions) -> None:
        _check(options)
        self.options = options
        self._limits = Limits(media=frozenset(MediaKind), media_size=options.upload_size, edits=True, deletes=True)
        self._opening = asyncio.Lock()
        self._line: Line | None = None
        self._poller: Poller | None = None

    @property
    def account(self) -> str:
        return self.options.account

    def limits(self, window: Window, now: int) -> Limits:
        """The same at all times: Telegram knows no reply window."""
        return self._limits

    def routes(self, keep: Keep) -> Sequence[web.RouteDef]:
        """None: updates are polled."""
        return ()

    async def listen(self, offsets: Offsets) -> None:
        """Poll until cancelled; what is wrong meanwhile, a token that is not known too, `health` says."""
        line = await self._open()
        self._poller = Poller(self.account, line, _now, self.options.first_wait, self.options.longest_wait)
        try:
            await self._poller.run(offsets)
        finally:
            await self._poller.close()

    def parse(self, raw: RawEvent) -> Sequence[Event]:
        return parse(raw)

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt:
        line = await self._open()
        return await line.send(address, outbound, open_media)

    async def fetch_media(self, ref: MediaRef) -> AsyncIterator[bytes]:
        """The bytes of a file, at most 20 MB; NotFound when Telegram will not give it, RetryLater when it may later."""
        if ref.size > DOWNLOAD_SIZE:
            raise NotFound("Telegram gives bots files up to 20 MB only")
        line = await self._open()
        try:
            async for chunk in line.download(ref.ref, DOWNLOAD_SIZE):
                yield chunk
        except Refused as refused:
            if refused.reason is Reason.ACCOUNT_PROBLEM:
                raise RetryLater(LONGEST_WAIT, account=True) from None
            raise NotFound(refused.detail) from None

    async def health(self) -> Health:
        """Asks Telegram who the bot is and whether a webhook stands in the poll's way."""
        line = await self._open()
        try:
            facts = await line.facts()
        except Refused as refused:
            return Health(False, WRONG_TOKEN if refused.reason is Reason.ACCOUNT_PROBLEM else f"Telegram refuses: {refused.detail}")
        except (RetryLater, Uncertain):
            return Health(False, "Telegram cannot be reached")
        trouble = self._poller.trouble if self._poller else ""
        if "webhook" in facts:
            trouble = "a webhook is set, so nothing can be polled; delete it"
        return Health(not trouble, trouble or f"@{facts.get('username', '')} answers", facts)

    async def setup(self, menus: Mapping[str, Mapping[str, str]]) -> None:
        """Set the command lists: language ("" = all others) to command to its description; raises as `send` does."""
        line = await self._open()
        await line.set_menus(menus)

    async def close(self) -> None:
        if self._poller:
            await self._poller.close()
        if self._line:
            await self._line.close()

    async def _open(self) -> "Line":
        """The line, opened at the first use: aiogram takes seconds to import, so a thread does it and the loop goes on."""
        async with self._opening:
            if self._line is None:
                await asyncio.to_thread(importlib.import_module, "channels.telegram.line")
                from channels.telegram.line import Line

                self._line = Line(self.options)
            return self._line


def _check(options: TelegramOptions) -> None:
    if not _TOKEN.fullmatch(options.token):
        raise Misconfigured("the token of the Telegram bot does not look like one: digits, a colon, letters")
    if options.api_base and not options.api_base.startswith(("http://", "https://")):
        raise Misconfigured("the address of the Bot API must begin with http:// or https://")


def _now() -> int:
    return time.time_ns() // 1_000_000
