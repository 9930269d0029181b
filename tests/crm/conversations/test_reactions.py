"""An emoji on a customer's message: once, in place of another, taken away; nobody's conversation is taken by it."""

import pytest
from sqlalchemy import select

from crm.base.actors import Rep
from crm.base.db import Store
from crm.base.errors import Invalid, NotFound, Taken
from crm.base.outbound import React
from crm.base.settings import Company
from crm.conversations import assign, reactions
from crm.conversations.reactions import is_emoji
from crm.conversations.threads import Author, Conversation, Message
from crm.outbox.deliveries import Delivery
from crm.outbox.payload import unpack
from crm.reports.thread import look_at
from tests.conftest import NOON
from tests.crm.fake import hear, hire, rows, said


@pytest.mark.parametrize("text", ["👍", "❤️", "❤", "👍🏽", "👨‍👩‍👧", "🇦🇲", " 🔥 ", "☎️", "⭐", "🏳️‍🌈", "❤️‍🔥"])
def test_one_emoji_is_an_emoji(text: str) -> None:
    assert is_emoji(text)


@pytest.mark.parametrize("text", ["", "ok", "👍👍", "👍 yes", "1", "あ", "!", "🇦", "\u200d", "ա"])
def test_anything_else_is_words(text: str) -> None:
    assert not is_emoji(text)


async def asked(store: Store, company: Company) -> tuple[Rep, int]:
    """Ann has asked something; a rep, and the number of her message."""
    await hear(store, company, said("m1", "ann", "Tables?"))
    [number] = await rows(store, select(Message.id).where(Message.author == Author.CONTACT.value))
    return await hire(store), int(number)


async def put(store: Store, rep: Rep, number: int, emoji: str, once: str) -> int:
    return await store.write(lambda s: reactions.react(s, rep, number, emoji, once=once, now=NOON))


async def leaving(store: Store) -> list[object]:
    found = await rows(store, select(Delivery.payload).where(Delivery.once.like("react:%")).order_by(Delivery.id))
    return [unpack(one) for one in found]


async def test_an_emoji_leaves_once_and_stands_in_the_thread(store: Store, company: Company) -> None:
    rep, number = await asked(store, company)
    assert await put(store, rep, number, "👍", "a") == await put(store, rep, number, "👍", "a")
    await put(store, rep, number, "", "b")
    assert await leaving(store) == [React("m1", "👍"), React("m1", "")]
    [talk] = await rows(store, select(Conversation.id))
    seen = await store.read(lambda s: look_at(s, rep, talk, {}))
    assert [(line.kind, line.text, line.who) for line in seen.lines[-2:]] == [("reaction", "👍", "Tigran"), ("reaction", "", "Tigran")]
    assert seen.reply_state is None


async def test_an_emoji_answers_nobody_and_takes_nothing(store: Store, company: Company) -> None:
    rep, number = await asked(store, company)
    before = await rows(store, select(Conversation.rep_id, Conversation.waiting_since, Conversation.unread))
    await put(store, rep, number, "👍", "a")
    assert await rows(store, select(Conversation.rep_id, Conversation.waiting_since, Conversation.unread)) == before


async def test_nobody_reacts_in_a_colleagues_conversation(store: Store, company: Company) -> None:
    rep, number = await asked(store, company)
    other = await hire(store, "mariam")
    [talk] = await rows(store, select(Conversation.id))
    await store.write(lambda s: assign.take(s, other, talk, now=NOON))
    with pytest.raises(Taken):
        await put(store, rep, number, "👍", "a")
    assert await leaving(store) == []


async def test_only_an_emoji_and_only_on_what_a_customer_said(store: Store, company: Company) -> None:
    rep, number = await asked(store, company)
    with pytest.raises(Invalid):
        await put(store, rep, number, "yes", "a")
    [ours] = await rows(store, select(Message.id).where(Message.author == Author.BOT.value).limit(1))
    for wrong in (ours, 10**12):
        with pytest.raises(NotFound):
            await put(store, rep, wrong, "👍", "a")
