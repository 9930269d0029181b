"""A customer is asked where their order goes: their words are offered, taken over in a press, and never anybody else's."""

import json

import pytest
from sqlalchemy import select, update

from crm.base.db import Store
from crm.base.errors import NotFound, Unreachable
from crm.base.events import Message, Sender
from crm.base.settings import Company
from crm.base.time import DAY, HOUR
from crm.conversations.threads import Message as MessageRow
from crm.outbox.notices import NoticeRow
from crm.people.contacts import Contact
from crm.sales import asking, order_address
from crm.sales.asking import PayAsk
from crm.sales.ledger import Payment
from crm.sales.order_address import is_like
from crm.sales.order_steps import OrderMoved
from crm.sales.orders import Order, OrderState
from tests.conftest import NOON
from tests.crm.fake import rows
from tests.crm.sales.ordered import Trade, trade
from tests.crm.told import ANN, happen

BOB = Sender("bob", "Bob", language="en")
PLACE = "📍 40.177200, 44.503490\nhttps://maps.google.com/?q=40.177200,44.503490"


@pytest.fixture
async def ann(store: Store, company: Company) -> Trade:
    """Ann's order, who was asked where it goes."""
    made = await trade(store, company)
    await asked(made)
    return made


async def asked(ann: Trade, once: str = "1", *, now: int = NOON) -> None:
    await ann.do(lambda s: order_address.ask_address(s, ann.rep, ann.order, once=once, now=now).id)


async def writes(ann: Trade, key: str, text: str, sender: Sender = ANN, *, now: int = NOON + HOUR) -> None:
    await happen(ann.store, ann.company, Message(sender, key, text, now), now=now)
    await ann.do(lambda s: order_address.answers_due(s, now=now))


async def offered(ann: Trade) -> list[str]:
    """The words that are offered as an address."""
    facts = await rows(ann.store, select(NoticeRow.facts).where(NoticeRow.kind == "order").order_by(NoticeRow.id))
    numbers = [json.loads(one)["message"] for one in facts]
    return await rows(ann.store, select(MessageRow.text).where(MessageRow.id.in_(numbers)).order_by(MessageRow.id))


async def message(ann: Trade, text: str) -> int:
    [number] = await rows(ann.store, select(MessageRow.id).where(MessageRow.text == text))
    return int(number)


async def test_the_customer_is_asked_once_in_their_conversation(ann: Trade) -> None:
    await asked(ann, "2", now=NOON + 1)
    assert [text for text in await ann.said() if "Where shall order 2025-0001 go?" in text] == (await ann.said())[-1:]
    assert await rows(ann.store, select(PayAsk.amount, PayAsk.open)) == [(0, 1)]


@pytest.mark.parametrize("words", ["Abovyan 12, apt 4", "The green house by the church", PLACE])
async def test_what_they_write_is_offered_and_taken_over(ann: Trade, words: str) -> None:
    await writes(ann, "a1", "One moment")
    assert await offered(ann) == []
    await writes(ann, "a2", words)
    await writes(ann, "a3", "And 2 chairs, please")
    assert await offered(ann) == [words]
    number = await message(ann, words)
    for _ in range(2):
        await ann.do(lambda s: order_address.take_address(s, ann.rep, ann.order, number, now=NOON + HOUR).id)
    [address] = await rows(ann.store, select(Order.address))
    assert address.split() == words.split()


async def test_words_of_days_later_are_no_answer(ann: Trade) -> None:
    await writes(ann, "a1", "Abovyan 12", now=NOON + 4 * DAY)
    assert await offered(ann) == []


async def test_nobody_elses_words_are_taken(ann: Trade) -> None:
    await writes(ann, "b1", "Tumanyan 7, please", BOB)
    assert await offered(ann) == []
    number = await message(ann, "Tumanyan 7, please")
    ours = (await rows(ann.store, select(MessageRow.id).where(MessageRow.author == "bot")))[-1]
    for strange in (number, ours, 0):
        with pytest.raises(NotFound):
            await ann.do(lambda s, strange=strange: order_address.take_address(s, ann.rep, ann.order, strange, now=NOON))  # type: ignore[misc]


async def test_who_is_blocked_or_whose_order_has_left_is_not_asked(store: Store, company: Company) -> None:
    ann = await trade(store, company)
    await ann.do(lambda s: s.execute(update(Contact).values(blocked=1)))
    with pytest.raises(Unreachable):
        await asked(ann)
    await ann.do(lambda s: s.execute(update(Contact).values(blocked=0)))
    await ann.step(OrderState.SENT)
    with pytest.raises(OrderMoved):
        await asked(ann)


async def test_a_question_for_money_and_one_for_the_address_do_not_disturb_each_other(ann: Trade) -> None:
    await ann.do(lambda s: asking.ask(s, ann.rep, ann.due(s), once="pay", now=NOON))
    await writes(ann, "a1", "Abovyan 12")
    await ann.do(lambda s: asking.receipts_due(s, now=NOON + HOUR))
    assert await offered(ann) == ["Abovyan 12"]
    assert await rows(ann.store, select(PayAsk.open).order_by(PayAsk.id)) == [0, 1]
    assert await rows(ann.store, select(Payment.id)) == []


@pytest.mark.parametrize(("text", "like"), [("ok", False), ("Thank you!", False), ("12", True), ("Աբովյան 5", True), ("Церковная улица", True), ("", False)])
def test_what_may_be_an_address(text: str, like: bool) -> None:
    assert is_like(text) is like
