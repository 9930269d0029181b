"""How long winning takes: the median from a deal's beginning to its winning, over the last 90 days, of whose work is seen."""

from sqlalchemy.orm import Session

from crm.base.actors import Rep, Role, System
from crm.base.db import Store
from crm.base.time import DAY
from crm.reports.deals import LATELY, Winning, winning
from crm.sales.deals import DealState, NewDeal, add_deal
from tests.conftest import NOON
from tests.crm.people.crowd import employ, meet

WON = DealState.WON


async def closed(store: Store, owner: Rep, *days: int, state: DealState = WON, at: int = NOON) -> None:
    """Deals of somebody's, closed so many days after they began."""

    def made(session: Session) -> None:
        person = meet(session, f"{owner.name}{len(days)}{state}{at}", interested=False).contact
        for each in days:
            deal = add_deal(session, System("test"), NewDeal(person, "A table", "AMD", rep_id=owner.id), "en", now=at - each * DAY)
            deal.state, deal.closed_at = state.value, at

    await store.write(made)


async def told(store: Store, who: Rep, *of: Rep) -> Winning | None:
    wanted = frozenset(one.id for one in of) or None
    return await store.read(lambda session: winning(session, who, wanted, now=NOON))


async def test_it_is_the_median_of_what_was_won_of_late(store: Store) -> None:
    rep = await store.write(lambda s: employ(s, "ruben", Role.REP))
    await closed(store, rep, 2, 50)
    assert await told(store, rep) is None
    await closed(store, rep, 5)
    assert await told(store, rep) == Winning(5 * DAY, 3)
    await closed(store, rep, 1, 1, 1, state=DealState.LOST)
    await closed(store, rep, 1, 1, 1, 1, at=NOON - LATELY)
    await closed(store, rep, 8, 9, 10, 11, 12)
    assert await told(store, rep) == Winning(19 * DAY // 2, 8)


async def test_a_rep_is_told_of_their_own_and_a_manager_of_all_or_of_one(store: Store) -> None:
    rep, other, boss = [await store.write(lambda s, n=n, r=r: employ(s, n, r)) for n, r in (("ruben", Role.REP), ("nare", Role.REP), ("mariam", Role.MANAGER))]  # type: ignore[misc]
    await closed(store, rep, 1, 2, 3)
    await closed(store, other, 10, 20, 30, 40)
    assert await told(store, rep) == await told(store, rep, rep) == await told(store, boss, rep) == Winning(2 * DAY, 3)
    assert await told(store, rep, other) is None
    assert await told(store, boss) == Winning(10 * DAY, 7)


async def test_a_deal_that_was_won_before_it_began_took_no_time(store: Store) -> None:
    rep = await store.write(lambda s: employ(s, "ruben", Role.REP))
    await closed(store, rep, -1, -2, -3)
    assert await told(store, rep) == Winning(0, 3)
