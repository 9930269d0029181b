"""Merge and its undoing: who is one person says so on every channel, and two that were one by mistake are two again, exactly."""

import json

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Bot, Rep, Role
from crm.base.db import Store
from crm.base.errors import Expired, Taken
from crm.conversations import assign, talk
from crm.outbox.deliveries import Delivery
from crm.outreach import persons
from crm.people import contacts
from crm.people.consents import MARKETING
from crm.people.contacts import Identity, Proof
from crm.people.link import Link
from crm.reports.books import check
from crm.sales.leads import Lead, LeadStatus, set_status
from tests.conftest import NOON
from tests.crm.people.crowd import Somebody, agree, employ, meet, open_leads, root, says


async def two(store: Store) -> tuple[Rep, Somebody, Somebody]:
    """A manager, and one person who came twice."""
    rep = await store.write(employ)
    return rep, await store.write(lambda s: meet(s, "ann", "telegram")), await store.write(lambda s: meet(s, "ann-lee", "mail", now=NOON + 1))


async def test_a_merge_moves_nothing_and_is_on_record(store: Store) -> None:
    rep, ann, lee = await two(store)
    made = await store.write(lambda s: persons.merged(s, rep, ann.contact, lee.contact, now=NOON + 2))
    assert await store.read(lambda s: root(s, lee.contact)) == ann.contact
    assert await store.read(lambda s: s.get_one(Identity, lee.identity).contact_id) == lee.contact
    row = await store.read(lambda s: s.get_one(Link, made))
    assert (row.winner_id, row.loser_id, row.why, set(json.loads(row.before))) == (ann.contact, lee.contact, "staff", {"winner", "loser", "leads"})


async def test_after_a_merge_a_reply_still_goes_to_the_address_its_conversation_came_from(store: Store) -> None:
    rep, ann, lee = await two(store)
    await store.write(lambda s: persons.merged(s, rep, ann.contact, lee.contact, now=NOON + 2))
    for somebody in (ann, lee):
        await store.write(lambda s, one=somebody: talk.reply(s, rep, one.conversation, "hello", once=f"r{one.contact}", now=NOON + 3))  # type: ignore[misc]
    sent = await store.read(lambda s: [tuple(row) for row in s.execute(select(Delivery.account, Delivery.address).order_by(Delivery.id))])
    assert sent == [("telegram", "ann"), ("mail", "ann-lee")]


async def test_one_open_lead_stays_and_both_are_open_again_when_it_is_undone(store: Store) -> None:
    rep, ann, lee = await two(store)
    made = await store.write(lambda s: persons.merged(s, rep, ann.contact, lee.contact, now=NOON + 2))
    assert await store.read(lambda s: open_leads(s, [ann.contact, lee.contact])) == {ann.contact: ann.lead}
    await store.write(lambda s: persons.parted(s, rep, made, now=NOON + 3))
    assert await store.read(lambda s: open_leads(s, [ann.contact, lee.contact])) == {ann.contact: ann.lead, lee.contact: lee.lead}
    assert (await store.read(check)).balanced


async def test_a_lead_that_came_while_they_were_one_goes_with_its_conversation(store: Store) -> None:
    rep, ann, lee = await two(store)
    made = await store.write(lambda s: persons.merged(s, rep, ann.contact, lee.contact, now=NOON + 2))

    def later(session: Session) -> None:
        set_status(session, rep, ann.lead, LeadStatus.WON, now=NOON + 3)
        fresh = session.get_one(Lead, lee.lead)
        fresh.contact_id, fresh.status, fresh.open_contact_id = ann.contact, LeadStatus.NEW.value, ann.contact

    await store.write(later)
    await store.write(lambda s: persons.parted(s, rep, made, now=NOON + 4))
    assert await store.read(lambda s: open_leads(s, [ann.contact, lee.contact])) == {lee.contact: lee.lead}
    assert await store.read(lambda s: s.get_one(Lead, lee.lead).contact_id) == lee.contact


async def test_what_was_answered_after_a_merge_stays_with_whom_it_was_heard(store: Store) -> None:
    rep, ann, lee = await two(store)
    await store.write(lambda s: agree(s, ann.contact, MARKETING, True, now=NOON))
    made = await store.write(lambda s: persons.merged(s, rep, ann.contact, lee.contact, now=NOON + 2))
    await store.write(lambda s: agree(s, lee.contact, MARKETING, False, now=NOON + 3))
    assert (await store.read(lambda s: says(s, ann.contact))).marketing == -1
    await store.write(lambda s: persons.parted(s, rep, made, now=NOON + 4))
    assert (await store.read(lambda s: says(s, ann.contact))).marketing == 1
    assert (await store.read(lambda s: says(s, lee.contact))).marketing == -1


async def test_a_name_and_a_phone_learnt_after_a_merge_go_with_whom_they_were_heard_of(store: Store) -> None:
    rep, ann, lee = await two(store)
    made = await store.write(lambda s: persons.merged(s, rep, ann.contact, lee.contact, now=NOON + 2))

    def learn(session: Session) -> None:
        contacts.rename(session, Bot(), lee.contact, "Ann Lee", now=NOON + 3)
        contacts.add_point(session, Bot(), lee.contact, "phone", "+37491223344", proof=Proof.CLAIMED, message_id=None, now=NOON + 3)

    await store.write(learn)
    assert await store.read(lambda s: contacts.points_of(s, ann.contact, "phone")) == ["+37491223344"]
    await store.write(lambda s: persons.parted(s, rep, made, now=NOON + 4))
    assert [(await store.read(lambda s, n=one.contact: says(s, n))).name for one in (ann, lee)] == ["", "Ann Lee"]  # type: ignore[misc]
    assert await store.read(lambda s: contacts.points_of(s, ann.contact, "phone")) == []


async def test_two_that_were_parted_are_linked_by_nothing_but_a_person(store: Store) -> None:
    rep, ann, lee = await two(store)

    def share(session: Session, one: Somebody) -> bool:
        return persons.proven_same(session, one.identity, "email", "ann@example.com", now=NOON + 2)

    assert [await store.write(lambda s, one=one: share(s, one)) for one in (ann, lee)] == [False, True]  # type: ignore[misc]
    [made] = await store.read(lambda s: list(s.scalars(select(Link.id))))
    await store.write(lambda s: persons.parted(s, rep, made, now=NOON + 3))
    await store.write(lambda s: persons.proven_same(s, lee.identity, "phone", "+37491000001", now=NOON + 4))
    assert not await store.write(lambda s: persons.proven_same(s, ann.identity, "phone", "+37491000001", now=NOON + 5))
    assert await store.read(lambda s: root(s, lee.contact)) == lee.contact
    await store.write(lambda s: persons.merged(s, rep, ann.contact, lee.contact, now=NOON + 6))
    assert await store.read(lambda s: root(s, lee.contact)) == ann.contact


async def test_a_merge_is_undone_once(store: Store) -> None:
    rep, ann, lee = await two(store)
    made = await store.write(lambda s: persons.merged(s, rep, ann.contact, lee.contact, now=NOON + 2))
    await store.write(lambda s: persons.parted(s, rep, made, now=NOON + 3))
    with pytest.raises(Expired):
        await store.write(lambda s: persons.parted(s, rep, made, now=NOON + 4))


async def test_a_rep_merges_whom_they_reach_and_a_manager_anybody(store: Store) -> None:
    mariam, ann, lee = await two(store)
    ruben, zara = [await store.write(lambda s, n=name: employ(s, n, Role.REP)) for name in ("ruben", "zara")]  # type: ignore[misc]
    await store.write(lambda s: assign.take(s, zara, lee.conversation, now=NOON + 2))
    with pytest.raises(Taken):
        await store.write(lambda s: persons.merged(s, ruben, ann.contact, lee.contact, now=NOON + 3))
    made = await store.write(lambda s: persons.merged(s, mariam, ann.contact, lee.contact, now=NOON + 3))
    with pytest.raises(Taken):
        await store.write(lambda s: persons.parted(s, ruben, made, now=NOON + 4))
    await store.write(lambda s: persons.parted(s, mariam, made, now=NOON + 4))
