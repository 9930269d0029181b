"""The staff bot's line to Telegram: python-telegram-bot's requests over one aiohttp session.

It tells apart what python-telegram-bot's own transport does not: a request that never left the house, and one whose end nobody knows.
The token is put into an address here and nowhere else, so it stands in no error, no log line and no `repr`.
"""

import io
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import aiohttp
from telegram import Bot
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, NetworkError, TelegramError
from telegram.request import BaseRequest, RequestData

from crm.base.outbound import Limits, Window
from crm.sales.entries import Ways

CHUNK = 64 * 1024
# Shorter than any server's own patience: a connection the server is about to close would turn a certain failure into an uncertain one.
KEEP_ALIVE = 15.0
NEVER_LEFT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError, aiohttp.InvalidURL)
REFUSALS: Mapping[int, type[TelegramError]] = {401: InvalidToken, 403: Forbidden, 404: InvalidToken, 409: Conflict}


class NotSent(NetworkError):
    """No byte of the request left: a refused connection, a name that does not resolve, a failed handshake."""


class MaybeSent(NetworkError):
    """The request left and no usable answer came: a timeout, a reset, a 5xx, an answer that cannot be read."""


class Throttled(TelegramError):
    """Telegram asks to wait `after` seconds (429)."""

    def __init__(self, after: float) -> None:
        super().__init__(f"told to wait {after:g} s")
        self.after = after


@dataclass(frozen=True, slots=True)
class StaffOptions:
    """Where the staff bot's Telegram is and how long to wait for it, in seconds; `sendable` are the accounts that can carry a promotion (empty = all).
    `allows` tells what may go to somebody who wrote last then (None = cards say nothing of it), `ways` how people come to each account.

    With a `public_url` that Telegram can come to, updates are brought to a webhook; its path and secret are made of the first of the `keys`, and what
    was made of the others is believed still. Else they are polled.
    """

    token: str = field(repr=False)
    server: str = "https://api.telegram.org"
    proxy: str = field(default="", repr=False)
    connect_timeout: float = 5.0
    read_timeout: float = 20.0
    upload_timeout: float = 120.0
    sendable: frozenset[str] = frozenset()
    public_url: str = ""
    keys: tuple[bytes, ...] = field(default=(), repr=False)
    allows: Callable[[str, Window, int], Limits] | None = field(default=None, repr=False)
    ways: Ways = field(default_factory=Ways)


class AiohttpRequest(BaseRequest):
    """Carries Bot API calls; raises `NotSent`, `MaybeSent`, `Throttled` or the refusals of `telegram.error`."""

    def __init__(self, options: StaffOptions) -> None:
        self._options = options
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    @property
    def read_timeout(self) -> float:
        """Seconds to wait for an answer."""
        return self._options.read_timeout

    async def initialize(self) -> None:
        """Opens the line (again); the session itself is made at the first request."""
        self._closed = False

    async def shutdown(self) -> None:
        """Closes the session; harmless when done twice."""
        self._closed = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = BaseRequest.DEFAULT_NONE,
        *_: object,
        **__: object,
    ) -> tuple[int, bytes]:
        """Makes one request for python-telegram-bot and answers only what succeeded; the other timeouts are the options'."""
        patience = float(read_timeout) if isinstance(read_timeout, int | float) else self.read_timeout
        return await self._exchange(method, url, _form(request_data), patience)

    async def call(self, method: str, parameters: Mapping[str, object], read_timeout: float | None = None) -> object:
        """Calls a method of the Bot API and answers its `result` as it came."""
        form = {name: value if isinstance(value, str) else json.dumps(value) for name, value in parameters.items()}
        _, body = await self._exchange("POST", f"/bot/{method}", form, read_timeout or self.read_timeout)
        return self.parse_json_payload(body)["result"]

    async def download(self, path: str) -> AsyncIterator[bytes]:
        """Streams a file by the path that getFile told."""
        address, patience = self._address(f"/file/bot/{quote(path)}"), self._patience(self.read_timeout, None)
        with _truthfully():
            async with self._open().get(address, timeout=patience, proxy=self._options.proxy or None, allow_redirects=False) as answer:
                if answer.status != 200:
                    raise verdict(answer.status, await answer.read())
                async for chunk in answer.content.iter_chunked(CHUNK):
                    yield chunk

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Reads the envelope of an answer that says it succeeded."""
        told = _envelope(payload)
        if "result" not in told:
            raise MaybeSent("an answer that cannot be read")
        return told

    async def _exchange(self, method: str, url: str, form: aiohttp.FormData | dict[str, str], patience: float) -> tuple[int, bytes]:
        upload = self._options.upload_timeout if isinstance(form, aiohttp.FormData) else 0.0
        timeout = self._patience(patience, self._options.connect_timeout + upload + patience)
        with _truthfully():
            sent = self._open().request(method, self._address(url), data=form, timeout=timeout, proxy=self._options.proxy or None, allow_redirects=False)
            async with sent as answer:
                code, body = answer.status, await answer.read()
        if not 200 <= code <= 299:
            raise verdict(code, body)
        return code, body

    def _address(self, url: str) -> str:
        return self._options.server.rstrip("/") + url.replace("bot/", f"bot{self._options.token}/", 1)

    def _patience(self, read: float, total: float | None) -> aiohttp.ClientTimeout:
        # `connect` bounds the wait for a free connection too; whoever hits it has sent nothing.
        return aiohttp.ClientTimeout(total=total, connect=self._options.connect_timeout, sock_read=read)

    def _open(self) -> aiohttp.ClientSession:
        if self._closed:
            raise NotSent("the line is closed")
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(keepalive_timeout=KEEP_ALIVE))
        return self._session


class StaffBot(Bot):
    """python-telegram-bot's Bot on our line; it is given addresses without the token, because it logs them."""

    def __init__(self, options: StaffOptions, request: AiohttpRequest) -> None:
        super().__init__(options.token, base_url=lambda _: "/bot", base_file_url=lambda _: "/file/bot", request=request, get_updates_request=request)

    def __repr__(self) -> str:
        return "StaffBot[]"


def verdict(code: int, body: bytes) -> TelegramError:
    """What an answer other than 2xx means; only Telegram's own JSON counts as a refusal, a middlebox's page does not."""
    told = _envelope(body)
    if code == 429:
        return Throttled(float(min(max(_parameter(told, "retry_after") or 1, 1), 3600)))
    if code >= 500 or told.get("ok") is not False:
        return MaybeSent(f"HTTP {code}")
    if moved := _parameter(told, "migrate_to_chat_id"):
        return ChatMigrated(int(moved))
    return REFUSALS.get(code, BadRequest)(str(told.get("description") or f"HTTP {code}"))


def _parameter(told: dict[str, Any], name: str) -> int | float | None:
    """A number that stands beside a refusal."""
    parameters = told.get("parameters")
    found = parameters.get(name) if isinstance(parameters, dict) else None
    return found if isinstance(found, int | float) and not isinstance(found, bool) else None


def _envelope(payload: bytes) -> dict[str, Any]:
    try:
        told = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _form(data: RequestData | None) -> aiohttp.FormData | dict[str, str]:
    if data is None or not data.contains_files:
        return data.json_parameters if data else {}
    # Telegram shows a percent-encoded file name as it came, so names travel as plain UTF-8.
    form = aiohttp.FormData(quote_fields=False)
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, mime) in data.multipart_data.items():
        # A large body given as bytes would be written in one go, with the event loop waiting.
        body = io.BytesIO(content) if isinstance(content, bytes) else content
        form.add_field(name, body, filename=filename, content_type=mime)
    return form


@contextmanager
def _truthfully() -> Iterator[None]:
    # `from None`: aiohttp names whole addresses in some of its errors, and ours carry the token; python-telegram-bot repeats what it does not know.
    try:
        yield
    except TelegramError:
        raise
    except NEVER_LEFT as error:
        raise NotSent(type(error).__name__) from None
    except UnicodeEncodeError:
        raise BadRequest("invalid text: half a character") from None
    except Exception as error:
        raise MaybeSent(type(error).__name__) from None
