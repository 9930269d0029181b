"""What MAX's answers mean: by HTTP status, and by the word that stands with it."""

from channels.ask import PAUSE, Answer, object_of
from channels.payload import Json, plain_name, text
from crm.base.outbound import Reason, RetryLater, Uncertain, Undeliverable

NOT_READY = "attachment.not.ready"
"""A file that went up is not worked through yet: the message was not made, and may be sent again."""
STATUSES = {
    400: Reason.BAD_CONTENT,
    401: Reason.ACCOUNT_PROBLEM,
    402: Reason.ACCOUNT_PROBLEM,
    403: Reason.BLOCKED,
    404: Reason.BAD_ADDRESS,
    405: Reason.UNSUPPORTED,
    413: Reason.BAD_CONTENT,
    415: Reason.BAD_CONTENT,
}
WORDS = {
    "verify.token": Reason.ACCOUNT_PROBLEM,
    "chat.denied": Reason.BLOCKED,
    "dialog.suspended": Reason.BLOCKED,
    "chat.not.found": Reason.BAD_ADDRESS,
    "dialog.not.found": Reason.BAD_ADDRESS,
    "user.not.found": Reason.BAD_ADDRESS,
}
"""Words that say more than the status they come with."""


class Refused(Undeliverable):
    """MAX said no, for good."""

    def __init__(self, reason: Reason, status: int, word: str, words: str) -> None:
        super().__init__(reason, " ".join(filter(None, (str(status), word, words))))
        self.status, self.word = status, word


def judge(answer: Answer, ready: float = 2.0) -> Json:
    """The object of an answer; raises RetryLater, Refused or Uncertain. Only what MAX itself wrote decides: a proxy may answer for it."""
    told = object_of(answer.body)
    if answer.status == 429:
        raise RetryLater(answer.after or 1.0, account=True, answered=True)
    if 200 <= answer.status < 300 and told is not None and told.get("success") is not False:
        return told
    word = text(told, "code") if told is not None else ""
    if answer.status == 503 and word:
        raise RetryLater(answer.after or PAUSE, account=True, answered=True)
    if told is None or answer.status >= 500 or answer.status < 200:
        raise Uncertain(f"status {answer.status}, an answer that tells nothing")
    if word == NOT_READY:
        raise RetryLater(ready, answered=True)
    reason = WORDS.get(word) or STATUSES.get(answer.status, Reason.REJECTED)
    raise Refused(reason, answer.status, plain_name(word)[:60], plain_name(text(told, "message")))
