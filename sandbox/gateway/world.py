"""The operator's world: its shape, the telephones, and what lies on them."""

import asyncio
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.gateway.faults import Faults


@dataclass(frozen=True, slots=True)
class Shape:
    """How the operator wants to be asked, answers and calls back; {id}, {error}, {state}, {number}, {text}, {at}, {ref} are filled in."""

    to: str = "to"
    text: str = "message"
    ref: str = "ref"
    callback: str = "callback"
    token: str = ""
    accepted: str = '{"acknowledge": "success", "response": {"message_id": "{id}"}}'
    refused: str = '{"acknowledge": "error", "response": {"errors": ["{error}"]}}'
    refused_status: int = 200
    receipt: dict[str, str] = field(default_factory=lambda: {"id": "{id}", "status": "{state}", "to": "{number}", "error": "{error}"})
    message: dict[str, str] = field(default_factory=lambda: {"id": "{id}", "from": "{number}", "text": "{text}", "at": "{at}"})
    way: str = "json"


@dataclass(slots=True)
class Text:
    """One SMS on a telephone; `ours` = it was sent by the gateway's customer, the firm."""

    id: str
    text: str
    at: float
    ours: bool
    state: str = ""
    ref: str = ""


@dataclass(slots=True)
class Phone:
    """A telephone: `state` is what the operator says of an SMS to it ("" = nothing yet), `error` the reason with it."""

    number: str
    state: str = "DELIVERED"
    error: str = ""
    texts: list[Text] = field(default_factory=list)


@dataclass(slots=True)
class Places:
    """Where the firm wants to hear of receipts and of messages ("" = nowhere), and how a callback is proven."""

    receipts: str = ""
    messages: str = ""
    header: str = ""
    secret: str = ""


class Gateway:
    """One operator with its telephones."""

    def __init__(self, shape: Shape | None = None, clock: Callable[[], float] = time.time) -> None:
        self.shape, self.clock = shape or Shape(), clock
        self.places, self.faults = Places(), Faults()
        self.phones: dict[str, Phone] = {}
        self.asked: list[dict[str, str]] = []
        self._numbers = itertools.count(1)
        self._changed = asyncio.Condition()

    def phone(self, number: str) -> Phone:
        """The telephone with a number, made at the first asking."""
        return self.phones.setdefault(number, Phone(number))

    def number(self) -> str:
        """An id nobody has had."""
        return f"sms-{next(self._numbers)}"

    async def put(self, phone: Phone, text: Text) -> None:
        """Lay an SMS on a telephone."""
        async with self._changed:
            phone.texts.append(text)
            self._changed.notify_all()

    async def until(self, number: str, count: int) -> list[Text]:
        """Wait until so many SMS of the firm lie on a telephone."""
        async with asyncio.timeout(30), self._changed:
            await self._changed.wait_for(lambda: sum(text.ours for text in self.phone(number).texts) >= count)
        return [text for text in self.phone(number).texts if text.ours]
