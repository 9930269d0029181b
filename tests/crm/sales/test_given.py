"""Whatever a manager gives somebody by hand, a lead, a conversation, a task or a deal: whoever gets it hears of it once, and nobody who takes it themselves."""

from collections.abc import Callable

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from crm.base.actors import Rep, Role
from crm.base.db import Store
from crm.base.settings import Company
from crm.base.time import HOUR
from crm.conversations import handing
from crm.outbox.notices import NoticeKind, NoticeRow
from crm.sales import tasks, terms, triage
from crm.sales.deals import open_deal
from crm.sales.tasks import Duty, TaskKind
from tests.conftest import NOON
from tests.crm.people.crowd import Somebody, employ, meet

Given = Callable[[Session, Company, Rep, Somebody, int], object]


def lead(session: Session, company: Company, boss: Rep, ann: Somebody, to: int) -> object:
    return triage.accept(session, boss, ann.lead, rep_id=to, now=NOON)


def conversation(session: Session, company: Company, boss: Rep, ann: Somebody, to: int) -> object:
    return handing.hand_over(session, boss, ann.conversation, to, now=NOON)


def task(session: Session, company: Company, boss: Rep, ann: Somebody, to: int) -> object:
    number = tasks.add_task(session, boss, ann.conversation, Duty(TaskKind.CALL, NOON + HOUR, rep_id=boss.id, once="t"), now=NOON)
    return tasks.give(session, boss, number, to, now=NOON)


def new_task(session: Session, company: Company, boss: Rep, ann: Somebody, to: int) -> object:
    return tasks.add_task(session, boss, ann.conversation, Duty(TaskKind.CALL, NOON + HOUR, rep_id=to, once="t"), now=NOON)


def deal(session: Session, company: Company, boss: Rep, ann: Somebody, to: int) -> object:
    number = open_deal(session, boss, ann.conversation, company, once="d", now=NOON).id
    return terms.hand_over(session, boss, number, to, now=NOON)


WAYS: dict[NoticeKind, tuple[Given, ...]] = {
    NoticeKind.LEAD: (lead,),
    NoticeKind.HANDED: (conversation,),
    NoticeKind.TASK: (task, new_task),
    NoticeKind.DEAL: (deal,),
}


async def told(store: Store, company: Company, way: Given, kind: NoticeKind, *, self: bool) -> int:
    """How many notices of a kind wait after a manager gave something away, or kept it."""

    def deed(session: Session) -> int:
        boss, ann = employ(session), meet(session, "ann")
        to = boss.id if self else employ(session, "ruben", Role.REP).id
        session.execute(delete(NoticeRow))
        way(session, company, boss, ann, to)
        session.flush()
        return len(session.scalars(select(NoticeRow).where(NoticeRow.kind == kind.value)).all())

    return await store.write(deed)


@pytest.mark.parametrize(("kind", "way"), [(kind, way) for kind, ways in WAYS.items() for way in ways])
async def test_whoever_is_given_something_hears_of_it_once(store: Store, company: Company, kind: NoticeKind, way: Given) -> None:
    assert await told(store, company, way, kind, self=False) == 1


@pytest.mark.parametrize(("kind", "way"), [(kind, way) for kind, ways in WAYS.items() for way in ways if kind is not NoticeKind.HANDED])
async def test_whoever_keeps_something_is_told_nothing(store: Store, company: Company, kind: NoticeKind, way: Given) -> None:
    assert await told(store, company, way, kind, self=True) == 0
