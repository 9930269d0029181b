"""Settling: a trade brings what it starts with, in the firm's languages, once; taking it back leaves the firm as it was."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from crm.base.actors import Rep, Role
from crm.base.db import Store
from crm.base.errors import Expired, Forbidden, Invalid
from crm.base.settings import Company
from crm.conversations.snippets import forget, set_active, snippet_of, snippets, write
from crm.exchange.settling import settle, standing, take_back
from crm.exchange.trades import TRADES
from crm.outreach.followups import overview
from crm.outreach.sequences import found_default
from crm.people.fields import About, fields_of
from crm.projects.blueprints import blueprints, steps_of
from crm.sales import stages
from crm.sales.deals import NewDeal, add_deal
from crm.sales.pipelines import default_pipeline, pipelines, stages_of
from tests.conftest import NOON
from tests.crm.people.crowd import employ, meet

Firm = dict[str, Sequence[object]]


def firm(session: Session, actor: Rep) -> Firm:
    """Everything a trade may change, as people read it."""
    return {
        "pipelines": [one.name for one in pipelines(session)],
        "fields": [one.label for about in About for one in fields_of(session, about)],
        "answers": [one.word for one in snippets(session, actor)],
        "blueprints": [one.name for one in blueprints(session)],
        "first follow-up": sorted(overview(session, actor, now=NOON).steps[0].texts.items()),
    }


def spoken(company: Company, *languages: str) -> Company:
    """The firm, of these languages."""
    return replace(company, languages=languages)


async def owner(store: Store) -> Rep:
    await store.write(lambda s: found_default(s, NOON))
    await store.write(lambda s: default_pipeline(s, "en", now=NOON) and None)
    return await store.write(lambda s: employ(s, "olga", Role.OWNER))


@pytest.mark.parametrize("trade", TRADES)
async def test_a_trade_brings_all_of_it_in_the_firms_own_language(store: Store, company: Company, trade: str) -> None:
    actor, english = await owner(store), spoken(company, "en", "ru")
    made = await store.write(lambda s: settle(s, actor, trade, english, now=NOON))
    wanted = TRADES[trade]
    steps = await store.read(lambda s: stages_of(s, made.pipeline))
    assert [(one.name, one.probability, one.rotting_days) for one in steps] == [(one.name, one.probability, one.rotting_days) for one in wanted.stages]
    assert len(made.fields) == len(wanted.fields)
    ready = await store.read(lambda s: snippet_of(s, actor, wanted.answers[0].word))
    assert ready
    assert set(ready.texts) == {"en", "ru"}
    assert [one.title for one in await store.read(lambda s: steps_of(s, made.blueprint))] == [one.title for one in wanted.steps]
    texts = (await store.read(lambda s: overview(s, actor, now=NOON))).steps[0].texts
    assert texts["en"] == wanted.follow_up


async def test_taking_it_back_leaves_the_firm_as_it_was(store: Store, company: Company) -> None:
    actor = await owner(store)
    before = await store.read(lambda s: firm(s, actor))
    made = await store.write(lambda s: settle(s, actor, "shop", company, now=NOON))
    assert await store.read(lambda s: firm(s, actor)) != before
    await store.write(lambda s: take_back(s, actor, made.id, now=NOON))
    assert await store.read(lambda s: firm(s, actor)) == before
    with pytest.raises(Expired):
        await store.write(lambda s: take_back(s, actor, made.id, now=NOON))


async def test_it_is_taken_back_though_somebody_erased_one_of_its_answers(store: Store, company: Company) -> None:
    actor = await owner(store)
    before = await store.read(lambda s: firm(s, actor))
    made = await store.write(lambda s: settle(s, actor, "shop", company, now=NOON))
    await store.write(lambda s: set_active(s, actor, made.answers[0], False, now=NOON) and None)
    await store.write(lambda s: forget(s, actor, made.answers[0], now=NOON))
    await store.write(lambda s: take_back(s, actor, made.id, now=NOON))
    assert await store.read(lambda s: firm(s, actor)) == before


async def test_one_trade_stands_at_a_time_and_another_may_follow_it(store: Store, company: Company) -> None:
    actor = await owner(store)
    made = await store.write(lambda s: settle(s, actor, "shop", company, now=NOON))
    with pytest.raises(Invalid):
        await store.write(lambda s: settle(s, actor, "clinic", company, now=NOON))
    await store.write(lambda s: take_back(s, actor, made.id, now=NOON))
    await store.write(lambda s: settle(s, actor, "clinic", company, now=NOON))
    found = await store.read(standing)
    assert found
    assert found.trade == "clinic"


async def test_what_the_firm_has_made_itself_is_left_alone(store: Store, company: Company) -> None:
    actor, english = await owner(store), spoken(company, "en")
    await store.write(lambda s: write(s, actor, "thanks", "en", "Ours!", now=NOON) and None)
    await store.write(lambda s: stages.add_pipeline(s, actor, "Orders", "en", now=NOON) and None)
    made = await store.write(lambda s: settle(s, actor, "shop", english, now=NOON))
    assert made.pipeline == made.blueprint == made.archived == 0
    ready = await store.read(lambda s: snippet_of(s, actor, "thanks"))
    assert ready
    assert ready.texts == {"en": "Ours!"}


async def test_a_pipeline_with_deals_is_kept_and_stands_behind(store: Store, company: Company) -> None:
    actor, ann = await owner(store), await store.write(lambda s: meet(s, "ann"))
    await store.write(lambda s: add_deal(s, actor, NewDeal(ann.contact, "A table", "AMD"), "en", now=NOON) and None)
    before = await store.read(lambda s: [one.id for one in pipelines(s)])
    made = await store.write(lambda s: settle(s, actor, "shop", company, now=NOON))
    assert made.archived == 0
    assert await store.read(lambda s: [one.id for one in pipelines(s)]) == [made.pipeline, *before]


@pytest.mark.parametrize("role", [Role.REP, Role.TRAINEE, Role.GUEST])
async def test_only_who_steers_settles(store: Store, company: Company, role: Role) -> None:
    await owner(store)
    rep = await store.write(lambda s: employ(s, "aram", role))
    with pytest.raises(Forbidden):
        await store.write(lambda s: settle(s, rep, "shop", company, now=NOON))
    assert await store.read(standing) is None
