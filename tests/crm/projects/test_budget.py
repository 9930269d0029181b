"""What a project may cost: costs are written down and taken back, and whoever watches hears once when it is too much."""

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import delete, select

from crm.base.actors import Role
from crm.base.db import Session, Store
from crm.base.errors import Forbidden, Invalid
from crm.base.history import DomainEvent
from crm.base.settings import Company
from crm.outbox.notices import NoticeRow
from crm.projects import budget
from crm.projects.budget import ProjectCost, Spent, spent_on
from crm.projects.projects import Project
from crm.sales.deals import Deal
from crm.sales.terms import Sum, set_amount
from crm.sales.terms import worth as terms_worth
from tests.crm.fake import hire, rows
from tests.crm.projects.test_projects import Shop


@given(some.integers(0, 10**9), some.integers(-(10**9), 10**9))
def test_over_is_less_than_nothing_left_of_a_budget_that_there_is(may: int, cost: int) -> None:
    one = Spent(may, cost, "AMD")
    assert one.over == (may > 0 and cost > may)
    assert one.left + one.spent == one.budget


@pytest.fixture
async def shop(store: Store, company: Company) -> Shop:
    """A project that runs."""
    made = Shop(store, company)
    await made.open()
    await made.win()
    return made


async def number(shop: Shop) -> int:
    [found] = await rows(shop.store, select(Project.id))
    return int(found)


async def cost(shop: Shop, amount: int, once: str, words: str = "Paint") -> int:
    project = await number(shop)
    return int(await shop.do(lambda s: budget.add_cost(s, shop.rep, project, amount, words, once=once, now=shop.now).id))


async def limit(shop: Shop, amount: int) -> None:
    project = await number(shop)
    await shop.do(lambda s: budget.set_budget(s, shop.rep, project, amount, now=shop.now))


async def stands(shop: Shop) -> Spent:
    project = await number(shop)
    return await shop.store.read(lambda s: spent_on(s, s.get_one(Project, project)))


async def told(shop: Shop) -> int:
    """How often it was told since it was asked last."""
    found = await rows(shop.store, select(NoticeRow.id).where(NoticeRow.key.like("%:budget")))
    await shop.do(lambda s: s.execute(delete(NoticeRow).where(NoticeRow.id.in_(found))))
    return len(found)


async def test_costs_are_counted_once_and_taken_back_by_their_opposite(shop: Shop) -> None:
    project = await number(shop)
    await limit(shop, 1_000_000)
    first = await cost(shop, 600_000, "a")
    assert await cost(shop, 600_000, "a") == first
    assert await stands(shop) == Spent(1_000_000, 600_000, "AMD")
    back = await shop.do(lambda s: budget.take_back(s, shop.rep, project, first, now=shop.now).id)
    assert await shop.do(lambda s: budget.take_back(s, shop.rep, project, first, now=shop.now).id) == back
    assert (await stands(shop)).spent == 0
    await shop.do(lambda s: budget.take_back(s, shop.rep, project, back, now=shop.now))
    assert (await stands(shop)).spent == 600_000
    assert await rows(shop.store, select(ProjectCost.amount).order_by(ProjectCost.id)) == [600_000, -600_000, 600_000]
    kinds = select(DomainEvent.kind).where(DomainEvent.subject == "project", DomainEvent.kind.in_(("budget", "cost"))).order_by(DomainEvent.id)
    assert await rows(shop.store, kinds) == ["budget", "cost", "cost", "cost"]


async def test_too_much_is_told_once_and_again_only_after_it_was_not(shop: Shop) -> None:
    project = await number(shop)
    await cost(shop, 100, "nothing said")
    assert await told(shop) == 0
    await limit(shop, 500_000)
    assert await told(shop) == 0
    over = await cost(shop, 600_000, "a")
    assert await told(shop) == 1
    await cost(shop, 100_000, "b")
    assert await told(shop) == 0
    await shop.do(lambda s: budget.take_back(s, shop.rep, project, over, now=shop.now))
    assert await told(shop) == 0
    await limit(shop, 50_000)
    assert await told(shop) == 1
    await limit(shop, 0)
    assert not (await stands(shop)).over


async def test_money_written_down_stays_in_its_currency_when_the_deal_goes_over_to_another(shop: Shop) -> None:
    async def worth(currency: str) -> None:
        def deed(session: Session) -> None:
            deal = session.get_one(Deal, shop.deal)
            set_amount(session, shop.rep, shop.deal, Sum(500, currency), seen=terms_worth(deal), now=shop.now)

        await shop.do(deed)

    await worth("USD")
    assert await stands(shop) == Spent(0, 0, "USD")
    await cost(shop, 600, "a")
    await worth("AMD")
    assert await stands(shop) == Spent(0, 600, "USD")
    await limit(shop, 1_005)
    assert await stands(shop) == Spent(1_005, 600, "USD")


@pytest.mark.parametrize(("amount", "words"), [(0, "Paint"), (100, " "), (150, "Paint"), (10**18, "Paint")])
async def test_what_is_no_cost_is_refused(shop: Shop, amount: int, words: str) -> None:
    with pytest.raises(Invalid):
        await cost(shop, amount, "a", words)


@pytest.mark.parametrize("amount", [-100, 150, 10**18])
async def test_what_is_no_budget_is_refused(shop: Shop, amount: int) -> None:
    with pytest.raises(Invalid):
        await limit(shop, amount)


async def test_who_only_looks_writes_nothing_down(shop: Shop) -> None:
    shop.rep = await hire(shop.store, "ani", Role.GUEST)
    with pytest.raises(Forbidden):
        await cost(shop, 100, "a")
    with pytest.raises(Forbidden):
        await limit(shop, 100)
