"""Listens for what staff do: our own long poll, which moves on only after the events are stored."""

import asyncio
import json
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from telegram.error import Conflict, TelegramError

from bots.staff.endings import words_of
from bots.staff.transport import AiohttpRequest, Throttled
from bots.staff.updates import Json, StaffApplication, chat_of, number
from crm.base.errors import DragomanError, Lost
from crm.base.events import RawEvent
from crm.base.outbound import Health

# Named in full, because what is left out keeps the bot's previous setting.
ALLOWED = ("message", "edited_message", "callback_query", "my_chat_member", "message_reaction")
BATCH = 100
# What the network may add to the time the server holds a poll open.
GRACE = 10.0

log = logging.getLogger(__name__)


class Offsets(Protocol):
    """Where a poller stands; `keep` moves it in the same transaction as the events it covers."""

    async def get(self, name: str) -> int: ...

    async def keep(self, name: str, offset: int, events: Sequence[RawEvent]) -> None: ...


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: how long the server may hold a poll, the first pause after a failure, and the longest; for a webhook how often Telegram is asked
    how delivering goes (`look`), and how long its last error counts (`fresh`)."""

    wait: int = 25
    first: float = 0.5
    most: float = 30.0
    look: float = 60.0
    fresh: float = 300.0

    def pause(self, failures: int, luck: float) -> float:
        """The pause after so many failures in a row; `luck` in 0..1 spreads it, so that nodes do not come back together."""
        return min(self.most, self.first * 2.0 ** min(failures - 1, 16)) * (0.5 + luck / 2)


@dataclass(slots=True)
class PollState:
    """How listening goes, for the health page; `note` is said too while it goes well, `last_at` = last answer of Telegram, milliseconds since 1970."""

    ok: bool = False
    words: str = "not started"
    note: str = ""
    failures: int = 0
    last_at: int = 0

    def health(self) -> Health:
        """The same as a value."""
        words = f"{self.words}, {self.note}" if self.ok and self.note else self.words
        return Health(ok=self.ok, words=words, facts={"failures": str(self.failures), "last_at": str(self.last_at)})

    def goes_well(self, now: int) -> None:
        """Notes a success."""
        if self.failures:
            log.info("staff bot: listening again after %s failures", self.failures)
        self.ok, self.words, self.failures, self.last_at = True, "listening", 0, now

    def goes_wrong(self, words: str) -> None:
        """Notes a failure; the log hears of it when the words change."""
        if words != self.words:
            log.warning("staff bot: %s", words)
        self.ok, self.words, self.failures = False, words, self.failures + 1


class Unreadable(DragomanError):
    """Telegram answered the poll with something that is not a list of updates."""


async def poll(request: AiohttpRequest, offsets: Offsets, state: PollState, *, account: str = "staff", pace: Pace | None = None) -> None:
    """Listens until cancelled; ends by itself only with `Lost`, when another node has taken the polling over."""
    chosen, heard = pace or Pace(), False

    async def step() -> None:
        nonlocal heard
        try:
            await listen_once(request, offsets, account, chosen.wait)
        except Conflict as conflict:
            # Only what stood before we began is left over: whoever sets a webhook later means it, perhaps a newer node of ours.
            if heard or "webhook" not in str(conflict).lower():
                raise
            state.note = await unhook(request, offsets, account)
        else:
            heard = True

    while True:
        await attempt(step, state, chosen)


async def introduce(application: StaffApplication, state: PollState, *, pace: Pace | None = None) -> None:
    """Initialises the application, as often as it takes until Telegram says who the bot is."""
    while not await attempt(application.initialize, state, pace or Pace()):
        continue


async def unhook(request: AiohttpRequest, offsets: Offsets, account: str) -> str:
    """Removes a webhook but nothing that waits for it; answers what it did, in words."""
    host = host_of((await webhook_of(request)).get("url"))
    # While a webhook stood, ids may have begun anew below the offset, and asking from there would give up what waits.
    await offsets.keep(account, 0, [])
    await request.call("deleteWebhook", {})
    return f"a webhook left over at {host} was removed"


async def webhook_of(request: AiohttpRequest) -> Json:
    """What Telegram says of the bot's webhook."""
    told = await request.call("getWebhookInfo", {})
    return told if isinstance(told, dict) else {}


def host_of(url: object) -> str:
    """A webhook's address without its path, which is secret."""
    return "/".join(str(url or "").split("/")[:3])


async def listen_once(request: AiohttpRequest, offsets: Offsets, account: str, wait: int) -> None:
    """Makes one poll and stores what came, offset and events together."""
    offset = await offsets.get(account)
    asked = {"offset": max(offset, 0), "limit": BATCH, "timeout": wait, "allowed_updates": ALLOWED}
    updates = _readable(await request.call("getUpdates", asked, read_timeout=wait + GRACE))
    if updates:
        # The highest of this batch, not of all time: after a quiet week Telegram starts again at a random number.
        last, now = max(id_ for id_, _ in updates), time.time_ns() // 1_000_000
        await offsets.keep(account, last + 1, [_event(account, id_, update, now) for id_, update in updates])


async def attempt(step: Callable[[], Awaitable[str | None]], state: PollState, pace: Pace) -> bool:
    """Makes one step, notes how it went and, where it failed, waits; a step may end well and still say what is wrong."""
    try:
        trouble = await step()
    except Lost:
        state.goes_wrong("another node listens")
        raise
    except Exception as error:  # Listening that dies silently loses more than any error could.
        if not isinstance(error, TelegramError | DragomanError):
            log.exception("staff bot: listening failed")
        state.goes_wrong(_words(error))
        await asyncio.sleep(error.after if isinstance(error, Throttled) else pace.pause(state.failures, random.random()))
        return False
    if trouble:
        state.goes_wrong(trouble)
    else:
        state.goes_well(time.time_ns() // 1_000_000)
    return True


def _words(error: Exception) -> str:
    if isinstance(error, Conflict):
        return f"another program or a webhook takes this bot's updates ({error})"
    if isinstance(error, TelegramError):
        return words_of(error)
    return str(error) if isinstance(error, DragomanError) else f"cannot store updates ({type(error).__name__})"


def _readable(answer: object) -> list[tuple[int, Json]]:
    given = answer if isinstance(answer, list) else [answer]
    updates = [(number(update.get("update_id")), update) for update in given if isinstance(update, dict)]
    readable: list[tuple[int, Json]] = [(id_, update) for id_, update in updates if id_ is not None]
    if given and not readable:
        raise Unreadable
    return readable


def _event(account: str, id_: int, update: Json, now: int) -> RawEvent:
    # `surrogatepass`: Telegram's JSON may hold half a character, and it is kept as it came.
    body = json.dumps(update, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return event_of(account, str(id_), update, body, now)


def event_of(account: str, key: str, update: Json, body: bytes, now: int) -> RawEvent:
    """One update as it is kept, in the lane of its chat."""
    return RawEvent(account=account, key=key, lane=f"{account}:{chat_of(update) or 0}", body=body, received_at=now)
