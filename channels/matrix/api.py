"""The client-server API of one Matrix server, under the access token of one account."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from channels.ask import PAUSE, Line, Times, held
from channels.matrix.options import MatrixOptions
from channels.matrix.verdicts import judge
from channels.payload import Json, text
from crm.base.outbound import Media, OpenMedia, Reason, RetryLater, Uncertain, Undeliverable

CLIENT = "/_matrix/client/v3"
_ANSWER_MOST = 64 * 1024 * 1024
"""What happened in thousands of rooms may come in one answer."""


class Api:
    """A line to the server; `me` is who we are there ("" = not asked yet)."""

    def __init__(self, options: MatrixOptions) -> None:
        self._options = options
        self._line = Line(Times(options.connect_seconds, options.send_seconds, options.upload_seconds), most=_ANSWER_MOST)
        self._base = options.api_base.rstrip("/")
        self.headers = {"Authorization": f"Bearer {options.token}"}
        self.me = ""

    async def call(self, method: str, path: str, *, body: object = None, asked: Mapping[str, str] | None = None, seconds: float = 0.0) -> Json:
        """One call below /_matrix; raises as `judge` does, Uncertain where the answer was lost."""
        more: dict[str, Any] = {"headers": self.headers, "params": asked or {}}
        if body is not None:
            more["json"] = body
        return judge(await self._line.ask(method, self._base + path, seconds=seconds, **more))

    async def look(self, path: str, *, asked: Mapping[str, str] | None = None, seconds: float = 0.0) -> Json:
        """One question, which changes nothing: where the answer was lost it is asked again later."""
        try:
            return await self.call("GET", path, asked=asked, seconds=seconds)
        except Uncertain:
            raise RetryLater(PAUSE) from None

    async def put(self, path: str, body: object) -> Json:
        """Say something under a key of its own: where the answer is lost it goes once more at once, since the key holds it to one."""
        try:
            return await self.call("PUT", path, body=body)
        except Uncertain:
            return await self.call("PUT", path, body=body)

    async def who(self) -> str:
        """Who we are: asked once."""
        if not self.me:
            self.me = text(await self.look(f"{CLIENT}/account/whoami"), "user_id")
        return self.me

    async def upload(self, media: Media, open_media: OpenMedia, name: str) -> str:
        """Bring a file up; answers its address there. Nobody sees it by that alone, so what nobody knows is RetryLater."""
        body, type_ = await held(media, open_media), media.mime or "application/octet-stream"
        headers = {**self.headers, "Content-Type": type_}
        try:
            url = f"{self._base}/_matrix/media/v3/upload"
            told = judge(await self._line.ask("POST", url, seconds=self._options.upload_seconds, data=body, headers=headers, params={"filename": name}))
        except Uncertain:
            raise RetryLater(PAUSE) from None
        found = text(told, "content_uri")
        if not found.startswith("mxc://"):
            raise Undeliverable(Reason.BAD_CONTENT, "the file went up, but under no address")
        return found

    def files(self, server: str, file: str) -> tuple[str, str]:
        """Where a file is fetched: as it is done now, and as older servers have it."""
        end = f"{quote(server, safe='')}/{quote(file, safe='')}"
        return f"{self._base}/_matrix/client/v1/media/download/{end}", f"{self._base}/_matrix/media/v3/download/{end}"

    async def close(self) -> None:
        """Close the connections."""
        await self._line.close()


def room(id_: str, *more: str) -> str:
    """A path below a room."""
    return "/".join((f"{CLIENT}/rooms", quote(id_, safe=""), *(quote(one, safe="") for one in more)))
