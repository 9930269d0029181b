"""Links on proof: the same phone or e-mail proven on both sides, a visitor the firm's own site vouches for; a claim links nobody."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.base.db import Store
from crm.base.events import Sender
from crm.outreach import persons
from crm.people import suggestions
from crm.people.contacts import ContactPoint, Identity, PointKind, Proof
from crm.people.link import Link, offer_link, use_link, visitor_signature
from crm.reports.books import check
from tests.conftest import NOON
from tests.crm.people.crowd import Somebody, meet, open_leads, root

PHONE, OTHER = "+37491223344", "+37499887766"


async def come(store: Store, *accounts: str) -> list[Somebody]:
    """One address on each of these accounts, nobody known to be anybody else."""
    return [await store.write(lambda s, n=n, account=account: meet(s, f"p{n}", account, now=NOON + n)) for n, account in enumerate(accounts)]  # type: ignore[misc]


async def proves(store: Store, who: Somebody, kind: str, value: str) -> bool:
    return await store.write(lambda s: persons.proven_same(s, who.identity, kind, value, now=NOON + 9))


async def brings(store: Store, who: Somebody, sender: Sender) -> bool:
    def deed(session: Session) -> bool:
        return persons.sender_points(session, sender, session.get_one(Identity, who.identity), now=NOON + 9, region="AM")

    return await store.write(deed)


async def same(store: Store, one: Somebody, other: Somebody) -> bool:
    return await store.read(lambda s: root(s, one.contact) == root(s, other.contact))


async def test_a_phone_proven_on_both_sides_makes_two_one_with_one_lead(store: Store) -> None:
    ann, lee = await come(store, "telegram", "whatsapp")
    assert not await proves(store, ann, "phone", PHONE)
    assert await brings(store, lee, Sender("p1", phone="374 91 223344", proven=True))
    assert await same(store, ann, lee)
    assert await store.read(lambda s: open_leads(s, [ann.contact, lee.contact])) == {ann.contact: ann.lead}
    assert await store.read(lambda s: s.scalars(select(Link.why)).all()) == ["phone"]
    assert (await store.read(check)).balanced


@pytest.mark.parametrize("proven", [False, True])
async def test_a_claim_on_either_side_links_nobody_and_suggests(store: Store, proven: bool) -> None:
    ann, lee = await come(store, "telegram", "mail")
    await brings(store, ann, Sender("p0", phone="374 91 22 33 44", proven=proven))
    assert not await brings(store, lee, Sender("p1", phone="+374 91 22-33-44", proven=not proven))
    assert not await same(store, ann, lee)
    [found] = await store.read(lambda s: suggestions.open_ones(s, lee.contact))
    assert (found.contact_id, found.reason, found.common) == (ann.contact, "phone", PHONE)


async def test_what_was_claimed_and_then_is_proven_links(store: Store) -> None:
    ann, lee = await come(store, "telegram", "mail")
    await proves(store, ann, "email", "ann@example.com")
    assert not await brings(store, lee, Sender("p1", email="Ann@Example.com"))
    assert await brings(store, lee, Sender("p1", email="Ann@Example.com", proven=True))
    assert await store.read(lambda s: set(s.scalars(select(ContactPoint.proof)))) == {Proof.TOKEN, Proof.DMARC}
    assert await store.read(lambda s: suggestions.open_ones(s, ann.contact)) == []


async def test_a_shared_mailbox_joins_nobody_who_has_proven_different_phones(store: Store) -> None:
    ann, lee = await come(store, "telegram", "whatsapp")
    for who, phone in ((ann, PHONE), (lee, OTHER)):
        await proves(store, who, "phone", phone)
        assert not await proves(store, who, "email", "office@example.com")
    assert not await same(store, ann, lee)
    assert [one.reason for one in await store.read(lambda s: suggestions.open_ones(s, ann.contact))] == ["email"]


async def test_one_of_two_phones_is_proof_enough(store: Store) -> None:
    ann, lee = await come(store, "telegram", "whatsapp")
    for phone in (PHONE, OTHER):
        await proves(store, ann, "phone", phone)
    assert await proves(store, lee, "phone", OTHER)


async def test_a_number_that_changed_hands_on_one_channel_joins_nobody(store: Store) -> None:
    ann, lee = await come(store, "telegram", "telegram")
    assert [await proves(store, who, "phone", PHONE) for who in (ann, lee)] == [False, False]
    assert len(await store.read(lambda s: suggestions.open_ones(s, ann.contact))) == 1


async def test_a_visitor_the_site_vouches_for_is_one_in_two_browsers_and_two_visitors_are_two(store: Store) -> None:
    ann, lee, eve = await come(store, "webchat", "webchat", "webchat")
    assert [await proves(store, who, PointKind.VISITOR, "shop:7") for who in (ann, lee)] == [False, True]
    await proves(store, eve, PointKind.VISITOR, "shop:8")
    for who in (ann, eve):
        assert not await proves(store, who, "phone", PHONE)
    assert not await same(store, ann, eve)


def test_the_sites_signature_is_what_its_server_computes() -> None:
    assert visitor_signature("7", b"secret") == "074d7db5790cd48f87f3735d285a3f4c758ddf00d8992d920629ca532564f7f7"
    assert visitor_signature("7", b"secret") != visitor_signature("7", b"other")


async def test_a_link_followed_across_two_different_phones_is_only_suggested(store: Store) -> None:
    ann, lee = await come(store, "webchat", "telegram")
    await proves(store, ann, "phone", PHONE)
    await proves(store, lee, "phone", OTHER)
    payload = await store.write(lambda s: offer_link(s, ann.identity, "t", now=NOON))
    assert await store.write(lambda s: use_link(s, payload, lee.identity, now=NOON)) == 0
    assert [one.reason for one in await store.read(lambda s: suggestions.open_ones(s, lee.contact))] == ["token"]


async def test_what_comes_with_every_message_is_written_down_once(store: Store) -> None:
    [ann] = await come(store, "whatsapp")
    for _ in range(3):
        await brings(store, ann, Sender("p0", phone="37491223344", email="no address", proven=True))
    assert await store.read(lambda s: s.scalar(select(func.count()).select_from(ContactPoint))) == 1


@pytest.mark.parametrize("sender", [Sender("p0"), Sender("p0", phone="12", proven=True), Sender("p0", phone="call me", email="@"), Sender("p0", email="ann@")])
async def test_what_is_no_phone_and_no_mail_is_not_written_down(store: Store, sender: Sender) -> None:
    [ann] = await come(store, "mail")
    assert not await brings(store, ann, sender)
    assert await store.read(lambda s: s.scalar(select(func.count()).select_from(ContactPoint))) == 0
