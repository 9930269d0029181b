"""What VK's error numbers mean for a sending, and what an answer of the API is."""

from channels.ask import LONGEST_PAUSE, Answer, Verdict, Wait, object_of
from channels.payload import Json, part, plain_name, text, whole
from crm.base.outbound import Reason, RetryLater, Uncertain, Undeliverable

KEYBOARD = frozenset({911, 912})
"""The keyboard is refused: ill-formed to VK, or the community has not turned on what bots can do."""
RIGHTS, NO_RIGHT = frozenset({1133, 1134}), "no access to call this method"
"""What an "access denied" comes with that is about our key, and not about the person."""
EXPIRED = frozenset({909, 920, 924, 949})
"""Too old, or not of a kind, to be changed or taken back."""
ERRORS: dict[int, Verdict] = {
    # VK's own trouble, said by VK; the key of a message holds it to one.
    **dict.fromkeys((1, 10, 36), Wait(5.0)),
    43: Wait(60.0, account=True),
    # Too fast: in a second, to this person, today; a riddle against robots goes away by itself.
    6: Wait(1.0, account=True),
    9: Wait(60.0),
    14: Wait(60.0, account=True),
    29: Wait(600.0, account=True),
    601: Wait(3600.0, account=True),
    # The person does not let the community write, or the two have blocked one another.
    901: Reason.OPTED_OUT,
    **dict.fromkeys((15, 18, 37, 900, 902, 932, 3610), Reason.BLOCKED),
    # Nobody is there.
    **dict.fromkeys((39, 113, 917, 927, 936), Reason.BAD_ADDRESS),
    950: Reason.WINDOW_CLOSED,
    # What was to be said.
    **dict.fromkeys((100, 105, 114, 118, 121, 122, 129, 910, 911, 913, 914, 921, 940, 969, 1009, 1010, 1011), Reason.BAD_CONTENT),
    **dict.fromkeys((943, 944, 985, 1012), Reason.REJECTED),
    # The token, its rights, the community's settings.
    **dict.fromkeys(
        (2, 3, 4, 5, 7, 8, 11, 16, 17, 20, 21, 23, 24, 25, 27, 28, 38, 42, 101, 203, 912, 1114, 1116, 1117, 1118, 3300, 3301, 3302, 3303, 3304, 3609),
        Reason.ACCOUNT_PROBLEM,
    ),
    **dict.fromkeys(EXPIRED, Reason.UNSUPPORTED),
}


class Refused(Undeliverable):
    """VK said no, for good."""

    def __init__(self, reason: Reason, code: int, words: str) -> None:
        super().__init__(reason, f"{code}: {words}")
        self.code = code


def judge(answer: Answer) -> object:
    """What stands under `response`; raises RetryLater, Refused or Uncertain. Only what VK itself wrote decides: a proxy may answer for it."""
    told = object_of(answer.body)
    error = part(told, "error") if told is not None else {}
    if answer.status == 429:
        raise RetryLater(answer.after or 1.0, account=True, answered=True)
    if error:
        raise verdict(error, answer.after)
    if 200 <= answer.status < 300 and told is not None and "response" in told:
        return told["response"]
    if answer.status == 413:
        raise Undeliverable(Reason.BAD_CONTENT, "too big for the platform")
    raise Uncertain(f"status {answer.status}, an answer that cannot be read")


def verdict(error: Json, after: float = 0.0) -> Exception:
    """The outcome that an error is; a number that is not known is a refusal."""
    code = whole(error, "error_code") or whole(error, "code")
    found = ERRORS.get(code, Reason.REJECTED)
    if isinstance(found, Wait):
        return RetryLater(min(after or found.seconds, LONGEST_PAUSE), account=found.account, answered=True)
    words = plain_name(text(error, "error_msg") or text(error, "description"))
    ours = code == 15 and (whole(error, "error_subcode") in RIGHTS or NO_RIGHT in words)
    return Refused(Reason.ACCOUNT_PROBLEM if ours else found, code, words)
