"""From an SMS at Twilio to the rows of the business and back."""

import pytest
from sqlalchemy import select

from crm.base.db import Store
from crm.base.settings import Company
from crm.outbox.deliveries import Delivery
from crm.people.contacts import Contact
from crm.sales.leads import Lead
from tests.channels.calls.test_story import balanced, heard, sent
from tests.channels.sms.stand import ANN
from tests.channels.twilio.stand import Stand, stand
from tests.crm.fake import counts, rows

NUMBERED = frozenset({"twilio"})


async def wrote(open_: Stand, store: Store, company: Company, words: str) -> None:
    """Somebody writes, is answered, and Twilio tells what became of the answer."""
    await open_.hear(words)
    await heard(store, company, open_.inbox.events, open_.sms.parse, NUMBERED)
    await sent(store, open_.sms)
    await open_.courier.quiet()
    await heard(store, company, open_.inbox.events, open_.sms.parse, NUMBERED)


@pytest.mark.parametrize("fault", ["", "drop_after", "twice"])
async def test_a_stranger_becomes_a_lead_and_what_was_said_is_delivered_even_where_the_answer_was_lost(store: Store, company: Company, fault: str) -> None:
    async with stand() as open_:
        if fault:
            open_.world.faults.add(fault, count=0)
        await wrote(open_, store, company, "Do you make shelves?")
        ours = await open_.world.until(ANN, 1)
    assert await counts(store, Lead) == {"leads": 1}
    assert await rows(store, select(Delivery.state).where(Delivery.account == "twilio")) == ["delivered"] * len(ours)
    assert await balanced(store)


async def test_stop_that_twilio_has_answered_is_not_answered_again(store: Store, company: Company) -> None:
    async with stand() as open_:
        open_.world.optout = True
        await wrote(open_, store, company, "STOP")
        assert [text.text for text in open_.world.with_(ANN)] == ["STOP"]
        assert await rows(store, select(Contact.marketing, Contact.silenced)) == [(-1, 1)]
        await wrote(open_, store, company, "start")
    assert await rows(store, select(Contact.marketing, Contact.silenced)) == [(-1, 0)]


async def test_a_message_that_was_not_brought_is_heard_all_the_same_and_once(store: Store, company: Company) -> None:
    async with stand() as open_:
        open_.world.faults.add("lost")
        await open_.hear("Do you make shelves?")
        open_.inbox.offset = 1
        for _ in range(2):
            await open_.sms._recent.look(open_.inbox)
            await heard(store, company, open_.inbox.events, open_.sms.parse, NUMBERED)
    assert await counts(store, Lead) == {"leads": 1}
    assert await balanced(store)
