"""Subjects: what a letter is about, whatever answering and passing on have put before it; pure."""

import re

_PREFIX = re.compile(
    r"(?:re|fwd?|aw|wg|sv|vs|vb|tr|rv|res|enc|antw|odp|pd|ha|ynt|ilt|rif|i|r|от|отв|ответ|пер|пересл|пересылка|нов|"
    r"պատ|պատ․|պատասխան|փոխ|վերահասցեագրված|პას|პასუხი|გადაგზ|გადაგზავნილი|მოპ|መልስ|የተላለፈ|ምላሽ)\.?\s*(?:\[\d{1,3}\]|\(\d{1,3}\)|\^\d{1,3})?\s*[:：፡፦՝]\s*",
    re.IGNORECASE,
)
_SUBJECT_LENGTH = 300


def bare_subject(subject: str) -> str:
    """Take `Re:`, `Fwd:`, `Отв:`, `Պատ՝` and their kin off a subject, and fold case and spaces: two letters on one matter have the same."""
    rest = " ".join(subject[: _SUBJECT_LENGTH * 8].split())[:_SUBJECT_LENGTH].rstrip()
    for _ in range(20):
        if not (found := _PREFIX.match(rest)):
            break
        rest = rest[found.end() :]
    return " ".join(rest.casefold().split())
