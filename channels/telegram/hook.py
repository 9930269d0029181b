"""The webhook: Telegram brings updates to an address that only it knows; each is kept before it is answered."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web

from channels.base import Keep
from channels.http import kept, read_json
from channels.payload import Json, plain_name, text, whole
from channels.telegram.listen import Presses, raw_event
from channels.telegram.patience import FAILURES, Patience
from crm.base import webhooks
from crm.base.webhooks import Gate

KINDS = (
    "message",
    "edited_message",
    "callback_query",
    "my_chat_member",
    "message_reaction",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
)
"""The updates we ask for, named in full: what is left out keeps the bot's previous setting."""
SECRET = "X-Telegram-Bot-Api-Secret-Token"


@dataclass(frozen=True, slots=True)
class HookOptions:
    """How the webhook is served and looked after: seconds, bytes, connections Telegram may open at once.

    `look` is how often Telegram is asked how delivering goes, `fresh` how long its last error counts, `again` when it may come back after a 503.
    """

    look: float = 60.0
    fresh: float = 300.0
    again: int = 2
    patience: float = 10.0
    size: int = 1024 * 1024
    connections: int = 40


@dataclass(frozen=True, slots=True)
class Standing:
    """What Telegram says of a bot's webhook: how many updates wait, and when (milliseconds, 0 = never) and how a delivery failed last."""

    url: str = ""
    kinds: frozenset[str] = frozenset()
    waiting: int = 0
    error_at: int = 0
    error: str = ""

    @property
    def host(self) -> str:
        """The webhook's address without its path, which is secret."""
        return "/".join(self.url.split("/")[:3])


class Registry(Protocol):
    """Where a webhook is written down."""

    async def webhook(self) -> Standing: ...

    async def set_webhook(self, gate: Gate, connections: int) -> None: ...


def gate_of(public_url: str, api_base: str, bot: str, keys: Sequence[bytes]) -> Gate | None:
    """The gate of a bot (its number), or None where Telegram cannot come to us."""
    return webhooks.gate_of("telegram", public_url, api_base, bot, keys)


class Hook:
    """The door itself; `counts` says how often it let in (`kept`) and turned away (`refused`)."""

    def __init__(self, account: str, gate: Gate, options: HookOptions, clock: Callable[[], int], answer_press: Callable[[str], Awaitable[None]]) -> None:
        self._account, self._gate, self._options, self._clock = account, gate, options, clock
        self._presses = Presses(answer_press)
        self.counts: Counter[str] = Counter()

    def routes(self, keep: Keep) -> Sequence[web.RouteDef]:
        """Open the paths, for POST alone."""

        async def take(request: web.Request) -> web.Response:
            return await self._take(request, keep)

        return [web.post(path, take) for path in self._gate.paths]

    async def _take(self, request: web.Request, keep: Keep) -> web.Response:
        if not self._gate.knows(request.headers.get(SECRET, "")):
            self.counts["refused"] += 1
            raise web.HTTPUnauthorized
        body = await read_json(request, limit=self._options.size, seconds=self._options.patience)
        update = read_update(body)
        await kept(keep, [raw_event(self._account, update, self._clock(), body)], again=self._options.again)
        self.counts["kept"] += 1
        self._presses.acknowledge(update)
        return web.Response()

    async def close(self) -> None:
        """Let go of presses not answered yet."""
        await self._presses.close()


def read_update(body: bytes) -> object:
    """The update in a body as polling would bring it, or the bytes themselves where they are no JSON."""
    try:
        return json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        return body


class Watch:
    """Keeps the webhook set; `trouble` says in words what is wrong at the moment ("" = nothing)."""

    def __init__(self, registry: Registry, gate: Gate, options: HookOptions, patience: Patience) -> None:
        self._registry, self._gate, self._options, self._patience = registry, gate, options, patience
        self._set, self._error_at = False, 0

    @property
    def trouble(self) -> str:
        """What is wrong at the moment, in words ("" = nothing)."""
        return self._patience.trouble if self._patience.trouble or self._set else "the webhook is not set yet"

    async def run(self) -> None:
        """Set the webhook as often as it takes, then look now and then whether it still stands; other nodes may do the same."""
        while True:
            try:
                taken = await self._look()
            except FAILURES as error:
                await asyncio.sleep(self._patience.failed(error))
                continue
            self._patience.well()
            self._patience.say(taken)
            await asyncio.sleep(self._options.look)

    async def _look(self) -> str:
        """Look once and set what has to be set; says who took the webhook away."""
        found, taken = await self._registry.webhook(), ""
        stands = found.url == self._gate.url and found.kinds == frozenset(KINDS)
        # The secret cannot be read back: it is set once in any case, and again when deliveries begin to fail.
        if not self._set or not stands or found.error_at > self._error_at:
            await self._registry.set_webhook(self._gate, self._options.connections)
            if self._set and found.url != self._gate.url:
                taken = f"another program {'moved the webhook to ' + found.host if found.url else 'removed the webhook'}; it is set again"
        self._set, self._error_at = True, found.error_at
        return taken


def standing_of(told: object) -> Standing:
    """Read what getWebhookInfo answered."""
    info: Json = told if isinstance(told, dict) else {}
    kinds = info.get("allowed_updates")
    return Standing(
        text(info, "url"),
        frozenset(str(kind) for kind in kinds) if isinstance(kinds, list) else frozenset(),
        max(whole(info, "pending_update_count"), 0),
        whole(info, "last_error_date") * 1000,
        plain_name(text(info, "last_error_message")),
    )


def stuck(standing: Standing, gate: Gate, fresh: float, now: int) -> str:
    """Say for a manager that Telegram cannot bring what waits ("" = it can); Telegram repeats its last error long after it is over."""
    if not standing.waiting or not standing.error_at or now - standing.error_at > fresh * 1000:
        return ""
    waiting = "a message" if standing.waiting == 1 else f"{standing.waiting} messages"
    return f"Telegram cannot bring {waiting} to {gate.host}: {standing.error}"
