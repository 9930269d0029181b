"""Payments as anything can tell them that knows of money: one signed POST for each; nothing can be said there.

{"id": "a1", "number": "2025-0001", "amount": "120000", "currency": "AMD", "at": "2025-11-25T12:00:00Z", "method": "Idram", "status": "paid"}
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from aiohttp import web

from channels.base import Firm, Keep
from channels.callback import any_equal, moment, plain
from channels.http import kept, read_json, strict_json
from channels.mute import Mute
from crm.base.errors import Invalid, Misconfigured
from crm.base.events import Event, RawEvent, Unknown
from crm.base.money import AMOUNT_MOST
from crm.base.outbound import Health
from crm.base.paid import Payment

SIGNATURE, TIMESTAMP = "X-Signature", "X-Timestamp"
SHORTEST, BODY_MOST = 16, 64 * 1024
CAME = frozenset({"", "paid", "succeeded", "success", "completed", "confirmed"})
WENT = frozenset({"refunded", "refund", "returned"})


@dataclass(frozen=True, slots=True)
class PaymentsOptions:
    """One source of payments: all `secrets` are believed, so that they can change; a call is believed for `window` seconds around its own time."""

    account: str
    secrets: tuple[str, ...] = field(repr=False)
    title: str = "Payments"
    window: float = 300.0
    patience: float = 10.0
    again: int = 5


class Payments(Mute):
    """A till, a wallet or a bank that tells what was paid."""

    unanswered = "a payment cannot be answered; write to the customer where they write"
    fileless = "a payment carries no files"

    def __init__(self, options: PaymentsOptions, firm: Firm) -> None:
        if not options.secrets or any(len(secret) < SHORTEST for secret in options.secrets):
            raise Misconfigured(f"{options.account} needs secrets of at least {SHORTEST} characters")
        super().__init__(options.account, options.title)
        self._options, self._firm = options, firm

    def routes(self, keep: Keep) -> Sequence[web.RouteDef]:
        """Open the secret paths, for POST alone."""

        async def take(request: web.Request) -> web.Response:
            return await self._take(request, keep)

        return [web.post(path, take) for path in self._firm.paths(self.account)]

    def parse(self, raw: RawEvent) -> Sequence[Event]:
        """Read one payment: pure and total. What is genuine and cannot be read is shown to a manager: it may be money."""
        try:
            told = json.loads(raw.body)
            return [read(told, raw.received_at, self._firm.zone)] if isinstance(told, dict) else [Unknown("unreadable", at=raw.received_at)]
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, ArithmeticError):
            return [Unknown("unreadable", at=raw.received_at)]

    async def health(self) -> Health:
        """Tell how many payments came and how many callers were turned away."""
        return Health(True, "waits for payments", {name: str(count) for name, count in self.counts.items()})

    async def _take(self, request: web.Request, keep: Keep) -> web.Response:
        body = await read_json(request, limit=BODY_MOST, seconds=self._options.patience)
        if not self._believed(body, request.headers):
            self.counts["refused"] += 1
            raise web.HTTPUnauthorized
        try:
            told = strict_json(body)
        except Invalid:
            self.counts["unreadable"] += 1
            raise web.HTTPBadRequest from None
        key = name_of(told) or hashlib.sha256(body).hexdigest()
        await kept(keep, [RawEvent(self.account, f"payment:{key}", f"{self.account}:{key}", body, self._firm.clock())], again=self._options.again)
        self.counts["kept"] += 1
        return web.json_response({"ok": True})

    def _believed(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """Whether a call is signed over its time and its bytes, and that time is now; what is brought a second time has its key already."""
        said = headers.get(TIMESTAMP, "").strip()
        if not (said.isascii() and said.isdecimal() and len(said) <= 12):
            return False
        if abs(int(said) * 1000 - self._firm.clock()) > self._options.window * 1000:
            return False
        given = headers.get(SIGNATURE, "").strip().removeprefix("sha256=").lower()
        return any_equal(given, [mark(secret, said, body) for secret in self._options.secrets])


def mark(secret: str, timestamp: str, body: bytes) -> str:
    """The signature of a call: HMAC-SHA256 over its time in seconds, a point, and the bytes, in hexadecimal."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def name_of(told: Mapping[str, object]) -> str:
    """What a payment is called there; going back, or still being on its way, is another thing than having come ("" = it has no id)."""
    number, status = plain(told, "id"), plain(told, "status").lower()
    if not number:
        return ""
    return hashlib.sha256(f"{number}:{'' if status in CAME else status}".encode()).hexdigest()[:40]


def read(told: Mapping[str, object], received_at: int, zone: str) -> Event:
    """What one call says; raises ValueError for what is no payment."""
    number, status = plain(told, "id")[:200], plain(told, "status").lower()
    if not number:
        raise ValueError("a payment has an id")
    if status not in CAME | WENT:
        return Unknown("payment that has not come", at=received_at)
    amount = hundredths(plain(told, "amount"))
    if status in WENT:
        number, amount = f"{number}:back", -abs(amount)
    about = plain(told, "number") or plain(told, "order") or plain(told, "invoice")
    at = min(moment(told.get("at"), zone) or received_at, received_at)
    words = plain(told, "method")[:40], plain(told, "reference")[:200]
    return Payment(number, about[:40], amount, currency(plain(told, "currency")), at, *words)


def hundredths(text: str) -> int:
    """An amount as a machine writes it, "120000" or "99.90", in hundredths; raises ValueError for anything else, for nothing, and for too much."""
    amount = Decimal(text) * 100
    if not amount.is_finite() or abs(amount) > AMOUNT_MOST or amount != amount.to_integral_value() or not amount:
        raise ValueError("this is no amount")
    return int(amount)


def currency(text: str) -> str:
    """A currency's three letters ("" = not told); raises ValueError for anything else."""
    if text and not (text.isascii() and text.isalpha() and len(text) == 3):
        raise ValueError("this is no currency")
    return text.upper()
