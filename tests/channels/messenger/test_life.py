"""What the house makes of a page: a comment, its private reply and the talk after it are one person, one lead, one thread."""

from collections.abc import Sequence

import pytest
from sqlalchemy import select

from bots.turn import turn
from channels.http import wall
from crm.base.db import Store
from crm.base.settings import Company
from crm.conversations.threads import Conversation, Message
from crm.inbox import process
from crm.inbox.log import keep
from crm.inbox.process import Rules
from crm.outbox.deliveries import Delivery
from crm.outbox.drain import Drain
from crm.people.contacts import Contact, Identity
from crm.sales.leads import Lead
from tests.channels.messenger.stand import MADE, World, world
from tests.channels.pretended import Stored
from tests.crm.fake import counts, rows


class House:
    """The store behind one page: hears what was brought, lets the bot answer, sends what it said."""

    def __init__(self, store: Store, company: Company, site: World) -> None:
        self._store, self._company, self._site = store, company, site
        self._drain = Drain(store, site.channel, Stored({}), node="n1", clock=wall)
        self._heard = 0

    async def round(self) -> None:
        """Hear everything brought so far, and answer it."""
        self._site.hands.say("mark", "the mark")
        while not any(b"the mark" in raw.body for raw in self._site.inbox.events[self._heard :]):
            await self._site.inbox.until(len(self._site.inbox.events) + 1)
        fresh, self._heard = [raw for raw in self._site.inbox.events[self._heard :] if b"the mark" not in raw.body], len(self._site.inbox.events)
        await self._store.gather(keep, fresh)
        done: Sequence[process.Claimed] = ()
        while True:
            before, rules = done, Rules(turn, self._company)
            batch = await self._store.write(lambda session: process.step(session, tuple(before), rules, now=wall()))  # noqa: B023
            if not batch:
                break
            done = process.read(batch, self._site.channel.parse)
        await self._drain.run()


@pytest.mark.parametrize("kind", MADE)
async def test_a_comment_its_private_reply_and_the_talk_after_it_are_one_lead(store: Store, company: Company, kind: str) -> None:
    async with world(kind, chat_burst=20) as site:
        house = House(store, company, site)
        number = site.hands.comment("ani", "How much is the blue lamp?")
        await house.round()
        assert site.site.comments[number].replied
        assert len(site.said("ani")) == 1
        await house.round()
        address = site.site.person("ani").number
        assert await rows(store, select(Identity.external_id)) == [address]
        site.hands.say("ani", "Ani")
        await house.round()
        assert len(site.said("ani")) == 2
        assert await counts(store, Contact, Identity, Conversation, Lead) == {"contacts": 1, "identities": 1, "conversations": 1, "leads": 1}


async def test_a_comment_written_anew_after_its_private_reply_is_still_that_message(store: Store, company: Company) -> None:
    async with world("messenger", chat_burst=20) as site:
        house = House(store, company, site)
        number = site.hands.comment("ani", "How much?")
        await house.round()
        await house.round()
        site.hands.change_comment("ani", number, "How much is the blue one?")
        await house.round()
        assert await rows(store, select(Message.text).where(Message.external_id == number)) == ["How much is the blue one?"]
        assert await counts(store, Contact, Identity, Lead) == {"contacts": 1, "identities": 1, "leads": 1}


async def test_receipts_climb_and_what_the_owner_says_elsewhere_stands_in_the_thread(store: Store, company: Company) -> None:
    async with world("messenger", chat_burst=20) as site:
        house = House(store, company, site)
        site.hands.say("ani", "Hello")
        await house.round()
        await house.round()
        assert set(await rows(store, select(Delivery.state).where(Delivery.account == "messenger"))) == {"delivered"}
        site.hands.read("ani")
        site.hands.answer_from_inbox("ani", "I will call you, Vardan")
        await house.round()
        assert set(await rows(store, select(Delivery.state).where(Delivery.account == "messenger"))) == {"read"}
        assert await counts(store, Contact, Lead) == {"contacts": 1, "leads": 1}
