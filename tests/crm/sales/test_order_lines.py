"""What is ordered changes until it leaves: total, goods and what is owed follow; taken back, too late, and by whom."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from crm.base.actors import Role
from crm.base.db import Session, Store
from crm.base.errors import Forbidden, Invalid, Taken
from crm.base.history import DomainEvent
from crm.base.settings import Company
from crm.people.contacts import Contact
from crm.reports.trade_books import trade as unbalanced
from crm.sales import order_lines, stock
from crm.sales.ledger import Payment
from crm.sales.order_lines import counted, mark, ordered, priced
from crm.sales.order_steps import OrderMoved, Stepped
from crm.sales.orders import Line, NewOrder, Order, OrderState, add_order, order_at
from crm.sales.products import Offer, Product, add_product
from tests.conftest import NOON
from tests.crm.fake import hire, rows
from tests.crm.sales.ordered import Trade, boss, trade

TABLE, OIL = Line("Table", 10_000_000, 5_000_000, 2000), Line("Oil", 150_000, 300_000, 500, "l")


@pytest.fixture
async def ann(store: Store, company: Company) -> Trade:
    """Ann's order."""
    return await trade(store, company)


async def change(ann: Trade, lines: Sequence[Line], *, seen: str = "") -> Stepped:
    def deed(session: Session) -> Stepped:
        return order_lines.change_lines(session, ann.rep, ann.order, lines, seen=seen or mark(ordered(session, ann.order)), now=NOON)

    return await ann.do(deed)


async def lines_of(ann: Trade) -> tuple[Line, ...]:
    return await ann.store.read(lambda s: ordered(s, ann.order))


async def test_lines_change_and_the_total_is_their_sum_on_record(ann: Trade) -> None:
    before = await lines_of(ann)
    await change(ann, (TABLE, OIL))
    assert await lines_of(ann) == (TABLE, OIL)
    assert (await ann.now()).total == 10_150_000
    await change(ann, (TABLE, OIL))
    assert len(await rows(ann.store, select(DomainEvent.id).where(DomainEvent.kind == "lines"))) == 1
    await ann.do(lambda s: order_lines.undo_lines(s, ann.rep, ann.order, now=NOON))
    assert await lines_of(ann) == before
    await ann.do(lambda s: order_lines.undo_lines(s, ann.rep, ann.order, now=NOON))
    assert await lines_of(ann) == (TABLE, OIL)
    assert await ann.store.read(lambda s: list(unbalanced(s))) == []


async def test_who_was_too_late_changes_nothing(ann: Trade) -> None:
    seen = mark(await lines_of(ann))
    await change(ann, (TABLE,))
    with pytest.raises(OrderMoved):
        await change(ann, (OIL,), seen=seen)
    assert await lines_of(ann) == (TABLE,)


@pytest.mark.parametrize("gone", [OrderState.SENT, OrderState.DELIVERED, OrderState.CANCELLED])
async def test_what_has_left_or_ended_is_not_changed_and_nothing_of_it_taken_back(ann: Trade, gone: OrderState) -> None:
    await change(ann, (TABLE,))
    await ann.step(gone)
    with pytest.raises(OrderMoved):
        await change(ann, (OIL,))
    with pytest.raises(OrderMoved):
        await ann.do(lambda s: order_lines.undo_lines(s, ann.rep, ann.order, now=NOON))


@pytest.mark.parametrize("lines", [(), (Line("Table", -100),), (Line("Table", 10**18),)])
async def test_lines_that_cannot_be_are_refused(ann: Trade, lines: tuple[Line, ...]) -> None:
    with pytest.raises(Invalid):
        await change(ann, lines)


async def test_a_paid_order_that_costs_more_is_owed_again_and_paid_again_when_it_costs_less(ann: Trade) -> None:
    before = await lines_of(ann)
    await ann.pay(12_000_000, "all")
    told = await ann.said()
    await change(ann, (*before, OIL))
    assert await rows(ann.store, select(Order.paid_at)) == [0]
    await change(ann, before)
    assert await rows(ann.store, select(Order.paid_at)) == [NOON]
    assert await ann.said() == told
    assert len(await rows(ann.store, select(Payment.id))) == 1
    assert await ann.store.read(lambda s: list(unbalanced(s))) == []


async def test_goods_that_are_promised_follow_the_lines_and_what_is_lacking_is_told(ann: Trade) -> None:
    manager = await boss(ann.store)

    def stocked(session: Session) -> int:
        goods = add_product(session, manager, Offer("Table", 5_000_000, "AMD"), now=NOON)
        stock.count_is(session, manager, goods.id, 3000, once="c", now=NOON)
        line = Line("Table", 10_000_000, 5_000_000, 2000, product_id=goods.id)
        new = NewOrder(session.scalars(select(Contact.id)).one(), (line,), "AMD", rep_id=ann.rep.id)
        ann.order = add_order(session, ann.rep, new, "Asia/Yerevan", now=NOON).id
        return goods.id

    product = await ann.do(stocked)
    promised = select(Product.reserved).where(Product.id == product)
    await change(ann, counted(await lines_of(ann), 0, 1000, "AMD"))
    assert await rows(ann.store, promised) == [0]
    await ann.step(OrderState.CONFIRMED)
    assert await rows(ann.store, promised) == [1000]
    assert (await change(ann, counted(await lines_of(ann), 0, 3000, "AMD"))).short == ()
    assert await rows(ann.store, promised) == [3000]
    [lacking] = (await change(ann, counted(await lines_of(ann), 0, 5000, "AMD"))).short
    assert lacking.missing_m == 2000
    await ann.do(lambda s: order_lines.undo_lines(s, ann.rep, ann.order, now=NOON))
    assert await rows(ann.store, promised) == [3000]
    assert await ann.store.read(lambda s: list(unbalanced(s))) == []


async def test_the_lines_of_the_deal_are_there_to_be_taken_over(ann: Trade) -> None:
    own = await ann.store.read(lambda s: order_lines.as_in_deal(s, order_at(s, ann.order)))
    assert mark(own) == mark(await lines_of(ann))


async def test_only_whose_sight_covers_an_order_changes_its_lines(ann: Trade) -> None:
    nare, guest = await hire(ann.store, "nare"), await hire(ann.store, "ani", Role.GUEST)
    for who, error in ((nare, Taken), (guest, Forbidden)):
        with pytest.raises(error):
            await ann.do(lambda s, who=who: order_lines.change_lines(s, who, ann.order, (OIL,), seen="", now=NOON))  # type: ignore[misc]
        with pytest.raises(error):
            await ann.do(lambda s, who=who: order_lines.undo_lines(s, who, ann.order, now=NOON))  # type: ignore[misc]


@given(st.integers(0, 10**9), st.integers(1, 10**6), st.integers(1, 10**6), st.sampled_from(["AMD", "USD"]))
def test_another_quantity_costs_in_proportion_to_the_whole_coin(coins: int, before: int, after: int, currency: str) -> None:
    coin = 100 if currency == "AMD" else 1
    [one] = counted((Line("Table", coins * coin, quantity_m=before),), 0, after, currency)
    assert one.total % coin == 0
    assert 2 * abs(one.total * before - coins * coin * after) <= coin * before
    assert counted((one,), 0, 0, currency) == ()


def test_what_is_sold_at_its_price_is_counted_by_that_price_and_no_rounding_grows() -> None:
    [little] = counted((Line("Cheese", 100_000, 149_500, 250),), 0, 100, "AMD")
    [some] = counted((Line("Cheese", 37_400, 149_500, 250),), 0, 2000, "AMD")
    assert (little.total, some.total) == (40_000, 299_000)
    [none] = counted((Line("Screw", 100, 100, 1000),), 0, 250, "AMD")
    [many] = counted((none,), 0, 10_000, "AMD")
    assert (none.total, many.total) == (0, 1000)


def test_another_price_is_for_one_and_a_part_of_a_coin_is_none() -> None:
    [one] = priced((OIL,), 0, 400_000, "AMD")
    assert (one.price, one.total) == (400_000, 200_000)
    with pytest.raises(Invalid):
        priced((OIL,), 0, 150, "AMD")
