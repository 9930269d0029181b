"""An account that people have written to and that is no longer set up: nothing waits there for ever, and nobody is lost when it is back."""

import asyncio
from functools import partial

import pytest
from sqlalchemy import select

from crm.base.db import Session, Store
from crm.base.i18n import LANGUAGES, translator
from crm.base.installation import BY_HAND, Installation
from crm.base.outbound import Lane
from crm.base.settings import Company
from crm.base.time import HOUR, MINUTE
from crm.conversations.shelf import shelf_of
from crm.conversations.talk import edit, reply
from crm.conversations.threads import Author, Conversation, Message
from crm.inbox.statuses import owed
from crm.outbox.closed import give_up
from crm.outbox.deliveries import Delivery
from crm.outreach import persons
from crm.people.contacts import Identity, accounts_used
from crm.reports.words import why
from crm.sales.tasks import Task
from tests.conftest import NOON
from tests.crm.fake import hear, hire, rows, said
from tests.crm.people.crowd import employ, meet
from tests.crm.told import say

STATES = select(Delivery.account, Delivery.state, Delivery.detail).order_by(Delivery.id)
LATER = NOON + HOUR + MINUTE


async def leave(store: Store, *accounts: str, now: int = LATER) -> int:
    return await store.write(lambda session: give_up(session, {"fake"}, partial(owed, accounts=frozenset(accounts)), now=now))


@pytest.fixture
async def ann(store: Store, company: Company) -> int:
    """Ann wrote on an account that is closed now; answers her conversation. The bot has greeted her in vain."""
    await hear(store, company, said(1, "ann"))
    assert await leave(store) == 1
    return await store.read(lambda s: s.scalars(select(Conversation.id)).one())


async def test_a_reply_fails_after_an_hour_and_says_why(store: Store, ann: int) -> None:
    rep = await hire(store, "ruben")
    await store.write(lambda s: reply(s, rep, ann, "Yes, we have. " * 1000, once="r", now=NOON))
    assert await leave(store, now=NOON + HOUR - MINUTE) == 0
    assert (await rows(store, STATES))[-1][1] == "queued"
    assert await leave(store) == 1
    assert [tuple(one) for one in await rows(store, STATES)][1:] == [("fake", "failed", "closed: ")]
    assert await rows(store, select(Identity.reachable)) == [1]
    assert len({why(translator(language), "closed: ") for language in LANGUAGES}) == len(LANGUAGES)
    assert await leave(store) == 0


async def test_an_edit_of_what_was_sent_fails_too_and_is_nobodys_task(store: Store, ann: int) -> None:
    rep = await hire(store, "ruben")
    await store.write(lambda s: reply(s, rep, ann, "Yes", once="r", now=NOON))

    def sent(session: Session) -> int:
        part = session.scalars(select(Delivery).order_by(Delivery.id.desc())).first()
        assert part is not None
        part.state, part.external_id = "sent", "7"
        return session.scalars(select(Message.id).where(Message.once == "r")).one()

    number, before = await store.write(sent), await rows(store, select(Task.id))
    await store.write(lambda s: edit(s, rep, number, "No", once="e", now=NOON))
    await leave(store)
    assert [one[1] for one in await rows(store, STATES)][-2:] == ["sent", "failed"]
    assert await rows(store, select(Task.id)) == before


async def test_what_serves_goes_on_by_another_account_and_else_is_somebodys_task(store: Store, company: Company, ann: int) -> None:
    await say(store, "Your order has left.", author=Author.BOT, lane=Lane.SERVICE)
    await leave(store, "mail")
    assert len(await rows(store, select(Task.id))) == 1

    def known_elsewhere(session: Session) -> None:
        other = meet(session, "ann@x", "mail", now=NOON + 1, interested=False)
        [first] = session.scalars(select(Conversation.contact_id).where(Conversation.address == "ann"))
        persons.merged(session, employ(session), first, other.contact, now=NOON + 2)

    await store.write(known_elsewhere)
    await say(store, "Your order has come.", author=Author.BOT, lane=Lane.SERVICE, now=NOON + 3)
    await leave(store, "mail")
    assert [tuple(one[:2]) for one in await rows(store, STATES)][-2:] == [("fake", "failed"), ("mail", "queued")]


async def test_offers_and_what_is_held_wait_for_their_own_end(store: Store, ann: int) -> None:
    for lane in (Lane.FOLLOWUP, Lane.PROMOTION):
        await say(store, f"Are you still there? {lane}", author=Author.BOT, lane=lane)
    assert await leave(store) == 0
    await say(store, "Your order has left.", author=Author.BOT, lane=Lane.SERVICE)
    await store.write(lambda session: session.add(Installation(name=BY_HAND, held_at=NOON, why="by_hand")))
    assert await leave(store) == 0


async def test_of_two_nodes_that_look_at_once_one_gives_up_each(store: Store, ann: int) -> None:
    for number in range(5):
        await say(store, f"Your order {number} has left.", author=Author.BOT, lane=Lane.SERVICE)
    assert sum(await asyncio.gather(*(leave(store) for _ in range(4)))) == 5
    assert [one[1] for one in await rows(store, STATES)] == ["failed"] * 6


async def test_the_accounts_people_are_at_are_known_without_the_shelf(store: Store, ann: int) -> None:
    await store.write(lambda s: shelf_of(s, s.scalars(select(Conversation.contact_id)).one(), "whatsapp", now=NOON).id)
    assert await store.read(accounts_used) == {"fake"}
