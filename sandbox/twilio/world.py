"""Twilio's world: one account with its number, the telephones of people, and every message that went either way."""

import asyncio
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.gateway.faults import Faults

SID = "AC5ef8732a3c49700934481addd5ce1659"


@dataclass(slots=True)
class Text:
    """One message; `ours` = the account's owner sent it. `files` are names of media, `back` is where its states are told."""

    sid: str
    number: str
    text: str
    at: float
    ours: bool
    state: str = "received"
    error: str = ""
    back: str = ""
    files: tuple[str, ...] = ()


@dataclass(slots=True)
class Phone:
    """A telephone: `states` is what is told of a message to it, in this order; the last may be followed by an error number."""

    number: str
    states: tuple[str, ...] = ("sent", "delivered")
    error: str = ""
    stopped: bool = False


@dataclass(slots=True)
class Places:
    """Where the number's owner wants to hear of messages and of calls ("" = nowhere)."""

    messages: str = ""
    calls: str = ""
    states: str = ""


@dataclass(slots=True)
class World:
    """One account: its `tokens` (the first signs), its `number`, its messaging `service`; `media` are files by name."""

    number: str = "+37410111111"
    service: str = "MG00000000000000000000000000000001"
    tokens: tuple[str, ...] = ("auth-token-of-the-town",)
    sid: str = SID
    clock: Callable[[], float] = time.time
    optout: bool = False
    """Whether Twilio itself understands words of stopping and says so."""
    places: Places = field(default_factory=Places)
    faults: Faults = field(default_factory=Faults)
    phones: dict[str, Phone] = field(default_factory=dict)
    texts: list[Text] = field(default_factory=list)
    media: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    """Files that Twilio holds no more."""
    asked: list[dict[str, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """What Twilio would show in its debugger: answers it could make nothing of."""
    _ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def phone(self, number: str) -> Phone:
        """The telephone with a number, made at the first asking."""
        return self.phones.setdefault(number, Phone(number))

    def id(self, kind: str) -> str:
        """An id of a kind (SM, MM, ME, CA, RE) that nobody has had."""
        return f"{kind}{next(self._ids):032x}"

    async def put(self, text: Text) -> None:
        """Write a message down."""
        async with self._changed:
            self.texts.append(text)
            self._changed.notify_all()

    def with_(self, number: str) -> list[Text]:
        """What went between the account and a telephone."""
        return [text for text in self.texts if text.number == number]

    async def until(self, number: str, count: int) -> list[Text]:
        """Wait until a telephone has so many messages of the account."""
        async with asyncio.timeout(30), self._changed:
            await self._changed.wait_for(lambda: sum(text.ours for text in self.with_(number)) >= count)
        return [text for text in self.with_(number) if text.ours]
