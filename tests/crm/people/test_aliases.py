"""Aliases: who is called by several ids is one address, and one that is called otherwise from now on keeps its conversation."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.db import Store
from crm.base.history import DomainEvent
from crm.conversations import addresses, talk
from crm.conversations.threads import Conversation
from crm.outbox.deliveries import Delivery
from crm.people.aliases import canonical, learn_aliases
from crm.people.contacts import Identity
from crm.people.link import Link
from crm.reports.books import check
from tests.conftest import NOON
from tests.crm.people.crowd import Somebody, employ, meet, root


async def ann(store: Store) -> Somebody:
    return await store.write(lambda s: meet(s, "+37491", "whatsapp"))


def waiting(session: Session) -> list[tuple[str, str]]:
    return [(row.account, row.address) for row in session.execute(select(Delivery.account, Delivery.address).order_by(Delivery.id))]


async def test_an_alias_leads_to_the_address_and_only_on_its_own_account(store: Store) -> None:
    one = await ann(store)
    await store.write(lambda s: learn_aliases(s, one.identity, ["AM.77", "+37491", ""], now=NOON))
    assert await store.read(lambda s: canonical(s, "whatsapp", ["AM.77", "+37491", "who"])) == {"AM.77": "+37491"}
    assert await store.read(lambda s: canonical(s, "viber", ["AM.77"])) == {}
    assert await store.read(lambda s: canonical(s, "whatsapp", [])) == {}


async def test_an_alias_learnt_twice_is_one_and_stays_with_its_first_owner(store: Store) -> None:
    one = await ann(store)
    other = await store.write(lambda s: meet(s, "+37492", "whatsapp"))
    for somebody in (one, one, other):
        await store.write(lambda s, who=somebody: learn_aliases(s, who.identity, ["AM.77"], now=NOON))  # type: ignore[misc]
    assert await store.read(lambda s: canonical(s, "whatsapp", ["AM.77"])) == {"AM.77": "+37491"}


async def test_an_alias_that_is_an_address_already_makes_two_one(store: Store) -> None:
    one = await ann(store)
    other = await store.write(lambda s: meet(s, "AM.77", "whatsapp"))
    [made] = await store.write(lambda s: learn_aliases(s, one.identity, ["AM.77"], now=NOON))
    assert await store.read(lambda s: root(s, one.contact)) == other.contact
    assert await store.read(lambda s: s.get_one(Link, made).why) == "platform"


async def test_a_new_number_keeps_the_conversation_and_takes_along_what_waits(store: Store) -> None:
    one = await ann(store)
    rep = await store.write(employ)
    await store.write(lambda s: talk.reply(s, rep, one.conversation, "hello", once="r", now=NOON))
    assert await store.write(lambda s: addresses.move(s, "whatsapp", "+37491", "+37499", now=NOON + 1)) == 0
    assert await store.read(lambda s: s.get_one(Identity, one.identity).external_id) == "+37499"
    assert await store.read(lambda s: s.get_one(Conversation, one.conversation).address) == "+37499"
    assert await store.read(waiting) == [("whatsapp", "+37499")]
    assert await store.read(lambda s: canonical(s, "whatsapp", ["+37491"])) == {"+37491": "+37499"}
    assert await store.read(lambda s: s.scalars(select(DomainEvent.kind).where(DomainEvent.subject == "identity")).all()) == ["moved"]


async def test_a_number_that_changes_twice_and_back_leads_to_the_same_person(store: Store) -> None:
    one = await ann(store)
    for before, after in (("+37491", "+37499"), ("+37499", "+37495"), ("+37495", "+37491"), ("+37491", "+37491"), ("who", "+1")):
        await store.write(lambda s, a=before, b=after: addresses.move(s, "whatsapp", a, b, now=NOON))  # type: ignore[misc]
    assert await store.read(lambda s: s.get_one(Identity, one.identity).external_id) == "+37491"
    assert await store.read(lambda s: canonical(s, "whatsapp", ["+37491", "+37495", "+37499"])) == {"+37495": "+37491", "+37499": "+37491"}
    assert (await store.read(check)).balanced


async def test_a_number_that_moves_to_one_we_know_makes_two_one_and_what_waits_goes_to_the_new_one(store: Store) -> None:
    one = await ann(store)
    other = await store.write(lambda s: meet(s, "+37499", "whatsapp", now=NOON + 1))
    rep = await store.write(employ)
    await store.write(lambda s: talk.reply(s, rep, one.conversation, "hello", once="r", now=NOON))
    assert await store.write(lambda s: addresses.move(s, "whatsapp", "+37491", "+37499", now=NOON + 2))
    assert await store.read(lambda s: root(s, other.contact)) == one.contact
    assert await store.read(waiting) == [("whatsapp", "+37499")]
    assert await store.read(lambda s: {c.address for c in s.scalars(select(Conversation))}) == {"+37499"}
