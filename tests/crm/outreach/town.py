"""A small town around the business: people who write, a carrier that notes what leaves, a clock that is turned by hand."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.base.actors import Bot, Rep, Role
from crm.base.answers import Answer, Exchange, GiveConsent, Reply, StopWriting
from crm.base.db import Store
from crm.base.events import Event, Message, RawEvent, Sender
from crm.base.outbound import Limits, Outbound, Receipt, Say, Undeliverable, Window
from crm.base.outbound import Reason as Why
from crm.base.rows import add, take_ids
from crm.base.settings import Company
from crm.base.time import HOUR, MINUTE
from crm.inbox.log import keep
from crm.inbox.process import Rules, read, step
from crm.outbox.drain import Drain
from crm.outreach import ticks
from crm.outreach.sequences import found_default
from crm.people.contacts import Contact, Identity
from crm.people.reps import Member, as_actor
from crm.sales.leads import Lead

T = TypeVar("T")
NOON = 1_764_072_000_000  # Tuesday 2025-11-25 12:00 UTC, 16:00 in Yerevan


def parse(raw: RawEvent) -> Sequence[Event]:
    said = json.loads(raw.body)
    return (Message(Sender(said["who"], said["name"], language="en"), raw.key, said["text"], raw.received_at),)


def turn(exchanges: Sequence[Exchange]) -> list[Answer]:
    """A bot of three words: it greets, takes yes for a consent and stop for a stop."""
    acts = {"yes": (GiveConsent(True, "Offers?"),), "stop": (StopWriting(),)}
    return [Answer((Reply("Glad to help."),), actions=acts.get(one.heard.text, ())) for one in exchanges]  # type: ignore[arg-type]


class Postman:
    """A carrier that notes what leaves; addresses in `refusing` have blocked us."""

    def __init__(self, account: str) -> None:
        self.account = account
        self.left: list[tuple[str, str]] = []
        self.refusing: set[str] = set()

    async def open(self) -> None:
        pass

    def limits(self, window: Window, now: int) -> Limits:
        return Limits(account_rate=10_000.0, chat_every=0.0, chat_burst=10_000)

    async def send(self, address: str, outbound: Outbound, open_media: object) -> Receipt:
        if address in self.refusing:
            raise Undeliverable(Why.BLOCKED)
        if isinstance(outbound, Say):
            self.left.append((address, outbound.text))
        return Receipt((f"{address}/{len(self.left)}",))


@asynccontextmanager
async def no_media(number: int) -> AsyncIterator[AsyncIterator[bytes]]:
    raise AssertionError("nothing here carries a file")
    yield


class Town:
    """One firm, its store, and the people around it."""

    def __init__(self, store: Store, company: Company) -> None:
        self.store, self.company, self.now = store, company, NOON
        self.posts: dict[str, Postman] = {}
        self._keys = 0

    async def do(self, deed: Any, *args: Any, **named: Any) -> Any:
        """Run a verb in a deed of its own."""
        return await self.store.write(lambda session: deed(session, *args, **named))

    def clock(self) -> int:
        return self.now

    async def writes(self, address: str, text: str = "hello", account: str = "telegram", name: str = "Ani") -> None:
        """A person writes; the inbox answers at once."""
        self._keys += 1
        body = json.dumps({"who": address, "name": name, "text": text}).encode()
        await self.do(keep, [RawEvent(account, str(self._keys), f"{account}:{address}", body, self.now)])
        batch = await self.do(step, (), Rules(turn, self.company), now=self.now)
        while batch:
            batch = await self.do(step, read(batch, parse), Rules(turn, self.company), now=self.now)
        self.now += 1

    async def sends(self, account: str = "telegram") -> list[tuple[str, str]]:
        """What leaves the house on an account now."""
        post = self.posts.setdefault(account, Postman(account))
        before = len(post.left)
        await Drain(self.store, post, no_media, node="one", clock=self.clock).run()
        return post.left[before:]

    async def follow_ups(self) -> list[tuple[str, str]]:
        """The ticks of the follow-ups until nothing is due, then the sender."""
        while await self.do(ticks.follow_ups, self.company, now=self.now):
            pass
        return await self.sends()

    async def promotions(self, rate: int = 1200) -> list[tuple[str, str]]:
        """The ticks of the campaigns until nothing is due, then the sender, then the tick that finishes."""
        while await self.do(ticks.compose, self.company, now=self.now, rate_per_minute=rate):
            pass
        sent = await self.sends()
        await self.do(ticks.compose, self.company, now=self.now, rate_per_minute=rate)
        return sent

    async def count(self, table: Any, *where: Any) -> int:
        return await self.store.read(lambda session: session.scalar(select(func.count()).select_from(table).where(*where)) or 0)

    async def person(self, address: str, account: str = "telegram") -> Contact:
        """Who is behind an address: the person they were found to be."""

        def look(session: Session) -> Contact:
            mine = (Identity.account == account, Identity.external_id == address)
            own = session.scalars(select(Contact).join(Identity, Identity.contact_id == Contact.id).where(*mine)).one()
            return session.get_one(Contact, own.root_id)

        return await self.store.read(look)

    async def set(self, address: str, account: str = "telegram", **values: Any) -> None:
        """Change what is known of a person."""
        person = await self.person(address, account)

        def write(session: Session) -> None:
            row = session.get_one(Contact, person.id)
            for name, value in values.items():
                setattr(row, name, value)

        await self.store.write(write)

    async def fans(self, *addresses: str) -> None:
        """People who write and agree to offers; a day later nobody was written to lately."""
        for address in addresses:
            await self.writes(address, "yes", name=address.title())
        await self.sends()

    async def employ(self, role: Role = Role.MANAGER) -> Rep:
        """A member of staff."""

        def write(session: Session) -> Rep:
            number = next(take_ids(session, 1))
            add(session, Member, [{"id": number, "address": str(number), "name": "Vahe", "role": role.value, "language": "en", "created_at": self.now}])
            return as_actor(session.get_one(Member, number))

        return await self.store.write(write)

    async def lead(self, address: str) -> Lead:
        person = await self.person(address)
        return await self.store.read(lambda session: session.scalars(select(Lead).where(Lead.contact_id == person.id)).one())


__all__ = ["HOUR", "MINUTE", "NOON", "Bot", "Postman", "Town", "found_default"]
