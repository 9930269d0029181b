"""Who is forgotten leaves no word in their orders, shipments and payments; the sums that the books need stay."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.exchange import erasure
from crm.people import steps
from crm.reports.books import check
from crm.sales import asking, order_steps, payments, stock
from crm.sales.ledger import Payment
from crm.sales.orders import Line, NewOrder, Order, OrderState, add_order
from crm.sales.payments import Due, Money
from crm.sales.products import Offer, Product, add_product
from tests.crm.exchange.stand import Stand
from tests.crm.exchange.test_erasure import holding, met, sure

WORD = "ForgottenUniq"


async def test_after_an_erasure_no_word_of_their_orders_is_anywhere(stand: Stand) -> None:
    number = await met(stand)

    def traded(session: Session) -> None:
        new = NewOrder(number, (Line(f"Bed {WORD}", 100_000),), "AMD", rep_id=stand.who.id, address=f"1 {WORD} Street")
        order = add_order(session, stand.who, new, "UTC", now=stand.now)
        order_steps.move(session, stand.who, order.id, OrderState.CONFIRMED, seen="new", now=stand.now)
        order_steps.note(session, stand.who, order.id, f"likes {WORD}", now=stand.now)
        order_steps.carried(session, stand.who, order.id, "Post", WORD, now=stand.now)
        payments.enter(session, stand.who, Due(order), Money(100_000, "AMD", stand.now, "Card", reference=f"from {WORD}"), once="p", now=stand.now)
        payments.claim(session, stand.who, Due(order), Money(1, "AMD", stand.now, reference=WORD), once="c", now=stand.now)

    await stand.store.write(traded)
    assert set(await stand.store.read(lambda session: holding(session, WORD))) >= {"orders", "order_lines", "shipments", Payment.__tablename__}
    await sure(stand, steps.What.ERASE)
    await stand.do(erasure.ask, number)
    await stand.work()
    assert await stand.store.read(lambda session: holding(session, WORD)) == []
    assert await stand.store.read(lambda session: session.scalars(select(Order.total)).all()) == [100_000]
    assert (await stand.store.read(check)).problems == ()


async def test_nobody_who_was_forgotten_is_told_or_asked_anything(stand: Stand) -> None:
    number = await met(stand)

    def asked(session: Session) -> int:
        order = add_order(session, stand.who, NewOrder(number, (Line("Bed", 100_000),), "AMD", rep_id=stand.who.id), "UTC", now=stand.now)
        asking.ask(session, stand.who, Due(order), once="1", now=stand.now)
        return order.id

    order = await stand.store.write(asked)
    await sure(stand, steps.What.ERASE)
    await stand.do(erasure.ask, number)
    await stand.work()
    assert await stand.store.read(lambda session: session.scalars(select(asking.PayAsk.open)).all()) == [0]
    assert not (await stand.store.write(lambda session: order_steps.move(session, stand.who, order, OrderState.NEW, seen="cancelled", now=stand.now))).told


async def test_goods_that_were_promised_to_who_was_forgotten_are_free_again_and_gone_ones_stay_gone(stand: Stand) -> None:
    number = await met(stand)

    def ordered(session: Session) -> None:
        goods = add_product(session, stand.who, Offer("Bed", 100_000, "AMD"), now=stand.now)
        stock.count_is(session, stand.who, goods.id, 5000, once="c", now=stand.now)
        for steps_on in ((OrderState.CONFIRMED,), (OrderState.CONFIRMED, OrderState.SENT)):
            new = NewOrder(number, (Line("Bed", 100_000, 100_000, product_id=goods.id),), "AMD", rep_id=stand.who.id)
            order = add_order(session, stand.who, new, "UTC", now=stand.now)
            for state in steps_on:
                order_steps.move(session, stand.who, order.id, state, seen=order.state, now=stand.now)

    await stand.store.write(ordered)
    await sure(stand, steps.What.ERASE)
    await stand.do(erasure.ask, number)
    await stand.work()
    there = await stand.store.read(lambda session: session.execute(select(Product.on_hand, Product.reserved)).all())
    assert [tuple(row) for row in there] == [(4000, 0)]
    assert await stand.store.read(lambda session: session.scalars(select(Order.state).order_by(Order.id)).all()) == ["cancelled", "sent"]
    assert (await stand.store.read(check)).problems == ()
