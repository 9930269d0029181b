"""Recall: whatever is called back was never written; what has left in part is left whole."""

import pytest
from sqlalchemy import insert, select, update

from crm.base.actors import Rep
from crm.base.answers import Answer
from crm.base.db import Session, Store
from crm.base.settings import Company
from crm.base.time import MINUTE
from crm.conversations import talk
from crm.conversations.recall import partly_left, take_back
from crm.conversations.threads import Conversation
from crm.inbox.process import Rules
from crm.outbox.deliveries import Delivery, State
from tests.conftest import NOON
from tests.crm.fake import hear, hire, rows, said


@pytest.fixture
async def thread(store: Store, company: Company) -> int:
    """A conversation in which Ann has said hi and the bot kept silent."""
    await hear(store, company, said(1, "ann"), rules=Rules(lambda exchanges: [Answer(state="done") for _ in exchanges], company))
    [number] = await rows(store, select(Conversation.id))
    return int(number)


async def answer(store: Store, rep: Rep, thread: int, words: str, at: int) -> int:
    return await store.write(lambda s: talk.reply(s, rep, thread, words, once=words, now=at, delay_ms=MINUTE))


async def as_it_is(store: Store) -> tuple[int, int, str]:
    """Since when Ann waits, when she was answered first, and what was said last."""
    [found] = await rows(store, select(Conversation.waiting_since, Conversation.first_answer_at, Conversation.preview))
    return found[0], found[1], found[2]


@pytest.mark.parametrize("newest_first", [True, False])
async def test_two_answers_called_back_in_any_order_leave_the_customer_waiting(store: Store, thread: int, newest_first: bool) -> None:
    rep = await hire(store)
    made = [await answer(store, rep, thread, words, NOON + at) for at, words in enumerate(("one", "two"), 1)]
    first, second = reversed(made) if newest_first else made
    assert await store.write(lambda s: take_back(s, rep, first, now=NOON + 3))
    assert (await as_it_is(store))[0] == 0
    assert await store.write(lambda s: take_back(s, rep, second, now=NOON + 4))
    assert await as_it_is(store) == (NOON, 0, "hi")


async def test_what_the_customer_wrote_meanwhile_does_not_make_them_wait_from_there(store: Store, company: Company, thread: int) -> None:
    rep = await hire(store)
    number = await answer(store, rep, thread, "one", NOON + 1)
    await hear(store, company, said(2, "ann", "hello?", at=NOON + 2), now=NOON + 2)
    assert await store.write(lambda s: take_back(s, rep, number, now=NOON + 3))
    assert (await as_it_is(store))[0] == NOON


async def test_of_what_has_left_in_part_nothing_is_called_back(store: Store, thread: int) -> None:
    rep = await hire(store)
    number = await answer(store, rep, thread, "one", NOON + 1)

    def halved(session: Session) -> None:
        part = session.scalars(select(Delivery).where(Delivery.message_id == number)).one()
        columns = {column.name: getattr(part, column.name) for column in Delivery.__table__.columns}
        session.execute(insert(Delivery).values(**columns | {"id": part.id + 1000, "part": 1, "once": None}))
        session.execute(update(Delivery).where(Delivery.id == part.id).values(state=State.SENT.value))

    await store.write(halved)
    assert not await store.write(lambda s: take_back(s, rep, number, now=NOON + 3))
    assert await store.read(lambda s: partly_left(s, number))
    assert await rows(store, select(Delivery.state).where(Delivery.message_id == number).order_by(Delivery.part)) == ["sent", "queued"]
    assert (await as_it_is(store))[0] == 0
