"""Where Meta's channels are brought what happened: the handshake, the signature on raw bytes, one RawEvent of each element.

The way out, the Graph API, is `channels/graph.py`.
"""

import hashlib
import hmac
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from aiohttp import web

from channels.base import Keep
from channels.http import kept, read_json
from crm.base.events import RawEvent

SIGNATURE = "X-Hub-Signature-256"


def signed(body: bytes, header: str, secrets: Sequence[str]) -> bool:
    """Whether the raw bytes of a webhook carry the mark of one of the app's secrets; takes the same time whichever is wrong where."""
    given = header.removeprefix("sha256=").encode("utf-8", "surrogateescape")
    marks = [hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode() for secret in secrets if secret]
    return header.startswith("sha256=") and sum(hmac.compare_digest(given, mark) for mark in marks) > 0


def challenged(request: web.Request, tokens: Sequence[str]) -> web.Response:
    """Answer Meta's question whether the address is ours: its own word back, or 403."""
    asked, given = request.query, request.query.get("hub.verify_token", "").encode("utf-8", "surrogateescape")
    known = sum(hmac.compare_digest(given, token.encode()) for token in tokens if token) > 0
    if asked.get("hub.mode") != "subscribe" or not known:
        raise web.HTTPForbidden
    return web.Response(text=asked.get("hub.challenge", ""), headers={"X-Content-Type-Options": "nosniff"})


@dataclass(frozen=True, slots=True)
class DoorOptions:
    """How a webhook is served: `paths` and `tokens` (for the handshake) the newest first, all app `secrets` believed, sizes bytes, times seconds."""

    paths: tuple[str, ...] = field(repr=False)
    tokens: tuple[str, ...] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    size: int = 4 * 1024 * 1024
    patience: float = 10.0
    again: int = 2


class Door:
    """Where Meta brings what happened; `split` makes one RawEvent of each element, `counts` says how often it let in and turned away."""

    def __init__(self, options: DoorOptions, split: Callable[[bytes, int], Sequence[RawEvent]], clock: Callable[[], int]) -> None:
        self._options, self._split, self._clock = options, split, clock
        self.counts: Counter[str] = Counter()

    def routes(self, keep: Keep) -> Sequence[web.RouteDef]:
        """Open the paths: GET for the handshake, POST for what happened."""

        async def take(request: web.Request) -> web.Response:
            return await self._take(request, keep)

        async def greet(request: web.Request) -> web.Response:
            return challenged(request, self._options.tokens)

        return [route for path in self._options.paths for route in (web.get(path, greet, allow_head=False), web.post(path, take))]

    async def _take(self, request: web.Request, keep: Keep) -> web.Response:
        body = await read_json(request, limit=self._options.size, seconds=self._options.patience)
        if not signed(body, request.headers.get(SIGNATURE, ""), self._options.secrets):
            self.counts["refused"] += 1
            raise web.HTTPUnauthorized
        events = self._split(body, self._clock())
        if events:
            await kept(keep, events, again=self._options.again)
        self.counts["kept"] += len(events)
        return web.Response()


def parked(account: str, body: bytes, now: int) -> RawEvent:
    """A signed body that will not split: kept whole, under its own mark."""
    mark = hashlib.sha256(body).hexdigest()
    return RawEvent(account, f"body:{mark}", f"{account}:body", body, now)
