"""Marks on what goes out and comes back in somebody's own words: a pressed button, a shared number, the address of a file; pure.

All of it could be typed by hand, so each carries a mark that only this installation can make, for one person.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from crm.base.outbound import Button

PRESS, PHONE, ANSWER, FILE = "press", "phone", "answer", "file"
_LENGTH = 20


@dataclass(frozen=True, slots=True)
class SharedFile:
    """A file on its way out: its number here, its size in bytes, until when it may be asked for (an instant), and its name."""

    attachment_id: int
    size: int
    until: int
    name: str


class Seals:
    """Makes marks with the newest key and believes those of all."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = [key.encode() for key in keys]

    def press(self, address: str, button: Button) -> str:
        """What a button says for somebody when they press it: what it carries, and below it what it shows."""
        return f"{PRESS}:{self._mark(PRESS, address, button.value)}:{button.value}\n{button.label}"

    def pressed(self, address: str, words: str) -> tuple[str, str]:
        """What a button carried and showed; ("", "") for words that are not a button's."""
        head, _, label = words.partition("\n")
        sort, _, rest = head.partition(":")
        mark, _, value = rest.partition(":")
        return (value, label) if sort == PRESS and self._is(mark, PRESS, address, value) else ("", "")

    def phone(self, address: str) -> str:
        """What comes back beside the number that somebody shares by our button."""
        return f"{PHONE}:{self._mark(PHONE, address, '')}"

    def by_button(self, address: str, words: str) -> bool:
        """Whether a number came by our button, which shares the sender's own and no other: a card from the address book has no such words."""
        sort, _, mark = words.partition(":")
        return sort == PHONE and self._is(mark, PHONE, address, "")

    def answer(self, address: str, ref: str) -> str:
        """What comes back with an answer to a message of ours."""
        return f"{ANSWER}:{self._mark(ANSWER, address, ref)}:{ref}" if ref else ""

    def answered(self, address: str, words: str) -> str:
        """The `Say.ref` of what somebody has before their eyes ("" = not known)."""
        sort, _, rest = words.partition(":")
        mark, _, ref = rest.partition(":")
        return ref if sort == ANSWER and ref and self._is(mark, ANSWER, address, ref) else ""

    def file(self, file: SharedFile) -> str:
        """The last but one part of a file's address."""
        told = f"{file.attachment_id}.{file.size}.{file.until}"
        return f"{told}.{self._mark(FILE, told, file.name)}"

    def opened(self, sealed: str, name: str) -> SharedFile | None:
        """The file behind such an address; None for one that is not ours."""
        told, _, mark = sealed.rpartition(".")
        numbers = told.split(".")
        if not self._is(mark, FILE, told, name) or len(numbers) != 3:
            return None
        number, size, until = map(int, numbers)
        return SharedFile(number, size, until, name)

    def _mark(self, sort: str, address: str, value: str) -> str:
        return _made(self._keys[0], sort, address, value)

    def _is(self, mark: str, sort: str, address: str, value: str) -> bool:
        given = mark.encode("utf-8", "surrogateescape")
        return sum(hmac.compare_digest(given, _made(key, sort, address, value).encode()) for key in self._keys) > 0


def _made(key: bytes, sort: str, address: str, value: str) -> str:
    words = "\n".join((sort, address, value)).encode("utf-8", "surrogatepass")
    return hmac.new(key, words, hashlib.sha256).hexdigest()[:_LENGTH]
