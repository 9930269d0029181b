"""Routes: where a person is written to."""

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.base.actors import Bot, Role
from crm.base.db import Store
from crm.base.errors import NotFound, Taken, Unreachable
from crm.base.history import DomainEvent
from crm.base.rows import add
from crm.conversations import addresses, assign, talk
from crm.conversations.threads import Conversation, Status
from crm.outbox.deliveries import Delivery
from crm.outreach import persons
from crm.people.contacts import Contact, Identity
from crm.people.own_accounts import OwnChat
from crm.people.routes import prefer, usable
from tests.conftest import NOON
from tests.crm.fake import rows
from tests.crm.people.crowd import Somebody, employ, meet, root

ALL: frozenset[str] = frozenset()


async def ann(store: Store) -> tuple[Somebody, Somebody]:
    """One person who wrote on Telegram first and by mail last."""
    rep = await store.write(employ)
    one = await store.write(lambda s: meet(s, "ann", "telegram"))
    other = await store.write(lambda s: meet(s, "ann@x", "mail", now=NOON + 1))
    await store.write(lambda s: persons.merged(s, rep, one.contact, other.contact, now=NOON + 2))
    return one, other


def set_to(session: Session, identity: int, **values: int) -> None:
    session.execute(update(Identity).where(Identity.id == identity).values(**values))


async def best(store: Store, one: Somebody, accounts: frozenset[str] = ALL) -> int:
    return await store.read(lambda s: next((found.id for found in usable(s, one.contact, accounts)), 0))


async def prefers(store: Store, one: Somebody, identity: int, accounts: frozenset[str] = ALL) -> int:
    return await store.write(lambda s: prefer(s, Bot(), one.contact, identity, accounts, now=NOON + 5))


async def test_a_choice_goes_before_where_they_last_wrote_and_is_taken_back(store: Store) -> None:
    one, other = await ann(store)
    assert await best(store, one) == other.identity
    assert await prefers(store, other, one.identity) == 0
    assert await best(store, one) == one.identity
    assert await prefers(store, one, 0) == one.identity
    assert await best(store, one) == other.identity
    told = await rows(store, select(DomainEvent.after).where(DomainEvent.kind == "preferred").order_by(DomainEvent.id))
    assert told == [f'{{"identity": {one.identity}}}', '{"identity": 0}']


async def test_what_cannot_be_reached_or_cannot_send_is_passed_over_and_cannot_be_chosen(store: Store) -> None:
    one, other = await ann(store)
    assert await best(store, one, frozenset({"telegram"})) == one.identity
    assert await best(store, one, frozenset({"viber"})) == 0
    await prefers(store, one, other.identity)
    await store.write(lambda s: set_to(s, other.identity, reachable=0))
    assert await best(store, one) == one.identity
    stranger = await store.write(lambda s: meet(s, "eve", "telegram"))
    for identity, accounts in ((other.identity, ALL), (one.identity, frozenset({"mail"})), (stranger.identity, ALL)):
        with pytest.raises(Unreachable):
            await prefers(store, one, identity, accounts)


async def test_a_chat_in_a_members_own_account_is_written_to_by_nobody_else(store: Store) -> None:
    one, other = await ann(store)
    await store.write(lambda s: add(s, OwnChat, [{"id": 9_000, "identity_id": other.identity, "account": "mail", "through": "c1"}]))
    assert await best(store, one) == one.identity
    with pytest.raises(Unreachable):
        await prefers(store, one, other.identity)
    await store.write(lambda s: set_to(s, one.identity, reachable=0))
    assert await best(store, one) == 0


async def test_a_choice_stays_with_whose_address_it_is_when_people_are_merged_and_parted(store: Store) -> None:
    one = await store.write(lambda s: meet(s, "ann", "telegram"))
    other = await store.write(lambda s: meet(s, "ann@x", "mail", now=NOON + 1))
    await prefers(store, one, one.identity)
    rep = await store.write(employ)
    made = await store.write(lambda s: persons.merged(s, rep, one.contact, other.contact, now=NOON + 2))
    assert await best(store, other) == one.identity
    await store.write(lambda s: persons.parted(s, rep, made, now=NOON + 3) and None)
    assert await rows(store, select(Contact.preferred_id).order_by(Contact.id)) == [one.identity, None]


async def test_a_rep_goes_on_elsewhere_and_chooses_nothing_for_later(store: Store) -> None:
    one, other = await ann(store)
    ruben = await store.write(lambda s: employ(s, "ruben", Role.REP))
    there = await store.write(lambda s: addresses.answer_at(s, ruben, other.conversation, one.identity, ALL, now=NOON + 3).id)
    assert there == one.conversation
    await store.write(lambda s: talk.reply(s, ruben, there, "here", once="r", now=NOON + 4))
    assert await store.read(lambda s: s.scalars(select(Delivery.address)).all()) == ["ann"]
    assert await store.read(lambda s: s.get_one(Contact, root(s, one.contact)).preferred_id) is None


async def test_an_address_without_a_conversation_gets_one(store: Store) -> None:
    one, other = await ann(store)
    ruben = await store.write(lambda s: employ(s, "ruben", Role.REP))
    await store.write(lambda s: s.delete(s.get_one(Conversation, one.conversation)))
    there = await store.write(lambda s: addresses.answer_at(s, ruben, other.conversation, one.identity, ALL, now=NOON + 3).id)
    made = await store.read(lambda s: s.get_one(Conversation, there))
    assert (made.address, made.status, made.rep_id, made.open_identity_id) == ("ann", Status.OPEN, ruben.id, one.identity)


async def test_a_rep_goes_on_only_where_they_may_and_where_anybody_can_be_reached(store: Store) -> None:
    one, other = await ann(store)
    stranger = await store.write(lambda s: meet(s, "eve", "telegram", now=NOON + 1))
    ruben, zara = [await store.write(lambda s, n=name: employ(s, n, Role.REP)) for name in ("ruben", "zara")]  # type: ignore[misc]

    async def go(identity: int, accounts: frozenset[str] = ALL) -> None:
        await store.write(lambda s: addresses.answer_at(s, ruben, other.conversation, identity, accounts, now=NOON + 4) and None)

    with pytest.raises(NotFound):
        await go(stranger.identity)
    with pytest.raises(Unreachable):
        await go(one.identity, frozenset({"mail"}))
    await store.write(lambda s: assign.take(s, zara, one.conversation, now=NOON + 3))
    with pytest.raises(Taken):
        await go(one.identity)
