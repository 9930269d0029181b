"""Where VK brings what happened: the string it asks for, the secret in the body, one event of each request, "ok" after it was kept."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

from aiohttp import web

from channels.ask import object_of
from channels.base import Keep
from channels.callback import any_equal
from channels.http import kept, read_json
from channels.payload import Json, part, text, whole
from crm.base.events import RawEvent

_KEY = re.compile(r"[!-~]{1,200}", re.ASCII)
_PEOPLE = ("from_id", "user_id", "reacted_id", "peer_id")


@dataclass(frozen=True, slots=True)
class DoorOptions:
    """How the webhook of one community is served; all `secrets` are believed, the newest first; sizes bytes, times seconds."""

    account: str
    group: int
    paths: tuple[str, ...] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    size: int = 1024 * 1024
    patience: float = 10.0
    again: int = 2


class Door:
    """The webhook; `confirmation` finds what VK wants to hear ("" = not now), `counts` says how often it let in and turned away."""

    def __init__(self, options: DoorOptions, confirmation: Callable[[], Awaitable[str]], clock: Callable[[], int]) -> None:
        self._options, self._confirmation, self._clock = options, confirmation, clock
        self.counts: Counter[str] = Counter()

    def routes(self, keep: Keep) -> Sequence[web.RouteDef]:
        """Open the paths."""

        async def take(request: web.Request) -> web.Response:
            return await self._take(request, keep)

        return [web.post(path, take) for path in self._options.paths]

    async def _take(self, request: web.Request, keep: Keep) -> web.Response:
        body = await read_json(request, limit=self._options.size, seconds=self._options.patience)
        told = object_of(body)
        if told is None or whole(told, "group_id") != self._options.group:
            raise self._refused()
        if told.get("type") == "confirmation":  # VK asks before it knows the secret, and the answer is worth nothing to anybody else
            return await self._confirmed()
        secret = text(told, "secret")
        if not any_equal(secret, self._options.secrets):
            raise self._refused()
        await kept(keep, [raw_event(self._options.account, told, without(body, secret), self._clock())], again=self._options.again)
        self.counts["kept"] += 1
        return web.Response(text="ok")

    async def _confirmed(self) -> web.Response:
        words = await self._confirmation()
        if not words:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": str(self._options.again)})
        return web.Response(text=words)

    def _refused(self) -> web.HTTPException:
        self.counts["refused"] += 1
        return web.HTTPForbidden()


def without(body: bytes, secret: str) -> bytes:
    """The body without its secret, which has no place in a table; inside of a text its quotes would be escaped."""
    return _standing(secret).sub(b'"secret":""', body)


@cache
def _standing(secret: str) -> re.Pattern[bytes]:
    """Where a secret that is believed stands in a body."""
    return re.compile(rb'"secret"\s*:\s*' + re.escape(json.dumps(secret).encode()))


def raw_event(account: str, told: Json, body: bytes, now: int) -> RawEvent:
    """One event as it is kept, under VK's own id of it."""
    key = text(told, "event_id")
    if not _KEY.fullmatch(key):
        key = f"body:{hashlib.sha256(body).hexdigest()}"
    return RawEvent(account, key, f"{account}:{person_of(told)}", body, now)


def person_of(told: Json) -> str:
    """The number of the person an event is about ("" = nobody's): one person's events keep their order."""
    about = part(told, "object")
    about = part(about, "message") or about
    return next((str(number) for key in _PEOPLE if (number := whole(about, key)) > 0), "")
