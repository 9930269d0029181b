"""What Viber's answers mean for a sending: every one of them is HTTP 200, and the `status` inside decides; pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from channels.payload import Json, plain_name, text, whole
from channels.sms.verdicts import pause
from crm.base.outbound import Reason, RetryLater, Uncertain, Undeliverable

OK, NO_TOKEN, NOT_SUBSCRIBED, NO_WEBHOOK, TOO_MANY, OLD_CLIENT, UNFIT_CLIENT, NO_FREE, NO_BALANCE = 0, 2, 6, 10, 12, 13, 14, 23, 24
REASONS: Mapping[int, Reason] = {
    5: Reason.BAD_ADDRESS,
    NOT_SUBSCRIBED: Reason.BLOCKED,
    11: Reason.BAD_ADDRESS,
    OLD_CLIENT: Reason.BAD_ADDRESS,
    21: Reason.REJECTED,
    # Within a session everything goes as before, so the account is not at a standstill: this one message waits until they write.
    NO_FREE: Reason.WINDOW_CLOSED,
    NO_BALANCE: Reason.WINDOW_CLOSED,
    **dict.fromkeys((1, NO_TOKEN, 7, 8, 9, NO_WEBHOOK, 15), Reason.ACCOUNT_PROBLEM),
    **dict.fromkeys((3, 4, UNFIT_CLIENT, 16, 17, 18, 19, 20, 22), Reason.BAD_CONTENT),
}
"""Statuses that are refusals for good; one that stands nowhere is refused as it is."""
BILLED = 3
"""`billing_status` from which a message cost money: 1 was in a session, 2 was free outside of one."""
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Pauses:
    """Seconds until the next try: after a fault, and when Viber says too many."""

    usual: float
    throttled: float


class Refused(Undeliverable):
    """Viber said no, for good; `status` is its number for the cause."""

    def __init__(self, reason: Reason, status: int, words: str) -> None:
        super().__init__(reason, f"{status}: {words}".removesuffix(": "))
        self.status = status


def judge(http: int, body: bytes, retry_after: str, pauses: Pauses) -> Json:
    """The object of a good answer; raises RetryLater, Refused or Uncertain. A proxy may answer for Viber, and then nobody knows."""
    told = _object(body)
    status = told.get("status") if told is not None else None
    if told is None or type(status) is not int or http != 200:
        raise _unread(http, retry_after, pauses)
    if status == OK:
        return told
    if status == TOO_MANY:
        raise RetryLater(pause(retry_after, pauses.throttled), account=True, answered=True)
    raise Refused(REASONS.get(status, Reason.REJECTED), status, plain_name(text(told, "status_message"))[:_LONGEST])


def billed(told: Json) -> bool:
    """Whether Viber says that a message it took costs money."""
    return whole(told, "billing_status") >= BILLED


def _unread(http: int, retry_after: str, pauses: Pauses) -> Exception:
    if http == 429:
        return RetryLater(pause(retry_after, pauses.throttled), account=True, answered=True)
    if http == 413:
        return Undeliverable(Reason.BAD_CONTENT, "too big for the platform")
    return Uncertain(f"status {http}, an answer that cannot be read")


def _object(body: bytes) -> Json | None:
    try:
        found = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
