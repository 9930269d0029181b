"""Routes: where a person is written to."""

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.base.actors import Role
from crm.base.db import Store
from crm.base.errors import NotFound, Taken, Unreachable
from crm.base.outbound import Lane
from crm.base.rows import add
from crm.conversations import addresses, assign, talk
from crm.conversations.threads import Conversation, Status
from crm.outbox.deliveries import Delivery
from crm.outreach import persons
from crm.people.contacts import Contact, Identity
from crm.people.own_accounts import OwnChat
from crm.people.routes import Word, best_identity, better_liked, fallback
from tests.conftest import NOON
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


async def best(store: Store, one: Somebody, accounts: frozenset[str] = ALL, chosen: int = 0) -> int:
    def ask(session: Session) -> int:
        found = best_identity(session, one.contact, accounts, chosen=chosen)
        return found.id if found else 0

    return await store.read(ask)


async def test_a_choice_goes_before_where_they_last_wrote(store: Store) -> None:
    one, other = await ann(store)
    assert await best(store, one) == other.identity
    assert await best(store, one, chosen=one.identity) == one.identity


async def test_what_cannot_be_reached_or_cannot_send_is_passed_over(store: Store) -> None:
    one, other = await ann(store)
    assert await best(store, one, frozenset({"telegram"})) == one.identity
    assert await best(store, one, frozenset({"viber"})) == 0
    await store.write(lambda s: set_to(s, other.identity, reachable=0))
    assert await best(store, one, chosen=other.identity) == one.identity


async def test_a_chat_in_a_members_own_account_is_written_to_only_where_it_is_chosen(store: Store) -> None:
    one, other = await ann(store)
    await store.write(lambda s: add(s, OwnChat, [{"id": 9_000, "identity_id": other.identity, "account": "mail", "through": "c1"}]))
    assert await best(store, one) == one.identity
    assert await best(store, one, chosen=other.identity) == other.identity
    await store.write(lambda s: set_to(s, one.identity, reachable=0))
    assert await store.read(lambda s: fallback(s, one.identity, ALL, Lane.SERVICE)) is None


async def test_what_a_person_likes_better_counts_where_they_last_wrote_cannot_be_reached(store: Store) -> None:
    one, other = await ann(store)
    third = await store.write(lambda s: meet(s, "ann-viber", "viber", now=NOON - 5))
    rep = await store.write(lambda s: employ(s, "zara"))
    await store.write(lambda s: persons.merged(s, rep, root(s, one.contact), third.contact, now=NOON + 3))
    await store.write(lambda s: set_to(s, other.identity, reachable=0))
    assert await best(store, one) == one.identity
    await store.write(lambda s: s.execute(update(Contact).values(preferred_id=third.identity)) and None)
    assert await best(store, one) == third.identity
    await store.write(lambda s: set_to(s, other.identity, reachable=1))
    assert await best(store, one) == other.identity


async def test_only_what_serves_a_person_follows_them_elsewhere(store: Store) -> None:
    one, other = await ann(store)
    await store.write(lambda s: set_to(s, other.identity, reachable=0))

    def ask(session: Session, lane: Lane) -> int:
        found = fallback(session, other.identity, ALL, lane)
        return found.id if found else 0

    assert [await store.read(lambda s, lane=lane: ask(s, lane)) for lane in Lane] == [one.identity if lane is Lane.SERVICE else 0 for lane in Lane]  # type: ignore[misc]
    await store.write(lambda s: set_to(s, other.identity, reachable=1))
    assert await store.read(lambda s: ask(s, Lane.SERVICE)) == 0


@pytest.mark.parametrize(
    ("said", "liked"),
    [
        ([], 0),
        ("a1 2 a1 2", 2),
        ("a1 2 a2 2 a1 2", 2),
        ("a1 2 a1 1 a1 2", 0),
        ("a1 2 2 2", 0),
        ("a1 2 a1 3 a1 3", 3),
        ("a1 2 a1 2 a1 1 a1 1", 2),
        ("a1 1 a2 2", 0),
    ],
)
def test_who_answers_elsewhere_twice_in_a_row_likes_it_better(said: str, liked: int) -> None:
    words = [Word(int(one.removeprefix("a")), one.startswith("a")) for one in said.split()] if said else []
    assert better_liked(words) == liked


async def test_a_rep_goes_on_elsewhere_and_it_is_where_the_person_is_written_to(store: Store) -> None:
    one, other = await ann(store)
    ruben = await store.write(lambda s: employ(s, "ruben", Role.REP))
    there = await store.write(lambda s: addresses.answer_at(s, ruben, other.conversation, one.identity, ALL, now=NOON + 3).id)
    assert there == one.conversation
    await store.write(lambda s: talk.reply(s, ruben, there, "here", once="r", now=NOON + 4))
    assert await store.read(lambda s: s.scalars(select(Delivery.address)).all()) == ["ann"]
    assert await store.read(lambda s: s.get_one(Contact, root(s, one.contact)).preferred_id) == one.identity


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
