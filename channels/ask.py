"""Asking a platform over HTTP: one request, and whether it left the house; what an answer means is each channel's own affair."""

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout, ConnectionTimeoutError, FormData, TCPConnector

from channels.payload import Json
from crm.base.errors import DragomanError
from crm.base.outbound import Media, OpenMedia, Reason, RetryLater, Uncertain, Undeliverable
from crm.base.webhooks import LOOPBACK

PAUSE, LONGEST_PAUSE = 5.0, 3600.0
_ANSWER_MOST = 4 * 1024 * 1024
_UNREADABLE = (OSError, LookupError, ValueError, DragomanError)


@dataclass(frozen=True, slots=True)
class Wait:
    """A verdict: certainly not sent, again after `seconds`; `account` = everything of this account waits."""

    seconds: float = PAUSE
    account: bool = False


Verdict = Reason | Wait


@dataclass(frozen=True, slots=True)
class Times:
    """How long a request may take: seconds."""

    connect: float = 10.0
    send: float = 20.0
    upload: float = 180.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, unread."""

    status: int
    body: bytes
    after: float = 0.0


class Line:
    """A way out to one platform; `tls` is what its certificates are checked with, for this line alone; of an answer at most `most` bytes are read.

    It opens itself at the first request.
    """

    def __init__(self, times: Times, tls: ssl.SSLContext | None = None, most: int = _ANSWER_MOST) -> None:
        self._times, self._tls, self._most = times, tls, most
        self._session: ClientSession | None = None

    async def ask(self, method: str, url: str, *, seconds: float = 0.0, **more: Any) -> Answer:
        """One request; raises RetryLater when it surely did not leave, Uncertain when nobody knows."""
        timeout = ClientTimeout(total=seconds or self._times.send, connect=self._times.connect)
        try:
            async with self._open().request(method, url, timeout=timeout, allow_redirects=False, **more) as answer:
                body = bytearray()
                async for chunk in answer.content.iter_any():
                    body += chunk
                    if len(body) > self._most:
                        break
                return Answer(answer.status, bytes(body), seconds_of(answer.headers))
        except (ClientConnectorError, ConnectionTimeoutError) as error:
            raise RetryLater(PAUSE, account=True) from ConnectionError(type(error).__name__)  # its words may hold an address with a secret in it
        except (ClientError, TimeoutError, OSError) as error:
            raise Uncertain(f"no answer: {type(error).__name__}") from None

    async def upload(self, url: str, field: str, media: Media, open_media: OpenMedia, name: str) -> Answer:
        """Bring a stored file up in a form; nobody sees it by that alone, so what nobody knows is RetryLater here."""
        form = FormData(quote_fields=False)
        form.add_field(field, await held(media, open_media), filename=name, content_type=media.mime or "application/octet-stream")
        try:
            return await self.ask("POST", url, seconds=self._times.upload, data=form)
        except Uncertain:
            raise RetryLater(PAUSE) from None

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> ClientSession:
        if self._session is None:
            self._session = ClientSession(connector=TCPConnector(ssl=self._tls) if self._tls else None, trust_env=False)
        return self._session


async def held(media: Media, open_media: OpenMedia) -> bytes:
    """A file's bytes, all of them: upload servers want to know the length before; raises Undeliverable for one that cannot be read."""
    found = bytearray()
    try:
        async with open_media(media.attachment_id) as chunks:
            async for chunk in chunks:
                found += chunk
    except _UNREADABLE:
        raise Undeliverable(Reason.BAD_CONTENT, "the file cannot be read") from None
    return bytes(found)


def object_of(body: bytes) -> Json | None:
    """The object an answer is; None for anything else, such as a proxy's page."""
    try:
        found = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def seconds_of(headers: Mapping[str, str]) -> float:
    """The seconds that Retry-After asks to wait (0 = it does not say)."""
    given = headers.get("Retry-After", "").strip()
    return float(min(max(int(given[:9]), 1), LONGEST_PAUSE)) if given.isascii() and given.isdigit() else 0.0


def reachable(base: str, public_url: str) -> bool:
    """Whether a platform at `base` can come to us: by https, or where both are pretended on this machine."""
    there, we = urlsplit(base), urlsplit(public_url)
    return we.scheme == "https" or (we.scheme == "http" and {there.hostname, we.hostname} <= LOOPBACK)
