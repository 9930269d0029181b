"""Which mails a search or a set of numbers means (RFC 3501, as much of it as readers here use)."""

import re
import time

from sandbox.mail.world import Letter

_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|([^\s"()]+)')
_ESCAPED = re.compile(r"\\(.)")


def words(rest: str) -> list[str]:
    """The words of a command, quotes taken off."""
    return [bare or _ESCAPED.sub(r"\1", quoted) for quoted, bare in _WORD.findall(rest)]


def chosen(letter: Letter, asked: list[str], last: int) -> bool:
    """Whether a mail is meant; `last` is the highest number there is, for which `*` stands."""
    terms = iter(asked)
    for term in terms:
        match term.upper():
            case "CHARSET":
                next(terms)
            case "UID":
                if not within(letter.uid, next(terms), last):
                    return False
            case "SINCE":
                if letter.at < time.mktime(time.strptime(next(terms), "%d-%b-%Y")) - 86_400:
                    return False
            case "HEADER":
                if not has(letter, next(terms), next(terms)):
                    return False
    return True


def within(uid: int, numbers: str, last: int) -> bool:
    """Whether a number is in a set like `1,5:7,9:*`; a range may run backwards, so `9:*` holds the last one always."""
    for part in numbers.split(","):
        first, _, end = part.partition(":")
        low, high = sorted(last if word == "*" else int(word) for word in (first, end or first))
        if low <= uid <= high:
            return True
    return False


def has(letter: Letter, name: str, value: str) -> bool:
    """Whether a header contains a value."""
    head = letter.raw.partition(b"\r\n\r\n")[0].decode("utf-8", "replace").replace("\r\n ", " ").replace("\r\n\t", " ")
    return any(line.lower().startswith(f"{name.lower()}:") and value.lower() in line.lower() for line in head.split("\r\n"))
