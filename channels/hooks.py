"""Hooks: the carrier of what rules tell other programmes: signed JSON over HTTPS, never to addresses inside, tried again until it is taken."""

import json
import ssl
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector

from channels.http import wall
from channels.outside import Guarded, Refused, check
from crm.base.hooks import secret, signature
from crm.base.outbound import Limits, OpenMedia, Outbound, Reason, Receipt, RetryLater, Say, Undeliverable, Window

ACCOUNT = "hooks"
BODY_MOST = 256 * 1024
AGAIN = 300.0
"""Seconds until an address that was silent is tried again; what asks for another time gets it, up to an hour."""
_LATER = frozenset((408, 409, 425, 429))


@dataclass(frozen=True, slots=True)
class HookOptions:
    """`key` makes the secret of each address; `trusted` are host:port pairs of the firm's own, which may be inside and plain; `seconds` to answer."""

    key: bytes = field(repr=False)
    trusted: tuple[str, ...] = ()
    seconds: float = 15.0
    tls: ssl.SSLContext | None = None


class Hooks:
    """Sends what was queued for an address; sending twice arrives once for whoever heeds its id."""

    account = ACCOUNT

    def __init__(self, options: HookOptions, clock: Callable[[], int] = wall) -> None:
        self._options, self._clock = options, clock

    async def open(self) -> None:
        """Nothing is to be loaded."""

    def limits(self, window: Window, now: int) -> Limits:
        """Bodies whole, a few at a time, to whoever has never written to us."""
        return Limits(text=BODY_MOST, caption=0, account_rate=10.0, chat_every=0.2, chat_burst=5, needs_inbound=False, repeats=True)

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt:
        """Post the body; whatever is not taken now is tried again, unless the other side says that it never will be."""
        if not isinstance(outbound, Say):
            raise Undeliverable(Reason.UNSUPPORTED)
        body = outbound.text.encode()
        at = self._clock() // 1000
        headers = {"Content-Type": "application/json", "X-Dragoman-Id": _id(outbound.text), "X-Dragoman-Timestamp": str(at)}
        headers["X-Dragoman-Signature"] = f"sha256={signature(secret(self._options.key, address), at, body)}"
        try:
            check(address, trusted=self._options.trusted)
            status, after = await self._post(address, body, headers)
        except Refused as error:
            raise Undeliverable(Reason.BAD_ADDRESS, str(error)) from None
        except (ClientError, OSError, TimeoutError) as error:
            raise RetryLater(AGAIN, answered=True) from error  # answered: one silent address must not rest the account of all
        if 200 <= status < 300:
            return Receipt(())
        if status in _LATER or status >= 500:
            raise RetryLater(after, answered=True)
        raise Undeliverable(Reason.REJECTED, f"answered {status}")

    async def _post(self, address: str, body: bytes, headers: dict[str, str]) -> tuple[int, float]:
        """The status of the answer, and after how many seconds it wants to be asked again; its words are not read."""
        timeout = ClientTimeout(total=self._options.seconds, sock_connect=min(10.0, self._options.seconds))
        async with AsyncExitStack() as stack:
            connector = TCPConnector(resolver=Guarded(self._options.trusted), use_dns_cache=False, limit=1, ssl=self._options.tls or True)
            session = await stack.enter_async_context(ClientSession(connector=connector, timeout=timeout, trust_env=False))
            answer = await stack.enter_async_context(session.post(address, data=body, headers=headers, allow_redirects=False))
            wanted = answer.headers.get("Retry-After", "")
            return answer.status, min(3600.0, float(wanted)) if wanted.isascii() and wanted.isdecimal() else AGAIN


def _id(text: str) -> str:
    """The id by which the other side knows that it has had this before."""
    try:
        return str(json.loads(text).get("id", ""))[:80]
    except (ValueError, AttributeError):
        return ""
