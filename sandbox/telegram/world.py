"""Bots, people and the private chats between them."""

import asyncio
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.telegram.changes import Changes
from sandbox.telegram.faults import Faults
from sandbox.telegram.files import FileStore
from sandbox.telegram.log import RequestLog
from sandbox.telegram.messages import Chat, Message
from sandbox.telegram.own import Connection
from sandbox.telegram.shapes import Json
from sandbox.telegram.updates import UpdateQueue
from sandbox.telegram.webhook import Couriers, Pace

# Above 32 bits, as the ids of people are in life.
FIRST_PERSON = 7_100_000_001


@dataclass(slots=True)
class Bot:
    """One bot: who it is, what waits for it and what it set about itself."""

    name: str
    token: str
    updates: UpdateQueue
    commands: dict[tuple[str, str], list[Json]] = field(default_factory=dict)
    profile: dict[tuple[str, str], str] = field(default_factory=dict)
    menu_buttons: dict[int, Json] = field(default_factory=dict)

    @property
    def id(self) -> int:
        """The number before the colon of its token."""
        return int(self.token.partition(":")[0])

    def user(self) -> Json:
        """The bot as Telegram shows it in messages."""
        return {"id": self.id, "is_bot": True, "first_name": self.profile.get(("name", ""), self.name.capitalize()), "username": f"{self.name}_bot"}

    def menu(self, person: "Person") -> list[Json]:
        """The commands in force for a person: the narrowest scope first, their language before none."""
        for scope in (f"chat:{person.id}", "all_private_chats", "default"):
            for language in (person.language_code, ""):
                if (scope, language) in self.commands:
                    return self.commands[scope, language]
        return []


@dataclass(slots=True)
class Person:
    """Somebody with a phone."""

    id: int
    name: str
    first_name: str
    last_name: str = ""
    username: str = ""
    language_code: str = "en"

    def names(self) -> Json:
        """The names they gave, without those they did not."""
        given = {"first_name": self.first_name, "last_name": self.last_name, "username": self.username}
        return {key: value for key, value in given.items() if value}

    def user(self) -> Json:
        """The person as the sender of something."""
        language = {"language_code": self.language_code} if self.language_code else {}
        return {"id": self.id, "is_bot": False, **self.names(), **language}

    def chat(self) -> Json:
        """The private chat with them, whose id is theirs."""
        return {"id": self.id, **self.names(), "type": "private"}


@dataclass(slots=True)
class Board(Person):
    """A public channel, named @like_this; who may post in it has been let in."""

    def chat(self) -> Json:
        """The channel as messages name it."""
        return {"id": -1_000_000_000_000 - self.id, "title": self.first_name, "username": self.name[1:], "type": "channel"}


@dataclass(slots=True)
class Press:
    """A press of a button that waits for the bot's answer."""

    chat: Chat
    answer: asyncio.Future[Json]


class World:
    """Everything there is; `clock` gives the time in seconds since 1970."""

    def __init__(self, bots: dict[str, str], clock: Callable[[], float]) -> None:
        self.clock = clock
        self.bots = {name: Bot(name, token, UpdateQueue(100_000_000 + zlib.crc32(token.encode()) % 800_000_000)) for name, token in bots.items()}
        self.people: dict[str, Person] = {}
        self._people_by_id: dict[int, Person] = {}
        self.chats: dict[tuple[str, int], Chat] = {}
        self.files = FileStore()
        self.changes = Changes()
        self.faults = Faults(clock)
        self.log = RequestLog(clock)
        self.presses: dict[str, Press] = {}
        self.connections: dict[tuple[str, int], Connection] = {}
        self.pace = Pace()
        self.couriers = Couriers(self)
        self.closing = asyncio.Event()
        self._counts: dict[str, int] = {}

    def now(self) -> int:
        """The time as messages carry it, in whole seconds."""
        return int(self.clock())

    def count(self, of: str) -> int:
        """The next number in a series of its own."""
        self._counts[of] = self._counts.get(of, 0) + 1
        return self._counts[of]

    def bot_of(self, token: str) -> Bot | None:
        """The bot with this token."""
        return next((bot for bot in self.bots.values() if bot.token == token), None)

    def person(self, name: str) -> Person:
        """The person of this short name, created when first named."""
        if name not in self.people:
            first_name = re.sub(r"[_-]+", " ", name).title()
            person = (Board if name.startswith("@") else Person)(FIRST_PERSON + len(self.people), name, first_name)
            self.people[name] = self._people_by_id[person.id] = person
        return self.people[name]

    def seat(self, person: Person) -> None:
        """Lets somebody be known by name and number."""
        self.people[person.name] = self._people_by_id[person.id] = person

    def person_of(self, number: object) -> Person | None:
        """The person with this id."""
        return self._people_by_id.get(number) if isinstance(number, int) else None

    def chat(self, bot: Bot, person: Person) -> Chat:
        """The chat of a bot and a person, which may not have been opened yet."""
        key = (bot.name, person.id)
        if key not in self.chats:
            self.chats[key] = Chat(bot, person)
        return self.chats[key]

    def post(self, chat: Chat, content: Json, *, by_bot: bool, **details: object) -> Message:
        """Puts a new message into a chat and tells the watchers; `details` are fields of `Message`."""
        message = chat.add(content, by_bot, self.now(), details)
        self.changed(message, "message")
        return message

    def changed(self, message: Message, kind: str) -> None:
        """Numbers a change of a message and tells the watchers."""
        message.revision = self.changes.next_revision()
        self.changes.tell({**message.chat.names(), "revision": message.revision, "kind": kind, "message": message.shown()})

    def edited(self, message: Message) -> None:
        """Dates an edit of a message and tells the watchers."""
        message.edit_date = self.now()
        message.edit_revision = self.changes.revision + 1
        self.changed(message, "edit")

    def typing(self, chat: Chat) -> None:
        """Tells the watchers that the bot is typing, which changes nothing."""
        self.changes.tell({**chat.names(), "revision": self.changes.revision, "kind": "typing", "message": None})

    def close(self) -> None:
        """Lets everything that waits go, so that the server can stop."""
        self.closing.set()
        self.changes.end()
        for bot in self.bots.values():
            bot.updates.wake()

    async def pause(self, seconds: float) -> None:
        """Waits, but not beyond the closing of the server."""
        try:
            async with asyncio.timeout(seconds):
                await self.closing.wait()
        except TimeoutError:
            return
