"""Ticks claim: the clocks of two nodes strike at the same instant, and each follow-up and each recipient's message exists once."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest_asyncio
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from crm.base.actors import Rep
from crm.base.db import Store, open_store
from crm.base.events import RawEvent
from crm.base.history import DomainEvent
from crm.base.settings import Company
from crm.base.time import DAY, HOUR
from crm.conversations.threads import Message
from crm.inbox.log import keep
from crm.inbox.process import Rules, read, step
from crm.outbox.deliveries import Batch, Delivery
from crm.outreach import campaigns
from crm.outreach.campaigns import Campaign, Recipient
from crm.outreach.segments import Segment
from crm.outreach.sequences import Enrollment, found_default
from scheduler.jobs import deeds, job
from tests.crm.outreach.town import Town, parse, turn

CROWDS = (*(10,) * 19, 420)  # as often as two may meet, and then more than two chunks of a tick
AT_ONCE = 2
"""Ticks of each node that strike together."""


class Nodes:
    """Two nodes of one firm; what is done by hand is done on the first."""

    def __init__(self, town: Town, boss: Rep, *stores: Store) -> None:
        self.town, self.boss, self.stores = town, boss, stores

    async def strike(self, name: str) -> None:
        """The ticks of a name on both nodes, several at a time, until nobody finds anything due."""
        found = deeds(self.town.company)[name]
        await asyncio.gather(*(job(store, name, found, self.town.clock)() for store in self.stores for _ in range(AT_ONCE)))

    async def arrive(self, crowd: int, number: int) -> None:
        """A crowd of new people writes and agrees to offers; what it is answered leaves."""
        town = self.town
        words = [json.dumps({"who": f"fan{number}x{one}", "name": "Ani", "text": "yes"}).encode() for one in range(crowd)]
        events = [RawEvent("telegram", f"{number}x{one}", f"telegram:fan{number}x{one}", body, town.now) for one, body in enumerate(words)]
        await town.store.gather(keep, events)
        batch = await town.do(step, (), Rules(turn, town.company), now=town.now)
        while batch:
            batch = await town.do(step, read(batch, parse), Rules(turn, town.company), now=town.now)
        assert len(await town.sends()) == crowd

    async def campaign(self, count: int) -> None:
        """A campaign to everybody, launched."""
        number = await self.town.do(campaigns.draft, self.boss, Segment(), "Lamps at half price.", now=self.town.now)
        await self.town.do(campaigns.launch, self.boss, number, count, over=10**9, now=self.town.now)

    async def ask(self, question: Select[int]) -> int:
        return await self.town.store.read(lambda session: session.scalar(question) or 0)


@pytest_asyncio.fixture
async def nodes(server_store: Store, server_database: str, company: Company) -> AsyncIterator[Nodes]:
    """A firm with two nodes and a manager."""
    town = Town(server_store, company)
    await town.do(found_default, town.now)
    other = open_store(server_database)
    yield Nodes(town, await town.employ(), server_store, other)
    await other.close()


def more_than_once(session: Session) -> list[object]:
    """Whatever was done twice: messages by their intent, parts by their message, and what is on record of each enrollment."""
    about = (DomainEvent.subject, DomainEvent.subject_id, DomainEvent.kind, DomainEvent.after)
    questions = [
        select(Message.once).group_by(Message.once).having(Message.once.is_not(None), func.count() > 1),
        select(Delivery.message_id).group_by(Delivery.message_id).having(Delivery.message_id.is_not(None), func.count() > 1),
        select(*about).where(DomainEvent.subject == "enrollment").group_by(*about).having(func.count() > 1),
        select(*about[:3]).where(DomainEvent.subject == "campaign", DomainEvent.kind.in_(["filled", "finished"])).group_by(*about[:3]).having(func.count() > 1),
        select(Enrollment.lead_id).group_by(Enrollment.lead_id).having(func.count() > 1),
    ]
    return [row for question in questions for row in session.execute(question)]


def number_of(words: str) -> Select[int]:
    """How many messages there are whose intent reads like this."""
    return select(func.count()).select_from(Message).where(Message.once.like(words))


async def test_of_two_clocks_that_strike_at_once_each_person_hears_each_thing_once(nodes: Nodes) -> None:
    town, people, written_to = nodes.town, 0, 0
    for number, crowd in enumerate(CROWDS):
        people += crowd
        await nodes.arrive(crowd, number)
        town.now += 25 * HOUR
        await nodes.strike("follow_ups")
        assert await town.count(Enrollment) == await nodes.ask(number_of("enrollment:%:step:0")) == people
        assert len(await town.sends()) >= crowd
        await nodes.campaign(people)
        await nodes.strike("compose")
        written_to += people
        assert await town.count(Recipient) == await nodes.ask(number_of("campaign:%")) == written_to
        assert len(await town.sends()) == people
        await nodes.strike("compose")
        assert await town.count(Campaign, Campaign.state == "finished") == number + 1
        assert await town.count(Batch) == people + number + 1
        assert await town.store.read(more_than_once) == []
        town.now += 7 * DAY - HOUR  # the same hour of the day, eight days later
