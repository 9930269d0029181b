"""XOAUTH2: a token of access is asked for with the refresh token, kept in memory alone, and renewed before it ends."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from channels.email.options import EmailOptions

_ANSWER = 64 * 1024
_SHORTEST, _LONGEST = 10.0, 86_400.0
USUAL = 3600.0


class Ungranted(Exception):
    """The provider gives no token any more; somebody has to allow it anew. What it says is the provider's code, such as `invalid_grant`."""


class Unanswered(Exception):
    """The provider of tokens does not answer, or not now."""


@dataclass(frozen=True, slots=True)
class Access:
    """What opens a mailbox: a password, or a token that is to be renewed from an instant of `monotonic` on (None = never)."""

    secret: str = field(repr=False)
    until: float | None = None

    @property
    def token(self) -> bool:
        """Whether it is a token."""
        return self.until is not None


class Keyring:
    """What opens one mailbox; both ways, in and out, ask here."""

    def __init__(self, options: EmailOptions, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._options, self._monotonic = options, monotonic
        self._refresh = options.oauth_refresh
        self._access: Access | None = None
        self._asking = asyncio.Lock()

    async def access(self) -> Access:
        """The password, or a token that will be good for a while; raises Ungranted or Unanswered."""
        if not self._options.oauth_refresh:
            return Access(self._options.password)
        async with self._asking:
            if self._access is None or self._monotonic() >= (self._access.until or 0):
                self._access = await self._renewed()
            return self._access

    def forget(self) -> None:
        """The token was refused: the next to ask gets a new one."""
        self._access = None

    async def _renewed(self) -> Access:
        asked_at = self._monotonic()
        told = await self._asked()
        secret, lasts, refresh = told.get("access_token"), told.get("expires_in"), told.get("refresh_token")
        if not isinstance(secret, str) or not secret:
            raise Unanswered
        if isinstance(refresh, str) and refresh:
            self._refresh = refresh
        seconds = float(lasts) if isinstance(lasts, int | float | str) and str(lasts).replace(".", "", 1).isdigit() else USUAL
        seconds = min(max(seconds, _SHORTEST), _LONGEST)
        return Access(secret, asked_at + seconds - min(self._options.oauth_margin, seconds / 2))

    async def _asked(self) -> dict[str, object]:
        from aiohttp import ClientError, ClientSession, ClientTimeout

        form = {
            "grant_type": "refresh_token",
            "client_id": self._options.oauth_client,
            "client_secret": self._options.oauth_secret,
            "refresh_token": self._refresh,
            "scope": self._options.oauth_scope,
        }
        filled = {name: value for name, value in form.items() if value}
        try:
            async with (
                ClientSession(timeout=ClientTimeout(total=self._options.connect)) as http,
                http.post(self._options.oauth_url, data=filled, allow_redirects=False) as answer,
            ):
                status, body = answer.status, bytearray()
                async for chunk in answer.content.iter_any():
                    body += chunk
                    if len(body) > _ANSWER:
                        raise Unanswered
        except (ClientError, TimeoutError, OSError):
            raise Unanswered from None
        return judged(status, bytes(body))


def judged(status: int, body: bytes) -> dict[str, object]:
    """What an answer says; raises Ungranted or Unanswered, never with a secret in its words. Pure."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise Unanswered from None
    if not isinstance(told, dict):
        raise Unanswered
    if status == 200:
        return told
    if 400 <= status < 500 and status != 429:
        code = told.get("error")
        raise Ungranted(code if isinstance(code, str) and code.isascii() and code.replace("_", "").isalnum() and len(code) <= 60 else f"status {status}")
    raise Unanswered
