"""Scores: learned from the firm's own leads, asked of open ones; a person's word wins, is on record, and may be taken back."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Role
from crm.base.db import Store
from crm.base.errors import Forbidden, Taken
from crm.base.history import DomainEvent
from crm.base.settings import Company
from crm.people.contacts import ContactPoint
from crm.sales.leads import Lead, LeadStatus
from crm.sales.scores import Heat, Likely, keep, learned, likely, model_of, rank, say_heat, stale
from crm.sales.scoring import Trait
from crm.sales.triage import accept
from tests.conftest import NOON
from tests.crm.fake import hear, said
from tests.crm.people.crowd import employ, meet


async def town(store: Store, company: Company) -> dict[str, int]:
    """Twenty people who came to an end, those with much to say bought; two are open, one of each kind. Answers the open ones' leads."""
    words = {True: "we want a table for the whole family with wine and a birthday cake on Friday in the evening please tell us whether", False: "hi"}
    names = [f"p{number}" for number in range(24)]
    await hear(store, company, *(said(name, name, words[place % 2 == 0]) for place, name in enumerate(names)))

    def end(session: Session) -> dict[str, int]:
        leads = session.scalars(select(Lead).order_by(Lead.id)).all()
        by = {lead.first_message: lead.id for lead in leads[-2:]}
        for lead in leads[:-2]:
            lead.status = LeadStatus.WON.value if len(lead.first_message) > 5 else LeadStatus.LOST.value
        return {"much": by[words[True]], "little": by[words[False]]}

    return await store.write(end)


async def learn_all(store: Store, company: Company) -> None:
    model = await store.read(lambda s: learned(s, company, now=NOON))
    await store.write(lambda s: keep(s, model, now=NOON))


async def test_an_open_lead_is_as_likely_as_those_like_it(store: Store, company: Company) -> None:
    leads = await town(store, company)
    await learn_all(store, company)
    found = await store.read(lambda s: likely(s, company, list(leads.values())))
    much, little = found[leads["much"]].score, found[leads["little"]].score
    assert much
    assert little
    assert much.chance > 0.9 > 0.1 > little.chance
    assert much.factors[0].trait is Trait.LENGTH


async def test_before_anything_was_learned_nothing_is_said(store: Store, company: Company) -> None:
    leads = await town(store, company)
    assert await store.read(lambda s: likely(s, company, [leads["much"]])) == {leads["much"]: Likely()}
    assert await store.read(lambda s: stale(s, now=NOON))
    await learn_all(store, company)
    assert not await store.read(lambda s: stale(s, now=NOON))


async def test_what_was_learned_is_counted_anew_in_the_same_row(store: Store, company: Company) -> None:
    await town(store, company)
    await learn_all(store, company)
    await learn_all(store, company)
    model = await store.read(model_of)
    assert (model.won, model.lost) == (11, 11)


async def test_a_shared_phone_is_a_trait(store: Store, company: Company) -> None:
    leads = await town(store, company)

    def give(session: Session) -> None:
        contact = session.get_one(Lead, leads["little"]).contact_id
        session.add(ContactPoint(id=999_999, contact_id=contact, kind="phone", value="+37491000001", proof="shared", at=NOON))

    await store.write(give)
    await learn_all(store, company)
    factors = await store.read(lambda s: likely(s, company, [leads["little"]])[leads["little"]].score)
    assert factors
    assert Trait.PHONE not in [one.trait for one in factors.factors]  # nobody of those that ended had one: it tells nothing yet


async def test_a_persons_word_wins_is_on_record_and_is_taken_back(store: Store, company: Company) -> None:
    rep, leads = await store.write(lambda s: employ(s, "aram", Role.REP)), await town(store, company)
    await learn_all(store, company)
    number = leads["little"]
    await store.write(lambda s: say_heat(s, rep, number, Heat.HOT, now=NOON) and None)
    found = await store.read(lambda s: likely(s, company, [number])[number])
    assert found.heat is Heat.HOT
    assert rank(found) > 1
    await store.write(lambda s: say_heat(s, rep, number, None, now=NOON) and None)
    assert (await store.read(lambda s: likely(s, company, [number])[number])).heat is None
    kinds = await store.read(lambda s: s.execute(select(DomainEvent.before, DomainEvent.after).where(DomainEvent.kind == "heat")).all())
    assert [tuple(one) for one in kinds] == [('{"heat": ""}', '{"heat": "hot"}'), ('{"heat": "hot"}', '{"heat": ""}')]


async def test_somebody_elses_lead_and_a_guest_are_refused(store: Store, company: Company) -> None:
    aram, lena = await store.write(lambda s: employ(s, "aram", Role.REP)), await store.write(lambda s: employ(s, "lena", Role.REP))
    guest = await store.write(lambda s: employ(s, "gago", Role.GUEST))
    ann = await store.write(lambda s: meet(s, "ann"))
    await store.write(lambda s: accept(s, aram, ann.lead, now=NOON) and None)
    with pytest.raises(Taken):
        await store.write(lambda s: say_heat(s, lena, ann.lead, Heat.COLD, now=NOON) and None)
    with pytest.raises(Forbidden):
        await store.write(lambda s: say_heat(s, guest, ann.lead, Heat.COLD, now=NOON) and None)
    assert await store.read(lambda s: s.get_one(Lead, ann.lead).heat) == ""
