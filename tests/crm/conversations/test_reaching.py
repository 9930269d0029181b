"""Reaching: where somebody is written to when we begin: as chosen, where they write now, where they answer, where they wrote last."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.base.actors import Role
from crm.base.db import Store
from crm.base.errors import Forbidden, Taken, Unreachable
from crm.base.outbound import Lane, Limits, May, Window
from crm.base.rows import add, take_ids
from crm.base.settings import Allows, Company
from crm.base.time import DAY, HOUR
from crm.conversations import assign
from crm.conversations.reaching import Way, Why, fitting, settled, where_to
from crm.conversations.threads import Author, Conversation, Kind, Message
from crm.outbox.deliveries import Delivery
from crm.outreach import persons
from crm.outreach.channel import write_on
from crm.outreach.segments import Segment, address_of
from crm.people.contacts import Contact, Identity
from crm.projects.telling import say, talk_of
from crm.reports.channel import channel_of
from tests.conftest import NOON
from tests.crm.fake import rows
from tests.crm.people.crowd import Somebody, employ, meet

LATER = NOON + 5 * DAY
WAYS = st.lists(st.builds(Way, st.integers(1, 5), st.integers(0, 5) | st.integers(LATER - 2 * DAY, LATER), st.booleans(), st.booleans()), min_size=1)


async def ann(store: Store) -> tuple[Somebody, Somebody]:
    """One person who wrote on Telegram first and by mail last, days ago."""
    rep = await store.write(employ)
    one = await store.write(lambda s: meet(s, "ann", "telegram"))
    other = await store.write(lambda s: meet(s, "ann@x", "mail", now=NOON + 1))
    await store.write(lambda s: persons.merged(s, rep, one.contact, other.contact, now=NOON + 2))
    return one, other


def spoken(session: Session, said: Sequence[tuple[Somebody, str]], lane: Lane = Lane.SERVICE) -> None:
    """Each word an hour after the one before it; "" is one of ours."""
    ids = take_ids(session, len(said))
    for place, (who, text) in enumerate(said):
        facts = {"author": (Author.CONTACT if text else Author.BOT).value, "text": text, "at": NOON + place * HOUR, "kind": Kind.MESSAGE.value}
        add(session, Message, [{"id": next(ids), "conversation_id": who.conversation, **facts, "lane": 0 if text else lane.value}])


async def route(store: Store, one: Somebody, allows: Allows | None = None, now: int = LATER, without: Collection[int] = ()) -> tuple[int, Why]:
    def ask(session: Session) -> tuple[int, Why]:
        found = where_to(session, one.contact, (), allows=allows, without=without, now=now)
        return (found.identity.id, found.why) if found else (0, Why.ONLY)

    return await store.read(ask)


def lets(**accounts: Limits) -> Callable[[str, Window, int], Limits]:
    return lambda account, window, now: accounts.get(account, Limits())


async def test_where_they_answer_mostly_goes_before_where_they_wrote_last(store: Store) -> None:
    one, other = await ann(store)
    assert await route(store, one) == (other.identity, Why.LAST)
    await store.write(lambda s: spoken(s, [(one, ""), (one, "yes"), (one, ""), (one, "no"), (other, ""), (other, "")]))
    assert await route(store, other) == (one.identity, Why.ANSWERS)
    assert await route(store, one, now=NOON + HOUR) == (other.identity, Why.WRITING)
    assert await route(store, one, without=(one.identity,)) == (other.identity, Why.ONLY)
    assert await route(store, one, without=(one.identity, other.identity)) == (0, Why.ONLY)


async def test_an_offer_nobody_answers_is_not_held_against_an_address(store: Store) -> None:
    one, other = await ann(store)
    await store.write(lambda s: spoken(s, [(one, ""), (one, "yes"), (one, ""), (one, "no"), (other, ""), (other, "ok"), (other, ""), (other, "ok")]))
    assert await route(store, one) == (other.identity, Why.ANSWERS)
    await store.write(lambda s: spoken(s, [(other, "")], Lane.PROMOTION))
    assert await route(store, one) == (other.identity, Why.ANSWERS)
    await store.write(lambda s: spoken(s, [(other, "")]))
    assert await route(store, one) == (one.identity, Why.ANSWERS)


async def test_what_is_shut_is_never_taken_and_what_costs_only_where_nothing_free_is_open(store: Store) -> None:
    one, other = await ann(store)
    await store.write(lambda s: spoken(s, [(one, ""), (one, "yes"), (one, ""), (one, "no")]))
    free, shut, dear = Limits(), Limits(may=May.TEMPLATE), Limits(free=False)
    assert await route(store, one, lets(telegram=shut)) == (other.identity, Why.ONLY)
    assert await route(store, one, lets(telegram=dear)) == (other.identity, Why.ONLY)
    assert await route(store, one, lets(telegram=dear, mail=shut)) == (one.identity, Why.ONLY)
    assert await route(store, one, lets(telegram=free, mail=dear)) == (one.identity, Why.ONLY)
    assert (await route(store, one, lets(telegram=shut, mail=shut)))[1] is Why.ANSWERS
    await store.write(lambda s: s.execute(update(Identity).where(Identity.id == other.identity).values(reachable=0)) and None)
    assert await route(store, one, lets(telegram=shut)) == (one.identity, Why.ONLY)


async def test_what_somebody_chose_wins_while_it_is_open_and_costs_what_it_costs(store: Store) -> None:
    one, other = await ann(store)
    rep = await store.write(lambda s: employ(s, "ruben", Role.REP))
    await store.write(lambda s: spoken(s, [(one, ""), (one, "yes"), (one, ""), (one, "no")]))
    assert await store.write(lambda s: write_on(s, rep, one.contact, other.identity, (), now=LATER)) == 0
    assert await route(store, one) == (other.identity, Why.CHOSEN)
    assert await route(store, one, lets(mail=Limits(free=False))) == (other.identity, Why.CHOSEN)
    assert await route(store, one, lets(mail=Limits(may=May.NOTHING))) == (one.identity, Why.ONLY)
    assert await store.write(lambda s: write_on(s, rep, other.contact, 0, (), now=LATER)) == other.identity
    assert await route(store, one) == (one.identity, Why.ANSWERS)


async def test_only_who_reaches_all_of_a_person_chooses_and_only_what_can_be_written_to(store: Store) -> None:
    one, other = await ann(store)
    ruben, zara = [await store.write(lambda s, n=name: employ(s, n, Role.REP)) for name in ("ruben", "zara")]  # type: ignore[misc]
    with pytest.raises(Unreachable):
        await store.write(lambda s: write_on(s, ruben, one.contact, one.identity, {"mail"}, now=LATER))
    await store.write(lambda s: assign.take(s, zara, one.conversation, now=LATER))
    with pytest.raises(Taken):
        await store.write(lambda s: write_on(s, ruben, one.contact, other.identity, (), now=LATER))
    with pytest.raises(Forbidden):
        await store.write(lambda s: write_on(s, replace(ruben, id=10**9), one.contact, other.identity, (), now=LATER))
    assert await rows(store, select(Contact.preferred_id).where(Contact.preferred_id.is_not(None))) == []


async def test_news_of_a_project_goes_where_they_answer_and_an_offer_where_it_was_chosen(store: Store, company: Company) -> None:
    one, other = await ann(store)
    rep = await store.write(lambda s: employ(s, "ruben", Role.REP))
    await store.write(lambda s: spoken(s, [(one, ""), (one, "yes"), (one, ""), (one, "no")]))

    def tell(session: Session, once: str) -> None:
        talk = talk_of(session, one.contact, company, now=LATER)
        assert talk is not None
        say(session, talk, "It is ready.", (), once=once, now=LATER)

    def offered(session: Session) -> int | None:
        return session.scalar(select(address_of(Segment()).scalar_subquery()).select_from(Contact).where(Contact.id == one.contact))

    await store.write(lambda s: tell(s, "a"))
    assert await store.read(offered) == other.identity
    await store.write(lambda s: write_on(s, rep, one.contact, other.identity, (), now=LATER) and None)
    await store.write(lambda s: tell(s, "b"))
    assert await rows(store, select(Delivery.address).order_by(Delivery.id)) == ["ann", "ann@x"]
    await store.write(lambda s: write_on(s, rep, one.contact, one.identity, (), now=LATER) and None)
    assert await store.read(offered) == one.identity


async def test_it_is_read_with_its_reason(store: Store, company: Company) -> None:
    one, other = await ann(store)
    rep = await store.write(lambda s: employ(s, "ruben", Role.REP))
    seen = await store.read(lambda s: channel_of(s, rep, one.conversation, {"mail": "E-mail"}, company, now=LATER))
    assert (seen.now and seen.now.channel, seen.why, seen.chosen) == ("E-mail", Why.LAST, 0)
    assert [each.identity_id for each in seen.addresses] == [other.identity, one.identity]
    await store.write(lambda s: s.execute(update(Identity).values(reachable=0)) and None)
    seen = await store.read(lambda s: channel_of(s, rep, one.conversation, {}, company, now=LATER))
    assert (seen.now, seen.addresses) == (None, ())
    assert await rows(store, select(Conversation.id).where(Conversation.opened_at == LATER)) == []


@given(WAYS, st.integers(0, 6))
def test_nothing_shut_is_taken_while_anything_is_open_nor_anything_billed_that_nobody_chose(ways: list[Way], chosen: int) -> None:
    ways = list({one.id: one for one in ways}.values())
    fit, found = fitting(ways), settled(ways, chosen, now=LATER)
    assert fit
    if any(not one.shut for one in ways):
        assert not any(one.shut for one in fit)
    if any(not one.shut and not one.billed for one in ways):
        assert not any(one.billed for one in fit)
    if found is None:
        assert len(fit) > 1
        return
    taken = next(one for one in ways if one.id == found[0])
    assert taken in fit or found == (chosen, Why.CHOSEN)
    assert not taken.shut or all(one.shut for one in ways)
    if any(one.id == chosen and not one.shut for one in ways):
        assert found == (chosen, Why.CHOSEN)
