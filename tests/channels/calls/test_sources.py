"""What each source of calls comes to in the rows of the business: a missed one is a lead and a task, a recording finds its call."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from sqlalchemy import select

from channels.base import Channel
from crm.base.db import Store
from crm.base.settings import Company
from crm.conversations.calls import CallRow
from crm.conversations.threads import Attachment, Conversation, Message
from crm.inbox.log import Waiting
from crm.sales.leads import Lead
from crm.sales.tasks import Task
from tests.channels.calls.test_story import balanced, heard
from tests.channels.mango import test_mango as mango
from tests.channels.sms.stand import ANN
from tests.channels.voice import test_voice as voice
from tests.channels.zadarma import test_zadarma as zadarma
from tests.crm.fake import counts, rows
from tests.doors import Inbox

Ring = Callable[[int, bool], Awaitable[tuple[Channel, Inbox]]]


async def by_voice(seconds: int, recorded: bool) -> tuple[Channel, Inbox]:
    forward = ("+37477000001",) if recorded else ()
    async with voice.stand(replace(voice.OPTIONS, forward=forward, record=recorded)) as open_:
        await open_.calls.ring(ANN, seconds)
        return open_.voice, open_.inbox


async def by_zadarma(seconds: int, recorded: bool) -> tuple[Channel, Inbox]:
    async with zadarma.stand() as open_:
        await open_.pbx.ring(ANN, seconds, recorded=recorded)
        return open_.zadarma, open_.inbox


async def by_mango(seconds: int, recorded: bool) -> tuple[Channel, Inbox]:
    async with mango.stand() as open_:
        await open_.pbx.ring(ANN, seconds, recorded=recorded)
        return open_.mango, open_.inbox


SOURCES = pytest.mark.parametrize("ring", [by_voice, by_zadarma, by_mango])


@SOURCES
async def test_a_missed_call_is_a_lead_and_a_task_to_call_back(store: Store, company: Company, ring: Ring) -> None:
    channel, inbox = await ring(0, False)
    await heard(store, company, inbox.events, channel.parse)
    assert await rows(store, select(CallRow.phase)) == ["missed"]
    assert await rows(store, select(Task.kind, Task.state)) == [("call", "open")]
    assert await counts(store, Lead, Conversation, Message) == {"leads": 1, "conversations": 1, "messages": 1}
    assert await balanced(store)


@SOURCES
async def test_a_call_somebody_answered_leaves_no_task_and_its_recording_hangs_on_it(store: Store, company: Company, ring: Ring) -> None:
    channel, inbox = await ring(30, True)
    await heard(store, company, inbox.events, channel.parse)
    assert await rows(store, select(CallRow.phase, CallRow.seconds)) == [("ended", 30)]
    assert await rows(store, select(Task.id).where(Task.state == "open")) == []
    assert len(await rows(store, select(Attachment.ref))) == 1
    assert await balanced(store)


@SOURCES
@pytest.mark.parametrize("seed", range(3))
async def test_a_call_comes_to_the_same_in_any_order(store: Store, company: Company, ring: Ring, seed: int) -> None:
    channel, inbox = await ring(30, False)
    events = list(inbox.events)
    random.Random(seed).shuffle(events)
    await heard(store, company, events, channel.parse)
    assert await rows(store, select(CallRow.phase, CallRow.seconds)) == [("ended", 30)]
    assert await rows(store, select(Task.id).where(Task.state == "open")) == []
    assert await balanced(store)


@SOURCES
async def test_a_recording_of_a_call_nobody_has_told_of_is_nobodys(store: Store, company: Company, ring: Ring) -> None:
    channel, inbox = await ring(30, True)
    await heard(store, company, inbox.events[-1:], channel.parse)
    assert await counts(store, CallRow, Conversation, Attachment) == {"calls": 0, "conversations": 0, "attachments": 0}
    assert await rows(store, select(Waiting.event_id)) == []
