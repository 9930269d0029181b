"""Projects where what is on record is handed out twice, as a server does: nothing that was ended or given back since is done again."""

import pytest
from sqlalchemy import delete, select, update

from crm.base.actors import Role
from crm.base.db import Store
from crm.base.errors import Invalid
from crm.base.following import Follower
from crm.base.settings import Company
from crm.base.time import HOUR
from crm.outbox.notices import NoticeRow
from crm.projects import closing, following, starting
from crm.projects.projects import Project
from crm.projects.starting import Cause
from crm.sales import moves, terms
from tests.conftest import NOON
from tests.crm.fake import hire, rows
from tests.crm.projects.test_projects import Shop


@pytest.fixture
async def running(store: Store, company: Company) -> Shop:
    """A firm whose won deal has its project."""
    shop = Shop(store, company)
    await shop.open()
    await shop.win()
    return shop


async def handed_out_again(shop: Shop, now: int) -> None:
    """Every change on record that concerns projects is handed out once more, as a server does with what was just read."""
    await shop.do(lambda s: s.execute(update(Follower).where(Follower.name == following.NAME).values(ahead=0, mark=0, head=0)))
    shop.now = now
    await shop.follow()


async def test_a_win_that_is_handed_out_twice_begins_nothing_again_that_was_called_off(running: Shop) -> None:
    [number] = await rows(running.store, select(Project.id))
    await running.do(lambda s: closing.cancel(s, running.rep, number, now=NOON))
    await running.do(lambda s: s.execute(delete(NoticeRow)))
    await handed_out_again(running, NOON + HOUR)
    assert await rows(running.store, select(Project.state)) == ["cancelled"]
    assert "started" not in await running.news()


async def test_a_deal_that_runs_on_and_is_handed_out_twice_calls_nothing_off_again(running: Shop) -> None:
    [number] = await rows(running.store, select(Project.id))
    await running.do(lambda s: moves.reopen(s, running.rep, running.deal, now=NOON + HOUR))
    running.now = NOON + HOUR
    await running.follow()
    await running.do(lambda s: closing.reopen(s, running.rep, number, now=running.now))
    await handed_out_again(running, NOON + 2 * HOUR)
    assert (await running.project())[0] == "running"


async def test_a_deal_handed_over_twice_on_record_takes_no_work_away_that_was_given_back(running: Shop) -> None:
    boss, nare = await hire(running.store, "mariam", Role.MANAGER), await hire(running.store, "nare")
    [number] = await rows(running.store, select(Project.id))
    await running.do(lambda s: terms.hand_over(s, boss, running.deal, nare.id, now=NOON))
    await running.follow()
    await running.do(lambda s: closing.give(s, boss, number, running.rep.id, now=NOON))
    await handed_out_again(running, NOON + HOUR)
    assert await rows(running.store, select(Project.rep_id)) == [running.rep.id]


async def test_a_deal_has_one_project_that_runs_whatever_is_taken_up_again(running: Shop) -> None:
    [first] = await rows(running.store, select(Project.id))
    await running.do(lambda s: closing.cancel(s, running.rep, first, now=NOON))
    await running.do(lambda s: starting.start(s, running.rep, running.deal, running.plan, Cause("again", running.company), now=NOON))
    with pytest.raises(Invalid):
        await running.do(lambda s: closing.reopen(s, running.rep, first, now=NOON))
    assert await rows(running.store, select(Project.state).order_by(Project.id)) == ["cancelled", "running"]
