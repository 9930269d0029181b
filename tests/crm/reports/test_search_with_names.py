"""A name and words together: what holds the one where its person is called the other, among what one may see."""

from crm.base.actors import Role
from crm.base.db import Session, Store
from crm.conversations import assign
from crm.people.contacts import Contact, block
from crm.sales.deals import NewDeal, add_deal
from crm.sales.orders import Line, NewOrder, add_order
from tests.conftest import NOON
from tests.crm.people.crowd import Somebody, employ, meet
from tests.crm.reports.finding import SYSTEM, catch_up, look, said, say


async def two(store: Store) -> tuple[Somebody, list[int]]:
    """Two people who say the same; the messages of the first."""
    nare = await store.write(lambda s: meet(s, "n1", platform_name="Նարե Պետրոսյան"))
    other = await store.write(lambda s: meet(s, "o1", platform_name="Gor Hakobyan"))
    words = "A walnut table, please"
    mine = await store.write(lambda s: say(s, nare.conversation, words))
    await store.write(lambda s: say(s, other.conversation, words))
    await catch_up(store)
    return nare, mine


async def test_a_name_and_a_word_of_a_message_find_what_that_person_said(store: Store) -> None:
    nare, mine = await two(store)
    for words in ("nare walnut", "walnut nare", "nare petrosyan tables", "Наре wal", "nar walnut table"):
        assert await said(store, words) == mine
    for words in ("gor nare", "nare cedar", "nare gor walnut"):
        assert await said(store, words) == []
    await store.write(lambda s: block(s, SYSTEM, nare.contact, blocked=True, now=NOON))
    assert await said(store, "nare walnut") == []


async def test_what_is_somebody_elses_is_not_found_with_a_name_either(store: Store) -> None:
    nare, mine = await two(store)
    mariam, tigran = await store.write(lambda s: employ(s, "mariam", Role.REP)), await store.write(lambda s: employ(s, "tigran", Role.REP))
    await store.write(lambda s: assign.take(s, mariam, nare.conversation, now=NOON))
    assert (await said(store, "nare walnut", mariam), await said(store, "nare walnut", tigran)) == (mine, [])


async def test_whoever_was_found_to_be_the_same_is_found_by_either_name(store: Store) -> None:
    nare, mine = await two(store)

    def wed(session: Session) -> None:
        other = meet(session, "n2", platform_name="Ashkhen", interested=False)
        session.get_one(Contact, other.contact).root_id = nare.contact

    await store.write(wed)
    await catch_up(store)
    assert await said(store, "ashkhen walnut") == mine


async def test_deals_and_orders_are_found_so_too(store: Store) -> None:
    nare, _ = await two(store)

    def sold(session: Session) -> tuple[int, int]:
        deal = add_deal(session, SYSTEM, NewDeal(nare.contact, "Cedar wardrobe", "AMD", rep_id=None), "en", now=NOON)
        order = add_order(session, SYSTEM, NewOrder(nare.contact, (Line("Linden shelf", 100),), "AMD"), "UTC", now=NOON)
        return deal.id, order.id

    deal, order = await store.write(sold)
    await catch_up(store)
    assert [one.deal_id for one in (await look(store, "nare cedar")).deals] == [deal]
    assert [one.order_id for one in (await look(store, "linden nare")).orders] == [order]
    found = await look(store, "gor cedar")
    assert (found.deals, found.orders, found.said) == ((), (), ())
