"""What is wrong with a bot's line at the moment, in words, and how long to wait because of it."""

import logging
import random

from channels.telegram.verdicts import Refused
from crm.base.errors import Busy
from crm.base.outbound import Reason, RetryLater, Uncertain

log = logging.getLogger(__name__)
LONGEST_WAIT = 30.0
WRONG_TOKEN = "Telegram does not know this token"
FAILURES = (RetryLater, Uncertain, Refused)
"""Everything that a call may end with besides an answer."""


class Patience:
    """Counts failures in a row; `trouble` says in words what is wrong ("" = nothing)."""

    def __init__(self, account: str, first_wait: float, longest_wait: float = LONGEST_WAIT) -> None:
        self._account, self._first_wait, self._longest_wait = account, first_wait, longest_wait
        self._failures = 0
        self.trouble = ""

    def well(self) -> None:
        """Note a success."""
        self._failures = 0
        self.say("")

    def failed(self, error: Exception) -> float:
        """Note a failure; answers the seconds to wait."""
        self._failures += 1
        self.say(_words(error))
        if isinstance(error, RetryLater) and not error.account:
            return error.after
        if isinstance(error, Refused) and error.reason is Reason.ACCOUNT_PROBLEM:
            return self._spread(self._longest_wait)
        # Doubling, and between half and all of it, so that many nodes do not come back at once.
        return self._spread(min(self._first_wait * 2.0 ** min(self._failures - 1, 20), self._longest_wait))

    def say(self, trouble: str) -> None:
        """Set what is wrong; the log hears of it when it changes."""
        if trouble != self.trouble:
            log.log(logging.WARNING if trouble else logging.INFO, "%s: %s", self._account, trouble or "listening again")
        self.trouble = trouble

    @staticmethod
    def _spread(longest: float) -> float:
        return longest * random.uniform(0.5, 1.0)


def _words(error: Exception) -> str:
    match error:
        case Busy():
            return "too much is waiting to be worked through; Telegram holds the rest"
        case RetryLater():
            return "Telegram cannot be reached" if error.account else "Telegram asks to wait"
        case Refused() if error.reason is Reason.ACCOUNT_PROBLEM:
            return WRONG_TOKEN
        case Refused() if error.code == 409:
            return "another program polls with this token, or a webhook is set"
        case Refused():
            return f"Telegram refuses: {error.detail}"
        case _:
            return "Telegram does not answer"
