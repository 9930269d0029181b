"""A channel for tests of the business: what a customer says is a JSON list, and the carrier only remembers."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from bots.turn import turn
from crm.base.actors import Rep, Role, System
from crm.base.db import Store
from crm.base.events import Edit, Event, IdentityChanged, LeadForm, Message, RawEvent, Sender, SessionStarted, Source
from crm.base.leases import Lease
from crm.base.outbound import Limits, OpenMedia, Outbound, Receipt, Window
from crm.base.settings import Company
from crm.base.table import Base
from crm.inbox import process
from crm.inbox.log import keep
from crm.inbox.process import Rules
from crm.people import steps
from crm.people.reps import Member, as_actor, invite, join
from tests.conftest import NOON


def raw(key: object, who: str, kind: str = "text", *words: object, at: int = NOON, account: str = "fake") -> RawEvent:
    """One event as the fake platform sends it."""
    return RawEvent(account, str(key), f"{account}:{who}", json.dumps([kind, who, *words]).encode(), at)


def said(key: object, who: str, text: str = "hi", at: int = NOON) -> RawEvent:
    """A text message."""
    return raw(key, who, "text", text, at=at)


def parse(event: RawEvent) -> Sequence[Event]:
    """Read what `raw` wrote; `boom` breaks the parser."""
    kind, who, *words = json.loads(event.body)
    sender, at = Sender(who, who.title(), language="en"), event.received_at
    match kind:
        case "text":
            return [Message(sender, event.key, words[0], at)]
        case "edit":
            return [Edit(sender, words[0], words[1], at)]
        case "start":
            return [SessionStarted(sender, event.key, at, Source(payload=words[0] if words else ""))]
        case "look":
            return [SessionStarted(sender, event.key, at, Source(**(words[0] if words else {})), looking=True)]
        case "gone":
            return [IdentityChanged(sender, bool(words and words[0]), at)]
        case "form":
            return [LeadForm(sender, event.key, at, **words[0])]
        case "nothing":
            return []
    raise ValueError(kind)


async def hear(store: Store, company: Company, *events: RawEvent, now: int = NOON, rules: Rules | None = None) -> None:
    """Keep events and process everything that is due."""
    await store.gather(keep, list(events))
    await settle(store, company, now=now, rules=rules)


async def settle(store: Store, company: Company, *, now: int = NOON, rules: Rules | None = None) -> None:
    """Process everything that is due."""
    done: tuple[process.Claimed, ...] = ()
    chosen = rules or Rules(turn, company)
    while True:
        before = done
        batch = await store.write(lambda session: process.step(session, before, chosen, now=now))  # noqa: B023
        if not batch:
            return
        done = process.read(batch, parse)


async def counts(store: Store, *tables: type[Base]) -> dict[str, int]:
    """How many rows tables have."""
    return await store.read(lambda session: {table.__tablename__: session.scalar(select(func.count()).select_from(table)) or 0 for table in tables})


async def rows(store: Store, question: Any) -> list[Any]:
    """The rows of a select, scalars where one column was asked for."""

    def ask(session: Session) -> list[Any]:
        found = session.execute(question).all()
        return [row[0] if len(row) == 1 else tuple(row) for row in found]

    return await store.read(ask)


async def hire(store: Store, name: str = "tigran", role: Role = Role.REP) -> Rep:
    """A member of staff who joined by an invitation."""

    def deed(session: Session) -> Rep:
        invite(session, System("test"), role, f"secret of {name}", now=NOON)
        return join(session, f"secret of {name}", address=name, name=name.title(), language="en", now=NOON)[0]

    return await store.write(deed)


async def step_up(store: Store, rep: Rep, what: str = "role", *, now: int = NOON) -> None:
    """A member has a PIN and has just shown it."""

    def deed(session: Session) -> None:
        if not steps.has_pin(session, rep):
            steps.choose(session, rep, "4071", now=now)
        assert steps.confirm(session, rep, what, "4071", now=now) is steps.Fits.YES

    await store.write(deed)


async def fire(store: Store, rep: Rep) -> None:
    """A member of staff leaves."""
    await store.write(lambda session: setattr(session.get_one(Member, rep.id), "active", 0))


async def lapse(store: Store) -> None:
    """Time passes until every lease is over; on a server they go by the server's clock, not by a test's."""
    await store.write(lambda session: session.execute(update(Lease).values(until=1)))


class Stub:
    """A carrier that remembers; `answers` are called one after another instead of a plain success."""

    account = "fake"

    def __init__(self, *answers: Callable[[], None], limits: Limits | None = None) -> None:
        self.sent: list[tuple[str, Outbound]] = []
        self._answers, self._limits = list(answers), limits or Limits(edits=True)

    async def open(self) -> None:
        pass

    def limits(self, window: Window, now: int) -> Limits:
        return self._limits

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt:
        if self._answers:
            self._answers.pop(0)()
        self.sent.append((address, outbound))
        return Receipt((f"x{len(self.sent)}",))


__all__ = ["Stub", "as_actor", "counts", "fire", "hear", "hire", "lapse", "parse", "raw", "rows", "said", "settle"]
