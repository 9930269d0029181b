"""Files that went to customers as a link: saved, never shown as a page of ours, until their address ends."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from aiohttp import web

from crm.base.db import Session, Store
from crm.base.errors import Busy, DragomanError
from crm.base.text import clean_name
from crm.conversations.media import MediaFiles
from crm.outbox.shares import PATH, shared

_SECRET = re.compile(r"[A-Za-z0-9_-]{24}\Z")
_HEADERS = {
    "Content-Type": "application/octet-stream",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@dataclass(frozen=True, slots=True)
class SharedFiles:
    """The files that were sent as links."""

    store: Store
    files: MediaFiles
    clock: Callable[[], int]

    def routes(self) -> Sequence[web.RouteDef]:
        """Open their addresses."""
        return [web.get(PATH + "{secret}", self._give, allow_head=False)]

    async def _give(self, request: web.Request) -> web.StreamResponse:
        secret, now = request.match_info["secret"], self.clock()
        if not _SECRET.match(secret):
            raise web.HTTPNotFound

        def ask(session: Session) -> tuple[int, str]:
            found = shared(session, secret, now=now)
            return found.attachment_id, found.name

        try:
            number, name = await self.store.read(ask)
            async with self.files.open(number) as chunks:
                answer = web.StreamResponse(headers=_HEADERS | {"Content-Disposition": _disposition(name)})
                await answer.prepare(request)
                async for chunk in chunks:
                    await answer.write(chunk)
        except Busy:
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"}) from None
        except (DragomanError, FileNotFoundError):
            raise web.HTTPNotFound from None
        await answer.write_eof()
        return answer


def _disposition(name: str) -> str:
    return f"attachment; filename=\"file\"; filename*=UTF-8''{quote(clean_name(name, 120) or 'file', safe='')}"
