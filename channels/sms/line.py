"""The way to an operator over HTTP: one request, and whether it surely did not leave, was answered, or nobody knows."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crm.base.outbound import RetryLater, Uncertain

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

PAUSE = 5.0
_ANSWER_MOST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answered:
    """What an operator said; `wait` is its Retry-After."""

    status: int
    text: str
    wait: str = ""


class Line:
    """Connections to one operator; it opens itself at the first request."""

    def __init__(self, connect_seconds: float, send_seconds: float, user: str = "", password: str = "") -> None:
        self._seconds, self._user, self._password = (connect_seconds, send_seconds), user, password
        self._session: ClientSession | None = None
        self._opening = asyncio.Lock()

    async def open(self) -> "ClientSession":
        """Open the connections; again is free."""
        async with self._opening:
            if self._session is None:
                from aiohttp import ClientSession

                self._session = ClientSession(trust_env=False)
            return self._session

    async def ask(self, method: str, url: str, *, most: int = _ANSWER_MOST, headers: Mapping[str, str] | None = None, **given: Any) -> Answered:
        """One request; raises RetryLater when it surely did not leave, Uncertain when nobody knows."""
        from aiohttp import ClientConnectorError, ClientError, ClientTimeout, ConnectionTimeoutError, encode_basic_auth

        http, (connect, whole) = await self.open(), self._seconds
        known = {"Authorization": encode_basic_auth(self._user, self._password, "utf-8")} if self._user else {}
        given.update(headers={**known, **(headers or {})}, timeout=ClientTimeout(total=whole, connect=connect), allow_redirects=False)
        try:
            async with http.request(method, url, **given) as answer:
                return Answered(answer.status, await _text(answer, most), answer.headers.get("Retry-After", ""))
        except (ClientConnectorError, ConnectionTimeoutError) as error:
            raise RetryLater(PAUSE, account=True) from ConnectionError(type(error).__name__)
        except (ClientError, TimeoutError, OSError) as error:  # its words may hold the address, and a password in it
            raise Uncertain(f"no answer: {type(error).__name__}") from None

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


async def _text(answer: "ClientResponse", most: int) -> str:
    """An answer, as much of it as anybody needs."""
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > most:
            break
    return body.decode("utf-8", "replace")
