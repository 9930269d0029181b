"""Triage: a lead becomes somebody's or is put away for a reason, each step is undone exactly, and a refusal changes nothing."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Rep, Role
from crm.base.db import Store
from crm.base.errors import DragomanError, Expired, Forbidden, Invalid, NotFound, Taken
from crm.base.history import DomainEvent
from crm.base.settings import Company
from crm.conversations import assign
from crm.conversations.threads import Conversation
from crm.outreach import persons
from crm.people.contacts import Contact
from crm.people.fields import About, FieldKind, set_value, values_of
from crm.people.fieldset import Draft, make_field
from crm.sales import tasks
from crm.sales.deals import Deal
from crm.sales.leads import Lead, LeadStatus
from crm.sales.moves import Why
from crm.sales.reasons import LEAD, SPAM, reasons_of
from crm.sales.tasks import Duty, Task, TaskKind
from crm.sales.triage import accept, convert, last_step, owner_of, put_away, undo, win
from tests.conftest import NOON
from tests.crm.fake import counts
from tests.crm.people.crowd import Somebody, employ, meet

WORDS = Why(words="writes about something else")
Row = Sequence[Any]


async def one(store: Store, role: Role = Role.REP) -> tuple[Rep, Somebody]:
    return await store.write(lambda s: employ(s, "aram", role)), await store.write(lambda s: meet(s, "ann"))


async def lead(store: Store, number: int) -> tuple[str, int | None, int | None, str, int]:
    found = await store.read(lambda s: s.get_one(Lead, number))
    return found.status, found.rep_id, found.reason_id, found.reason_words, found.closed_at


async def talk(store: Store, number: int) -> str:
    return await store.read(lambda s: s.get_one(Conversation, number).status)


async def test_an_accepted_lead_is_somebodys(store: Store) -> None:
    rep, ann = await one(store)
    await store.write(lambda s: accept(s, rep, ann.lead, now=NOON))
    assert await lead(store, ann.lead) == ("accepted", rep.id, None, "", 0)


async def test_accepting_twice_is_accepting_once(store: Store) -> None:
    rep, ann = await one(store)
    for at in (NOON, NOON + 1):
        await store.write(lambda s, at=at: accept(s, rep, ann.lead, now=at) and None)  # type: ignore[misc]
    kinds = await store.read(lambda s: s.scalars(select(DomainEvent.kind).where(DomainEvent.subject == "lead")).all())
    assert sorted(kinds) == ["status", "triaged"]


async def test_a_manager_gives_a_lead_to_a_rep_and_a_rep_to_nobody_else(store: Store) -> None:
    rep, ann = await one(store)
    boss = await store.write(employ)
    await store.write(lambda s: accept(s, boss, ann.lead, rep_id=rep.id, now=NOON))
    assert (await lead(store, ann.lead))[1] == rep.id
    with pytest.raises(Forbidden):
        await store.write(lambda s: accept(s, rep, ann.lead, rep_id=boss.id, now=NOON))
    assert (await lead(store, ann.lead))[1] == rep.id


@pytest.mark.parametrize("status", [LeadStatus.LOST, LeadStatus.SPAM])
async def test_putting_a_lead_away_needs_a_reason(store: Store, status: LeadStatus) -> None:
    rep, ann = await one(store)
    for why in (Why(), Why(words=" \n ")):
        with pytest.raises(Invalid):
            await store.write(lambda s, why=why: put_away(s, rep, ann.lead, status, why, now=NOON))  # type: ignore[misc]
    with pytest.raises(NotFound):
        await store.write(lambda s: put_away(s, rep, ann.lead, status, Why(424242), now=NOON))
    assert await lead(store, ann.lead) == ("new", None, None, "", 0)
    assert await talk(store, ann.conversation) == "open"


async def test_a_lost_lead_has_a_reason_of_the_list(store: Store) -> None:
    rep, ann = await one(store)
    reason = await store.write(lambda s: reasons_of(s, LEAD)[0].id)
    await store.write(lambda s: put_away(s, rep, ann.lead, LeadStatus.LOST, Why(reason), now=NOON))
    assert await lead(store, ann.lead) == ("lost", None, reason, "", NOON)
    with pytest.raises(NotFound):  # a reason for a lost lead is none for spam
        await store.write(lambda s: put_away(s, rep, ann.lead, LeadStatus.SPAM, Why(reason), now=NOON))


async def test_spam_is_in_quarantine_and_out_of_it_again(store: Store) -> None:
    rep, ann = await one(store)
    lee = await store.write(lambda s: meet(s, "ann-lee", "mail", now=NOON + 1))
    await store.write(lambda s: persons.merged(s, rep, ann.contact, lee.contact, now=NOON + 2))
    task = await store.write(lambda s: tasks.add_task(s, rep, lee.conversation, Duty(TaskKind.CALL, NOON + 9, rep_id=rep.id), now=NOON + 3))
    reason = await store.write(lambda s: reasons_of(s, SPAM)[0].id)
    await store.write(lambda s: put_away(s, rep, ann.lead, LeadStatus.SPAM, Why(reason), now=NOON + 4))
    assert [await talk(store, one.conversation) for one in (ann, lee)] == ["closed", "closed"]
    assert await store.read(lambda s: s.get_one(Task, task).state) == "dropped"
    step = await store.read(lambda s: last_step(s, ann.lead))
    await store.write(lambda s: undo(s, rep, ann.lead, step, now=NOON + 5))
    assert await lead(store, ann.lead) == ("new", None, None, "", 0)
    assert [await talk(store, one.conversation) for one in (ann, lee)] == ["open", "open"]
    assert await store.read(lambda s: s.get_one(Task, task).state) == "open"


async def test_only_the_newest_step_is_undone_and_only_once(store: Store) -> None:
    rep, ann = await one(store)
    await store.write(lambda s: accept(s, rep, ann.lead, now=NOON))
    first = await store.read(lambda s: last_step(s, ann.lead))
    await store.write(lambda s: put_away(s, rep, ann.lead, LeadStatus.LOST, WORDS, now=NOON + 1))
    second = await store.read(lambda s: last_step(s, ann.lead))
    with pytest.raises(Expired):
        await store.write(lambda s: undo(s, rep, ann.lead, first, now=NOON + 2))
    await store.write(lambda s: undo(s, rep, ann.lead, second, now=NOON + 2))
    assert await lead(store, ann.lead) == ("accepted", rep.id, None, "", 0)
    with pytest.raises(Expired):
        await store.write(lambda s: undo(s, rep, ann.lead, second, now=NOON + 3))


async def test_a_lead_whose_conversation_somebody_has_is_theirs(store: Store) -> None:
    rep, ann = await one(store)
    other, boss = await store.write(lambda s: employ(s, "nare", Role.REP)), await store.write(employ)
    await store.write(lambda s: assign.take(s, rep, ann.conversation, now=NOON) and None)
    for verb in STEPS:
        with pytest.raises(Taken):
            await store.write(lambda s, verb=verb: verb(s, other, ann.lead))  # type: ignore[misc]
    assert await lead(store, ann.lead) == ("new", None, None, "", 0)
    assert await store.read(lambda s: owner_of(s, s.get_one(Lead, ann.lead))) == rep.id
    await store.write(lambda s: win(s, boss, ann.lead, now=NOON) and None)
    assert (await lead(store, ann.lead))[0] == "won"


STEPS: list[Callable[[Session, Rep, int], object]] = [
    lambda s, rep, number: accept(s, rep, number, now=NOON),
    lambda s, rep, number: put_away(s, rep, number, LeadStatus.LOST, WORDS, now=NOON),
    lambda s, rep, number: put_away(s, rep, number, LeadStatus.SPAM, WORDS, now=NOON),
    lambda s, rep, number: win(s, rep, number, now=NOON),
    lambda s, rep, number: undo(s, rep, number, 1, now=NOON),
]


@pytest.mark.parametrize("step", STEPS)
async def test_a_guest_changes_no_lead(store: Store, step: Callable[..., object]) -> None:
    guest, ann = await one(store, Role.GUEST)
    before = await counts(store, DomainEvent)
    with pytest.raises(Forbidden):
        await store.write(lambda s: step(s, guest, ann.lead))
    assert (await lead(store, ann.lead), await counts(store, DomainEvent)) == (("new", None, None, "", 0), before)


@pytest.mark.parametrize("step", STEPS)
async def test_there_is_nothing_to_do_about_a_lead_that_is_not_there(store: Store, step: Callable[..., object]) -> None:
    rep, _ = await one(store)
    with pytest.raises(NotFound):
        await store.write(lambda s: step(s, rep, 424242))


async def test_a_lead_that_became_part_of_another_one_stays_that(store: Store) -> None:
    rep, ann = await one(store)
    lee = await store.write(lambda s: meet(s, "ann-lee", "mail", now=NOON + 1))
    await store.write(lambda s: persons.merged(s, rep, ann.contact, lee.contact, now=NOON + 2))
    for step in STEPS[:4]:
        with pytest.raises(DragomanError):
            await store.write(lambda s, step=step: step(s, rep, lee.lead))  # type: ignore[misc]
    assert (await lead(store, lee.lead))[0] == "merged"


async def test_a_lead_becomes_a_deal_and_fills_only_what_is_empty(store: Store, company: Company) -> None:
    rep, ann = await one(store)
    boss = await store.write(employ)
    size = await store.write(lambda s: make_field(s, boss, Draft(About.CONTACT, FieldKind.TEXT, "Size"), now=NOON))
    trade = await store.write(lambda s: make_field(s, boss, Draft(About.CONTACT, FieldKind.TEXT, "Trade"), now=NOON))
    await store.write(lambda s: set_value(s, rep, size, ann.contact, "small", now=NOON))
    known = {size.id: "big", trade.id: "bakery"}
    deal = await store.write(lambda s: convert(s, rep, ann.lead, company, known, once="c1", now=NOON + 1).id)
    assert (await store.read(lambda s: values_of(s, About.CONTACT, [ann.contact])))[ann.contact] == {size.id: "small", trade.id: "bakery"}
    assert await store.read(lambda s: s.get_one(Deal, deal).lead_id) == ann.lead
    assert (await lead(store, ann.lead))[:2] == ("accepted", rep.id)
    assert await store.read(lambda s: s.get_one(Contact, ann.contact).name) == "ann"


async def test_the_name_somebody_told_is_kept_when_their_lead_becomes_a_deal(store: Store, company: Company) -> None:
    rep, ann = await one(store)

    def told(session: Session) -> None:
        session.get_one(Contact, ann.contact).name = "Anna"

    await store.write(told)
    await store.write(lambda s: convert(s, rep, ann.lead, company, {}, once="c1", now=NOON + 1).id)
    assert await store.read(lambda s: s.get_one(Contact, ann.contact).name) == "Anna"
