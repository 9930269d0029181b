"""The ways in which the provider misbehaves when it is told to."""

import asyncio
from dataclasses import dataclass

KINDS = frozenset({"refuse", "greylist", "hang", "drop", "swallow"})
PLACES = frozenset({"greeting", "auth", "mail", "rcpt", "data", "body", "accepted", "idle", "select", "fetch"})


class Dropped(Exception):
    """The line is cut without a word."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is said instead of yes."""

    code: int
    words: str


@dataclass(slots=True)
class Fault:
    """One rule: at which place, for which address, how often (None = without end).

    `refuse` says `code` and `words`; `greylist` says 451 the first time to each address; `hang` says nothing more; `drop` cuts the line;
    at `accepted` the mail was taken before, and with `swallow` it is lost though nothing was said of it.
    """

    kind: str
    place: str
    address: str = ""
    code: int = 451
    words: str = "4.7.1 try again later"
    left: int | None = 1


class Faults:
    """The rules in force, the oldest first."""

    def __init__(self) -> None:
        self.rules: list[Fault] = []
        self._seen: set[str] = set()

    def add(self, kind: str, place: str, address: str = "", code: int = 451, words: str = "4.7.1 try again later", count: int = 1) -> Fault:
        """Add a rule for `count` uses, without end when `count` is 0; raises ValueError for one that is not known."""
        if kind not in KINDS or place not in PLACES:
            raise ValueError(f"a fault is one of {', '.join(sorted(KINDS))}, at one of {', '.join(sorted(PLACES))}")
        fault = Fault(kind, place, address.lower(), code, words, count or None)
        self.rules.append(fault)
        return fault

    def clear(self) -> None:
        """Remove every rule."""
        self.rules.clear()

    async def meet(self, place: str, address: str = "") -> Refusal | None:
        """Suffer what a rule has for this place; raises Dropped, or never comes back."""
        for fault in self.rules:
            if fault.place == place and fault.kind != "swallow" and fault.address in ("", address.lower()):
                return await self._suffer(fault, address.lower())
        return None

    def swallows(self, address: str) -> bool:
        """Whether a mail that was accepted gets lost."""
        for fault in self.rules:
            if fault.kind == "swallow" and fault.address in ("", address.lower()):
                self._use(fault)
                return True
        return False

    async def _suffer(self, fault: Fault, address: str) -> Refusal | None:
        if fault.kind == "greylist":
            known = address in self._seen
            self._seen.add(address)
            return None if known else Refusal(451, "4.7.1 greylisted, come back in a while")
        self._use(fault)
        if fault.kind == "hang":
            await asyncio.Event().wait()
        if fault.kind == "drop":
            raise Dropped
        return Refusal(fault.code, fault.words)

    def _use(self, fault: Fault) -> None:
        if fault.left is not None:
            fault.left -= 1
            if not fault.left:
                self.rules.remove(fault)
