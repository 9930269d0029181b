"""F33, F11: a stop races a campaign and always wins; edits come in any order and the newest words stand."""

import asyncio
import random

import pytest
from sqlalchemy import select

from crm.base.db import Store
from crm.base.settings import Company
from crm.base.time import DAY
from crm.conversations.threads import Message
from crm.outbox.deliveries import Delivery, State
from crm.outreach import campaigns, ticks
from crm.outreach.segments import Segment, preview
from tests.conftest import NOON
from tests.crm.fake import hear, raw, rows, said
from tests.crm.outreach.town import Town, found_default
from tests.faults.stage import dice, rounds

pytestmark = pytest.mark.faults
FANS, STOPPING = 8, 5
ANSWERS = "Hello, {name|friend}! Lamps at half price."


async def stop(town: Town, who: str, luck: random.Random, stopped: dict[str, int]) -> None:
    """Somebody says stop at some moment; the moment of its commit is noted."""
    for _ in range(luck.randint(0, 12)):
        await asyncio.sleep(0)
    await town.writes(who, "stop")
    town.now += 1
    stopped[who] = town.now


async def campaign(town: Town, luck: random.Random) -> None:
    """The campaign is composed and sent, a few people at a time."""
    for _ in range(6):
        await town.do(ticks.compose, town.company, now=town.now, rate_per_minute=luck.choice([60, 120, 1200]))
        await town.sends()
        town.now += luck.choice([1, 500, 2000])
        await asyncio.sleep(0)


async def test_a_stop_that_was_committed_wins_over_every_later_claim(store: Store, company: Company) -> None:
    town = Town(store, company)
    await town.do(found_default, town.now)
    boss = await town.employ()
    for number in rounds(500, 20_000):
        luck, stopped = dice("F33", number), dict[str, int]()
        people = [f"fan{number}x{place}" for place in range(FANS)]
        await town.fans(*people)
        town.now += 2 * DAY
        drafted = await town.do(campaigns.draft, boss, Segment(), ANSWERS, now=town.now)
        seen = await town.do(preview, boss, Segment(), ANSWERS, town.company, now=town.now)
        await town.do(campaigns.launch, boss, drafted, seen.count, now=town.now)
        await asyncio.gather(campaign(town, luck), *(stop(town, who, luck, stopped) for who in luck.sample(people, STOPPING)))
        await town.promotions()
        late = await rows(store, select(Delivery.address, Delivery.claimed_at, Delivery.state).where(Delivery.batch_id.is_not(None), Delivery.lane == 3))
        assert [one for one in late if one[0] in stopped and one[1] > stopped[one[0]] and one[2] != State.CANCELLED] == []


async def test_the_newest_words_stand_in_whatever_order_edits_come(store: Store, company: Company) -> None:
    for number in rounds(500, 20_000, ci=10):
        luck, who = dice("F11", number), f"ann{number}"
        await hear(store, company, said(f"m{number}", who, "first"))
        edits = [raw(f"e{number}-{place}", who, "edit", f"m{number}", f"version {place}", at=NOON + 1000 * place) for place in range(1, 5)]
        for event in luck.sample(edits, len(edits)) + luck.sample(edits, 2):
            await hear(store, company, event)
        [text] = await rows(store, select(Message.text).where(Message.external_id == f"m{number}"))
        assert text == "version 4"
