"""Kinds: suppliers and partners are talked with, and get neither follow-ups nor promotions."""

import pytest
from sqlalchemy import select

from crm.base.actors import Role
from crm.base.errors import Forbidden, Taken
from crm.base.time import HOUR
from crm.conversations import assign
from crm.conversations.threads import Conversation
from crm.outreach import campaigns, compose, persons, ticks
from crm.outreach.campaigns import Recipient
from crm.outreach.kinds import set_kind
from crm.outreach.segments import Segment
from crm.outreach.sequences import Enrollment
from crm.people.contacts import Contact
from crm.people.kinds import Kind
from crm.sales.referrals import refer
from tests.crm.outreach.town import Town

TEXT = "Hello, {name|friend}! Lamps at half price."


async def person(town: Town) -> int:
    return await town.store.read(lambda session: session.scalars(select(Contact.id)).one())


async def test_a_supplier_who_falls_silent_is_not_followed_up(town: Town) -> None:
    await town.writes("ani")
    await town.sends()
    rep = await town.employ(Role.REP)
    assert await town.do(set_kind, rep, await person(town), Kind.SUPPLIER, now=town.now) is Kind.CUSTOMER
    town.now += 25 * HOUR
    assert await town.follow_ups() == []


async def test_follow_ups_to_who_turns_out_to_be_a_partner_stop(town: Town) -> None:
    await town.writes("ani")
    await town.sends()
    town.now += 23 * HOUR
    await town.do(ticks.follow_ups, town.company, now=town.now + 2 * HOUR)
    rep = await town.employ(Role.REP)
    await town.do(set_kind, rep, await person(town), Kind.PARTNER, now=town.now)
    town.now += 2 * HOUR
    assert await town.follow_ups() == []
    assert [one.state for one in await town.store.read(lambda session: list(session.scalars(select(Enrollment))))] in ([], ["stopped"])


async def test_whoever_does_not_reach_a_person_says_nothing_of_them(town: Town) -> None:
    await town.writes("ani")
    rep, other, guest = await town.employ(Role.REP), await town.employ(Role.REP), await town.employ(Role.GUEST)
    conversation = await town.store.read(lambda session: session.scalars(select(Conversation.id)).one())
    await town.do(assign.take, rep, conversation, now=town.now)
    with pytest.raises(Taken):
        await town.do(set_kind, other, await person(town), Kind.PARTNER, now=town.now)
    with pytest.raises(Forbidden):
        await town.do(set_kind, guest, await person(town), Kind.PARTNER, now=town.now)
    assert await town.store.read(lambda session: session.scalars(select(Contact.kind)).one()) == "customer"


async def test_who_turns_out_to_be_a_supplier_after_the_launch_gets_no_promotion(town: Town) -> None:
    await town.fans("ani", "bob")
    boss = await town.employ()
    number = await town.do(campaigns.draft, boss, Segment(), TEXT, now=town.now)
    await town.do(campaigns.launch, boss, number, 2, now=town.now)
    await town.do(compose.fill, number, now=town.now)
    await town.do(set_kind, boss, (await town.person("bob")).id, Kind.SUPPLIER, now=town.now)
    assert [address for address, _ in await town.promotions()] == ["ani"]
    assert await town.count(Recipient, Recipient.why == "no customer") == 1


@pytest.mark.parametrize("first", [True, False])
async def test_who_is_found_to_be_a_supplier_too_stays_one_until_they_are_two_again(town: Town, first: bool) -> None:
    await town.writes("ani")
    await town.writes("bob", name="Bob")
    boss, one, other = await town.employ(), (await town.person("ani")).id, (await town.person("bob")).id
    await town.do(set_kind, boss, one if first else other, Kind.SUPPLIER, now=town.now)
    made = await town.do(persons.merged, boss, one, other, now=town.now + 1)
    assert (await town.person("ani")).kind == Kind.SUPPLIER
    await town.do(persons.parted, boss, made, now=town.now + 2)
    kinds = await town.store.read(lambda session: {one.id: one.kind for one in session.scalars(select(Contact))})
    assert (kinds[one], kinds[other]) == ((Kind.SUPPLIER, Kind.CUSTOMER) if first else (Kind.CUSTOMER, Kind.SUPPLIER))


async def test_what_is_said_of_both_while_they_are_one_is_kept_by_who_stays(town: Town) -> None:
    await town.writes("ani")
    await town.writes("bob", name="Bob")
    boss, one, other = await town.employ(), (await town.person("ani")).id, (await town.person("bob")).id
    made = await town.do(persons.merged, boss, one, other, now=town.now)
    await town.do(set_kind, boss, one, Kind.PARTNER, now=town.now + 1)
    await town.do(persons.parted, boss, made, now=town.now + 2)
    kinds = await town.store.read(lambda session: {one.id: one.kind for one in session.scalars(select(Contact))})
    assert (kinds[one], kinds[other]) == (Kind.PARTNER, Kind.CUSTOMER)


async def test_the_link_of_a_colleagues_customer_is_made_by_nobody_else(town: Town) -> None:
    await town.writes("ani")
    rep, other = await town.employ(Role.REP), await town.employ(Role.REP)
    conversation = await town.store.read(lambda session: session.scalars(select(Conversation.id)).one())
    await town.do(assign.take, rep, conversation, now=town.now)
    with pytest.raises(Taken):
        await town.do(refer, other, await person(town), "abc", now=town.now)
    assert (await town.do(refer, rep, await person(town), "abc", now=town.now)).code == "abc"


async def test_follow_ups_to_who_is_found_to_be_a_supplier_too_stop(town: Town) -> None:
    await town.writes("ani")
    await town.sends()
    town.now += 25 * HOUR
    assert await town.follow_ups() != []
    assert await town.count(Enrollment, Enrollment.state == "active") == 1
    await town.writes("bob", name="Bob")
    boss, one, other = await town.employ(), (await town.person("ani")).id, (await town.person("bob")).id
    await town.do(set_kind, boss, other, Kind.SUPPLIER, now=town.now)
    await town.do(persons.merged, boss, one, other, now=town.now)
    assert await town.count(Enrollment, Enrollment.state == "active") == 0
