"""A flood of 10,000 messages from one sender: everybody else is heard and answered in as many steps as on a quiet day. Steps are counted, not seconds."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bots.turn import turn
from crm.base.db import Store
from crm.base.outbound import Limits
from crm.base.settings import Company
from crm.conversations.threads import Conversation, Message
from crm.inbox import process
from crm.inbox.log import Waiting, keep
from crm.inbox.process import Rules
from crm.outbox import claim as outbox
from crm.outbox.claim import Sender
from crm.outbox.deliveries import Delivery, State
from crm.outbox.settle import Result
from tests.conftest import NOON
from tests.crm.fake import hear, parse, said

OTHERS = [f"p{number}" for number in range(20)]
LIMITS = Limits(account_rate=25.0)


def unheard(session: Session) -> int:
    """How many of the others have not been heard yet."""
    heard = select(func.count()).select_from(Message).join(Conversation, Conversation.id == Message.conversation_id)
    return len(OTHERS) - (session.scalar(heard.where(Conversation.address.in_(OTHERS), Message.author == "contact")) or 0)


def unanswered(session: Session) -> int:
    """How many of the others have no answer that left."""
    return len(OTHERS) - (
        session.scalar(select(func.count(Delivery.address.distinct())).where(Delivery.address.in_(OTHERS), Delivery.state == State.SENT.value)) or 0
    )


async def steps_until_heard(store: Store, company: Company) -> int:
    """How many steps the inbox makes before everybody else is heard."""
    done: tuple[process.Claimed, ...] = ()
    for steps in range(200):
        if await store.read(unheard) == 0:
            return steps
        before = done
        batch = await store.write(lambda session: process.step(session, before, Rules(turn, company), now=NOON))  # noqa: B023
        done = process.read(batch, parse)
    raise AssertionError("they are never heard")


async def turns_until_answered(store: Store) -> int:
    """How many turns the sender takes, 25 parts each, before everybody else has an answer."""
    results: list[Result] = []
    for turns in range(200):
        now, ended = NOON + turns * 1000, results
        sender = Sender("fake", "one", LIMITS, 25, {}, {})
        load = await store.write(lambda session: outbox.turn(session, sender, ended, now=now))  # noqa: B023
        if await store.read(unanswered) == 0:
            return turns
        results = [Result(part.delivery_id, State.SENT, external_id=str(part.delivery_id)) for part in load.claimed]
    raise AssertionError("they are never answered")


async def day(store: Store, company: Company, floods: dict[str, int], *, before: bool = True) -> tuple[int, int]:
    """Steps and turns for the others on a day with these floods."""
    flood = [said(f"{who}-{number}", who, f"flood {number}") for who, amount in floods.items() for number in range(amount)]
    others = [said(f"o-{who}", who, "Hello, do you have a table for six?") for who in OTHERS]
    for events in (flood, others) if before else (others, flood):
        for first in range(0, len(events), 1000):
            await store.gather(keep, events[first : first + 1000])
    return await steps_until_heard(store, company), await turns_until_answered(store)


async def test_a_quiet_day_takes_two_steps(store: Store, company: Company) -> None:
    assert await day(store, company, {}) == (2, 1)


@pytest.mark.parametrize("before", [True, False])
async def test_ten_thousand_messages_of_one_sender_hold_nobody_else_up(store: Store, company: Company, before: bool) -> None:
    steps, turns = await day(store, company, {"eve": 10_000}, before=before)
    assert steps == 2
    assert turns <= 2
    assert await store.read(lambda s: s.query(Waiting).filter_by(lane="fake:eve").count()) > 9000


async def test_five_who_flood_together_hold_nobody_else_up(store: Store, company: Company) -> None:
    steps, turns = await day(store, company, {f"eve{number}": 2000 for number in range(5)})
    assert steps == 2
    assert turns <= 3


async def test_who_floods_is_heard_in_order_to_the_end(store: Store, company: Company) -> None:
    await hear(store, company, *(said(number, "eve", f"flood {number}") for number in range(600)), said("o", "bob"))
    heard = (
        select(Message.text).join(Conversation, Conversation.id == Message.conversation_id).where(Conversation.address == "eve", Message.author == "contact")
    )
    texts = await store.read(lambda session: list(session.scalars(heard.order_by(Message.id))))
    assert texts == [f"flood {number}" for number in range(600)]
