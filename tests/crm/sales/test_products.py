"""The price list and the stock behind it: what is typed and pasted, what is counted, promised and gone."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import func, select

from crm.base.actors import Rep, Role, System
from crm.base.db import Session, Store
from crm.base.errors import Forbidden, Invalid
from crm.base.history import DomainEvent
from crm.base.pricing import ONE, Line
from crm.sales import price_words, pricelist, products, stock
from crm.sales.products import Goods, Offer, Product
from crm.sales.stock import Kind, StockMove
from tests.conftest import NOON
from tests.crm.fake import counts, hire, rows

TABLE = Offer("Oak table", 4_500_000, "AMD", "pc", 2000, True, "T-1")
CHEESE = Offer("Կանաչ պանիր", 450_000, "AMD", "kg")


@pytest.fixture
async def boss(store: Store) -> Rep:
    """Mariam, who sets the prices."""
    return await hire(store, "mariam", Role.MANAGER)


@pytest.fixture
async def table(store: Store, boss: Rep) -> Goods:
    """Ten oak tables."""

    def deed(session: Session) -> Goods:
        made = products.add_product(session, boss, TABLE, now=NOON)
        return stock.count_is(session, boss, made.id, 10 * ONE, once="first", now=NOON)

    return await store.write(deed)


async def found(store: Store, actor: Rep, words: str, **how: Any) -> list[str]:
    """The names that some words find."""
    return [one.offer.name for one in await store.read(lambda session: products.products_like(session, actor, words, **how))]


async def counters(store: Store, number: int) -> tuple[int, int]:
    """How much is there and how much of it is promised."""
    return await store.read(lambda session: (products.product_at(session, number).on_hand, products.product_at(session, number).reserved))


def line(number: int | None, much: int = 1) -> Line:
    return Line("Oak table", much * ONE, 1, product_id=number)


async def test_a_product_is_found_by_a_part_of_its_name_in_any_script(store: Store, boss: Rep, table: Goods) -> None:
    await store.write(lambda session: products.add_product(session, boss, CHEESE, now=NOON))
    assert await found(store, boss, "панир") == ["Կանաչ պանիր"]
    assert await found(store, boss, "tabl oak") == ["Oak table"]
    assert await found(store, boss, "t-1") == ["Oak table"]
    assert await found(store, boss, "%") == []
    assert await found(store, boss, "", currency="GEL") == []


async def test_the_same_press_adds_one_product(store: Store, boss: Rep) -> None:
    first = await store.write(lambda session: products.add_product(session, boss, TABLE, once="event:1", now=NOON).id)
    again = await store.write(lambda session: products.add_product(session, boss, TABLE, once="event:1", now=NOON).id)
    assert first == again
    assert await counts(store, Product) == {"products": 1}


async def test_a_code_is_of_one_product_until_that_is_off(store: Store, boss: Rep, table: Goods) -> None:
    other = Offer("Another table", 100, "AMD", code="T-1")
    with pytest.raises(Invalid):
        await store.write(lambda session: products.add_product(session, boss, other, now=NOON))
    await store.write(lambda session: products.switch(session, boss, table.id, False, now=NOON))
    await store.write(lambda session: products.add_product(session, boss, other, now=NOON))
    with pytest.raises(Invalid):
        await store.write(lambda session: products.switch(session, boss, table.id, True, now=NOON))


async def test_a_new_price_is_on_record_with_the_old_one_and_only_that(store: Store, boss: Rep, table: Goods) -> None:
    await store.write(lambda session: products.revise(session, boss, table.id, replace(TABLE, price=4_600_000), now=NOON))
    await store.write(lambda session: products.revise(session, boss, table.id, replace(TABLE, price=4_600_000), now=NOON))
    wanted = select(DomainEvent.before, DomainEvent.after).where(DomainEvent.kind == "revised")
    assert await rows(store, wanted) == [('{"price": 4500000, "currency": "AMD"}', '{"price": 4600000, "currency": "AMD"}')]


@pytest.mark.parametrize("bad", [Offer("", 1, "USD"), Offer("A", -1, "USD"), Offer("A", 50, "AMD"), Offer("A", 1, "KZT"), Offer("A", 1, "USD", tax_bp=10_001)])
async def test_what_cannot_be_an_offer_is_refused(store: Store, boss: Rep, bad: Offer) -> None:
    with pytest.raises(Invalid):
        await store.write(lambda session: products.add_product(session, boss, bad, now=NOON))
    assert await counts(store, Product) == {"products": 0}


async def test_a_pasted_list_adds_what_is_new_and_changes_what_costs_otherwise(store: Store, boss: Rep, table: Goods) -> None:
    pasted = "Name; price; unit; tax; code\nOak table; 47 000;;; t-1\nԿանաչ պանիր; 4500; kg; 0%\nԿԱՆԱՉ ՊԱՆԻՐ; 4600; kg; 0%\nnonsense 12x"
    read = price_words.read_list(pasted, "AMD")
    assert read.bad == ((5, "nonsense 12x"),)
    tried = await store.read(lambda session: pricelist.compare(session, boss, read.lines))
    assert (tried.added, list(tried.before)) == (1, [table.id])
    done = await store.write(lambda session: pricelist.take_list(session, boss, read.lines, once="event:5", now=NOON))
    assert (done.added, done.before, done.same) == (1, {table.id: TABLE}, 0)
    again = await store.write(lambda session: pricelist.take_list(session, boss, read.lines, once="event:6", now=NOON))
    assert (again.added, again.same) == (0, 2)
    stands = select(Product.price, Product.unit, Product.tax_bp).where(Product.active == 1).order_by(Product.price)
    assert await rows(store, stands) == [(460_000, "kg", 0), (4_700_000, "pc", 2000)]
    await store.write(lambda session: pricelist.take_back(session, boss, done, now=NOON))
    assert await rows(store, stands) == [(4_500_000, "pc", 2000)]


async def test_a_new_product_without_a_tax_has_the_usual_one(store: Store, boss: Rep, table: Goods) -> None:
    said = [price_words.read_offer("Bringing it; 5000", "AMD")]
    done = await store.write(lambda session: pricelist.take_list(session, boss, said, once="event:5", now=NOON))
    assert (await store.read(lambda session: products.product_at(session, done.made[0]))).offer.tax_bp == 2000


async def test_a_code_that_comes_later_is_of_the_product_of_that_name(store: Store, boss: Rep) -> None:
    for place, words in enumerate(("Stool; 9000", "Stool; 9000;;; S-1", "Low stool; 9500;;; S-1", "Stool; 100;;; S-2")):
        said = [price_words.read_offer(words, "AMD")]
        await store.write(partial(pricelist.take_list, actor=boss, said=said, once=f"event:{place}", now=NOON))
    assert await rows(store, select(Product.name, Product.code).order_by(Product.id)) == [("Low stool", "S-1"), ("Stool", "S-2")]


async def test_one_tax_may_be_said_of_all(store: Store, boss: Rep, table: Goods) -> None:
    await store.write(lambda session: products.add_product(session, boss, CHEESE, now=NOON))
    assert await store.write(lambda session: products.tax_all(session, boss, 2000, True, now=NOON)) == 1
    assert await store.write(lambda session: products.tax_all(session, boss, 0, True, now=NOON)) == 2


VERBS: dict[str, Callable[[Session, Rep, int], Any]] = {
    "add": lambda session, rep, n: products.add_product(session, rep, CHEESE, now=NOON),
    "revise": lambda session, rep, n: products.revise(session, rep, n, CHEESE, now=NOON),
    "switch": lambda session, rep, n: products.switch(session, rep, n, False, now=NOON),
    "list": lambda session, rep, n: pricelist.take_list(session, rep, [price_words.Said(CHEESE)], once="x", now=NOON),
    "tax": lambda session, rep, n: products.tax_all(session, rep, 0, True, now=NOON),
    "in": lambda session, rep, n: stock.come_in(session, rep, n, ONE, once="x", now=NOON),
    "count": lambda session, rep, n: stock.count_is(session, rep, n, ONE, once="x", now=NOON),
    "kept": lambda session, rep, n: stock.keep_count(session, rep, n, False, now=NOON),
}


@pytest.mark.parametrize("verb", VERBS)
async def test_only_who_sets_prices_changes_the_list(store: Store, table: Goods, verb: str) -> None:
    rep = await hire(store)
    before = await rows(store, select(Product.__table__))
    with pytest.raises(Forbidden):
        await store.write(lambda session: VERBS[verb](session, rep, table.id))
    assert await rows(store, select(Product.__table__)) == before


async def test_goods_are_promised_go_out_and_come_back(store: Store, table: Goods) -> None:
    rep, one = await hire(store), table.id
    await store.write(lambda session: stock.reserve(session, rep, [line(one, 3), line(None)], once="order:7", now=NOON))
    assert await counters(store, one) == (10 * ONE, 3 * ONE)
    await store.write(lambda session: stock.reserve(session, rep, [line(one, 3)], once="order:7", now=NOON))
    assert await counters(store, one) == (10 * ONE, 3 * ONE)
    await store.write(lambda session: stock.reserve(session, rep, [line(one)], once="order:7", now=NOON))
    assert await counters(store, one) == (10 * ONE, ONE)
    for _ in range(2):
        await store.write(lambda session: stock.take_out(session, rep, [line(one)], once="order:7", now=NOON))
        assert await counters(store, one) == (9 * ONE, 0)
    await store.write(lambda session: stock.reserve(session, rep, [line(one)], once="order:7", now=NOON))
    assert await counters(store, one) == (9 * ONE, 0)
    for _ in range(2):
        await store.write(lambda session: stock.put_back(session, rep, once="order:7", now=NOON))
        assert await counters(store, one) == (10 * ONE, 0)


async def test_what_is_given_up_is_free_again_and_nobody_elses(store: Store, table: Goods) -> None:
    rep, one = await hire(store), table.id
    for order in ("order:1", "order:2"):
        await store.write(partial(stock.reserve, actor=rep, lines=[line(one, 2)], once=order, now=NOON))
    for _ in range(2):
        await store.write(lambda session: stock.release(session, rep, once="order:1", now=NOON))
    assert await counters(store, one) == (10 * ONE, 2 * ONE)


async def test_more_than_there_is_may_be_promised_and_is_told(store: Store, table: Goods) -> None:
    rep, one = await hire(store), table.id
    assert await store.write(lambda session: stock.reserve(session, rep, [line(one, 4)], once="order:1", now=NOON)) == ()
    [short] = await store.write(lambda session: stock.reserve(session, rep, [line(one, 9)], once="order:2", now=NOON))
    assert (short.name, short.missing_m) == ("Oak table", 3 * ONE)
    [now] = await store.read(lambda session: stock.lacking(session, [line(one, 1)]))
    assert now.missing_m == ONE
    assert await found(store, rep, "", which=products.Which.LOW) == ["Oak table"]


async def test_what_is_not_counted_is_not_promised(store: Store, boss: Rep) -> None:
    made = await store.write(lambda session: products.add_product(session, boss, CHEESE, now=NOON))
    assert await store.write(lambda session: stock.reserve(session, boss, [line(made.id)], once="order:1", now=NOON)) == ()
    assert await counters(store, made.id) == (0, 0)


async def test_the_same_press_counts_once(store: Store, boss: Rep, table: Goods) -> None:
    for _ in range(2):
        await store.write(lambda session: stock.come_in(session, boss, table.id, 5 * ONE, once="event:9", now=NOON))
    assert await counters(store, table.id) == (15 * ONE, 0)
    assert await counts(store, StockMove) == {"stock_moves": 2}


async def test_two_who_promise_at_the_same_instant_are_both_counted(store: Store, table: Goods) -> None:
    rep = await hire(store)
    deeds = (store.write(partial(stock.reserve, actor=rep, lines=[line(table.id)], once=f"order:{n}", now=NOON)) for n in range(6))
    await asyncio.gather(*deeds)
    assert await counters(store, table.id) == (10 * ONE, 6 * ONE)


STEPS = some.lists(some.tuples(some.sampled_from(("reserve", "take", "back", "free", "in")), some.integers(1, 3), some.integers(1, 5)), max_size=10)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
async def test_the_counters_are_what_the_moves_come_to(store: Store, steps: list[tuple[str, int, int]]) -> None:
    await store.write(lambda session: (session.query(StockMove).delete(), session.query(Product).delete()))
    boss = System("test")
    made = await store.write(lambda session: products.add_product(session, boss, CHEESE, now=NOON))
    await store.write(lambda session: stock.count_is(session, boss, made.id, 9 * ONE, once="first", now=NOON))

    def deed(session: Session) -> None:
        for place, (what, order, much) in enumerate(steps):
            wanted, name = [line(made.id, much)], f"order:{order}"
            match what:
                case "reserve":
                    stock.reserve(session, boss, wanted, once=name, now=NOON)
                case "take":
                    stock.take_out(session, boss, wanted, once=name, now=NOON)
                case "back":
                    stock.put_back(session, boss, once=name, now=NOON)
                case "free":
                    stock.release(session, boss, once=name, now=NOON)
                case "in":
                    stock.come_in(session, boss, made.id, much * ONE, once=f"in:{place}", now=NOON)

    await store.write(deed)
    sums: dict[str, int] = dict(await rows(store, select(StockMove.kind, func.sum(StockMove.quantity_m)).group_by(StockMove.kind)))
    there = sums.get(Kind.IN, 0) - sums.get(Kind.OUT, 0), sums.get(Kind.RESERVE, 0) - sums.get(Kind.RELEASE, 0)
    assert await counters(store, made.id) == there
    assert there[1] >= 0
