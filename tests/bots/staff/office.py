"""An office for tests: a real store, the staff bot on a pretended Telegram, and a channel that writes down what it is told to send."""

import itertools
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from bots.staff.app import Staff
from bots.staff.transport import StaffOptions
from crm.base.actors import Rep, Role, System
from crm.base.answers import Answer, Exchange
from crm.base.db import Session, Store
from crm.base.events import Event, MediaKind, MediaRef, Message, RawEvent, Sender
from crm.base.outbound import Limits, OpenMedia, Outbound, Receipt, Say, Undeliverable, Window
from crm.base.settings import Company
from crm.inbox.desk import claim_desk, done
from crm.inbox.log import Waiting, for_desk, keep
from crm.inbox.process import Rules, read, step
from crm.outbox.drain import Drain
from crm.outbox.forum import tend
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.people import reps
from sandbox.telegram.hands import Hands
from tests.conftest import NOON


class Wall:
    """The clock on the wall, which the pretended Telegram goes by too: it runs on from noon, for at night customers are told nothing."""

    def __init__(self, at: int = NOON) -> None:
        self._ahead = at - time.time_ns() // 1_000_000

    def now(self) -> int:
        return time.time_ns() // 1_000_000 + self._ahead

    def seconds(self) -> float:
        return self.now() / 1000


class Letters:
    """A channel that takes everything, or refuses as it is told."""

    account = "letters"

    def __init__(self) -> None:
        self.sent: list[tuple[str, Outbound]] = []
        self.refusal: Exception | None = None

    async def open(self) -> None:
        pass

    def limits(self, window: Window, now: int) -> Limits:
        return Limits(edits=True, media=frozenset(MediaKind), media_size=10_000_000, chat_burst=100)

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt:
        if self.refusal:
            raise self.refusal
        self.sent.append((address, outbound))
        return Receipt((f"letter-{len(self.sent)}",))

    @property
    def texts(self) -> list[str]:
        return [outbound.text for _, outbound in self.sent if isinstance(outbound, Say)]


def parse(raw: RawEvent) -> Sequence[Event]:
    """A letter as a message."""
    told = json.loads(raw.body)
    media = (MediaRef(MediaKind.PHOTO, "ref", "cat.jpg", "image/jpeg", 4),) if told.get("photo") else ()
    return [Message(Sender(told["from"], told["name"], language="en"), raw.key, told["text"], raw.received_at, media)]


def silent(exchanges: Sequence[Exchange]) -> list[Answer]:
    """A customer's bot with nothing to say."""
    return [Answer() for _ in exchanges]


@asynccontextmanager
async def no_media(_: int) -> AsyncIterator[AsyncIterator[bytes]]:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"cat!"

    yield chunks()


class Office:
    """The whole way from a letter to the staff and back, step by step."""

    def __init__(self, store: Store, company: Company, options: StaffOptions, hands: Hands, wall: Wall) -> None:
        self.store, self.company, self.hands, self._wall = store, company, hands, wall
        self.letters, self.ahead = Letters(), 0
        self.staff = Staff(options, store, company, clock=self.now, titles={"letters": "Letters"})
        self._drains = [Drain(store, carrier, no_media, node="test", clock=self.now, tend=tend) for carrier in (self.letters, self.staff.carrier)]
        self._keys = itertools.count(1)

    async def letter(self, text: str, *, who: str = "ann", name: str = "Ann Lee", photo: bool = False) -> None:
        """A customer writes."""
        await self.store.gather(keep, [self.written(text, who=who, name=name, photo=photo)])
        rules, now = Rules(silent, self.company), self.now()
        batch = await self.store.write(lambda s: step(s, (), rules, now=now))
        heard = read(batch, parse)
        await self.store.write(lambda s: step(s, heard, rules, now=now))

    def written(self, text: str, *, who: str = "ann", name: str = "Ann Lee", photo: bool = False) -> RawEvent:
        """A letter as it comes in."""
        body = json.dumps({"from": who, "name": name, "text": text, "photo": photo}).encode()
        return RawEvent("letters", f"l{next(self._keys)}", f"letters:{who}", body, self.now())

    def now(self) -> int:
        """The office's clock; it runs ahead by as much as the sender would have had to wait."""
        return self._wall.now() + self.ahead

    async def show(self) -> None:
        """Everything that waits to be shown or sent is."""
        for _ in range(4):
            self.ahead += 10_000
            while await self.staff.announce():
                pass
            for drain in self._drains:
                await drain.run()

    async def drain_staff(self) -> None:
        """What waits for the staff is sent; nothing leaves for customers."""
        await self._drains[1].run()

    async def listen(self) -> None:
        """What the staff did is heard and done; nothing is shown yet."""
        updates = await self.staff.carrier.request.call("getUpdates", {"offset": 0, "timeout": 0})
        assert isinstance(updates, list)
        events = [self.raw(update) for update in updates]
        await self.store.gather(keep, events)
        if updates:
            await self.staff.carrier.request.call("getUpdates", {"offset": updates[-1]["update_id"] + 1, "timeout": 0})
        for claimed in await self.store.write(lambda s: claim_desk(s, now=self.now(), limit=100)):
            await self.staff.drive(claimed)
            await self.store.write(lambda s, one=claimed: done(s, [one], now=self.now()))  # type: ignore[misc]

    def raw(self, update: dict[str, object]) -> RawEvent:
        """One staff update as it is kept."""
        return for_desk(RawEvent("staff", str(update["update_id"]), "staff:1", json.dumps(update).encode(), self.now()))

    async def settle(self) -> None:
        """Hear, do, show, send."""
        await self.listen()
        await self.show()

    async def member(self, person: str, role: Role = Role.REP, first_name: str = "") -> Rep:
        """Somebody comes in by an invitation link."""
        secret = f"secret-of-{person}"
        await self.hands.introduce(person, first_name=first_name or person.title(), language_code="en")
        await self.store.write(lambda s: reps.invite(s, System("test"), role, secret, now=self.now()))
        answer = await self.hands.do(person, "start", bot="staff", payload=secret)
        assert answer["message_id"]
        await self.settle()
        return next(rep for rep in await self.store.read(lambda s: reps.reps(s)) if rep.name == (first_name or person.title()))

    async def chat(self, person: str) -> list[dict[str, object]]:
        """A staff chat as its owner sees it."""
        return list((await self.hands.chat(person, bot="staff"))["messages"])

    async def posts(self, person: str) -> list[str]:
        """What the bot posted to somebody."""
        return [str(message["text"]) for message in await self.chat(person) if message["from"] == "bot"]

    async def last(self, person: str) -> dict[str, object]:
        """The bot's newest post."""
        return [message for message in await self.chat(person) if message["from"] == "bot"][-1]

    async def find(self, person: str, words: str) -> dict[str, object]:
        """The newest post of the bot with these words."""
        return [message for message in await self.chat(person) if message["from"] == "bot" and words in str(message["text"])][-1]

    async def say(self, person: str, text: str, reply_to: object = None) -> int:
        """A member types; nothing is heard yet."""
        return int((await self.hands.do(person, "send", bot="staff", text=text, reply_to=reply_to))["message_id"])

    async def press(self, person: str, message: dict[str, object], button: str) -> None:
        """A member presses a button, and it is heard."""
        await self.hands.do(person, "click", bot="staff", message_id=message["message_id"], button=button, wait=0)
        await self.settle()

    async def refuse(self, error: Undeliverable | Exception | None) -> None:
        """From now on the channel ends every sending like this."""
        self.letters.refusal = error

    async def park(self) -> int:
        """Something comes that cannot be read, and has failed five times."""
        await self.store.gather(keep, [RawEvent("letters", "bad", "letters:bad", b"", self.now())])

        def fail(session: Session) -> int:
            row = session.query(Waiting).one()
            row.parked, row.attempts, row.error = 1, 5, "ValueError: empty"
            session.flush()
            tell(session, [Notice(NoticeKind.PARKED, row.event_id, "parked:1")], now=self.now())
            return row.event_id

        return await self.store.write(fail)
