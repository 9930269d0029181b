"""Webhooks: a bot's updates brought to its address, in order per chat, again and again until somebody takes them."""

import asyncio
import json
from collections.abc import Hashable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout

from sandbox.telegram.shapes import Json

if TYPE_CHECKING:
    from sandbox.telegram.updates import Pending
    from sandbox.telegram.world import Bot, World

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"
LOOPBACK = frozenset(["127.0.0.1", "localhost", "::1"])
MOST_CONNECTIONS = 100
LONGEST_WISH = 3600.0
PHRASES = {status.value: status.phrase for status in HTTPStatus}
# What the log and the fault rules call a delivery; the Bot API has no method of that name.
DELIVERY = "webhook"


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: after a failure the next try comes at once, then after `first`, then doubling up to `longest`; an answer may take `patience`."""

    first: float = 1.0
    longest: float = 60.0
    patience: float = 60.0

    def pause(self, failures: int) -> float:
        """How long to wait after so many failures in a row."""
        return 0.0 if failures <= 1 else min(self.longest, self.first * 2.0 ** min(failures - 2, 16))


@dataclass(slots=True)
class Webhook:
    """Where a bot wants its updates, and how the last delivery failed (`error_at` 0 = none has)."""

    url: str
    secret_token: str = ""
    max_connections: int = 40
    error_at: int = 0
    error: str = ""

    def same(self, other: "Webhook | None") -> bool:
        """Tells whether another one asks for the same."""
        return other is not None and (self.url, self.secret_token, self.max_connections) == (other.url, other.secret_token, other.max_connections)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one delivery went: the status (0 = no answer), what is wrong ("" = taken), and the pause the address asks for."""

    status: int
    wrong: str = ""
    after: float | None = None


class Couriers:
    """One courier for every bot that has a webhook."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self.deliveries: list[Json] = []

    def send(self, bot: "Bot") -> None:
        """Begins to deliver to the webhook a bot has now."""
        self.recall(bot)
        if bot.updates.webhook is not None:
            self._tasks[bot.name] = asyncio.create_task(Courier(self._world, bot, bot.updates.webhook).run())

    def recall(self, bot: "Bot") -> None:
        """Ends the delivering to a bot; what was on its way may have arrived and comes again."""
        task = self._tasks.pop(bot.name, None)
        if task is not None:
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
            task.cancel()

    def open(self) -> None:
        """Begins for every bot with a webhook."""
        for bot in self._world.bots.values():
            self.send(bot)

    async def close(self) -> None:
        """Ends all delivering."""
        for bot in self._world.bots.values():
            self.recall(bot)
        await asyncio.gather(*self._ending, return_exceptions=True)

    def note(self, bot: "Bot", update: Json, outcome: Outcome) -> None:
        """Writes one delivery down."""
        entry = {"number": len(self.deliveries) + 1, "at": self._world.clock(), "bot": bot.name, "update_id": update.get("update_id")}
        self.deliveries.append({**entry, "status": outcome.status, "taken": not outcome.wrong, "error": outcome.wrong})


class Courier:
    """Brings the updates of one bot to one address."""

    def __init__(self, world: "World", bot: "Bot", webhook: Webhook) -> None:
        self._world, self._bot, self._webhook = world, bot, webhook
        self._lanes: set[Hashable] = set()
        self._hands = asyncio.Semaphore(webhook.max_connections)

    async def run(self) -> None:
        """Deliver until cancelled: one update of a lane at a time, lanes side by side."""
        async with ClientSession(timeout=ClientTimeout(total=self._world.pace.patience)) as http, asyncio.TaskGroup() as group:
            while True:
                for lane in self._bot.updates.lanes() - self._lanes:
                    self._lanes.add(lane)
                    group.create_task(self._serve(http, lane))
                await self._bot.updates.news()

    async def _serve(self, http: ClientSession, lane: Hashable) -> None:
        while (pending := self._bot.updates.first_of(lane)) is not None:
            await self._bring(http, pending)
        self._lanes.discard(lane)

    async def _bring(self, http: ClientSession, pending: "Pending") -> None:
        """Deliver one update until it is taken or dropped."""
        failures = 0
        while self._bot.updates.holds(pending):
            async with self._hands:
                outcome = await self._attempt(http, pending.update)
            self._world.couriers.note(self._bot, pending.update, outcome)
            if not outcome.wrong:
                self._bot.updates.taken(pending, again=self._world.faults.take_duplicate(self._bot.name, DELIVERY))
                return
            failures += 1
            self._webhook.error_at, self._webhook.error = self._world.now(), outcome.wrong
            await asyncio.sleep(self._world.pace.pause(failures) if outcome.after is None else outcome.after)

    async def _attempt(self, http: ClientSession, update: Json) -> Outcome:
        fault = self._world.faults.take(self._bot.name, None, DELIVERY)
        kind = fault.kind if fault else ""
        if fault and kind in {"slow", "hang"}:
            await self._world.pause(fault.seconds)
        if kind == "drop":
            return Outcome(0, "Connection reset by peer")
        outcome = await self._post(http, update)
        return Outcome(0, "Read timeout expired") if kind in {"drop_after", "hang"} else outcome

    async def _post(self, http: ClientSession, update: Json) -> Outcome:
        if urlsplit(self._webhook.url).hostname not in LOOPBACK:
            return Outcome(0, "Failed to resolve host: Name or service not known")  # nobody outside is ever called
        headers = {"Content-Type": "application/json"} | ({SECRET_HEADER: self._webhook.secret_token} if self._webhook.secret_token else {})
        try:
            async with http.post(self._webhook.url, data=json.dumps(update), headers=headers, allow_redirects=False) as answer:
                await answer.read()
                return judged(answer.status, answer.headers.get("Retry-After", ""))
        except ClientConnectorError:
            return Outcome(0, "Connection refused")
        except TimeoutError:
            return Outcome(0, "Read timeout expired")
        except (ClientError, OSError):
            return Outcome(0, "Connection reset by peer")


def judged(status: int, retry_after: str) -> Outcome:
    """What an answer means: any 2xx takes the update, a Retry-After of up to an hour is obeyed."""
    if 200 <= status <= 299:
        return Outcome(status)
    phrase = PHRASES.get(status, "")
    wish = float(retry_after) if retry_after.isascii() and retry_after.isdigit() else None
    return Outcome(status, f"Wrong response from the webhook: {status} {phrase}".rstrip(), None if wish is None else min(wish, LONGEST_WISH))


def lane_of(update: Json) -> Hashable:
    """What has to stay in order: messages and edits of a chat, presses of a person, everything else of one chat."""
    kind = next((name for name in update if name != "update_id"), "")
    body = update.get(kind)
    told = body if isinstance(body, dict) else {}
    if kind == "callback_query":
        return "person", _id(told.get("from"))
    return ("chat" if kind in {"message", "edited_message"} else kind), _id(told.get("chat"))


def _id(somebody: object) -> str:
    return str(somebody.get("id", "")) if isinstance(somebody, dict) else ""
