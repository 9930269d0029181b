"""The long poll: fetch, keep, and only then move on."""

import asyncio
import hashlib
import json
import logging
import random
import re
from collections.abc import Callable, Sequence
from typing import Protocol

from channels.base import Offsets
from channels.telegram.payload import Json, part, text, whole
from channels.telegram.verdicts import Refused
from crm.base.errors import Busy
from crm.base.events import RawEvent
from crm.base.outbound import Reason, RetryLater, Uncertain

log = logging.getLogger(__name__)
LONGEST_WAIT = 30.0
WRONG_TOKEN = "Telegram does not know this token"
_NUMBER = re.compile(rb'"update_id"\s*:\s*([0-9]{1,18})')


class Source(Protocol):
    """Where updates come from."""

    async def updates(self, offset: int) -> list[object]: ...

    async def answer_press(self, press: str) -> None: ...


class Poller:
    """Follows one bot's updates; `trouble` says in words what is wrong at the moment ("" = nothing)."""

    def __init__(self, account: str, source: Source, clock: Callable[[], int], first_wait: float, longest_wait: float = LONGEST_WAIT) -> None:
        self._account, self._source, self._clock = account, source, clock
        self._first_wait, self._longest_wait = first_wait, longest_wait
        self._presses: set[asyncio.Task[None]] = set()
        self.trouble = ""

    async def run(self, offsets: Offsets) -> None:
        """Poll until cancelled, whatever Telegram says: a token it does not know today may be known again tomorrow."""
        offset, failures = await offsets.get(self._account), 0
        while True:
            try:
                updates = await self._source.updates(offset)
            except (RetryLater, Uncertain, Refused) as error:
                failures += 1
                await self._wait_after(error, failures)
                continue
            failures = 0
            self._say("")
            if updates:
                offset = await self._keep(offsets, offset, updates)

    async def _keep(self, offsets: Offsets, offset: int, updates: Sequence[object]) -> int:
        """Ids may jump back after a quiet week, so the next offset follows this batch and not the last one."""
        now = self._clock()
        events = [raw_event(self._account, update, now) for update in updates]
        following = max((_number(update) for update in updates), default=offset - 1) + 1
        busy = 0
        while True:
            try:
                await offsets.keep(self._account, following, events)
            except Busy:
                busy += 1
                self._say("too much is waiting to be worked through; Telegram holds the rest")
                await asyncio.sleep(self._pause(busy))
            else:
                break
        self._acknowledge(updates)
        return following

    def _acknowledge(self, updates: Sequence[object]) -> None:
        """Presses are answered aside, so that the button stops turning; nothing depends on it."""
        for update in updates:
            press = text(part(update, "callback_query"), "id") if isinstance(update, dict) else ""
            if press:
                task = asyncio.create_task(self._source.answer_press(press))
                self._presses.add(task)
                task.add_done_callback(self._presses.discard)

    async def _wait_after(self, error: Exception, failures: int) -> None:
        pause = self._pause(failures)
        if isinstance(error, RetryLater):
            self._say("Telegram cannot be reached" if error.account else "Telegram asks to wait")
            pause = pause if error.account else error.after
        elif isinstance(error, Refused) and error.reason is Reason.ACCOUNT_PROBLEM:
            self._say(WRONG_TOKEN)
            pause = self._spread(self._longest_wait)
        elif isinstance(error, Refused):
            self._say("another program polls with this token, or a webhook is set" if error.code == 409 else f"Telegram refuses: {error.detail}")
        else:
            self._say("Telegram does not answer")
        await asyncio.sleep(pause)

    def _pause(self, failures: int) -> float:
        """Doubling up to 30 s, between half and all of it, so that many pollers do not come back at once."""
        return self._spread(min(self._first_wait * 2.0 ** min(failures - 1, 20), self._longest_wait))

    @staticmethod
    def _spread(longest: float) -> float:
        return longest * random.uniform(0.5, 1.0)

    def _say(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.log(logging.WARNING if trouble else logging.INFO, "%s: %s", self._account, trouble or "polling again")
        self.trouble = trouble

    async def close(self) -> None:
        """Let go of presses not answered yet."""
        presses = list(self._presses)
        for task in presses:
            task.cancel()
        await asyncio.gather(*presses, return_exceptions=True)


def raw_event(account: str, update: object, now: int) -> RawEvent:
    """One update as it is kept; ASCII escapes carry even lone surrogates through unchanged."""
    body = update if isinstance(update, bytes) else json.dumps(update, separators=(",", ":")).encode("ascii")
    number = _number(update)
    key = str(number) if number else f"sha256:{hashlib.sha256(body).hexdigest()}"
    return RawEvent(account, key, f"{account}:{_chat(update) if isinstance(update, dict) else ''}", body, now)


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
            chat = whole(part(what, "chat"), "id") or whole(part(part(what, "message"), "chat"), "id")
            chat = chat or whole(part(what, "from"), "id") or whole(part(what, "user"), "id")
            return str(chat or "")
    return ""
