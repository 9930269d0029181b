"""A time that a customer names is asked about once: not again until a person has answered or a day has passed, and never of a machine's letter."""

from itertools import count

import pytest
from sqlalchemy import select

from bots.turn import turn
from crm.base.db import Store
from crm.base.events import Message, Sender
from crm.base.settings import Company
from crm.base.time import DAY, HOUR, MINUTE
from crm.conversations import assign, talk
from crm.conversations.threads import Author, Conversation
from crm.conversations.threads import Message as MessageRow
from crm.inbox.process import Rules
from tests.conftest import NOON
from tests.crm.fake import hire, rows
from tests.crm.told import happen

ANN, AWAY = Sender("ann", name="Ann", language="en"), "I am away. Call me tomorrow at 15:00."
_keys = count(1)
QUESTION = "Do you mean this time?"


def letter(text: str = AWAY, auto: bool = False) -> Message:
    return Message(ANN, f"m{next(_keys)}", text, at=NOON, auto=auto)


async def hears(store: Store, company: Company, *letters: Message, now: int = NOON) -> int:
    """They write; how often they were asked so far."""
    await happen(store, company, *letters, rules=Rules(turn, company), now=now)
    words = await rows(store, select(MessageRow.text).where(MessageRow.author == Author.BOT.value))
    return sum(QUESTION in text for text in words)


async def test_the_same_time_is_asked_about_once_a_day(store: Store, company: Company) -> None:
    assert [await hears(store, company, letter(), now=NOON + step * MINUTE) for step in range(4)] == [1, 1, 1, 1]
    assert await hears(store, company, letter("Or call me at 15:00 tomorrow?"), now=NOON + 5 * MINUTE) == 1
    assert await hears(store, company, letter(), now=NOON + DAY + HOUR) == 2


async def test_twice_in_one_batch_is_once(store: Store, company: Company) -> None:
    await hears(store, company, letter("Hello"))
    assert await hears(store, company, letter(), letter(), now=NOON + MINUTE) == 1


async def test_another_time_is_asked_about(store: Store, company: Company) -> None:
    assert await hears(store, company, letter()) == 1
    assert await hears(store, company, letter("No: tomorrow at 17:00"), now=NOON + MINUTE) == 2


async def test_after_a_persons_answer_it_is_asked_again(store: Store, company: Company) -> None:
    await hears(store, company, letter())
    ruben, number = await hire(store, "ruben"), (await rows(store, select(Conversation.id)))[0]
    await store.write(lambda s: talk.reply(s, ruben, number, "Which day suits you?", once="r1", now=NOON + MINUTE) and None)
    await store.write(lambda s: assign.hand_back(s, ruben, number, now=NOON + MINUTE) and None)
    assert await hears(store, company, letter(), now=NOON + HOUR) == 2


@pytest.mark.parametrize("known", [True, False])
async def test_a_machines_letter_is_asked_nothing(store: Store, company: Company, known: bool) -> None:
    if known:
        await hears(store, company, letter("Hello"))
    assert await hears(store, company, letter(auto=True), now=NOON + MINUTE) == 0
