"""The staff bot's webhook: Telegram brings what staff do to an address that only it knows; each update is kept before it is answered."""

import asyncio
import hashlib
import json
import logging
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from aiohttp import web

from bots.staff.poll import ALLOWED, Pace, PollState, attempt, event_of, host_of, webhook_of
from bots.staff.transport import AiohttpRequest, StaffOptions
from bots.staff.updates import Json, number
from crm.base import webhooks
from crm.base.errors import Busy
from crm.base.events import RawEvent
from crm.base.webhooks import Gate, media_type

Keep = Callable[[Sequence[RawEvent]], Awaitable[None]]
"""Stores events and returns after the commit; raises Busy when too much waits."""

SECRET = "X-Telegram-Bot-Api-Secret-Token"
_NUMBER = re.compile(rb'"update_id"\s*:\s*([0-9]{1,18})')

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HookLimits:
    """What one delivery may take: seconds for its body, bytes; `again` = the seconds after which Telegram may come back when it was not kept."""

    patience: float = 10.0
    size: int = 1024 * 1024
    again: int = 2
    connections: int = 40


def gate_of(options: StaffOptions) -> Gate | None:
    """The gate of the staff bot, or None where Telegram cannot come to us."""
    return webhooks.gate_of("staff", options.public_url, options.server, options.token.partition(":")[0], options.keys)


class Hook:
    """The door itself; `counts` says how often it let in (`kept`) and turned away (`refused`)."""

    def __init__(self, account: str, gate: Gate, limits: HookLimits, clock: Callable[[], int]) -> None:
        self._account, self._gate, self._limits, self._clock = account, gate, limits, clock
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
        body = await _read(request, self._limits)
        try:
            await keep([raw_event(self._account, body, self._clock())])
        except Exception as error:  # Whatever ails the store, nothing was kept; its words may hold what people wrote, so only its kind is logged.
            if not isinstance(error, Busy):
                log.error("an update of the staff was not kept: %s", type(error).__name__)
            raise web.HTTPServiceUnavailable(headers={"Retry-After": str(self._limits.again)}) from None
        self.counts["kept"] += 1
        return web.Response()


async def _read(request: web.Request, limits: HookLimits) -> bytes:
    """The bytes of a JSON body, bounded and never unpacked; raises 415, 413 or 408."""
    if media_type(request.headers) != "application/json" or request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise web.HTTPUnsupportedMediaType
    body = bytearray()
    try:
        async with asyncio.timeout(limits.patience):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > limits.size:
                    raise web.HTTPRequestEntityTooLarge(max_size=limits.size, actual_size=len(body))
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    return bytes(body)


def raw_event(account: str, body: bytes, now: int) -> RawEvent:
    """One delivery as it is kept, under the key that polling would give it; what cannot be read is kept too, in a lane nobody is in."""
    try:
        update = json.loads(body)
    except (ValueError, RecursionError):
        found = _NUMBER.search(body)
        update = {"update_id": int(found[1])} if found else None
    told: Json = update if isinstance(update, dict) else {}
    id_ = number(told.get("update_id"))
    return event_of(account, f"sha256:{hashlib.sha256(body).hexdigest()}" if id_ is None else str(id_), told, body, now)


async def watch(request: AiohttpRequest, gate: Gate, state: PollState, limits: HookLimits, pace: Pace) -> None:
    """Set the webhook as often as it takes, then look now and then whether it still stands; other nodes may do the same."""
    guard = _Guard(request, gate, state, limits, pace)
    while True:
        if await attempt(guard.look, state, pace):
            await asyncio.sleep(pace.look)


class _Guard:
    """What one watch remembers between two looks."""

    def __init__(self, request: AiohttpRequest, gate: Gate, state: PollState, limits: HookLimits, pace: Pace) -> None:
        self._request, self._gate, self._state, self._limits, self._pace = request, gate, state, limits, pace
        self._set, self._error_at = False, 0

    async def look(self) -> str:
        """Look once and set what has to be set; answers what is wrong ("" = nothing)."""
        info = await webhook_of(self._request)
        url, kinds, error_at = info.get("url"), info.get("allowed_updates"), number(info.get("last_error_date")) or 0
        stands = url == self._gate.url and isinstance(kinds, list) and sorted(map(str, kinds)) == sorted(ALLOWED)
        # The secret cannot be read back: it is set once in any case, and again when deliveries begin to fail.
        if not self._set or not stands or error_at > self._error_at:
            asked = {"url": self._gate.url, "secret_token": self._gate.secrets[0], "max_connections": self._limits.connections, "allowed_updates": ALLOWED}
            await self._request.call("setWebhook", asked)
        taken = self._set and url != self._gate.url
        self._set, self._error_at = True, error_at
        self._state.note = f"messages come to {self._gate.host}"
        if taken:
            return f"another program {'moved the webhook to ' + host_of(url) if url else 'removed the webhook'}; it is set again"
        return stuck(info, self._gate.host, int(time.time() - self._pace.fresh))


def stuck(info: Json, host: str, since: int) -> str:
    """Say for a manager that Telegram cannot bring what waits ("" = it can); an error from before `since` (seconds) is over."""
    waiting, error_at = number(info.get("pending_update_count")) or 0, number(info.get("last_error_date")) or 0
    if waiting <= 0 or not error_at or error_at < since:
        return ""
    messages = "a message" if waiting == 1 else f"{waiting} messages"
    return f"Telegram cannot bring {messages} to {host}: {str(info.get('last_error_message'))[:200]}"
