"""What an answer of a mail server means for a sending: one of the closed set of errors. Pure."""

import re
from enum import StrEnum

from channels.email.mail import clean_line
from crm.base.outbound import Reason, RetryLater, Undeliverable

PAUSE = 300.0
_ENHANCED = re.compile(r"\b[245]\.(\d{1,3})\.(\d{1,3})\b")
_NOBODY = re.compile(
    r"\b(user|mailbox|recipient|address|account)\b.{0,40}\b(unknown|not found|does not exist|doesn't exist|invalid|unavailable|disabled)|no such|unknown user",
    re.IGNORECASE,
)
_DENIED = frozenset({530, 534, 535, 538})
_OUR_FAULT = frozenset({("7", "8"), ("7", "14"), ("7", "30"), ("7", "60")})
_TOO_BIG = frozenset({("3", "4"), ("2", "3")})
_FULL = ("2", "2")
_ENOUGH = ("4", "5")
"""What Gmail says when the day's number of mails is sent."""
DAYS_END = 3600.0


class Stage(StrEnum):
    """How far it had come."""

    GREETING = "greeting"
    LOGIN = "login"
    SENDER = "sender"
    RECIPIENT = "recipient"
    BODY = "body"


def refused(stage: Stage, code: int, words: str) -> Exception:
    """The error that a refusal stands for."""
    found = _ENHANCED.search(words)
    status = (found[1], found[2]) if found else ("", "")
    if status == _ENOUGH:
        return RetryLater(DAYS_END, account=True, answered=True)
    if not 500 <= code < 600:
        return RetryLater(PAUSE, account=stage in (Stage.GREETING, Stage.LOGIN), answered=True)
    return Undeliverable(_reason(stage, code, status, words), f"{code} {clean_line(words, 200)}")


def _reason(stage: Stage, code: int, status: tuple[str, str], words: str) -> Reason:
    if stage is Stage.LOGIN or code in _DENIED or status in _OUR_FAULT:
        return Reason.ACCOUNT_PROBLEM
    if status in _TOO_BIG or (code == 552 and status != _FULL):
        return Reason.BAD_CONTENT
    if stage in (Stage.GREETING, Stage.SENDER):
        return Reason.ACCOUNT_PROBLEM
    if status[0] == "1" or status == ("2", "1"):
        return Reason.BAD_ADDRESS
    if status[0] == "6":
        return Reason.BAD_CONTENT
    if stage is Stage.RECIPIENT and not status[0] and code in (550, 551, 553) and _NOBODY.search(words):
        return Reason.BAD_ADDRESS
    return Reason.REJECTED
