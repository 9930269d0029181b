"""Viber's world: one bot, the people, and what lies in their chats."""

import asyncio
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.viber.faults import Faults

Json = dict[str, Any]
SESSION = 24 * 3600.0
FIRST = 5_741_311_803_571_721_000
"""Message tokens are numbers of nineteen digits."""


@dataclass(slots=True)
class Note:
    """One message in a chat; `body` is what was sent, as it was sent. `billing` is 1 in a session, 2 free outside of one, 3 paid."""

    token: int
    body: Json
    at: float
    ours: bool
    silent: bool = False
    state: str = ""
    billing: int = 0
    file: bytes = b""

    @property
    def shown(self) -> str:
        """What the screen shows: of a press in silence the label, of a card its number, of a file its sort."""
        words = str(self.body.get("text", ""))
        if "contact" in self.body:
            return str(self.body["contact"].get("phone_number", ""))
        return words.rpartition("\n")[2] if self.silent else words or f"[{self.body['type']}]"


@dataclass(slots=True)
class Person:
    """Somebody with Viber; `version` is that of the API their phone knows, `off` = the phone gets nothing, `reads` = they look at what comes."""

    id: str
    name: str = ""
    language: str = "en"
    country: str = "AM"
    number: str = "+37491000004"
    version: int = 10
    subscribed: bool = False
    off: bool = False
    reads: bool = False
    wrote_at: float = float("-inf")
    notes: list[Note] = field(default_factory=list)

    def shown(self) -> Json:
        """A person as callbacks have them."""
        told = {"id": self.id, "name": self.name, "avatar": "https://avatar.example.com/a.png", "language": self.language, "country": self.country}
        return {**told, "api_version": self.version}

    @property
    def keyboard(self) -> list[Json]:
        """The buttons below the chat: those of the last message that came, and none once they wrote."""
        last = self.notes[-1] if self.notes else None
        return list(last.body.get("keyboard", {}).get("Buttons", [])) if last is not None and last.ours else []

    @property
    def tracking(self) -> str:
        """What goes back with what they write."""
        return next((str(note.body.get("tracking_data", "")) for note in reversed(self.notes) if note.ours), "")


class ViberWorld:
    """One bot with its people; `free_left` messages outside a session cost nothing, after them `balance` decides.

    `files` are those people sent, `base` is where we were asked.
    """

    def __init__(self, token: str = "445da6az1s345z78-dazcczb2542zv51a-e0vc5fva17480im9", clock: Callable[[], float] = time.time) -> None:
        self.tokens, self.clock = [token], clock
        self.name, self.uri, self.hook = "Marani", "marani", ""
        self.events: list[str] = []
        self.free_left, self.balance = 0, True
        self.people: dict[str, Person] = {}
        self.files: dict[str, bytes] = {}
        self.base = ""
        self.asked: list[tuple[str, Json]] = []
        self.faults = Faults()
        self._numbers = itertools.count(FIRST)
        self._changed = asyncio.Condition()

    def person(self, id_: str, name: str = "") -> Person:
        """Somebody with an id, made at the first asking."""
        return self.people.setdefault(id_, Person(id_, name))

    def number(self) -> int:
        """A message token nobody has had."""
        return next(self._numbers)

    def billing(self, person: Person) -> int:
        """What the next message to somebody costs: 1, 2 or 3 as above, or the status that refuses it."""
        if self.clock() - person.wrote_at < SESSION:
            return 1
        if self.free_left:
            return 2
        return 3 if self.balance else 24

    async def put(self, person: Person, note: Note) -> None:
        """Lay a message into a chat."""
        async with self._changed:
            person.notes.append(note)
            self._changed.notify_all()

    async def stir(self) -> None:
        """Tell those who wait that something is otherwise now."""
        async with self._changed:
            self._changed.notify_all()

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something is so in this world."""
        async with asyncio.timeout(30), self._changed:
            await self._changed.wait_for(true)
