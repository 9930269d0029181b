"""Orphans: open leads that nobody has or nothing is planned about, and the one notice a day that tells managers."""

from dataclasses import replace
from datetime import time

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Rep, Role, System
from crm.base.db import Store
from crm.base.errors import Forbidden
from crm.base.rows import add, take_ids
from crm.base.settings import Company
from crm.base.time import DAY, HOUR, Hours, local
from crm.conversations import assign
from crm.conversations.threads import Conversation
from crm.outbox.deliveries import Batch
from crm.outbox.notices import NoticeKind, NoticeRow
from crm.outreach import persons
from crm.outreach.sequences import Enrollment, Sequence, found_default
from crm.people.reps import Member
from crm.reports.leads import leads
from crm.reports.orphans import count_orphans, orphans, orphans_due
from crm.reports.paging import Place
from crm.sales import tasks
from crm.sales.deals import open_deal
from crm.sales.leads import LeadStatus
from crm.sales.moves import Why
from crm.sales.tasks import Duty, TaskKind
from crm.sales.triage import accept, put_away
from tests.conftest import NOON
from tests.crm.people.crowd import Somebody, employ, meet

LATER = NOON + 2 * HOUR
SYSTEM = System("test")
MORNING = NOON - 8 * HOUR  # 08:00 in Yerevan


async def found(store: Store) -> list[tuple[int, bool, bool]]:
    page = await store.read(lambda s: orphans(s, SYSTEM, now=LATER))
    return [(one.lead_id, one.owned, one.planned) for one in page.rows]


async def one(store: Store) -> tuple[Rep, Somebody]:
    """A rep, and somebody whose lead the rep has accepted."""
    rep = await store.write(lambda s: employ(s, "aram", Role.REP))
    ann = await store.write(lambda s: meet(s, "ann"))
    await store.write(lambda s: accept(s, rep, ann.lead, now=NOON) and None)
    return rep, ann


async def test_a_lead_nobody_has_and_nothing_is_planned_about_is_an_orphan(store: Store) -> None:
    ann = await store.write(lambda s: meet(s, "ann"))
    assert await found(store) == [(ann.lead, False, False)]
    assert await store.read(lambda s: count_orphans(s, now=LATER)) == 1


async def test_a_lead_of_this_hour_is_none_yet(store: Store) -> None:
    await store.write(lambda s: meet(s, "ann", now=LATER - HOUR + 1))
    assert await found(store) == []


async def test_an_owner_without_a_next_step_is_not_enough(store: Store) -> None:
    _, ann = await one(store)
    assert await found(store) == [(ann.lead, True, False)]


async def test_a_task_is_a_next_step_until_it_is_done(store: Store) -> None:
    rep, ann = await one(store)
    task = await store.write(lambda s: tasks.add_task(s, rep, ann.conversation, Duty(TaskKind.CALL, NOON + DAY, rep_id=rep.id), now=NOON))
    assert await found(store) == []
    await store.write(lambda s: tasks.finish(s, rep, task, now=NOON + 1) and None)
    assert await found(store) == [(ann.lead, True, False)]


async def test_a_deal_without_a_task_is_no_next_step_and_one_with_a_task_is(store: Store, company: Company) -> None:
    rep, ann = await one(store)
    deal = await store.write(lambda s: open_deal(s, rep, ann.conversation, company, once="d", now=NOON).id)
    assert await found(store) == [(ann.lead, True, False)]
    await store.write(lambda s: tasks.add_to_deal(s, rep, deal, Duty(TaskKind.CALL, NOON + DAY, rep_id=rep.id), now=NOON))
    assert await found(store) == []


async def test_who_waits_for_an_answer_is_the_next_step(store: Store) -> None:
    _, ann = await one(store)

    def waits(session: Session) -> None:
        session.get_one(Conversation, ann.conversation).waiting_since = NOON

    await store.write(waits)
    assert await found(store) == []


async def test_a_follow_up_under_way_is_the_next_step(store: Store) -> None:
    _, ann = await one(store)

    def enrolled(session: Session) -> None:
        found_default(session, NOON)
        batch, number = take_ids(session, 2)
        add(session, Batch, [{"id": batch, "created_at": NOON}])
        who = {"contact_id": ann.contact, "lead_id": ann.lead, "conversation_id": ann.conversation, "batch_id": batch}
        when = {"step": 0, "due_at": NOON + DAY, "silent_since": NOON, "zone": "UTC", "enrolled_at": NOON}
        add(session, Enrollment, [{"id": number, **who, **when, "sequence_id": session.scalars(select(Sequence.id)).one()}])

    await store.write(enrolled)
    assert await found(store) == []


async def test_who_has_the_conversation_has_the_lead(store: Store) -> None:
    rep = await store.write(lambda s: employ(s, "aram", Role.REP))
    ann = await store.write(lambda s: meet(s, "ann"))
    await store.write(lambda s: assign.take(s, rep, ann.conversation, now=NOON) and None)
    assert await found(store) == [(ann.lead, True, False)]


async def test_the_leads_of_one_who_left_are_nobodys(store: Store) -> None:
    rep, ann = await one(store)

    def leaves(session: Session) -> None:
        session.get_one(Member, rep.id).active = 0

    await store.write(leaves)
    assert await found(store) == [(ann.lead, False, False)]


async def test_what_is_planned_for_one_side_of_a_person_is_planned(store: Store) -> None:
    rep, ann = await one(store)
    lee = await store.write(lambda s: meet(s, "ann-lee", "mail", now=NOON + 1))
    await store.write(lambda s: persons.merged(s, rep, ann.contact, lee.contact, now=NOON + 2))
    assert await found(store) == [(ann.lead, True, False)]
    await store.write(lambda s: tasks.add_task(s, rep, lee.conversation, Duty(TaskKind.CALL, NOON + DAY, rep_id=rep.id), now=NOON + 3))
    assert await found(store) == []


@pytest.mark.parametrize("status", [LeadStatus.LOST, LeadStatus.SPAM])
async def test_a_closed_lead_needs_no_next_step(store: Store, status: LeadStatus) -> None:
    rep, ann = await one(store)
    await store.write(lambda s: put_away(s, rep, ann.lead, status, Why(words="no"), now=NOON) and None)
    assert await found(store) == []


async def test_orphans_come_in_pages_the_longest_forgotten_first(store: Store) -> None:
    made = [await store.write(lambda s, n=n: meet(s, f"p{n}", now=NOON + n)) for n in range(5)]  # type: ignore[misc]
    first = await store.read(lambda s: orphans(s, SYSTEM, now=LATER, limit=3))
    assert [row.lead_id for row in first.rows] == [one.lead for one in made[:3]]
    assert first.next == Place(NOON + 2, made[2].lead)
    second = await store.read(lambda s: orphans(s, SYSTEM, now=LATER, after=first.next, limit=3))
    assert ([row.lead_id for row in second.rows], second.next) == ([one.lead for one in made[3:]], None)


async def test_a_rep_sees_their_own_orphans_and_nobodys(store: Store) -> None:
    _, ann = await one(store)
    other, free = await store.write(lambda s: employ(s, "nare", Role.REP)), await store.write(lambda s: meet(s, "lee", now=NOON + 1))
    seen = await store.read(lambda s: orphans(s, other, now=LATER))
    assert [row.lead_id for row in seen.rows] == [free.lead]
    boss = await store.write(employ)
    assert [row.lead_id for row in (await store.read(lambda s: orphans(s, boss, now=LATER))).rows] == [ann.lead, free.lead]


async def test_a_stranger_sees_no_orphan(store: Store) -> None:
    with pytest.raises(Forbidden):
        await store.read(lambda s: orphans(s, Rep(99, Role.OWNER, "x", "en", "x"), now=LATER))


async def test_managers_are_told_once_in_the_firms_morning(store: Store, company: Company) -> None:
    for at, told in ((MORNING - 1, 0), (MORNING, 1), (MORNING + 1, 0), (MORNING + 4 * HOUR, 0), (MORNING + DAY, 1)):
        assert await store.write(lambda s, at=at: orphans_due(s, company, now=at)) == told, at  # type: ignore[misc]
    kinds = await store.read(lambda s: s.scalars(select(NoticeRow.kind)).all())
    assert kinds == [NoticeKind.ORPHANS.value] * 2


async def test_the_list_of_leads_can_show_those_without_a_next_step(store: Store) -> None:
    rep, ann = await one(store)
    boss, lee = await store.write(employ), await store.write(lambda s: meet(s, "lee"))
    await store.write(lambda s: tasks.add_task(s, rep, ann.conversation, Duty(TaskKind.CALL, NOON + DAY, rep_id=rep.id), now=NOON))
    page = await store.read(lambda s: leads(s, boss, now=LATER, forgotten_only=True))
    assert [row.lead_id for row in page.rows] == [lee.lead]


async def test_spam_is_in_no_list_but_its_own(store: Store) -> None:
    rep, ann = await one(store)
    boss = await store.write(employ)
    await store.write(lambda s: put_away(s, rep, ann.lead, LeadStatus.SPAM, Why(words="no"), now=NOON) and None)
    assert (await store.read(lambda s: leads(s, boss, now=LATER))).rows == ()
    assert [row.lead_id for row in (await store.read(lambda s: leads(s, boss, now=LATER, status=LeadStatus.SPAM))).rows] == [ann.lead]


async def test_managers_are_left_alone_on_a_day_the_firm_is_closed(store: Store, company: Company) -> None:
    open_day = local(MORNING, company.zone).weekday()
    days = tuple(None if day == open_day else (time(9), time(18)) for day in range(7))
    shut = replace(company, hours=Hours(days, company.zone))
    assert [await store.write(lambda s, at=at: orphans_due(s, shut, now=at)) for at in (MORNING, MORNING + DAY)] == [0, 1]  # type: ignore[misc]
