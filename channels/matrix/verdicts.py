"""What the answers of a Matrix server mean: by the word that stands in them, and only else by HTTP status."""

from channels.ask import LONGEST_PAUSE, PAUSE, Answer, object_of
from channels.payload import Json, plain_name, text, whole
from crm.base.outbound import Reason, RetryLater, Uncertain, Undeliverable

WORDS = {
    "M_UNKNOWN_TOKEN": Reason.ACCOUNT_PROBLEM,
    "M_MISSING_TOKEN": Reason.ACCOUNT_PROBLEM,
    "M_USER_DEACTIVATED": Reason.ACCOUNT_PROBLEM,
    "M_USER_LOCKED": Reason.ACCOUNT_PROBLEM,
    "M_USER_SUSPENDED": Reason.ACCOUNT_PROBLEM,
    "M_CONSENT_NOT_GIVEN": Reason.ACCOUNT_PROBLEM,
    "M_RESOURCE_LIMIT_EXCEEDED": Reason.ACCOUNT_PROBLEM,
    "M_EXPIRED_ACCOUNT": Reason.ACCOUNT_PROBLEM,
    "M_FORBIDDEN": Reason.BLOCKED,
    "M_GUEST_ACCESS_FORBIDDEN": Reason.BLOCKED,
    "M_NOT_FOUND": Reason.BAD_ADDRESS,
    "M_TOO_LARGE": Reason.BAD_CONTENT,
    "M_BAD_JSON": Reason.BAD_CONTENT,
    "M_NOT_JSON": Reason.BAD_CONTENT,
    "M_INVALID_PARAM": Reason.BAD_CONTENT,
    "M_MISSING_PARAM": Reason.BAD_CONTENT,
    "M_UNRECOGNIZED": Reason.UNSUPPORTED,
    "M_UNSUPPORTED_ROOM_VERSION": Reason.UNSUPPORTED,
}
STATUSES = {401: Reason.ACCOUNT_PROBLEM, 403: Reason.BLOCKED, 404: Reason.BAD_ADDRESS, 405: Reason.UNSUPPORTED, 413: Reason.BAD_CONTENT}
SOFT = "the session has ended and wants to be renewed: a new access token is needed"


class Refused(Undeliverable):
    """The server said no, for good; `word` is its own (M_FORBIDDEN)."""

    def __init__(self, reason: Reason, status: int, word: str, words: str) -> None:
        super().__init__(reason, " ".join(filter(None, (str(status), word, words))))
        self.status, self.word = status, word


def judge(answer: Answer) -> Json:
    """The object of an answer; raises RetryLater, Refused or Uncertain. A proxy may answer for the server, and then nobody knows."""
    told = object_of(answer.body)
    word = text(told, "errcode") if told is not None else ""
    if answer.status == 429:
        raise RetryLater(_pause(told or {}) or answer.after or PAUSE, account=True, answered=True)
    if 200 <= answer.status < 300 and told is not None and not word:
        return told
    if not word or answer.status >= 500 or answer.status < 200:
        raise Uncertain(f"status {answer.status}, an answer that tells nothing")
    assert told is not None
    words = SOFT if told.get("soft_logout") is True else plain_name(text(told, "error"))
    raise Refused(WORDS.get(word) or STATUSES.get(answer.status, Reason.REJECTED), answer.status, plain_name(word)[:60], words)


def _pause(told: Json) -> float:
    """Seconds, from the milliseconds in the answer."""
    return min(max(whole(told, "retry_after_ms"), 0) / 1000, LONGEST_PAUSE)
