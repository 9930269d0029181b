"""Where VK brings what happened: the string it asks for, the secret in the body, one event of each request, "ok" after it was kept."""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable
from functools import cache

from aiohttp import web

from channels import hooked
from channels.ask import object_of
from channels.base import Keep
from channels.callback import any_equal
from channels.hooked import DoorOptions
from channels.http import kept, read_json
from channels.payload import Json, part, text, whole
from crm.base.events import RawEvent

_KEY = re.compile(r"[!-~]{1,200}", re.ASCII)
_PEOPLE = ("from_id", "user_id", "reacted_id", "peer_id")


class Door(hooked.Door):
    """The webhook of the community `group`; `confirmation` finds what VK wants to hear ("" = not now)."""

    def __init__(self, options: DoorOptions, group: int, confirmation: Callable[[], Awaitable[str]], clock: Callable[[], int]) -> None:
        super().__init__(options, clock)
        self._group, self._confirmation = group, confirmation

    async def take(self, request: web.Request, keep: Keep) -> web.Response:
        body = await read_json(request, limit=self.options.size, seconds=self.options.patience)
        told = object_of(body)
        if told is None or whole(told, "group_id") != self._group:
            raise self._refused()
        if told.get("type") == "confirmation":  # VK asks before it knows the secret, and the answer is worth nothing to anybody else
            return await self._confirmed()
        secret = text(told, "secret")
        if not any_equal(secret, self.options.secrets):
            raise self._refused()
        await kept(keep, [raw_event(self.options.account, told, without(body, secret), self.clock())], again=self.options.again)
        self.counts["kept"] += 1
        return web.Response(text="ok")

    async def _confirmed(self) -> web.Response:
        words = await self._confirmation()
        if not words:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": str(self.options.again)})
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
