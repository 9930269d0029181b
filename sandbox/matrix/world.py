"""What there is on the pretended Matrix server: one account that a program uses, the people around it, and what happened in their rooms."""

import asyncio
import itertools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.vk.faults import Faults

Json = dict[str, Any]
SERVER = "marani.example"
SHOP, TOKEN = f"@shop:{SERVER}", "syt_c2hvcA_sandboxTOKEN_1a2b3c"
LARGEST_EVENT = 65_536
MARK = "org.dragoman.sent"


class No(Exception):
    """The server refuses with a status and a word."""

    def __init__(self, status: int, word: str, words: str = "", **more: object) -> None:
        super().__init__(words)
        self.status, self.told = status, {"errcode": word, "error": words or word, **more}


@dataclass(slots=True)
class Happened:
    """An event of a room; `key` = under which its sender's program sent it."""

    place: int
    event: Json
    key: str = ""


@dataclass(slots=True)
class Room:
    """A room: who is in it and how, what happened, and up to where each has read."""

    id: str
    members: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    events: list[Happened] = field(default_factory=list)
    reads: dict[str, tuple[int, str, int]] = field(default_factory=dict)
    encrypted: bool = False
    public: bool = False

    def there(self) -> list[str]:
        """Who is in the room or asked in."""
        return [who for who, what in self.members.items() if what in ("join", "invite")]


class World:
    """Everything; `clock` tells seconds since 1970. `age` makes all places in the stream from before unknown."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.rooms: dict[str, Room] = {}
        self.files: dict[str, tuple[bytes, str]] = {}
        self.sent: dict[tuple[str, str], str] = {}
        self.calls: list[tuple[str, str, Any]] = []
        self.typing: list[str] = []
        self.age = 1
        self.older_media = False
        self.faults, self.came = Faults(), asyncio.Condition()
        self._numbers = itertools.count(1)
        self.place = 0

    def now(self) -> int:
        """Milliseconds since 1970."""
        return int(self.clock() * 1000)

    def next(self) -> int:
        """A number nobody had before."""
        return next(self._numbers)

    def room(self, id_: str) -> Room:
        """A room that there is."""
        if id_ not in self.rooms:
            raise No(403, "M_FORBIDDEN", "You are not in that room")
        return self.rooms[id_]

    def found(self) -> Room:
        """A new room with nobody in it."""
        made = Room(f"!room{self.next():04d}AbCdEfGh:{SERVER}")
        self.rooms[made.id] = made
        return made

    def happen(self, room: Room, type_: str, sender: str, content: Json, *, key: str = "", state: str | None = None, **more: Any) -> str:
        """Something happens in a room; answers its id."""
        self.place += 1
        id_ = f"${self.next():043d}"
        event: Json = {"type": type_, "content": content, "sender": sender, "event_id": id_, "origin_server_ts": self.now(), **more}
        if state is not None:
            event["state_key"] = state
        if len(json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()) > LARGEST_EVENT:
            raise No(413, "M_TOO_LARGE", "event too large")
        room.events.append(Happened(self.place, event, key))
        self.wake()
        return id_

    def member(self, room: Room, who: str, what: str, by: str = "", **more: Any) -> str:
        """Somebody comes, goes, is asked in or put out."""
        before = room.members.get(who)
        room.members[who] = what
        named = {"displayname": room.names[who]} if who in room.names else {}
        unsigned: Json = {"unsigned": {"prev_content": {"membership": before}}} if before else {}
        return self.happen(room, "m.room.member", by or who, {"membership": what, **named, **more}, state=who, **unsigned)

    def event(self, room: Room, id_: str) -> Happened:
        """An event of a room."""
        found = next((one for one in room.events if one.event["event_id"] == id_), None)
        if found is None:
            raise No(404, "M_NOT_FOUND", "Event not found.")
        return found

    def redact(self, room: Room, id_: str, sender: str, key: str = "") -> str:
        """Take an event back: nothing of what it said stays."""
        gone = self.event(room, id_)
        made = self.happen(room, "m.room.redaction", sender, {"redacts": id_}, key=key, redacts=id_)
        gone.event["content"] = {}
        gone.event["unsigned"] = {"redacted_because": {"event_id": made}}
        return made

    def read(self, room: Room, who: str, id_: str) -> None:
        """Somebody has read up to an event."""
        self.place += 1
        room.reads[who] = (self.place, id_, self.now())
        self.wake()

    def token(self, place: int) -> str:
        """A place in the stream, as the server writes it."""
        return f"s{place}_{self.age}"

    def at(self, token: str) -> int:
        """The place that a token means."""
        place, _, age = token[1:].partition("_")
        if token[:1] not in ("s", "t") or age != str(self.age) or not place.isdigit():
            raise No(400, "M_UNKNOWN", "Invalid stream token")
        return int(place)

    def wake(self) -> None:
        """Let those look who wait."""
        try:
            asyncio.get_running_loop().create_task(self._wake())
        except RuntimeError:
            return  # nobody waits before there is a loop

    async def _wake(self) -> None:
        async with self.came:
            self.came.notify_all()
