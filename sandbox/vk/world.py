"""What there is at the pretended VK: one community, the people who know it, what lies in their dialogs, and who hears of it."""

import itertools
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.vk.courier import Courier
from sandbox.vk.faults import Faults

Json = dict[str, Any]
GROUP, TOKEN = 210300400, "vk1.a.sandboxTOKEN"
CONFIRMATION = "c0ffee42"
ADMIN = 777


@dataclass(slots=True)
class Line:
    """One message of a dialog; `ours` = the community wrote it, `fields` is what it was asked with."""

    cmid: int
    text: str
    ours: bool
    at: int
    fields: dict[str, str] = field(default_factory=dict)
    more: Json = field(default_factory=dict)
    gone: bool = False
    reaction: int = 0
    read: bool = False


@dataclass(slots=True)
class Person:
    """Somebody; `allows` = the community may write, `banned` = it has them on its black list."""

    number: int
    first: str
    last: str
    screen: str = ""
    allows: bool = False
    banned: bool = False
    lines: list[Line] = field(default_factory=list)

    def line(self, cmid: int) -> Line | None:
        """A message by its number."""
        return next((one for one in self.lines if one.cmid == cmid and not one.gone), None)


@dataclass(slots=True)
class Server:
    """Where the community has its events brought: `status` as VK tells it."""

    id: int
    url: str
    title: str
    secret_key: str
    status: str = "unconfigured"
    settings: dict[str, str] = field(default_factory=dict)


class World:
    """Everything; `clock` tells seconds since 1970."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.people: dict[int, Person] = {}
        self.servers: list[Server] = []
        self.calls: list[tuple[str, dict[str, str]]] = []
        self.keys: dict[tuple[int, int], Line] = {}
        self.files: dict[str, bytes] = {}
        self.names: dict[str, str] = {}
        self.rights = {"manage", "messages", "photos", "docs"}
        self.bots_on = True
        self.faults, self.courier = Faults(), Courier(self)
        self._numbers = itertools.count(1)

    # Where the courier goes.

    @property
    def url(self) -> str:
        """The address of the server that works."""
        return next((one.url for one in self.servers if one.status == "ok"), "")

    def headers(self) -> Mapping[str, str]:
        """What VK says of itself."""
        return {"User-Agent": "VK"}

    def taken(self, status: int, words: str) -> bool:
        """VK wants to hear one word."""
        return status == 200 and words == "ok"

    # People.

    def person(self, number: int, first: str = "Ани", last: str = "Петросян") -> Person:
        """Somebody, who exists from now on."""
        return self.people.setdefault(number, Person(number, first, last, f"id{number}"))

    def now(self) -> int:
        """Seconds since 1970."""
        return int(self.clock())

    def next(self) -> int:
        """A number nobody had before."""
        return next(self._numbers)

    def put(self, person: Person, text: str, *, ours: bool, **more: Any) -> Line:
        """A new message in a dialog; a person who writes lets the community answer."""
        made = Line(len(person.lines) + 1, text, ours, self.now(), more=more)
        person.lines.append(made)
        person.allows = person.allows or not ours
        return made

    def told(self, person: Person, line: Line) -> Json:
        """A message as VK tells of it."""
        writer = -GROUP if line.ours else person.number
        around = {"date": line.at, "from_id": writer, "peer_id": person.number, "id": 1000 + self.next(), "out": int(line.ours), "version": 10_000_001}
        return {**around, "conversation_message_id": line.cmid, "text": line.text, "attachments": [], "fwd_messages": [], "important": False, **line.more}

    def happened(self, kind: str, about: Json) -> None:
        """Something that those who subscribed to it hear of."""
        server = next((one for one in self.servers if one.status == "ok"), None)
        if server is not None and server.settings.get(kind) != "1":
            return
        secret = server.secret_key if server else ""
        event = {"group_id": GROUP, "type": kind, "event_id": f"{self.next():040x}", "v": "5.199", "object": about, "secret": secret}
        self.courier.post(json.dumps(event, ensure_ascii=False).encode())

    def new(self, person: Person, line: Line) -> None:
        """A person wrote."""
        client = {"button_actions": ["text", "open_link", "callback"], "keyboard": True, "inline_keyboard": True, "carousel": True, "lang_id": 0}
        self.happened("message_new", {"client_info": client, "message": self.told(person, line)})
