"""Desk: a house where every walk has a rep of its own on duty, so that no chat is crowded by other walks' customers."""

import itertools
import secrets
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from crm.base.actors import Role, System
from crm.base.db import Session, open_store
from crm.outreach.sequences import Step, found_default
from crm.people.reps import invite
from crm.schema import prepare
from sandbox.telegram.shapes import Json
from tests.walks.house import PATIENCE, House, open_house

# The newest word of the customer whom a post is about has been shown in the chat that holds the post.
READ = """SELECT 1 FROM deliveries post JOIN conversations c ON c.id = post.conversation_id
JOIN deliveries shown ON shown.conversation_id = c.id AND shown.address = post.address AND shown.message_id >= c.last_heard_id AND shown.state = 'sent'
WHERE post.desk = 1 AND post.address = ? AND post.external_id = ?"""
ON_DUTY = "SELECT available FROM reps WHERE address = ?"


@dataclass(frozen=True, slots=True)
class Phone:
    """One person's phone with one bot's chat open; `id` is their number on Telegram."""

    house: House
    name: str
    bot: str
    id: int

    async def do(self, deed: str, **body: object) -> Json:
        """Any deed of the human side."""
        return await self.house.hands.do(self.name, deed, bot=self.bot, **body)

    async def say(self, text: str, reply_to: int | None = None) -> int:
        """Type a message; answers its number."""
        return int((await self.do("send", text=text, reply_to=reply_to))["message_id"])

    async def sees(self, contains: str, **since: int) -> Json:
        """Wait for a message of the bot with these words; `after` a message's number or `since` a revision."""
        return await self.house.hands.wait(self.name, bot=self.bot, contains=contains, timeout=PATIENCE, **since)

    async def answer(self, post: Json, text: str) -> int:
        """Reply to a post with the customer's newest word in sight, as somebody does who reads first; answers the message's number."""
        await self.house.until(READ, str(self.id), str(post["message_id"]))
        return await self.say(text, reply_to=post["message_id"])

    async def send_file(self, kind: str, name: str, content: bytes, **fields: str) -> int:
        """Send a file; answers the message's number."""
        return int((await self.house.hands.send_file(self.name, kind, name, content, bot=self.bot, **fields))["message_id"])

    async def press(self, message: Json, button: str) -> str:
        """Press a button; answers the short words shown for it."""
        return str((await self.do("click", message_id=message["message_id"], button=button, wait=PATIENCE)).get("text", ""))

    async def press_data(self, message: Json, data: str) -> str:
        """Send any data as a press, also what no button carries; answers the short words shown for it."""
        return str((await self.do("press", message_id=message["message_id"], data=data, wait=PATIENCE)).get("text", ""))

    async def chat(self) -> Json:
        """The chat as they see it."""
        return await self.house.hands.chat(self.name, bot=self.bot)

    async def heard(self) -> list[str]:
        """Everything the bot has said to them, oldest first."""
        return [message["text"] for message in (await self.chat())["messages"] if message["from"] == "bot"]

    async def last_id(self) -> int:
        """The number of the newest message in the chat."""
        return max((int(message["message_id"]) for message in (await self.chat())["messages"]), default=0)

    async def file_of(self, message: Json) -> bytes:
        """The bytes of a message's file, as they would save it."""
        async with self.house.http.get(f"{self.house.hands.url}{message['file']['url']}") as answer:
            return await answer.read()


def labels(message: Json) -> list[str]:
    """What the buttons under a message say."""
    return [button["text"] for row in message["buttons"] for button in row]


def data_of(message: Json, label: str) -> str:
    """What a button sends when it is pressed."""
    return next(str(button["data"]) for row in message["buttons"] for button in row if button["text"] == label)


async def phone(house: House, name: str, bot: str, **names: str) -> Phone:
    """Bring somebody into the pretended world; their first name is their name with a capital letter."""
    person = (await house.hands.introduce(name, **{"first_name": name.title(), "language_code": "en", **names}))["person"]
    return Phone(house, name, bot, int(person["id"]))


async def customer(house: House, name: str, **names: str) -> Phone:
    """A customer on Telegram who has not written yet."""
    return await phone(house, name, "customer", **names)


async def card_of(reader: Phone, name: str) -> Json:
    """A customer's card in a rep's chat, by the name on it."""
    return await reader.sees(f"{name.title()}\u2069\n")


async def taken(rep: Phone, name: str, text: str = "Hello, I have a question about chairs") -> tuple[Phone, Json]:
    """A customer who wrote, and their card after the rep has taken it."""
    who = await customer(rep.house, name)
    await who.say(text)
    await who.sees("Marani")
    card = await card_of(rep, name)
    await rep.press(card, "Take")
    return who, await rep.sees("🟢 Yours")


async def letters(house: House, amount: int, role: Role = Role.REP) -> list[str]:
    """Invitations, while the product does not run."""
    made, now = [secrets.token_urlsafe(16) for _ in range(amount)], time.time_ns() // 1_000_000

    def deed(session: Session) -> None:
        for secret in made:
            invite(session, System("walk"), role, secret, now=now)

    await prepare(house.url)
    store = open_store(house.url)
    await store.write(deed)
    await store.close()
    return made


@dataclass(slots=True)
class Desk:
    """A running house with a manager who is off duty; reps come one walk long."""

    house: House
    manager: Phone
    invitations: list[str]
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @asynccontextmanager
    async def rep(self) -> AsyncIterator[Phone]:
        """A new rep, on duty until the walk is over."""
        came = await phone(self.house, f"rep{next(self.numbers)}", "staff")
        await came.do("start", payload=self.invitations.pop())
        await self.house.until(ON_DUTY, str(came.id), want=[(1,)])
        try:
            yield came
        finally:
            await go_home(came)


async def go_home(member: Phone) -> None:
    """Go off duty, whatever the walk has left behind."""
    if member.house.rows(ON_DUTY, str(member.id)) == [(1,)]:
        await member.say("/available")
        await member.house.until(ON_DUTY, str(member.id), want=[(0,)])


async def hasten(house: House, delays: Sequence[int]) -> None:
    """Set the follow-ups' delays, in milliseconds, shorter than a manager may; while the product does not run."""
    await prepare(house.url)
    store = open_store(house.url)

    def deed(session: Session) -> None:
        found_default(session, now=time.time_ns() // 1_000_000)
        for step, delay in zip(session.scalars(select(Step).order_by(Step.place)), delays, strict=True):
            step.delay_ms = delay

    await store.write(deed)
    await store.close()


@asynccontextmanager
async def open_desk(folder: Path, *, delays: Sequence[int] = (), **settings: str) -> AsyncIterator[Desk]:
    """A house with a manager who went off duty, running; `delays` are those of the follow-ups."""
    async with open_house(folder, **settings) as house:
        if delays:
            await hasten(house, delays)
        invitations = await letters(house, 200)
        [secret] = await letters(house, 1, Role.MANAGER)
        manager = await phone(house, "mariam", "staff")
        await manager.do("start", payload=secret)
        await house.start()
        await house.until(ON_DUTY, str(manager.id), want=[(1,)])
        await go_home(manager)
        yield Desk(house, manager, invitations)
