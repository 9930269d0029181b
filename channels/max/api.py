"""MAX's API; the token stands in a header of each call, and what this account trusts is its own."""

import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from channels.ask import PAUSE, Line, Times, object_of
from channels.max.options import MaxOptions
from channels.max.verdicts import judge
from channels.payload import Json
from crm.base.outbound import Media, OpenMedia, Reason, RetryLater, Uncertain, Undeliverable


class Api:
    """A line to the API with the token of one bot."""

    def __init__(self, options: MaxOptions, tls: ssl.SSLContext | None) -> None:
        self._options = options
        self._line = Line(Times(options.connect_seconds, options.send_seconds, options.upload_seconds), tls)

    async def call(
        self, method: str, path: str, *, again: bool = True, seconds: float = 0.0, body: object = None, asked: Mapping[str, str] | None = None
    ) -> Json:
        """One call; `again` = twice is the same, so what nobody knows is RetryLater. Else raises as `judge` does."""
        more: dict[str, Any] = {"headers": {"Authorization": self._options.token}, "params": asked or {}}
        if body is not None:
            more["json"] = body
        try:
            answer = await self._line.ask(method, self._options.api_base.rstrip("/") + path, seconds=seconds, **more)
            return judge(answer, self._options.ready_seconds)
        except Uncertain:
            if again:
                raise RetryLater(PAUSE) from None
            raise

    async def video(self, token: str) -> Json:
        """What MAX knows of a video: its addresses by size."""
        return await self.call("GET", f"/videos/{quote(token, safe='')}")

    async def upload(self, url: str, media: Media, open_media: OpenMedia, name: str) -> Json:
        """Bring a file to the server MAX named; of a video or a sound it tells nothing. Raises RetryLater, or Undeliverable for one it does not take."""
        answer = await self._line.upload(url, "data", media, open_media, name)
        if answer.status in (400, 413, 415):
            raise Undeliverable(Reason.BAD_CONTENT, f"MAX does not take this file ({answer.status})")
        if not 200 <= answer.status < 300:
            raise RetryLater(answer.after or PAUSE)
        return object_of(answer.body) or {}

    async def close(self) -> None:
        """Close the connections."""
        await self._line.close()
