"""Deals: opened from a conversation, moved by who saw where they stand, won, lost for a reason, run on again; only within one's sight."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from crm.base.actors import Bot, Rep, Role, System
from crm.base.db import Session, Store
from crm.base.errors import Forbidden, Invalid, NotFound, Taken
from crm.base.history import DomainEvent
from crm.base.settings import Company
from crm.base.time import DAY, HOUR
from crm.conversations.threads import Conversation
from crm.outbox.notices import NoticeRow
from crm.people.contacts import Contact
from crm.people.fields import About, Field, FieldValue
from crm.sales import deals, moves, rotting, stages, terms
from crm.sales.deals import Deal, DealState, Missing, Moved, StageStay, open_deal
from crm.sales.leads import Lead, learn_need
from crm.sales.moves import Why
from crm.sales.pipelines import Stage, default_pipeline, stages_of
from crm.sales.reasons import DEAL, reasons_of
from crm.sales.terms import Sum
from tests.conftest import NOON
from tests.crm.fake import counts, hear, hire, rows, said

Deed = Callable[[Session], Any]


@pytest.fixture
async def talk(store: Store, company: Company) -> int:
    """A conversation with Ann, who needs an oak table."""
    await hear(store, company, said(1, "ann"))
    [number] = await rows(store, select(Conversation.id))
    await store.write(lambda session: learn_need(session, Bot(), session.scalars(select(Contact.id)).one(), "An oak table\nbig", now=NOON))
    return int(number)


@pytest.fixture
async def rep(store: Store) -> Rep:
    """Tigran."""
    return await hire(store)


@pytest.fixture
async def deal(store: Store, company: Company, talk: int, rep: Rep) -> int:
    """Tigran's deal with Ann."""
    return await store.write(lambda session: open_deal(session, rep, talk, company, once="event:1:deal", now=NOON).id)


async def steps(store: Store, company: Company) -> list[int]:
    """The numbers of the usual stages."""
    return await store.write(lambda session: [step.id for step in stages_of(session, default_pipeline(session, "en", now=NOON).id)])


async def seen(store: Store, deal: int) -> tuple[Any, ...]:
    """Where a deal stands."""
    [found] = await rows(store, select(Deal.state, Deal.stage_id, Deal.rep_id).where(Deal.id == deal))
    return found  # type: ignore[no-any-return]


async def kinds(store: Store, deal: int) -> list[str]:
    """What is on record of a deal, in order."""
    wanted = select(DomainEvent.kind).where(DomainEvent.subject == "deal", DomainEvent.subject_id == deal)
    return await rows(store, wanted.order_by(DomainEvent.id))


async def reason(store: Store) -> int:
    return await store.write(lambda session: reasons_of(session, DEAL)[0].id)


async def test_a_deal_takes_its_title_its_stage_and_its_owner_from_what_is_known(store: Store, company: Company, deal: int, rep: Rep) -> None:
    first = (await steps(store, company))[0]
    assert await seen(store, deal) == ("open", first, rep.id)
    assert await rows(store, select(Deal.title, Deal.currency, Deal.amount)) == [("An oak table", company.currency, None)]
    assert await rows(store, select(Lead.status, Lead.rep_id)) == [("accepted", rep.id)]
    assert await rows(store, select(StageStay.stage_id, StageStay.left_at)) == [(first, 0)]


async def test_one_press_makes_one_deal_however_often_it_is_handled(store: Store, company: Company, talk: int, rep: Rep, deal: int) -> None:
    again = await store.write(lambda session: open_deal(session, rep, talk, company, once="event:1:deal", now=NOON).id)
    assert again == deal
    assert await counts(store, Deal, StageStay) == {"deals": 1, "stage_stays": 1}


async def test_a_lead_that_somebody_has_keeps_its_owner(store: Store, company: Company, talk: int, rep: Rep) -> None:
    other = await hire(store, "nare")
    await store.write(lambda session: setattr(session.scalars(select(Lead)).one(), "rep_id", other.id))
    await store.write(lambda session: open_deal(session, rep, talk, company, once="event:2:deal", now=NOON).id)
    assert await rows(store, select(Lead.rep_id)) == [other.id]


async def test_a_move_keeps_the_old_stage_the_actor_and_the_time(store: Store, company: Company, deal: int, rep: Rep) -> None:
    first, second, *_ = await steps(store, company)
    await store.write(lambda session: moves.move(session, rep, deal, second, seen=first, now=NOON + HOUR))
    assert await seen(store, deal) == ("open", second, rep.id)
    assert await rows(store, select(StageStay.stage_id, StageStay.left_at).order_by(StageStay.id)) == [(first, NOON + HOUR), (second, 0)]
    [event] = await rows(store, select(DomainEvent.before, DomainEvent.after, DomainEvent.rep_id, DomainEvent.at).where(DomainEvent.kind == "stage"))
    assert f'"stage": {first}' in event[0]
    assert f'"stage": {second}' in event[1]
    assert event[2:] == (rep.id, NOON + HOUR)


async def test_the_second_of_two_who_move_a_deal_changes_nothing(store: Store, company: Company, deal: int, rep: Rep) -> None:
    boss, (first, second, third, _) = await hire(store, "mariam", Role.MANAGER), await steps(store, company)
    await store.write(lambda session: moves.move(session, rep, deal, second, seen=first, now=NOON))
    with pytest.raises(Moved):
        await store.write(lambda session: moves.move(session, boss, deal, third, seen=first, now=NOON))
    with pytest.raises(Moved):
        await store.write(lambda session: moves.win(session, boss, deal, seen=first, now=NOON))
    assert await seen(store, deal) == ("open", second, rep.id)
    assert await kinds(store, deal) == ["opened", "stage"]
    last = await store.read(lambda session: moves.last_change(session, deal))
    assert last
    assert last.who == "Tigran"


async def test_of_two_at_the_same_instant_one_moves_the_deal(store: Store, company: Company, deal: int, rep: Rep) -> None:
    boss, (first, second, third, _) = await hire(store, "mariam", Role.MANAGER), await steps(store, company)

    async def moved(actor: Rep, stage: int) -> bool:
        with contextlib.suppress(Moved):
            await store.write(lambda session: moves.move(session, actor, deal, stage, seen=first, now=NOON))
            return True
        return False

    assert sorted(await asyncio.gather(moved(rep, second), moved(boss, third))) == [False, True]
    assert await kinds(store, deal) == ["opened", "stage"]


async def test_a_won_deal_wins_its_lead_and_an_undo_takes_both_back(store: Store, company: Company, deal: int, rep: Rep) -> None:
    first = (await steps(store, company))[0]
    await store.write(lambda session: moves.win(session, rep, deal, seen=first, now=NOON))
    assert (await seen(store, deal))[0] == "won"
    assert await rows(store, select(Lead.status)) == ["won"]
    await store.write(lambda session: moves.reopen(session, rep, deal, now=NOON + HOUR))
    assert await seen(store, deal) == ("open", first, rep.id)
    assert await rows(store, select(Lead.status)) == ["accepted"]
    assert await kinds(store, deal) == ["opened", "won", "reopened"]


async def test_a_deal_is_not_lost_without_a_reason(store: Store, company: Company, deal: int, rep: Rep) -> None:
    first, why = (await steps(store, company))[0], await reason(store)
    with pytest.raises(Invalid):
        await store.write(lambda session: moves.lose(session, rep, deal, Why(words="  "), seen=first, now=NOON))
    await store.write(lambda session: moves.lose(session, rep, deal, Why(why), seen=first, now=NOON))
    assert await rows(store, select(Deal.state, Deal.reason_id)) == [("lost", why)]
    assert await rows(store, select(Lead.status)) == ["lost"]
    await store.write(lambda session: moves.reopen(session, rep, deal, now=NOON))
    await store.write(lambda session: moves.lose(session, rep, deal, Why(words="The shop burnt down"), seen=first, now=NOON))
    assert await rows(store, select(Deal.reason_id, Deal.reason_words)) == [(None, "The shop burnt down")]


async def test_a_lead_with_another_running_deal_is_not_lost_with_one(store: Store, company: Company, talk: int, deal: int, rep: Rep) -> None:
    await store.write(lambda session: open_deal(session, rep, talk, company, once="event:9:deal", now=NOON).id)
    first, why = (await steps(store, company))[0], await reason(store)
    await store.write(lambda session: moves.lose(session, rep, deal, Why(why), seen=first, now=NOON))
    assert await rows(store, select(Lead.status)) == ["accepted"]


async def test_a_stage_lets_nothing_on_before_what_it_asks_for_is_known(store: Store, company: Company, deal: int, rep: Rep) -> None:
    boss, (first, second, third, _) = await hire(store, "mariam", Role.MANAGER), await steps(store, company)
    await store.write(lambda session: stages.demand(session, boss, first, "amount", True, now=NOON))
    await store.write(lambda session: stages.demand(session, boss, second, "expected", True, now=NOON))
    with pytest.raises(Missing) as refused:
        await store.write(lambda session: moves.move(session, rep, deal, third, seen=first, now=NOON))
    assert refused.value.what == ("amount", "expected")
    await store.write(lambda session: terms.set_amount(session, rep, deal, Sum(100, "AMD"), seen=None, now=NOON))
    await store.write(lambda session: moves.move(session, rep, deal, second, seen=first, now=NOON))
    await store.write(lambda session: moves.move(session, rep, deal, first, seen=second, now=NOON))
    with pytest.raises(Missing):
        await store.write(lambda session: moves.win(session, rep, deal, seen=first, now=NOON))


async def test_a_field_of_the_firms_own_may_be_asked_for(store: Store, company: Company, deal: int, rep: Rep) -> None:
    boss, (first, second, *_) = await hire(store, "mariam", Role.MANAGER), await steps(store, company)

    def fields(session: Session) -> None:
        session.add(
            Field(id=900, about=About.DEAL.value, name="colour", label="Colour", kind="text", choices="[]", place=0, shown=1, active=1, created_at=NOON)
        )
        session.flush()
        stages.demand(session, boss, first, "colour", True, now=NOON)
        stages.demand(session, boss, first, "gone", True, now=NOON)

    await store.write(fields)
    with pytest.raises(Missing) as refused:
        await store.write(lambda session: moves.move(session, rep, deal, second, seen=first, now=NOON))
    assert refused.value.what == ("colour",)
    await store.write(lambda session: session.add(FieldValue(id=901, field_id=900, subject_id=deal, value="red", at=NOON)))
    await store.write(lambda session: moves.move(session, rep, deal, second, seen=first, now=NOON))


VERBS: dict[str, Callable[[Session, Rep, int], Any]] = {
    "move": lambda session, rep, deal: moves.move(
        session, rep, deal, session.scalars(select(Stage.id).order_by(Stage.place.desc())).first() or 0, seen=0, now=NOON
    ),
    "win": lambda session, rep, deal: moves.win(session, rep, deal, seen=0, now=NOON),
    "lose": lambda session, rep, deal: moves.lose(session, rep, deal, Why(words="no"), seen=0, now=NOON),
    "reopen": lambda session, rep, deal: moves.reopen(session, rep, deal, now=NOON),
    "entitle": lambda session, rep, deal: terms.entitle(session, rep, deal, "Mine", now=NOON),
    "amount": lambda session, rep, deal: terms.set_amount(session, rep, deal, Sum(1, "AMD"), seen=None, now=NOON),
    "expect": lambda session, rep, deal: terms.expect(session, rep, deal, None, seen="", now=NOON),
    "hand over": lambda session, rep, deal: terms.hand_over(session, rep, deal, rep.id, now=NOON),
    "company": lambda session, rep, deal: terms.set_company(session, rep, deal, None, now=NOON),
    "person": lambda session, rep, deal: terms.add_person(session, rep, deal, 1, now=NOON),
    "person gone": lambda session, rep, deal: terms.remove_person(session, rep, deal, 1, now=NOON),
}


@pytest.mark.parametrize("verb", VERBS)
async def test_nobody_changes_a_deal_outside_their_sight(store: Store, deal: int, verb: str) -> None:
    other, guest = await hire(store, "nare"), await hire(store, "gor", Role.GUEST)
    before = await rows(store, select(Deal.__table__))
    with pytest.raises(Taken, match="Tigran"):
        await store.write(lambda session: VERBS[verb](session, other, deal))
    with pytest.raises(Forbidden):
        await store.write(lambda session: VERBS[verb](session, guest, deal))
    assert await rows(store, select(Deal.__table__)) == before
    assert await kinds(store, deal) == ["opened"]


async def test_somebody_elses_deal_is_not_there_for_one_who_sees_only_their_own(store: Store, deal: int, rep: Rep) -> None:
    other, boss = await hire(store, "nare"), await hire(store, "mariam", Role.MANAGER)
    with pytest.raises(NotFound):
        await store.read(lambda session: deals.seen_deal(session, other, deal))
    for one in (rep, boss):
        assert await store.read(lambda session, one=one: deals.seen_deal(session, one, deal).id) == deal  # type: ignore[misc]


async def test_a_rotting_deal_is_told_once_for_each_stay(store: Store, company: Company, deal: int, rep: Rep) -> None:
    first, second, *_ = await steps(store, company)

    async def told(now: int) -> int:
        return await store.write(lambda session: rotting.remind(session, now=now))

    assert [await told(NOON), await told(NOON + 3 * DAY), await told(NOON + 3 * DAY + HOUR)] == [0, 1, 0]
    assert await rows(store, select(NoticeRow.subject_id).where(NoticeRow.kind == "deal")) == [deal]
    await store.write(lambda session: moves.move(session, rep, deal, second, seen=first, now=NOON + 4 * DAY))
    assert [await told(NOON + 8 * DAY), await told(NOON + 9 * DAY), await told(NOON + 30 * DAY)] == [0, 1, 0]


async def test_an_archived_stage_hands_on_what_runs_in_it(store: Store, company: Company, deal: int, rep: Rep) -> None:
    boss, (first, second, *_) = await hire(store, "mariam", Role.MANAGER), await steps(store, company)
    with pytest.raises(Invalid):
        await store.write(lambda session: stages.archive_stage(session, boss, first, None, now=NOON))
    assert await store.write(lambda session: stages.archive_stage(session, boss, first, second, now=NOON)) == 0
    assert await seen(store, deal) == ("open", second, rep.id)
    assert first not in await steps(store, company)
    assert await kinds(store, deal) == ["opened", "stage"]


async def test_a_deal_goes_into_the_stage_of_another_pipeline_that_is_most_like_its_own(store: Store, company: Company, deal: int, rep: Rep) -> None:
    boss, (first, *_) = await hire(store, "mariam", Role.MANAGER), await steps(store, company)

    def found(session: Session) -> tuple[int, list[int]]:
        made, own = stages.add_pipeline(session, boss, "Repairs", "en", now=NOON).id, session.get_one(Stage, first).name
        return made, [stages.add_stage(session, boss, made, name, now=NOON).id for name in ("Looked at", own)]

    pipeline, (_, alike) = await store.write(found)
    await store.write(lambda session: moves.change_pipeline(session, rep, deal, pipeline, seen=first, now=NOON))
    assert await seen(store, deal) == ("open", alike, rep.id)


async def test_only_who_steers_pipelines_changes_them(store: Store, company: Company, rep: Rep) -> None:
    first = (await steps(store, company))[0]
    with pytest.raises(Forbidden):
        await store.write(lambda session: stages.rename_stage(session, rep, first, "Mine", now=NOON))
    with pytest.raises(Forbidden):
        await store.write(lambda session: stages.add_pipeline(session, rep, "Mine", "en", now=NOON))


async def test_two_who_first_need_the_pipeline_make_one(store: Store, company: Company) -> None:
    for language in ("hy", "en"):
        await store.write(lambda session, language=language: default_pipeline(session, language, now=NOON))  # type: ignore[misc]
    assert await counts(store, Stage) == {"stages": 4}
    assert await rows(store, select(Stage.probability).order_by(Stage.place)) == [10, 30, 60, 80]


def test_the_state_of_a_deal_is_one_of_three() -> None:
    assert [state.value for state in DealState] == ["open", "won", "lost"]


async def test_the_product_itself_may_add_a_deal(store: Store, company: Company, talk: int) -> None:
    [contact] = await rows(store, select(Contact.id))
    new = deals.NewDeal(contact, "Imported", "GEL", amount=500)
    await store.write(lambda session: deals.add_deal(session, System("import"), new, "en", now=NOON))
    assert await rows(store, select(Deal.title, Deal.amount, Deal.currency, Deal.rep_id)) == [("Imported", 500, "GEL", None)]
