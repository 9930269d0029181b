"""From a telephone to the rows of the business and back: a long word in, a long answer out, and what became of all its parts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from sqlalchemy import select

from bots.turn import turn
from crm.base.db import Store
from crm.base.outbound import Lane
from crm.base.settings import Company
from crm.base.sms import parts
from crm.conversations.talk import Saying, say_many
from crm.conversations.threads import Author, Conversation, Message
from crm.inbox import process
from crm.inbox.log import RawEventRow
from crm.inbox.process import Rules
from crm.outbox.deliveries import Delivery
from crm.outbox.drain import Drain
from crm.people.contacts import Contact
from crm.sales.leads import Lead
from scheduler.offsets import StoredOffsets
from tests.channels.smpp.stand import ANN, Stand, no_media, stand
from tests.conftest import NOON
from tests.crm.fake import rows

LONG = "Բարև ձեզ, պետք են դարակներ մեր խանութի համար, մոտ երեք մետր երկարությամբ: "
STATE = select(Delivery.state).join(Message, Message.id == Delivery.message_id).where(Message.author == Author.REP.value)


@asynccontextmanager
async def followed(folder: Path, store: Store) -> AsyncIterator[Stand]:
    """An operator that is followed into a store."""
    async with stand(folder, listen=False) as place:
        task = asyncio.create_task(place.smpp.listen(StoredOffsets(store, {})))
        try:
            await place.smsc.bound()
            yield place
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def taken(place: Stand, store: Store, company: Company, count: int) -> None:
    """Everything the operator brings is kept, so many events in all, and processed."""
    async with asyncio.timeout(30):
        while len(await rows(store, select(RawEventRow.id))) < count:
            await asyncio.sleep(0.01)
    done: tuple[process.Claimed, ...] = ()
    rules = Rules(turn, company, numbered=frozenset({"smpp"}))
    while batch := await store.write(lambda session, done=done: process.step(session, done, rules, now=NOON)):  # type: ignore[misc]
        done = process.read(batch, place.smpp.parse)


async def answered(place: Stand, store: Store, text: str) -> None:
    """A rep answers, and it leaves."""
    [number] = await rows(store, select(Conversation.id))
    await store.write(lambda session: say_many(session, [Saying(number, "smpp", ANN, text, Author.REP, Lane.REPLY, f"rep:{text}")], now=NOON))
    await Drain(store, place.smpp, no_media, node="n", clock=lambda: NOON).run()


async def test_a_long_word_is_one_message_of_a_lead(tmp_path: Path, store: Store, company: Company) -> None:
    async with followed(tmp_path, store) as place:
        place.smsc.write(ANN, LONG * 2)
        await taken(place, store, company, 1)
    assert await rows(store, select(Message.text).where(Message.author == Author.CONTACT.value)) == [LONG * 2]
    assert await rows(store, select(Lead.channel)) == ["smpp"]


async def test_a_long_answer_is_delivered_when_its_last_part_is(tmp_path: Path, store: Store, company: Company) -> None:
    async with followed(tmp_path, store) as place:
        place.smsc.write(ANN, "hello")
        await taken(place, store, company, 1)
        await Drain(store, place.smpp, no_media, node="n", clock=lambda: NOON).run()  # the greeting
        greeted = sum(text.parts for text in place.centre.phone(ANN).texts if text.ours)
        place.centre.faults.add("late")
        await answered(place, store, LONG * 2)
        many = parts(LONG * 2).parts
        await taken(place, store, company, 1 + greeted + many - 1)
        assert await rows(store, STATE) == ["sent"]
        place.smsc.release()
        await taken(place, store, company, 1 + greeted + many)
    assert many > 1
    assert await rows(store, STATE) == ["delivered"]


async def test_a_stop_is_heard(tmp_path: Path, store: Store, company: Company) -> None:
    async with followed(tmp_path, store) as place:
        place.smsc.write(ANN, "ՍՏՈՊ")
        await taken(place, store, company, 1)
    assert await rows(store, select(Contact.marketing)) == [-1]
