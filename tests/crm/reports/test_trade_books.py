"""The books of trade balance after a day's work, and every row that somebody cooked is found and named."""

import pytest
from sqlalchemy import select, text

from crm.base.db import Session, Store
from crm.base.settings import Company
from crm.people.contacts import Contact
from crm.reports.books import check
from crm.sales import stock
from crm.sales.orders import Line, NewOrder, OrderState, add_order
from crm.sales.products import Offer, add_product
from tests.conftest import NOON
from tests.crm.sales.ordered import Trade, boss, trade


@pytest.fixture
async def ann(store: Store, company: Company) -> Trade:
    """Ann's order of two tables: confirmed, partly paid, paid, partly sent back."""
    made, manager = await trade(store, company), await boss(store)

    def stocked(session: Session) -> None:
        goods = add_product(session, manager, Offer("Table", 5_000_000, "AMD"), now=NOON)
        stock.count_is(session, manager, goods.id, 3000, once="c", now=NOON)
        lines = (Line("Table", 10_000_000, 5_000_000, 2000, product_id=goods.id), Line("Oil", 350_000))
        made.order = add_order(
            session, made.rep, NewOrder(session.scalars(select(Contact.id)).one(), lines, "AMD", rep_id=made.rep.id), "Asia/Yerevan", now=NOON
        ).id

    await store.write(stocked)
    await made.step(OrderState.CONFIRMED)
    await made.pay(10_350_000, "1")
    await made.pay(-350_000, "2")
    return made


async def problems(ann: Trade) -> tuple[str, ...]:
    return (await ann.store.read(check)).problems


async def test_a_days_trade_balances(ann: Trade) -> None:
    assert await problems(ann) == ()
    await ann.pay(350_000, "3")
    await ann.step(OrderState.SENT)
    await ann.step(OrderState.CANCELLED)
    assert await problems(ann) == ()


@pytest.mark.parametrize(
    ("cooked", "found"),
    [
        ("UPDATE order_lines SET total = total + 1 WHERE title = 'Oil'", "order 2025-0002: its total is 10350000, its lines come to 10350001"),
        ("UPDATE orders SET paid_at = 1 WHERE number = '2025-0002'", "order 2025-0002: 10000000 of 10350000 came, but it is called paid"),
        ("UPDATE payments SET amount = 10400000 WHERE amount > 0", "order 2025-0002: 10050000 of 10350000 came"),
        ("UPDATE payments SET state = 'lost' WHERE amount < 0", "it is of nothing, or in an unknown state"),
        ("UPDATE order_years SET last = 3", "orders of 2025: 3 numbers were given, 2 are there"),
        ("UPDATE products SET on_hand = 2999", "product Table: 2999 there and 2000 promised, its moves come to 3000 and 2000"),
        ("DELETE FROM stock_moves WHERE kind = 'reserve'", "product Table: 3000 there and 2000 promised, its moves come to 3000 and 0"),
    ],
)
async def test_a_cooked_row_is_named(ann: Trade, cooked: str, found: str) -> None:
    if "10400000" in cooked:
        cooked = cooked + "; UPDATE orders SET paid_at = 1 WHERE number = '2025-0002'"
    for statement in cooked.split("; "):
        await ann.do(lambda session, statement=statement: session.execute(text(statement)))  # type: ignore[misc]
    named = await problems(ann)
    assert any(found in one for one in named), named
