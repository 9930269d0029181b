"""Telegram for customers: a long poll or a webhook in, the Bot API out, through aiogram, which is loaded only when one of them begins."""

import asyncio
import importlib
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from aiohttp import web

from channels.base import Keep, Offsets
from channels.telegram.hook import Hook, HookOptions, Standing, Watch, gate_of, stuck
from channels.telegram.listen import Poller
from channels.telegram.parse import parse
from channels.telegram.patience import FAILURES, LONGEST_WAIT, WRONG_TOKEN, Patience
from channels.telegram.verdicts import Refused
from crm.base.errors import Misconfigured, NotFound
from crm.base.events import Event, MediaKind, MediaRef, RawEvent
from crm.base.outbound import Health, Limits, May, OpenMedia, Outbound, Reason, Receipt, RetryLater, Window

if TYPE_CHECKING:
    from channels.telegram.line import Line

UPLOAD_SIZE = 50 * 1024 * 1024
DOWNLOAD_SIZE = 20 * 1024 * 1024
_TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]+", re.ASCII)
_BOARD = re.compile(r"(?:@|(?:https://)?t\.me/)([A-Za-z][A-Za-z0-9_]{3,31})/?", re.ASCII)


@dataclass(frozen=True, slots=True)
class TelegramOptions:
    """How to reach one bot; `api_base` "" is Telegram's own address, times are seconds, sizes bytes.

    With a `public_url` that Telegram can come to, updates are brought to a webhook; its path and secret are made of the first of the `keys`, and what
    was made of the others is believed still. Else they are polled.
    """

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
    public_url: str = ""
    keys: tuple[bytes, ...] = field(default=(), repr=False)
    hook: HookOptions = field(default_factory=HookOptions)


class Telegram:
    """One bot that customers write to."""

    title = "Telegram"

    def __init__(self, options: TelegramOptions) -> None:
        _check(options)
        self.options = options
        self._free = Limits(media=frozenset(MediaKind), media_size=options.upload_size, edits=True, deletes=True, reactions=True)
        self._open_now = replace(self._free, windows=True)
        self._own = replace(self._open_now, offers=False)
        self._closed = replace(self._open_now, may=May.NOTHING)
        self._opening = asyncio.Lock()
        self._line: Line | None = None
        self._poller: Poller | None = None
        self._gate = gate_of(options.public_url, options.api_base, options.token.partition(":")[0], options.keys)
        self._hook = Hook(self.account, self._gate, options.hook, _now, self._answer_press) if self._gate else None
        self._watch: Watch | None = None
        self._named = options.username

    @property
    def account(self) -> str:
        return self.options.account

    async def open(self) -> None:
        """Loads aiogram."""
        await self._open()

    def limits(self, window: Window, now: int) -> Limits:
        """A chat with the bot knows no reply window; one in a member's own account does, which each message there opens for a day.

        No promotion leaves in a member's name.
        """
        if not window.session_ends_at:
            return self._free if window.last_inbound_at else self._open_now
        return self._own if now < window.session_ends_at else self._closed

    def entry(self, code: str, words: str = "") -> str:
        """The link that starts the bot with a code."""
        return f"https://t.me/{self._named}?start={code}" if self._named else ""

    def board(self, name: str) -> str:
        """The public channel that a name or its link means; posting there takes the rights of its administrator."""
        found = _BOARD.fullmatch(name.strip())
        return f"@{found[1]}" if found else ""

    def routes(self, keep: Keep) -> Sequence[web.RouteDef]:
        """The webhook's, where there is one."""
        return self._hook.routes(keep) if self._hook else ()

    async def listen(self, offsets: Offsets) -> None:
        """Poll, or keep the webhook set, until cancelled; what is wrong meanwhile, a token that is not known too, `health` says."""
        line, options = await self._open(), self.options
        if self._gate:
            self._watch = Watch(line, self._gate, options.hook, Patience(self.account, options.first_wait, options.longest_wait))
            await self._watch.run()
        self._poller = Poller(self.account, line, _now, options.first_wait, options.longest_wait, line.remove_webhook)
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
        """Asks Telegram who the bot is, and how its webhook stands."""
        line = await self._open()
        try:
            facts, standing = await line.facts(), await line.webhook()
        except Refused as refused:
            return Health(False, WRONG_TOKEN if refused.reason is Reason.ACCOUNT_PROBLEM else f"Telegram refuses: {refused.detail}")
        except FAILURES:
            return Health(False, "Telegram cannot be reached")
        self._named = facts.get("username", "") or self._named
        facts |= {"webhook": standing.host} if standing.url else {}
        facts |= {name: str(count) for name, count in self._hook.counts.items()} if self._hook else {}
        trouble, state = self._hooked(standing) if self._gate else self._polled(standing)
        return Health(not trouble, trouble or f"@{facts.get('username', '')} answers{state}", facts | {"waiting": str(standing.waiting)})

    def _hooked(self, standing: Standing) -> tuple[str, str]:
        """What is wrong with the webhook, and what is to say of it when nothing is."""
        assert self._gate
        trouble = (self._watch.trouble if self._watch else "") or stuck(standing, self._gate, self.options.hook.fresh, _now())
        return trouble, f", messages come to {self._gate.host}" + (f", {standing.waiting} on their way" if standing.waiting else "")

    def _polled(self, standing: Standing) -> tuple[str, str]:
        """What is wrong with polling, and what is to say of it when nothing is."""
        removed = self._poller.removed if self._poller else ""
        trouble = f"messages go to {standing.host}, so none can be polled; delete that webhook, or start again to have it removed" if standing.url else ""
        return trouble or (self._poller.trouble if self._poller else ""), f", a webhook left over at {removed} was removed" if removed else ""

    async def setup(self, menus: Mapping[str, Mapping[str, str]]) -> None:
        """Set the command lists: language ("" = all others) to command to its description; raises as `send` does."""
        line = await self._open()
        await line.set_menus(menus)

    async def close(self) -> None:
        if self._poller:
            await self._poller.close()
        if self._hook:
            await self._hook.close()
        if self._line:
            await self._line.close()

    async def _answer_press(self, press: str) -> None:
        line = await self._open()
        await line.answer_press(press)

    async def _open(self) -> "Line":
        """The line, opened at the first use: aiogram takes seconds to import, so a thread does it and the loop goes on."""
        if self._line is not None:
            return self._line
        async with self._opening:
            if self._line is None:
                await asyncio.to_thread(importlib.import_module, "channels.telegram.line")
                from channels.telegram.line import Line

                self._line = Line(self.options)
            return self._line


async def who(token: str, server: str, proxy: str) -> Health:
    """What Telegram says of a token, by a Bot API server and a proxy ("" = none); raises `Misconfigured` for one that cannot be."""
    channel = Telegram(TelegramOptions(token, server, proxy, connect_seconds=5.0, send_seconds=10.0))
    try:
        return await channel.health()
    finally:
        await channel.close()


def _check(options: TelegramOptions) -> None:
    if not _TOKEN.fullmatch(options.token):
        raise Misconfigured("the token of the Telegram bot does not look like one: digits, a colon, letters")
    if options.api_base and not options.api_base.startswith(("http://", "https://")):
        raise Misconfigured("the address of the Bot API must begin with http:// or https://")


def _now() -> int:
    return time.time_ns() // 1_000_000
