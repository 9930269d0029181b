"""What there is at the pretended MAX: one bot, the people who know it, what lies in their dialogs, and how updates leave."""

import asyncio
import itertools
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.vk.courier import Courier
from sandbox.vk.faults import Faults

Json = dict[str, Any]
BOT, TOKEN = 10002, "f9LHodD0cOIsandboxTOKEN"
SECRET_HEADER = "X-Max-Bot-Api-Secret"


@dataclass(slots=True)
class Line:
    """One message of a dialog; `body` as MAX tells it, `asked` is what the bot was asked with."""

    mid: str
    body: Json
    ours: bool
    at: int
    asked: Json = field(default_factory=dict)
    link: Json = field(default_factory=dict)
    gone: bool = False


@dataclass(slots=True)
class Person:
    """Somebody; `started` = the bot may write, `stopped` = it may not any more."""

    number: int
    first: str
    last: str
    phone: str
    started: bool = False
    stopped: bool = False
    lines: list[Line] = field(default_factory=list)

    @property
    def chat(self) -> int:
        """The number of the dialog with the bot."""
        return 170_000_000 + self.number

    def told(self, now: int) -> Json:
        """The person as MAX tells of them."""
        named = {"first_name": self.first, "last_name": self.last, "name": f"{self.first} {self.last}"}
        return {"user_id": self.number, **named, "is_bot": False, "last_activity_time": now}


@dataclass(frozen=True, slots=True)
class Subscription:
    """Where updates are brought, and which."""

    url: str
    secret: str
    kinds: frozenset[str]
    at: int


class World:
    """Everything; `clock` tells seconds since 1970. Updates wait to be fetched while nobody has them brought."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.people: dict[int, Person] = {}
        self.subscriptions: list[Subscription] = []
        self.calls: list[tuple[str, str, Json]] = []
        self.updates: list[Json] = []
        self.first = 1
        self.files: dict[str, bytes] = {}
        self.tokens: dict[str, str] = {}
        self.unready = 0
        self.answered: list[str] = []
        self.faults, self.courier = Faults(), Courier(self)
        self.came = asyncio.Event()
        self._numbers = itertools.count(1)

    # Where the courier goes.

    @property
    def url(self) -> str:
        """The address that is subscribed."""
        return self.subscriptions[0].url if self.subscriptions else ""

    def headers(self) -> Mapping[str, str]:
        """The secret, where there is one."""
        secret = self.subscriptions[0].secret if self.subscriptions else ""
        return {SECRET_HEADER: secret} if secret else {}

    def taken(self, status: int, words: str) -> bool:
        """MAX wants to hear 200."""
        return status == 200

    # People.

    def person(self, number: int, first: str = "Ани", last: str = "Петросян", phone: str = "79161234567") -> Person:
        """Somebody, who exists from now on."""
        return self.people.setdefault(number, Person(number, first, last, phone))

    def now(self) -> int:
        """Milliseconds since 1970."""
        return int(self.clock() * 1000)

    def next(self) -> int:
        """A number nobody had before."""
        return next(self._numbers)

    def bot(self) -> Json:
        """The bot as MAX tells of it."""
        return {"user_id": BOT, "first_name": "Marani", "username": "marani_bot", "is_bot": True, "last_activity_time": self.now(), "name": "Marani"}

    def put(self, person: Person, text: str | None, attachments: list[Json], *, ours: bool, link: Json | None = None) -> Line:
        """A new message in a dialog."""
        number = self.next()
        body: Json = {"mid": f"mid.{person.number:016x}{number:08x}", "seq": 116_043_270_574_650_336 + number, "text": text}
        if attachments:
            body["attachments"] = attachments
        made = Line(body["mid"], body, ours, self.now(), link=link or {})
        person.lines.append(made)
        return made

    def line(self, mid: str) -> tuple[Person, Line] | None:
        """A message by its id, and whose dialog it is in."""
        return next(((person, line) for person in self.people.values() for line in person.lines if line.mid == mid and not line.gone), None)

    def message(self, person: Person, line: Line) -> Json:
        """A message as MAX tells of it."""
        recipient = {"chat_id": person.chat, "chat_type": "dialog", "user_id": person.number if line.ours else BOT}
        sender = self.bot() if line.ours else person.told(self.now())
        return {"recipient": recipient, "timestamp": line.at, "body": line.body, "sender": sender, **({"link": line.link} if line.link else {})}

    def happened(self, kind: str, **about: Any) -> None:
        """Something that is brought, or waits to be fetched."""
        update = {"update_type": kind, "timestamp": self.now(), **about}
        if not self.subscriptions:
            self.updates.append(update)
            self.came.set()
        elif kind in self.subscriptions[0].kinds:
            self.courier.post(json.dumps(update, ensure_ascii=False).encode())
