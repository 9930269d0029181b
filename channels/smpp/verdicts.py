"""What an operator's status or a receipt's error means for a sending; pure."""

from collections.abc import Mapping

from channels.smpp.options import ACCOUNT, LATER, SmppOptions
from crm.base.outbound import Reason, RetryLater, Undeliverable

OK, TEMPORARY, QUEUE_FULL = 0x00, 0x64, 0x14
NOT_BOUND = 0x04
_BAD, _ADDRESS, _REJECTED = Reason.BAD_CONTENT.value, Reason.BAD_ADDRESS.value, Reason.REJECTED.value
STATUSES: Mapping[int, str] = {
    **dict.fromkeys((NOT_BOUND, 0x08, QUEUE_FULL, 0x58, TEMPORARY), LATER),
    **dict.fromkeys((0x0B, 0x50, 0x51), _ADDRESS),
    **dict.fromkeys((0x01, 0x02), _BAD),
    **dict.fromkeys((0x03, 0x05, 0x07, 0x0A, 0x0D, 0x0E, 0x0F, 0x15, 0x43, 0x48, 0x49, 0x53, 0x62), ACCOUNT),
    **dict.fromkeys((0x45, 0x65, 0x66, 0xFE), _REJECTED),
}
"""SMPP 3.4 section 5.1.3; what is not here is refused for good."""
WRONG_WHO = frozenset({0x0E, 0x0F})
"""We are not known there, or not by this password; any other refusal of a bind may be over in a minute."""


def refusal(options: SmppOptions, status: int) -> RetryLater | Undeliverable:
    """How a sending ends that the operator refuses."""
    verdict = _told(options, f"0x{status:02x}") or STATUSES.get(status, _REJECTED)
    words = f"status 0x{status:02X}"
    if verdict == LATER:
        return RetryLater(options.later_seconds, account=True, answered=True)
    return Undeliverable(Reason.ACCOUNT_PROBLEM if verdict == ACCOUNT else Reason(verdict), words)


def reason_of(options: SmppOptions, error: str) -> str:
    """Why a message failed, by the error in its receipt; a value of `Reason`."""
    verdict = _told(options, error)
    if verdict in (ACCOUNT, LATER):
        return Reason.ACCOUNT_PROBLEM.value if verdict == ACCOUNT else _REJECTED
    return verdict or _REJECTED


def _told(options: SmppOptions, word: str) -> str:
    """What the owner's own map says of a word ("" = nothing)."""
    return {name.casefold(): verdict for name, verdict in options.errors.items()}.get(word.casefold(), "")
