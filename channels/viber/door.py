"""Where Viber brings what happened, one event a call, and where it fetches the files that we send."""

import asyncio
import hmac
import json
import mimetypes
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from aiohttp import web

from channels.base import Keep
from channels.http import handed_out, kept, read_body
from channels.meta import parked
from channels.payload import Json, text
from channels.viber.parse import OPENED, WEBHOOK, address, greeted, split
from channels.viber.seals import Seals, SharedFile
from crm.base.outbound import OpenMedia

SIGNATURE = "X-Viber-Content-Signature"
_WAITING_MOST = 200


class Welcomes:
    """Chats just opened whose call is still unanswered: what is said there first goes as the answer, the one message that is free to who only looks."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Future[bytes]] = {}

    def expect(self, person: str) -> "asyncio.Future[bytes] | None":
        """Wait for what is said to somebody; None when too many wait already, or this person does."""
        if person in self._waiting or len(self._waiting) >= _WAITING_MOST:
            return None
        made = self._waiting[person] = asyncio.get_running_loop().create_future()
        return made

    def hand(self, person: str, said: Callable[[], bytes]) -> bool:
        """Give somebody's call its answer; whether there was one that waited."""
        waiting = self._waiting.pop(person, None)
        if waiting is None or waiting.done():
            return False
        waiting.set_result(said())
        return True

    def forget(self, person: str) -> None:
        """Wait no more."""
        self._waiting.pop(person, None)


def signed(body: bytes, header: str, keys: Sequence[bytes]) -> bool:
    """Whether a header has the HMAC-SHA256 of the raw bytes by one of the keys, the newest of which is asked first."""
    given = header.strip().lower().encode("utf-8", "surrogateescape")
    return any(hmac.compare_digest(given, hmac.digest(key, body, "sha256").hex().encode()) for key in keys)


def envelope(body: bytes) -> Json | None:
    """What a body says of itself; None for one that is no object. `parse` reads it again, and strictly."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


@dataclass(frozen=True, slots=True)
class DoorOptions:
    """How the webhook is served: `paths` the newest first, all `tokens` believed, `size` bytes, times seconds; `welcome` is a ready answer (b"" = none)."""

    account: str
    paths: tuple[str, ...] = field(repr=False)
    tokens: tuple[str, ...] = field(repr=False)
    size: int
    wait: float
    welcome: bytes = b""
    patience: float = 10.0


class Door:
    """Takes events and hands out files; `counts` says how often it let in and turned away."""

    def __init__(self, options: DoorOptions, seals: Seals, welcomes: Welcomes, open_media: OpenMedia | None, clock: Callable[[], int]) -> None:
        self._options, self._seals, self._welcomes, self._open_media, self._clock = options, seals, welcomes, open_media, clock
        self._keys = [token.encode() for token in options.tokens]
        self.counts: Counter[str] = Counter()

    def routes(self, keep: Keep) -> Sequence[web.RouteDef]:
        """Open the paths: POST for what happened, and below them GET for files."""

        async def take(request: web.Request) -> web.Response:
            return await self._take(request, keep)

        paths = self._options.paths
        return [*(web.post(path, take) for path in paths), *(web.get(f"{path}/file/{{sealed}}/{{name}}", self._hand_out) for path in paths)]

    async def _take(self, request: web.Request, keep: Keep) -> web.Response:
        options, answer_by = self._options, asyncio.get_running_loop().time() + self._options.wait
        body = await read_body(request, limit=options.size, seconds=options.patience)
        if not signed(body, request.headers.get(SIGNATURE, ""), self._keys):
            self.counts["refused"] += 1
            raise web.HTTPUnauthorized
        told = envelope(body)
        if told is None:
            await kept(keep, [parked(options.account, body, self._clock())])
            return web.Response()
        event = text(told, "event")
        self.counts[WEBHOOK if event == WEBHOOK else "kept"] += 1
        if event == WEBHOOK:  # set_webhook asks while it is called, and nothing has happened
            return web.Response()
        if event == OPENED and greeted(told):
            return await self._opened(keep, body, told, answer_by)
        await kept(keep, [split(options.account, body, told, self._clock())])
        return web.Response()

    async def _opened(self, keep: Keep, body: bytes, told: Json, answer_by: float) -> web.Response:
        """Keep that a chat was opened and answer with what is said there, if it is said soon; `answer_by` = seconds of the loop's clock."""
        options, person = self._options, address(told)
        waiting = self._welcomes.expect(person) if person and options.wait else None
        try:
            await kept(keep, [split(options.account, body, told, self._clock())])
            said = await self._said(waiting, answer_by)
        finally:
            if waiting is not None:
                self._welcomes.forget(person)
        return web.Response(body=said, content_type="application/json") if said else web.Response()

    async def _said(self, waiting: "asyncio.Future[bytes] | None", answer_by: float) -> bytes:
        if waiting is None:
            return b""
        try:
            async with asyncio.timeout_at(answer_by):
                return await waiting
        except TimeoutError:
            return self._options.welcome

    async def _hand_out(self, request: web.Request) -> web.StreamResponse:
        """A file to whoever has its address, while that is good; nothing in it runs in a page of ours."""
        file = self._seals.opened(request.match_info["sealed"], request.match_info["name"])
        if file is None or file.until <= self._clock() or self._open_media is None:
            raise web.HTTPNotFound
        answer = web.StreamResponse(headers=_headers(file))
        answer.content_length = file.size
        if request.method == "HEAD":
            await answer.prepare(request)
            return answer
        await handed_out(request, answer, self._open_media, file.attachment_id)
        self.counts["files"] += 1
        return answer


def _headers(file: SharedFile) -> dict[str, str]:
    return {
        "Content-Type": mimetypes.guess_type(file.name)[0] or "application/octet-stream",
        "Content-Disposition": "attachment",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "private, max-age=86400",
    }
