"""What a gateway's answer means for a sending; pure."""

import json
import math

from channels.sms.options import ACCEPTED, SmsOptions
from channels.sms.shape import found
from crm.base.outbound import Reason, Receipt, RetryLater, Uncertain, Undeliverable

LATER, ACCOUNT, STATUS = "later", "account", "http "
LONGEST_PAUSE = 3600.0


def judge(options: SmsOptions, status: int, text: str, retry_after: str = "") -> Receipt:
    """The gateway's id of what it took; raises RetryLater, Undeliverable or Uncertain."""
    told = read(text)
    said = found(options.error_at, text, told) if options.error_at else ""
    verdict = meaning(options, status, said)
    if verdict:
        raise ending(verdict, detail(status, said), pause(retry_after, options.later_seconds))
    word = found(options.ok_at, text, told).casefold() if options.ok_at else ""
    if status in ACCEPTED and word in ({one.casefold() for one in options.ok} or {""}):
        number = found(options.id_at, text, told)
        return Receipt((number,) if number else ())
    raise _refused(status, said or word, pause(retry_after, options.later_seconds))


def meaning(options: SmsOptions, status: int, said: str) -> str:
    """What the error map says of an answer ("" = nothing): the code in full first, then words in it, then the status."""
    low, codes = said.casefold(), {key.casefold(): value for key, value in options.errors.items() if not key.startswith(STATUS)}
    within = next((value for key, value in codes.items() if len(key) > 3 and not key.isdecimal() and key in low), "")
    return (codes.get(low, "") if said else "") or within or options.errors.get(f"{STATUS}{status}", "")


def ending(verdict: str, words: str, after: float) -> RetryLater | Undeliverable:
    """A verdict of the error map as it ends a sending."""
    if verdict == LATER:
        return RetryLater(after, account=True, answered=True)
    return Undeliverable(Reason.ACCOUNT_PROBLEM if verdict == ACCOUNT else Reason(verdict), words)


def _refused(status: int, said: str, after: float) -> RetryLater | Undeliverable | Uncertain:
    """An answer that no map tells of, by its status: only a clear refusal is certain."""
    words = detail(status, said)
    if status == 429:
        return RetryLater(after, account=True, answered=True)
    if 300 <= status < 400 or status in (401, 402, 403, 404, 405, 407):
        return Undeliverable(Reason.ACCOUNT_PROBLEM, words)
    if status in ACCEPTED and not said:
        return Uncertain(f"{words}, an answer that cannot be read")
    if status in ACCEPTED or (400 <= status < 500 and status != 408):
        return Undeliverable(Reason.REJECTED, words)
    return Uncertain(words)


def detail(status: int, said: str) -> str:
    """A refusal in a few words."""
    return f"status {status}: {said[:200]}" if said else f"status {status}"


def pause(told: str, usual: float) -> float:
    """Seconds to wait: what Retry-After says, 1 to 3600, or the usual ones."""
    try:
        asked = float(told)
    except ValueError:
        return usual
    return min(max(asked, 1.0), LONGEST_PAUSE) if math.isfinite(asked) else usual


def read(text: str) -> object:
    """An answer as JSON; None for any other."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
