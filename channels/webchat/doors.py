"""The widget's addresses under /in/webchat/: the socket, plain messages where sockets are not let through, files both ways."""

import math
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from urllib.parse import quote

from aiohttp import web

from channels.http import Budget, client_address, cross_origin, handed_out, origin_allowed, read_body, strict_json
from channels.webchat.desk import Desk
from channels.webchat.frames import Act, Hello, TypingNow, read_values, valid_secret
from channels.webchat.lines import History
from channels.webchat.raw import Visitor, visitor_id
from channels.webchat.room import Room
from channels.webchat.talk import Talk, resume, welcome
from channels.webchat.uploads import Seals
from crm.base.errors import Busy, Invalid, NotFound
from crm.base.files import PICTURES
from crm.base.outbound import Media, OpenMedia

_BODY = 65_536
_CALLS_PER_MINUTE = 600
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Inner = Callable[[web.Request, str], Awaitable[web.StreamResponse]]


class Doors:
    """The routes, joined with what they need."""

    def __init__(self, desk: Desk, room: Room, history: History, seals: Seals, open_media: OpenMedia) -> None:
        self._desk, self._room, self._history, self._seals, self._open_media = desk, room, history, seals, open_media
        self._talk = Talk(desk, room, history, seals.seal)
        self._calls = Budget(_CALLS_PER_MINUTE, 60)
        self._files = Budget(desk.options.files_per_hour, 3600)

    def routes(self) -> Sequence[web.RouteDef]:
        """List the addresses."""
        return [
            web.get("/in/webchat/socket", self._guarded(self._socket), allow_head=False),
            web.post("/in/webchat/messages", self._guarded(self._messages)),
            web.post("/in/webchat/files", self._guarded(self._upload)),
            web.options("/in/webchat/messages", self._preflight),
            web.options("/in/webchat/files", self._preflight),
            web.get("/in/webchat/files/{sealed}", self._download, allow_head=False),
        ]

    def _guarded(self, inner: Inner) -> Handler:
        """Let only allowed pages in, count calls per address, and let the page read a refusal too."""
        options = self._desk.options

        async def guarded(request: web.Request) -> web.StreamResponse:
            if not origin_allowed(request, options.origins):
                raise web.HTTPForbidden(text="this page may not talk to us")
            headers, address = cross_origin(request, options.origins), client_address(request, options.proxies)
            try:
                _spend(self._calls, address, self._desk.clock())
                answer = await inner(request, address)
            except web.HTTPException as refusal:
                refusal.headers.update(headers)
                raise
            except Invalid as error:
                raise web.HTTPBadRequest(text=error.detail, headers=headers) from None
            except Busy:
                raise web.HTTPServiceUnavailable(headers=headers | {"Retry-After": "2"}) from None
            if not answer.prepared:
                answer.headers.update(headers)
            return answer

        return guarded

    async def _preflight(self, request: web.Request) -> web.Response:
        options = self._desk.options
        if not origin_allowed(request, options.origins):
            raise web.HTTPForbidden
        return web.Response(status=204, headers=cross_origin(request, options.origins))

    async def _socket(self, request: web.Request, address: str) -> web.StreamResponse:
        options = self._desk.options
        with self._room.seat(address):
            socket = web.WebSocketResponse(heartbeat=options.heartbeat, max_msg_size=options.frame, autoping=False, compress=False)
            await socket.prepare(request)
            await self._talk.run(socket, address)
        return socket

    async def _messages(self, request: web.Request, address: str) -> web.Response:
        secret = valid_secret(request.headers.get("X-Visitor", ""))
        hello, acts = _read_batch(strict_json(await read_body(request, limit=_BODY)))
        visitor = Visitor(visitor_id(secret), hello)
        for _ in range(len(acts) + 1):
            _spend(self._talk.frames, visitor.id, self._desk.clock())
        after, lines = await resume(self._history, visitor.id, hello.last_seq)
        answers = [await self._desk.take(visitor, act, address, stranger=not lines) for act in acts]
        return web.json_response(welcome(after, lines, self._seals.seal, self._desk.options) | {"answers": answers}, headers={"Cache-Control": "no-store"})

    async def _upload(self, request: web.Request, address: str) -> web.Response:
        secret = valid_secret(request.headers.get("X-Visitor", ""))
        _spend(self._files, address, self._desk.clock())
        ref = await self._desk.uploads.take(request, visitor_id(secret))
        return web.json_response({"file": ref.ref, "kind": ref.kind.value, "name": ref.name, "size": ref.size})

    async def _download(self, request: web.Request) -> web.StreamResponse:
        try:
            media = self._seals.open(request.match_info["sealed"])
        except NotFound:
            raise web.HTTPNotFound from None
        answer = web.StreamResponse(headers=_file_headers(media) | cross_origin(request, self._desk.options.origins))
        return await handed_out(request, answer, self._open_media, media.attachment_id)


def _spend(budget: Budget, key: str, now: int) -> None:
    if wait := budget.take(key, now):
        raise web.HTTPTooManyRequests(headers={"Retry-After": str(math.ceil(wait))})


def _read_batch(values: dict[str, object]) -> tuple[Hello, list[Act]]:
    """Read a hello with frames beside it; raises Invalid."""
    found = values.pop("frames", [])
    if not isinstance(found, list) or len(found) > 10:
        raise Invalid("frames is not a short list")
    hello = read_values({"type": "hello", **values})
    frames = [read_values(frame) for frame in found if isinstance(frame, Mapping)]
    acts = [frame for frame in frames if not isinstance(frame, Hello | TypingNow)]
    if not isinstance(hello, Hello) or len(acts) != len(found):
        raise Invalid("frames of another kind")
    return hello, acts


def _file_headers(media: Media) -> dict[str, str]:
    picture = media.mime in PICTURES
    disposition = "inline" if picture else f"attachment; filename=\"file\"; filename*=UTF-8''{quote(media.name or 'file', safe='')}"
    return {
        "Content-Type": media.mime if picture else "application/octet-stream",
        "Content-Disposition": disposition,
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Cache-Control": "private, max-age=86400, immutable",
        "Referrer-Policy": "no-referrer",
    }


def receipt() -> str:
    """Make the id of one sending to a screen."""
    return f"web:{secrets.token_hex(8)}"
