"""F19: a promotion runs at the account's cap and the provider slows it down, a customer writes and a rep answers: the answer passes what waits."""

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from console.demo import CUSTOMER_TOKEN
from crm.base.actors import Customer
from crm.base.db import Session, open_store
from crm.base.rows import add, take_ids
from crm.conversations.threads import Conversation
from crm.outbox.hold import Guard
from crm.people.consents import MARKETING, answer
from crm.people.contacts import Contact, Identity
from crm.sales.leads import Lead
from crm.schema import prepare
from sandbox.telegram.hands import BareBot
from tests.faults.checker import checked, left
from tests.faults.stage import HOW_MUCH, SHORT, dice, rounds
from tests.walks.desk import Phone, card_of, customer, phone
from tests.walks.house import PATIENCE, House, open_house, staffed, zone_where_it_is
from tests.walks.test_managers import presses, preview

pytestmark = pytest.mark.faults
# The provider takes the offer for the first ones; the others it asks to wait until the answer is on its way.
PATIENT = {**SHORT, "SEND_SECONDS": "20"}  # what is slow here is asked to wait, and none may be in doubt
FIRST, LATER = 20, {"ci": 60, "once": 60, "c": 500, "n": 10_000}[HOW_MUCH]
FEW = 30  # what may be on its way already: a second of the cap is 25
OFFER, ANSWER = "Tables are cheaper this week", "Yes, we have chairs"
SENT = "SELECT sent FROM (SELECT count(*) AS sent FROM deliveries WHERE lane = 3 AND state = 'sent') AS promotions WHERE sent > ?"
REPLIED = "SELECT d.state FROM deliveries d JOIN messages m ON m.id = d.message_id WHERE m.author = 'rep' AND m.text = ?"


async def people_of(house: House, amount: int) -> list[int]:
    """Customers who once pressed Start, which the bot has heard; answers their numbers."""
    found, bot = [], BareBot(house.hands.url, CUSTOMER_TOKEN)
    for number in range(amount):
        found.append((await phone(house, f"fan{number}", "customer")).id)
        await house.hands.do(f"fan{number}", "start")
    after = 0
    while heard := (await bot.call("getUpdates", offset=after))["result"]:
        after = heard[-1]["update_id"] + 1
    await bot.close()
    return found


def old_customer(session: Session, number: int, *, at: int) -> None:
    """Somebody whose question was answered and closed, and who agreed to offers."""
    ids = take_ids(session, 4)
    who, where, thread, lead = (next(ids) for _ in range(4))
    theirs = {"account": "telegram", "contact_id": who}
    add(session, Contact, [{"id": who, "root_id": who, "name": f"Fan {number}", "zone": zone_where_it_is(12), "language": "en", "created_at": at}])
    add(session, Identity, [{"id": where, "external_id": str(number), "last_inbound_at": at, "created_at": at, **theirs}])
    add(session, Conversation, [{"id": thread, "identity_id": where, "address": str(number), "status": "closed", "opened_at": at, "last_at": at, **theirs}])
    open_lead = {"open_contact_id": who, "conversation_id": thread, "channel": "telegram", "language": "en"}
    add(session, Lead, [{"id": lead, "contact_id": who, "created_at": at, **open_lead}])
    answer(session, Customer(who), who, MARKETING, True, shown="Offers?", source="bot", now=at)


async def known(house: House, people: list[int]) -> None:
    """The product knows these people; while it does not run."""
    await prepare(house.url)
    store, now = open_store(house.url), time.time_ns() // 1_000_000

    def deed(session: Session) -> None:
        for number in people:
            old_customer(session, number, at=now - 1000)

    await Guard(store, house.folder, clock=lambda: now, patience=0.0).check()  # else a folder new to a database with people in it would be taken for a clone
    await store.write(deed)
    await store.close()


async def awake(house: House, before: int) -> None:
    """Wait until both bots ask for updates: the one whose library is still loading sends nothing, and then everything at once."""
    async with asyncio.timeout(PATIENCE):
        while not all([await house.hands.log(bot=bot, method="getUpdates", after=before) for bot in ("customer", "staff")]):
            await asyncio.sleep(0.05)


async def taken(house: House) -> list[dict[str, Any]]:
    """What the provider took of the customers' bot, in its order."""
    return [one for one in await house.hands.log(bot="customer", method="sendMessage") if one["accepted"]]


def offers(log: list[dict[str, Any]]) -> list[int]:
    """Who got the offer, in the order of a log."""
    return [int(one["parameters"]["chat_id"]) for one in log if OFFER in one["parameters"]["text"]]


async def everybody_has_it(house: House, amount: int) -> None:
    """Wait for the end of the campaign, with patience for each step of it."""
    sent = 0
    while sent < amount:
        [(sent,)] = await house.until(SENT, sent)


async def test_an_answer_passes_a_promotion_that_the_provider_slows(tmp_path: Path) -> None:
    for number in rounds(3, 30, ci=3):
        dice("F19", number)
        async with open_house(tmp_path / str(number), COMPANY_ZONE=zone_where_it_is(12), **PATIENT) as house:
            people = await people_of(house, FIRST + LATER)
            await known(house, people)
            await staffed(house)
            before = len(await house.hands.log())
            await house.start()
            await awake(house, before)
            await house.until("SELECT count(*) FROM reps", want=[(2,)])
            who, rep = await customer(house, "zoe"), await phone(house, "tigran", "staff")
            await asyncio.gather(*(house.hands.fault("429", bot="customer", method="sendMessage", chat=one, count=0) for one in people[FIRST:]))
            await presses(house, await preview(house, OFFER), f"Send to {len(people)}")
            await everybody_has_it(house, FIRST)
            mark = await answered_meanwhile(house, who, rep)
            await everybody_has_it(house, len(people))
            await left(house, "telegram")
            await in_time(house, people, mark)
            await checked(house, [], accounts={"telegram": "customer"})


async def answered_meanwhile(house: House, who: Phone, rep: Phone) -> int:
    """A customer writes, a rep answers, and only then the provider asks nobody to wait any more; answers its newest request before that."""
    await who.say("Hello, chairs please")
    await who.sees("Marani")
    await rep.answer(await card_of(rep, who.name), ANSWER)
    await house.until(REPLIED, ANSWER)
    mark = max(int(one["number"]) for one in await house.hands.log())
    await house.hands.heal()
    return mark


async def in_time(house: House, people: list[int], mark: int) -> None:
    """Everybody got the offer once, the customer got the answer once, and few of the offers that waited came between it and them."""
    log = await taken(house)
    assert Counter(offers(log)) == Counter(people)
    [place] = [one["number"] for one in log if one["parameters"]["text"] == ANSWER]
    between = offers([one for one in log if mark < one["number"] < place])
    assert len(between) < FEW, f"{len(between)} of {LATER} offers came before an answer that was there already"
    await house.until(REPLIED, ANSWER, want=[("sent",)])
