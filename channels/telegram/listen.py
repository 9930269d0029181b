"""The long poll: fetch, keep, and only then move on."""

import asyncio
import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from channels.base import Offsets
from channels.payload import Json, part, text, whole
from channels.telegram.patience import FAILURES, LONGEST_WAIT, Patience
from channels.telegram.people import connection_of, mark
from channels.telegram.verdicts import Refused
from crm.base.errors import Busy
from crm.base.events import RawEvent

PRESSES_AT_ONCE = 200
_NUMBER = re.compile(rb'"update_id"\s*:\s*([0-9]{1,18})')


class Source(Protocol):
    """Where updates come from."""

    async def updates(self, offset: int) -> list[object]: ...

    async def answer_press(self, press: str) -> None: ...


class Poller:
    """Follows one bot's updates; `unhook` removes a webhook and answers its host, "" = there was none."""

    def __init__(
        self,
        account: str,
        source: Source,
        clock: Callable[[], int],
        first_wait: float,
        longest_wait: float = LONGEST_WAIT,
        unhook: Callable[[], Awaitable[str]] | None = None,
    ) -> None:
        self._account, self._source, self._clock, self._unhook = account, source, clock, unhook
        self._patience = Patience(account, first_wait, longest_wait)
        self._presses = Presses(source.answer_press)
        self.removed = ""

    @property
    def trouble(self) -> str:
        """What is wrong at the moment, in words ("" = nothing)."""
        return self._patience.trouble

    async def run(self, offsets: Offsets) -> None:
        """Poll until cancelled, whatever Telegram says: a token it does not know today may be known again tomorrow."""
        offset = await offsets.get(self._account)
        while True:
            try:
                updates = await self._source.updates(offset)
            except FAILURES as error:
                offset = await self._after(error, offsets, offset)
                continue
            self._patience.well()
            self._unhook = None  # whoever sets a webhook from now on means it, perhaps a newer node of ours
            if updates:
                offset = await self._keep(offsets, offset, updates)

    async def _after(self, error: Exception, offsets: Offsets, offset: int) -> int:
        """Wait as the failure asks; a webhook left over from before is removed. Answers the offset to go on with."""
        if self._unhook and isinstance(error, Refused) and error.code == 409 and error.says("webhook"):
            try:
                # While a webhook stood, ids may have begun anew below the offset, and asking from there would give up what waits.
                await offsets.keep(self._account, 0, [])
                self.removed = await self._unhook() or self.removed
            except (Busy, *FAILURES) as worse:
                error = worse
            else:
                return 0
        await asyncio.sleep(self._patience.failed(error))
        return offset

    async def _keep(self, offsets: Offsets, offset: int, updates: Sequence[object]) -> int:
        """Ids may jump back after a quiet week, so the next offset follows this batch and not the last one."""
        now = self._clock()
        events = [raw_event(self._account, update, now) for update in updates]
        following = max((_number(update) for update in updates), default=offset - 1) + 1
        while True:
            try:
                await offsets.keep(self._account, following, events)
            except Busy as busy:
                await asyncio.sleep(self._patience.failed(busy))
            else:
                break
        for update in updates:
            self._presses.acknowledge(update)
        return following

    async def close(self) -> None:
        """Let go of presses not answered yet."""
        await self._presses.close()


class Presses:
    """Answers presses aside, so that the button stops turning; nothing depends on it."""

    def __init__(self, answer: Callable[[str], Awaitable[None]]) -> None:
        self._answer = answer
        self._tasks: set[asyncio.Task[None]] = set()

    def acknowledge(self, update: object) -> None:
        """Answer the press an update is, if it is one and not too many wait for an answer already."""
        press = text(part(update, "callback_query"), "id") if isinstance(update, dict) else ""
        if press and len(self._tasks) < PRESSES_AT_ONCE:
            task = asyncio.create_task(self._stop(press))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _stop(self, press: str) -> None:
        await self._answer(press)

    async def close(self) -> None:
        """Let go of what is not answered yet."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def raw_event(account: str, update: object, now: int, body: bytes = b"") -> RawEvent:
    """One update as it is kept: the bytes it came in, or else ASCII escapes, which carry even lone surrogates through unchanged."""
    told = body or (update if isinstance(update, bytes) else json.dumps(update, separators=(",", ":")).encode("ascii"))
    number = _number(update)
    key = str(number) if number else f"sha256:{hashlib.sha256(told).hexdigest()}"
    return RawEvent(account, key, f"{account}:{_chat(update) if isinstance(update, dict) else ''}", told, now)


def _number(update: object) -> int:
    """An update's id; one that cannot be read as JSON still begins with it."""
    if isinstance(update, bytes):
        found = _NUMBER.search(update)
        return int(found[1]) if found else 0
    return whole(update, "update_id") if isinstance(update, dict) else 0


def _chat(update: Json) -> str:
    """The chat an update belongs to; a press and the message it is under share one, so they keep their order."""
    for what in update.values():
        if isinstance(what, dict):
            message = part(what, "message")
            chat = whole(part(what, "chat"), "id") or whole(part(message, "chat"), "id")
            if own := connection_of(what) or connection_of(message):
                return mark(chat, own)
            chat = chat or whole(part(what, "from"), "id") or whole(part(what, "user"), "id")
            return str(chat or "")
    return ""
