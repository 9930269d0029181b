"""People: invitations, links, consents."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import select

from crm.base.actors import Role, System
from crm.base.answers import Answer, StopWriting
from crm.base.db import Store
from crm.base.errors import Expired, Forbidden
from crm.base.settings import Company
from crm.base.time import DAY
from crm.conversations.threads import Conversation
from crm.inbox.process import Rules
from crm.people import consents
from crm.people.consents import Consent
from crm.people.contacts import Contact, ContactPoint, Identity
from crm.people.link import LinkToken, offer_link
from crm.people.reps import Member, count_failure, invite, join, rep_at
from crm.sales.leads import Lead
from tests.conftest import NOON
from tests.crm.fake import counts, hear, hire, raw, rows, said


async def test_of_fifty_who_use_one_invitation_one_gets_in(store: Store) -> None:
    await store.write(lambda session: invite(session, System("test"), Role.REP, "s", now=NOON))
    outcomes = await asyncio.gather(
        *(store.write(lambda session, n=n: join(session, "s", address=str(n), name="x", language="en", now=NOON)) for n in range(50)),  # type: ignore[misc]
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, Expired) for outcome in outcomes) == 49
    assert (await counts(store, Member))["reps"] == 1


async def test_an_invitation_expires_and_binds_a_role(store: Store) -> None:
    await store.write(lambda session: invite(session, System("test"), Role.MANAGER, "s", now=NOON))
    with pytest.raises(Expired):
        await store.write(lambda session: join(session, "s", address="1", name="x", language="en", now=NOON + DAY))
    rep, _ = await store.write(lambda session: join(session, "s", address="1", name="x", language="en", now=NOON))
    assert rep.role is Role.OWNER  # the first manager who is invited at the machine


async def test_a_rep_may_not_invite(store: Store) -> None:
    rep = await hire(store)
    with pytest.raises(Forbidden):
        await store.write(lambda session: invite(session, rep, Role.MANAGER, "s", now=NOON))


async def test_five_wrong_guesses_lock_the_door_even_for_the_right_one(store: Store) -> None:
    await store.write(lambda session: invite(session, System("test"), Role.REP, "s", now=NOON))
    for _ in range(5):
        await store.write(lambda session: count_failure(session, "13"))
    with pytest.raises(Forbidden):
        await store.write(lambda session: join(session, "s", address="13", name="x", language="en", now=NOON))
    assert await store.read(lambda session: rep_at(session, "13", now=NOON)) is None


async def widget_and_link(store: Store, company: Company) -> str:
    """A visitor of the site and the start payload of their Continue in Telegram."""
    await hear(store, company, raw(1, "visitor", "text", "hi", account="webchat"))
    [identity] = await rows(store, select(Identity.id))
    return await store.write(lambda session: offer_link(session, identity, "token", now=NOON))


async def test_a_link_makes_two_addresses_one_person_with_one_lead(store: Store, company: Company) -> None:
    payload = await widget_and_link(store, company)
    await hear(store, company, raw(2, "ann", "start", payload))
    assert await counts(store, Contact, Identity, Conversation, Lead) == {"contacts": 2, "identities": 2, "conversations": 2, "leads": 1}
    assert len(set(await rows(store, select(Contact.root_id)))) == 1


async def test_a_link_works_once_and_not_after_a_day(store: Store, company: Company) -> None:
    payload = await widget_and_link(store, company)
    await hear(store, company, raw(2, "ann", "start", payload), raw(3, "eve", "start", payload))
    assert len(set(await rows(store, select(Contact.root_id)))) == 2
    await store.write(lambda session: session.execute(LinkToken.__table__.update().values(used_at=None)) and None)  # type: ignore[attr-defined]
    await hear(store, company, raw(4, "mallory", "start", payload, at=NOON + 2 * DAY), now=NOON + 2 * DAY)
    assert len(set(await rows(store, select(Contact.root_id)))) == 3


@pytest.mark.parametrize("payload", ["c_guess", "c_", "c_" + "A" * 62, "promo1", ""])
async def test_a_guessed_link_links_nobody(store: Store, company: Company, payload: str) -> None:
    await widget_and_link(store, company)
    await hear(store, company, raw(2, "eve", "start", payload))
    assert len(set(await rows(store, select(Contact.root_id)))) == 2


async def test_stop_on_one_channel_stops_offers_on_all_and_a_second_stop_silences(store: Store, company: Company) -> None:
    payload = await widget_and_link(store, company)
    await hear(store, company, raw(2, "ann", "start", payload))
    rules = Rules(lambda exchanges: [Answer(actions=(StopWriting(),)) for _ in exchanges], company)
    flags = select(Contact.marketing, Contact.silenced).where(Contact.id == Contact.root_id)
    await hear(store, company, said(3, "ann", "stop"), rules=rules)
    assert await rows(store, flags) == [(-1, 0)]
    await hear(store, company, raw(4, "visitor", "text", "stop", account="webchat"), rules=rules)
    assert await rows(store, flags) == [(-1, 1)]
    await hear(store, company, said(5, "ann", "stop"), rules=rules)
    assert (await counts(store, Consent))["consents"] == 2


async def test_a_form_makes_a_lead_with_fields_consent_and_source(store: Store, company: Company) -> None:
    fields = {"name": "Ann", "phone": "091 234567", "email": "Ann@Example.com", "text": "A red bat", "offers": True, "offers_text": "Send me offers"}
    await hear(store, company, raw(1, "s1", "form", fields, account="form"))
    assert await rows(store, select(Contact.name, Contact.marketing)) == [("Ann", 1)]
    assert sorted(await rows(store, select(ContactPoint.value, ContactPoint.proof))) == [("+37491234567", "claimed"), ("ann@example.com", "claimed")]
    assert await rows(store, select(Consent.shown, Consent.granted)) == [("Send me offers", 1)]
    assert await rows(store, select(Lead.need, Lead.channel)) == [("A red bat", "form")]


async def test_an_unticked_box_is_no_consent(store: Store, company: Company) -> None:
    await hear(store, company, raw(1, "s1", "form", {"phone": "091234567"}, account="form"))
    assert await rows(store, select(Contact.marketing)) == [0]
    assert (await counts(store, Consent))["consents"] == 0


async def test_the_same_typed_phone_never_makes_two_people_one(store: Store, company: Company) -> None:
    for who in ("s1", "s2"):
        await hear(store, company, raw(who, who, "form", {"phone": "091234567"}, account="form"))
    assert len(set(await rows(store, select(Contact.root_id)))) == 2


async def test_every_answer_about_offers_is_in_the_ledger(store: Store, company: Company) -> None:
    await hear(store, replace(company), said(1, "ann"))
    [contact] = await rows(store, select(Contact.id))
    for granted in (True, False):
        await store.write(
            lambda session, granted=granted: consents.answer(  # type: ignore[misc]
                session, System("test"), contact, consents.MARKETING, granted, shown="May we?", source="test", now=NOON
            )
        )
    assert await rows(store, select(Consent.granted).order_by(Consent.id)) == [1, 0]
    assert await rows(store, select(Contact.marketing)) == [-1]


async def test_two_open_leads_of_one_person_become_one(store: Store, company: Company) -> None:
    payload = await widget_and_link(store, company)
    await hear(store, company, said(2, "ann"))
    await hear(store, company, raw(3, "ann", "start", payload))
    assert sorted(await rows(store, select(Lead.status, Lead.open_contact_id.is_not(None)))) == [("merged", False), ("new", True)]
    assert len(set(await rows(store, select(Contact.root_id)))) == 1
