"""From a ringing telephone and a written SMS to the rows of the business and back, the events in any order."""

import hashlib
import json
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import pytest
from sqlalchemy import select

from bots.turn import turn
from channels.calls import Calls, CallsOptions
from channels.sms import Sms
from crm.base.db import Session, Store
from crm.base.events import RawEvent
from crm.base.settings import Company
from crm.conversations.calls import CallRow
from crm.conversations.threads import Conversation, Message
from crm.inbox import process
from crm.inbox.log import keep
from crm.inbox.process import Rules
from crm.outbox.deliveries import Delivery
from crm.outbox.drain import Drain
from crm.people.contacts import Contact
from crm.reports.books import check
from crm.sales.leads import Lead
from crm.sales.tasks import Task
from sandbox.phone.ringing import Call, Exchange
from tests.channels.sms.stand import ANN, firm, stand
from tests.conftest import NOON
from tests.crm.fake import counts, rows

CALLS = Calls(CallsOptions("calls", ("a-secret-of-some-length",)), firm())


def told(*calls: Call) -> list[RawEvent]:
    """What a telephone system tells of calls, as it is kept."""
    exchange = Exchange(clock=lambda: NOON / 1000)
    bodies = [json.dumps(event).encode() for call in calls for event in exchange.events(call)]
    return [RawEvent("calls", hashlib.sha256(body).hexdigest(), f"calls:{ANN}", body, NOON + 60_000) for body in bodies]


async def heard(store: Store, company: Company, events: Sequence[RawEvent], parse: process.Parse, numbered: frozenset[str] = frozenset()) -> None:
    """Keep events and process them."""
    await store.gather(keep, list(events))
    done: tuple[process.Claimed, ...] = ()
    rules = Rules(turn, company, numbered=numbered)
    while batch := await store.write(lambda session, done=done: process.step(session, done, rules, now=NOON + 60_000)):  # type: ignore[misc]
        done = process.read(batch, parse)


async def balanced(store: Store) -> bool:
    def ask(session: Session) -> bool:
        return check(session).balanced

    return await store.read(ask)


@pytest.mark.parametrize("seed", range(4))
async def test_calls_come_to_the_same_in_any_order(store: Store, company: Company, seed: int) -> None:
    events = told(Call(ANN), Call(ANN, seconds=30, agent="Nare"), Call(ANN))
    random.Random(seed).shuffle(events)
    await heard(store, company, events, CALLS.parse)
    assert sorted(await rows(store, select(CallRow.phase))) == ["ended", "missed", "missed"]
    assert await counts(store, Lead, Conversation, Message) == {"leads": 1, "conversations": 1, "messages": 3}
    assert await balanced(store)


async def test_a_missed_call_comes_through_the_inbox_as_a_task(store: Store, company: Company) -> None:
    await heard(store, company, told(Call(ANN)), CALLS.parse)
    assert await rows(store, select(Task.kind, Task.state)) == [("call", "open")]
    assert await rows(store, select(Conversation.waiting_since)) == [NOON]
    assert await balanced(store)


async def test_who_writes_by_sms_and_then_rings_is_one_person_who_is_asked_by_sms(store: Store, company: Company) -> None:
    company = replace(company, sendable=frozenset({"sms"}))
    async with stand() as open_:
        await open_.api.write(ANN, "Do you make shelves?")
        await open_.api.quiet()
        await heard(store, company, open_.inbox.events, open_.sms.parse, frozenset({"sms"}))
        await sent(store, open_.sms)
        await heard(store, company, told(Call(ANN)), CALLS.parse)
        await sent(store, open_.sms)
        await open_.api.quiet()
        await heard(store, company, open_.inbox.events, open_.sms.parse, frozenset({"sms"}))
        assert "could not answer" in (await open_.gateway.until(ANN, 2))[-1].text
    assert len(set(await rows(store, select(Contact.root_id)))) == 1
    assert await counts(store, Lead) == {"leads": 1}
    assert set(await rows(store, select(Delivery.state).where(Delivery.account == "sms"))) == {"delivered"}
    assert await balanced(store)


async def test_stop_by_sms_is_confirmed_once_and_then_it_is_still(store: Store, company: Company) -> None:
    async with stand() as open_:
        for word in ("ՍՏՈՊ", "STOP", "stop", "STOP!"):
            await open_.api.write(ANN, word)
            await open_.api.quiet()
            await heard(store, company, open_.inbox.events, open_.sms.parse)
        await sent(store, open_.sms)
        ours = [text for text in open_.gateway.phone(ANN).texts if text.ours]
    assert len(ours) == 2  # offers end, then everything else; after that nothing is said
    assert await rows(store, select(Contact.marketing, Contact.silenced)) == [(-1, 1)]


async def sent(store: Store, sms: Sms) -> None:
    """Everything that waits leaves."""
    later = NOON + 120_000
    await Drain(store, sms, no_media, node="test", clock=lambda: later).run()


def no_media(_: int) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
    raise AssertionError("SMS has no files")
