"""One page or account: who wrote to it, what was said, what it keeps, and what it is told to do wrong."""

import hashlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.messenger.shapes import GraphError, Json

DAY = 86_400.0
LASTS = 3600.0
"""Seconds for which the address of a file is good."""


@dataclass(slots=True)
class Person:
    """Somebody with a phone; `number` is what this page calls them."""

    number: str
    name: str
    blocked: bool = False
    heard_at: float | None = None


@dataclass(slots=True)
class Line:
    """One message of a thread, as both sides see it."""

    mid: str
    by_page: bool
    content: Json
    at: float
    tag: str = ""
    reply_to: str = ""
    gone: bool = False
    reactions: dict[str, str] = field(default_factory=dict)

    def shown(self) -> Json:
        """The message as the person's phone has it."""
        text = self.content.get("text", "")
        return {"mid": self.mid, "from": "page" if self.by_page else "person", "text": text, "content": self.content, "tag": self.tag, "gone": self.gone}


@dataclass(slots=True)
class Comment:
    """A comment under a post; it takes one private reply."""

    number: str
    author: Person
    text: str
    at: float
    replied: bool = False


@dataclass(slots=True)
class Stored:
    """A file somebody sent: its address is good until `until` (seconds since 1970)."""

    body: bytes
    mime: str
    until: float


@dataclass(slots=True)
class Fault:
    """What goes wrong with the next `left` calls whose path ends with `path`; `after` = how long to wait, or what to ask for in Retry-After."""

    kind: str
    left: int = 1
    path: str = ""
    seconds: float = 1.0
    error: GraphError | None = None


class Site:
    """A page (kind "messenger") or an account ("instagram"); `clock` gives seconds since 1970."""

    def __init__(self, kind: str, number: str, app: str, token: str, secret: str, clock: Callable[[], float]) -> None:
        self.kind, self.number, self.app, self.token, self.secret, self._clock = kind, number, app, token, secret, clock
        self.ahead = 0.0
        self.people: dict[str, Person] = {}
        self.threads: dict[str, list[Line]] = {}
        self.comments: dict[str, Comment] = {}
        self.templates: dict[str, str] = {}
        self.uploads: dict[str, tuple[str, bytes]] = {}
        self.files: dict[str, Stored] = {}
        self.faults: list[Fault] = []
        self.log: list[Json] = []
        self.subscribed: list[str] = []
        self.hook_fields: list[str] = []
        self.echo_names_app = True
        self.hook = self.cdn = ""
        self.outbox: deque[bytes] = deque()
        self.held: list[bytes] = []
        self.holds = self.doubles = False
        self._count = 0

    @property
    def instagram(self) -> bool:
        """Which of the two dialects it speaks."""
        return self.kind == "instagram"

    @property
    def topic(self) -> str:
        """What an app subscribes to."""
        return "instagram" if self.instagram else "page"

    def now(self) -> float:
        """The time there; `ahead` seconds beyond the clock's."""
        return self._clock() + self.ahead

    def count(self) -> int:
        """The next number."""
        self._count += 1
        return self._count

    def mid(self) -> str:
        """A new message's id, as this platform writes them."""
        mark = hashlib.sha256(f"{self.number}{self.count()}".encode()).hexdigest()[:24]
        return f"aWdfZAG1{mark}" if self.instagram else f"m_{mark}"

    def person(self, name: str) -> Person:
        """The person of this short name, who comes to be when first named."""
        if name not in self.people:
            start = 6_412_000_000_000_000 if self.instagram else 25_381_000_000_000_000
            self.people[name] = Person(str(start + len(self.people)), name.title())
        return self.people[name]

    def person_of(self, number: object) -> Person | None:
        """The person of this number, if they ever had to do with the page."""
        return next((one for one in self.people.values() if one.number == number), None)

    def thread(self, person: Person) -> list[Line]:
        """What was said with a person, oldest first."""
        return self.threads.setdefault(person.number, [])

    def line(self, mid: object) -> Line | None:
        """The message of this id, in whichever thread."""
        return next((line for thread in self.threads.values() for line in thread if line.mid == mid), None)

    def take_fault(self, path: str) -> Fault | None:
        """Use up the first fault that fits a call."""
        fault = next((one for one in self.faults if path.endswith(one.path)), None)
        if fault is not None:
            fault.left -= 1
            self.faults = [one for one in self.faults if one.left > 0]
        return fault
