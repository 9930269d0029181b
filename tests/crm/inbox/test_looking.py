"""Somebody who only looks: opening the chat on a page is no lead and rings no bell; the first word is and does."""

import json

import pytest
from sqlalchemy import select

from crm.base.actors import System
from crm.base.db import Store
from crm.base.settings import Company
from crm.base.tallies import Count, Tally
from crm.conversations import assign
from crm.conversations.threads import Conversation, Message
from crm.outbox.deliveries import Delivery
from crm.outbox.notices import NoticeRow
from crm.people.contacts import Identity
from crm.people.link import offer_link
from crm.reports.books import check
from crm.sales.leads import Lead, LeadStatus, set_status
from tests.conftest import NOON
from tests.crm.fake import counts, hear, hire, raw, rows, said

SPRING = {"utm_source": "spring", "page": "/beds"}


async def test_who_only_looks_is_greeted_and_nobody_hears_of_it(store: Store, company: Company) -> None:
    await hear(store, company, raw(1, "ann", "look", SPRING))
    assert await counts(store, Identity, Conversation, Delivery, Lead, NoticeRow) == {
        "identities": 1,
        "conversations": 1,
        "deliveries": 1,
        "leads": 0,
        "notices": 0,
    }
    assert await rows(store, select(Conversation.unread, Conversation.waiting_since, Conversation.last_heard_id)) == [(0, 0, 0)]


async def test_the_first_word_after_a_look_is_a_lead_and_news(store: Store, company: Company) -> None:
    await hear(store, company, raw(1, "ann", "look", SPRING))
    await hear(store, company, said(2, "ann", "Do you have beds?"))
    [(first, source)] = await rows(store, select(Lead.first_message, Lead.source))
    assert (first, json.loads(source)) == ("Do you have beds?", SPRING)
    assert await rows(store, select(NoticeRow.urgent)) == [1]
    assert (await rows(store, select(Message.author).order_by(Message.id)))[:3] == ["contact", "bot", "contact"]


async def test_a_look_and_a_word_that_come_together_are_one_lead_and_one_greeting(store: Store, company: Company) -> None:
    await hear(store, company, raw(1, "ann", "look", SPRING), said(2, "ann", "Do you have beds?"))
    assert await counts(store, Lead, Conversation, NoticeRow) == {"leads": 1, "conversations": 1, "notices": 1}
    assert await rows(store, select(Lead.source)) == [json.dumps(SPRING)]


async def test_who_goes_on_elsewhere_after_a_look_is_a_lead_from_where_they_looked(store: Store, company: Company) -> None:
    await hear(store, company, raw(1, "ann", "look", SPRING))
    [identity] = await rows(store, select(Identity.id))
    payload = await store.write(lambda session: offer_link(session, identity, "secret", now=NOON))
    await hear(store, company, raw(2, "ann-in-telegram", "start", payload, account="other"))
    assert [json.loads(source) for source in await rows(store, select(Lead.source))] == [SPRING]


async def test_a_look_opens_nothing_that_was_closed_and_the_books_balance(store: Store, company: Company) -> None:
    await hear(store, company, said(1, "ann", "Hello"))
    [talk] = await rows(store, select(Conversation.id))
    await store.write(lambda session: assign.close(session, System("test"), talk, now=NOON) and None)
    await hear(store, company, raw(2, "ann", "look"))
    assert await rows(store, select(Conversation.status, Conversation.open_identity_id)) == [("closed", None)]
    assert (await store.read(check)).balanced
    await hear(store, company, said(3, "ann", "One more thing"))
    assert await rows(store, select(Conversation.status)) == ["open"]
    assert (await store.read(check)).balanced


async def test_a_look_behind_words_changes_nothing_of_their_thread(store: Store, company: Company) -> None:
    await hear(store, company, said(1, "ann", "Hello"))
    rep = await hire(store)
    [talk] = await rows(store, select(Conversation.id))
    await store.write(lambda session: assign.take(session, rep, talk, now=NOON) and None)
    thread = select(Conversation.preview, Conversation.rep_id, Conversation.last_message_id, Conversation.last_heard_id, Conversation.unread)
    before, people = await rows(store, thread), await rows(store, select(Identity.last_inbound_at))
    await hear(store, company, raw(2, "ann", "look", at=NOON + 1000), now=NOON + 1000)
    assert (await rows(store, thread), await rows(store, select(Identity.last_inbound_at))) == (before, people)


async def test_a_later_lead_does_not_come_from_where_the_first_one_came(store: Store, company: Company) -> None:
    await hear(store, company, raw(1, "ann", "start", "ad-1"))
    rep = await hire(store)
    [lead] = await rows(store, select(Lead.id))
    await store.write(lambda session: set_status(session, rep, lead, LeadStatus.LOST, now=NOON) and None)
    await hear(store, company, said(2, "ann", "Hello again"))
    assert await rows(store, select(Lead.source).order_by(Lead.id)) == [json.dumps({"payload": "ad-1"}), "{}"]


@pytest.mark.parametrize(("words", "leads", "status"), [("Thank you very much!", 1, "open"), ("Thanks, and four chairs please", 2, "open")])
async def test_thanks_after_all_is_done_are_heard_and_begin_nothing(store: Store, company: Company, words: str, leads: int, status: str) -> None:
    await hear(store, company, said(1, "ann", "I need a table"))
    rep = await hire(store)
    [lead] = await rows(store, select(Lead.id))
    await store.write(lambda session: set_status(session, rep, lead, LeadStatus.LOST, now=NOON) and None)
    await hear(store, company, said(2, "ann", words))
    assert await counts(store, Lead) == {"leads": leads}
    assert await rows(store, select(Conversation.status, Conversation.preview)) == [(status, words)]
    assert (await store.read(check)).balanced


async def test_whoever_begins_with_thanks_is_a_lead_all_the_same(store: Store, company: Company) -> None:
    await hear(store, company, said(1, "ann", "Thank you!"))
    assert await counts(store, Lead) == {"leads": 1}


async def test_a_look_is_no_traffic(store: Store, company: Company) -> None:
    await hear(store, company, raw(1, "ann", "look", SPRING))
    assert await rows(store, select(Tally.amount).where(Tally.kind == Count.HEARD)) == []
