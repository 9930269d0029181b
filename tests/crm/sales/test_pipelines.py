"""Pipelines and their stages after an archive: a new one can be used at once, what comes back has a place of its own, and a deal runs on where deals go."""

from datetime import time

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Rep, Role
from crm.base.db import Store
from crm.base.errors import Forbidden, Invalid
from crm.base.history import DomainEvent
from crm.base.settings import Company
from crm.base.time import DAY, HOUR, Hours
from crm.outreach import persons
from crm.outreach.kinds import set_kind
from crm.people.kinds import Kind
from crm.sales import moves, rotting, stages, terms
from crm.sales.deals import Deal, DealContact, NewDeal, add_deal, first_stage, open_deal
from crm.sales.moves import Why
from crm.sales.pipelines import Pipeline, Step, default_pipeline, pipelines_for, stages_of
from tests.conftest import NOON
from tests.crm.people.crowd import employ, meet


async def begun(store: Store) -> tuple[Rep, list[Step]]:
    def made(session: Session) -> tuple[Rep, list[Step]]:
        return employ(session), stages_of(session, default_pipeline(session, "en", now=NOON).id)

    return await store.write(made)


async def deal_of(store: Store, company: Company, boss: Rep) -> int:
    ann = await store.write(lambda s: meet(s, "ann"))
    return await store.write(lambda s: open_deal(s, boss, ann.conversation, company, once="d1", now=NOON).id)


async def test_a_new_pipeline_takes_deals_at_once(store: Store) -> None:
    boss, _ = await begun(store)
    made = await store.write(lambda s: stages.add_pipeline(s, boss, "Repairs", "en", now=NOON).id)
    assert [step.name for step in await store.read(lambda s: stages_of(s, made))] == ["New"]
    await store.write(lambda s: stages.prefer_pipeline(s, boss, made, now=NOON) and None)
    assert await store.write(lambda s: first_stage(s, "en", now=NOON).pipeline_id) == made


async def bought_and_sold(store: Store, boss: Rep) -> tuple[int, int]:
    """A pipeline for suppliers before all others, and the usual one behind it, which is for everybody."""

    def made(session: Session) -> tuple[int, int]:
        usual = default_pipeline(session, "en", now=NOON).id
        number = stages.add_pipeline(session, boss, "Purchases", "en", now=NOON).id
        stages.dedicate_pipeline(session, boss, number, Kind.SUPPLIER, now=NOON)
        stages.prefer_pipeline(session, boss, number, now=NOON)
        return number, usual

    return await store.write(made)


async def test_a_new_deal_goes_into_the_pipeline_for_its_kind_of_person(store: Store, company: Company) -> None:
    boss, _ = await begun(store)
    bought, usual = await bought_and_sold(store, boss)

    def opened(session: Session) -> list[int]:
        found = []
        for kind in Kind:
            somebody = meet(session, kind.value)
            set_kind(session, boss, somebody.contact, kind, now=NOON)
            found.append(open_deal(session, boss, somebody.conversation, company, once=kind.value, now=NOON).pipeline_id)
            found.append(add_deal(session, boss, NewDeal(somebody.contact, "More", "AMD"), "en", now=NOON).pipeline_id)
        return found

    assert await store.write(opened) == [usual, usual, bought, bought, usual, usual]


async def test_whoever_was_found_to_be_a_supplier_is_one_under_all_their_contacts(store: Store, company: Company) -> None:
    boss, _ = await begun(store)
    bought, _ = await bought_and_sold(store, boss)
    lee, leo = await store.write(lambda s: meet(s, "lee")), await store.write(lambda s: meet(s, "leo", "mail"))
    await store.write(lambda s: set_kind(s, boss, lee.contact, Kind.SUPPLIER, now=NOON))
    await store.write(lambda s: persons.merged(s, boss, lee.contact, leo.contact, now=NOON))
    assert await store.write(lambda s: open_deal(s, boss, leo.conversation, company, once="d1", now=NOON).pipeline_id) == bought


async def test_where_none_is_for_them_or_for_everybody_the_first_one_takes_them(store: Store) -> None:
    boss, _ = await begun(store)
    bought, usual = await bought_and_sold(store, boss)
    await store.write(lambda s: stages.dedicate_pipeline(s, boss, usual, Kind.PARTNER, now=NOON) and None)
    assert await store.write(lambda s: first_stage(s, "en", "customer", now=NOON).pipeline_id) == bought
    assert await store.read(lambda s: [one.id for one in pipelines_for(s, "partner")]) == [usual, bought]


async def test_for_whom_a_pipeline_is_is_on_record_and_taken_back_by_choosing_again(store: Store) -> None:
    boss, _ = await begun(store)
    bought, _ = await bought_and_sold(store, boss)
    rep = await store.write(lambda s: employ(s, "ruben", Role.REP))
    for kind in (Kind.SUPPLIER, None):
        await store.write(lambda s, kind=kind: stages.dedicate_pipeline(s, boss, bought, kind, now=NOON) and None)  # type: ignore[misc]
    with pytest.raises(Forbidden):
        await store.write(lambda s: stages.dedicate_pipeline(s, rep, bought, Kind.PARTNER, now=NOON) and None)
    assert await store.read(lambda s: s.get_one(Pipeline, bought).kind) == ""
    told = select(DomainEvent.before, DomainEvent.after).where(DomainEvent.subject == "pipeline", DomainEvent.kind == "kind").order_by(DomainEvent.id)
    found = [tuple(row) for row in await store.read(lambda s: s.execute(told).all())]
    assert found == [('{"kind": ""}', '{"kind": "supplier"}'), ('{"kind": "supplier"}', '{"kind": ""}')]


async def test_a_deal_that_runs_on_lands_in_the_pipeline_for_its_person(store: Store, company: Company) -> None:
    boss, there = await begun(store)
    deal = await deal_of(store, company, boss)
    bought, _ = await bought_and_sold(store, boss)

    def archived(session: Session) -> int:
        moves.lose(session, boss, deal, Why(words="too dear"), seen=there[0].id, now=NOON)
        made = stages.add_pipeline(session, boss, "Repairs", "en", now=NOON).id
        stages.archive_pipeline(session, boss, there[0].pipeline_id, now=NOON)
        return made

    repairs = await store.write(archived)
    await store.write(lambda s: moves.reopen(s, boss, deal, now=NOON + 1) and None)
    assert await store.read(lambda s: s.scalars(select(Deal.pipeline_id)).one()) == repairs != bought


async def test_a_stage_that_comes_back_has_a_place_of_its_own(store: Store) -> None:
    boss, there = await begun(store)

    def turned(session: Session) -> list[tuple[str, int]]:
        stages.archive_stage(session, boss, there[3].id, None, now=NOON)
        stages.add_stage(session, boss, there[0].pipeline_id, "Trial", now=NOON)
        stages.restore_stage(session, boss, there[3].id, now=NOON)
        return [(step.name, step.place) for step in stages_of(session, there[0].pipeline_id)]

    found = await store.write(turned)
    assert sorted(place for _, place in found) == [0, 1, 2, 3, 4]
    assert [name for name, _ in found][:3] == [step.name for step in there[:3]]


async def test_a_stage_whose_name_was_given_away_does_not_come_back(store: Store) -> None:
    boss, there = await begun(store)
    await store.write(lambda s: stages.archive_stage(s, boss, there[3].id, None, now=NOON))
    await store.write(lambda s: stages.add_stage(s, boss, there[0].pipeline_id, there[3].name, now=NOON) and None)
    with pytest.raises(Invalid):
        await store.write(lambda s: stages.restore_stage(s, boss, there[3].id, now=NOON))


async def test_a_deal_of_an_archived_pipeline_runs_on_in_the_first_one(store: Store, company: Company) -> None:
    boss, there = await begun(store)
    deal = await deal_of(store, company, boss)

    def archived(session: Session) -> int:
        moves.move(session, boss, deal, there[1].id, seen=there[0].id, now=NOON)
        moves.lose(session, boss, deal, Why(words="too dear"), seen=there[1].id, now=NOON)
        made = stages.add_pipeline(session, boss, "Repairs", "en", now=NOON).id
        alike = stages.add_stage(session, boss, made, there[1].name, now=NOON).id
        stages.archive_pipeline(session, boss, there[0].pipeline_id, now=NOON)
        return alike

    alike = await store.write(archived)
    await store.write(lambda s: moves.reopen(s, boss, deal, now=NOON + 1) and None)
    found = await store.read(lambda s: s.execute(select(Deal.stage_id, Deal.state)).one())
    assert tuple(found) == (alike, "open")


async def test_whoever_was_found_to_be_one_is_in_a_deal_once(store: Store, company: Company) -> None:
    boss, _ = await begun(store)
    deal = await deal_of(store, company, boss)
    lee, leo = await store.write(lambda s: meet(s, "lee")), await store.write(lambda s: meet(s, "leo", "mail"))
    await store.write(lambda s: terms.add_person(s, boss, deal, leo.contact, "Pays", now=NOON) and None)
    await store.write(lambda s: persons.merged(s, boss, lee.contact, leo.contact, now=NOON))
    await store.write(lambda s: terms.add_person(s, boss, deal, lee.contact, "Decides", now=NOON) and None)
    assert await store.read(lambda s: list(s.scalars(select(DealContact.role)))) == ["Decides"]
    await store.write(lambda s: terms.remove_person(s, boss, deal, lee.contact, now=NOON) and None)
    assert await store.read(lambda s: list(s.scalars(select(DealContact.role)))) == []


async def test_nobody_is_told_of_a_rotting_deal_at_night(store: Store, company: Company) -> None:
    boss, _ = await begun(store)
    await deal_of(store, company, boss)
    hours = Hours(((time(9), time(18)),) * 7, "UTC")
    opening = hours.next_opening(NOON + 3 * DAY)

    async def told(now: int) -> int:
        return await store.write(lambda s: rotting.remind(s, hours=hours, now=now))

    assert [await told(opening - HOUR), await told(opening), await told(opening + HOUR)] == [0, 1, 0]


async def test_a_stage_is_not_renamed_to_what_another_is_called(store: Store) -> None:
    actor = await store.write(lambda s: employ(s))
    pipeline = await store.write(lambda s: default_pipeline(s, "en", now=NOON).id)
    first, second = (await store.read(lambda s: stages_of(s, pipeline)))[:2]
    with pytest.raises(Invalid):
        await store.write(lambda s: stages.rename_stage(s, actor, first.id, second.name.upper(), now=NOON) and None)
    await store.write(lambda s: stages.rename_stage(s, actor, first.id, first.name.upper(), now=NOON) and None)
    assert (await store.read(lambda s: stages_of(s, pipeline)))[0].name == first.name.upper()
