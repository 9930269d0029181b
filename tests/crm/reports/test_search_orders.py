"""Orders are found by their numbers and what is ordered in any spelling, documents by their numbers; each among what one may see."""

from collections.abc import Sequence

import pytest
from sqlalchemy import select, update

from crm.base.actors import Actor, Rep, Role
from crm.base.db import Session, Store
from crm.base.rows import add, take_ids
from crm.documents.documents import Document
from crm.people.contacts import block
from crm.people.reps import Member
from crm.reports import search_index
from crm.reports.search_sold import FoundOrder
from crm.reports.search_tables import About, Findable
from crm.sales.deals import NewDeal, add_deal
from crm.sales.order_steps import move
from crm.sales.orders import Line, NewOrder, Order, OrderLine, OrderState, add_order
from tests.conftest import NOON
from tests.crm.fake import rows
from tests.crm.people.crowd import Somebody, employ, meet
from tests.crm.reports.finding import SYSTEM, catch_up, look


def order(session: Session, actor: Rep, who: Somebody, *titles: str) -> int:
    """Somebody orders these."""
    new = NewOrder(who.contact, tuple(Line(title, 100_000) for title in titles), "AMD", who.conversation, None, actor.id)
    return add_order(session, actor, new, "Asia/Yerevan", now=NOON).id


async def sold(store: Store, *titles: str, name: str = "ann") -> tuple[Rep, Somebody, int]:
    """A rep has sold these to somebody, and it is indexed."""
    rep = await store.write(lambda s: employ(s, f"rep of {name}", Role.REP))
    who = await store.write(lambda s: meet(s, name))
    number = await store.write(lambda s: order(s, rep, who, *titles))
    await catch_up(store)
    return rep, who, number


async def ordered(store: Store, words: str, actor: Actor = SYSTEM) -> Sequence[FoundOrder]:
    return (await look(store, words, actor)).orders


@pytest.mark.parametrize("words", ["oak", "oaks", "tables", "kaghne", "Կաղնե աթոռ", "կաղնի աթոռներ", "աթոռ", "chari", "2025-0001", "#2025-0001", "0001"])
async def test_an_order_is_found_by_its_number_and_the_words_of_its_lines(store: Store, words: str) -> None:
    _, _, number = await sold(store, "Oak table", "Կաղնե աթոռ", "Chair")
    await sold(store, "Wax", name="lee")
    [found] = await ordered(store, words)
    assert (found.order_id, found.number, found.what, found.state, found.name) == (number, "2025-0001", "Oak table, Կաղնե աթոռ, …", "new", "ann")


async def test_the_orders_of_whoever_was_found_are_found_too(store: Store) -> None:
    _, _, number = await sold(store, "Oak table", name="annabelle")
    assert [one.order_id for one in await ordered(store, "Аннабель")] == [number]


async def test_an_order_is_found_as_it_is_now(store: Store) -> None:
    rep, _, number = await sold(store, "Oak table")
    await store.write(lambda s: s.execute(update(OrderLine).values(title="Cedar table")))
    await store.write(lambda s: move(s, rep, number, OrderState.CONFIRMED, seen="new", now=NOON))
    await catch_up(store)
    assert await ordered(store, "oak") == ()
    assert [(one.what, one.state) for one in await ordered(store, "cedar")] == [("Cedar table", "confirmed")]


async def test_each_finds_the_orders_they_may_see(store: Store) -> None:
    nare, who, number = await sold(store, "Oak table")
    tigran, boss = await store.write(lambda s: employ(s, "tigran", Role.REP)), await store.write(employ)
    for actor, seen in ((nare, [number]), (boss, [number]), (tigran, [])):
        assert [one.order_id for one in await ordered(store, "oak", actor)] == seen
        assert [one.order_id for one in await ordered(store, "2025-0001", actor)] == seen
    await store.write(lambda s: s.execute(update(Member).where(Member.id == nare.id).values(active=0)))
    assert [one.order_id for one in await ordered(store, "oak", tigran)] == [number]
    await store.write(lambda s: block(s, SYSTEM, who.contact, True, now=NOON))
    assert await ordered(store, "oak", boss) == ()


async def test_whoever_is_erased_takes_their_orders_out_of_the_index(store: Store) -> None:
    _, who, _ = await sold(store, "Oak table")
    _, _, kept = await sold(store, "Pine table", name="lee")
    await store.write(lambda s: search_index.forget(s, [who.contact]))
    assert await rows(store, select(Findable.id).where(Findable.about == About.ORDER.value)) == [kept]
    assert await ordered(store, "oak") == ()
    assert await rows(store, select(Order.id).where(Order.id != kept)) != []


async def test_a_document_is_found_by_its_number_by_whoever_may_look_at_it(store: Store) -> None:
    nare, who, _ = await sold(store, "Oak table")
    tigran, boss = await store.write(lambda s: employ(s, "tigran", Role.REP)), await store.write(employ)

    def papers(session: Session) -> list[int]:
        deal = add_deal(session, nare, NewDeal(who.contact, "Oak", rep_id=nare.id, currency="AMD"), "en", now=NOON)
        facts = {
            "kind": "quote",
            "number": "Q-2025-0001",
            "contact_id": who.contact,
            "deal_id": deal.id,
            "language": "en",
            "currency": "AMD",
            "created_at": NOON,
        }
        numbers = list(take_ids(session, 2))
        add(session, Document, [{"id": number, **facts, "version": version} for version, number in enumerate(numbers, 1)])
        return numbers

    _, newest = await store.write(papers)
    for words in ("Q-2025-0001", " q-2025-0001 "):
        for actor, seen in ((nare, [newest]), (boss, [newest]), (tigran, [])):
            assert [one.document_id for one in (await look(store, words, actor)).papers] == seen
    assert (await look(store, "Q-2025-0002", boss)).papers == ()
