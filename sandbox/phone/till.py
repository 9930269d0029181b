"""A pretended till: it tells the firm's server what was paid, signed over its time, and again when it is asked to."""

import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import ClientSession


@dataclass(slots=True)
class Till:
    """One till: where it tells of payments (`url`), with which `secret`; `told` is what it said, in order."""

    url: str = ""
    secret: str = "till-secret-of-the-demo"
    clock: Callable[[], float] = time.time
    told: list[Mapping[str, object]] = field(default_factory=list)
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    async def pay(self, number: str, amount: str, *, currency: str = "AMD", method: str = "Till", times: int = 1, secret: str = "") -> list[int]:
        """Somebody pays what a number stands for, and the till tells of it so many times; answers the statuses it got."""
        body = {"id": f"till-{next(self.numbers)}", "number": number, "amount": amount, "currency": currency, "method": method, "status": "paid"}
        self.told.append(body)
        raw = json.dumps(body).encode()
        async with ClientSession() as session:
            return [await self._tell(session, raw, secret or self.secret) for _ in range(times)]

    async def _tell(self, session: ClientSession, raw: bytes, secret: str) -> int:
        at = str(int(self.clock()))
        mark = hmac.new(secret.encode(), f"{at}.".encode() + raw, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Timestamp": at, "X-Signature": mark}
        async with session.post(self.url, data=raw, headers=headers) as answer:
            return answer.status
