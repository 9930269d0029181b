"""Orders: made of a deal, numbered without gaps, stepped forth and back with their goods, told to the customer, answered when they ask."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import select, update

from crm.base.db import Session, Store
from crm.base.errors import Invalid, NotFound, Taken
from crm.base.events import Message, Sender
from crm.base.history import DomainEvent
from crm.base.i18n import LANGUAGES, translator
from crm.base.pricing import Line as Priced
from crm.base.rows import add, take_ids
from crm.base.settings import Company
from crm.base.time import DAY
from crm.conversations.assign import take
from crm.conversations.threads import Conversation
from crm.conversations.threads import Message as MessageRow
from crm.outbox.deliveries import Delivery
from crm.outbox.notices import NoticeRow
from crm.outreach import persons
from crm.outreach.channel import write_on
from crm.people import merge
from crm.people.contacts import Contact
from crm.sales import lines, order_steps, order_words, shipments, stock
from crm.sales.leads import Lead
from crm.sales.order_steps import OrderMoved
from crm.sales.order_words import Told
from crm.sales.orders import Line, NewOrder, Order, OrderLine, OrderState, add_order, by_number, next_number, order_of_deal, seen_order
from crm.sales.products import Offer, Product, add_product
from crm.sales.shipments import Shipment, ShipmentState
from tests.conftest import NOON
from tests.crm.fake import counts, hire, rows
from tests.crm.people.crowd import meet
from tests.crm.sales.ordered import Trade, boss, trade
from tests.crm.told import ANN, happen

BOB = Sender("bob", "Bob", language="en")


@pytest.fixture
async def ann(store: Store, company: Company) -> Trade:
    """Ann's order."""
    return await trade(store, company)


async def kinds(store: Store, subject: str = "order") -> list[str]:
    return await rows(store, select(DomainEvent.kind).where(DomainEvent.subject == subject).order_by(DomainEvent.id))


async def test_an_order_of_a_deal_has_its_money_its_owner_and_one_line(ann: Trade) -> None:
    order = await ann.now()
    assert (order.number, order.total, order.currency, order.rep_id, order.state) == ("2025-0001", 12_000_000, "AMD", ann.rep.id, "new")
    assert await rows(ann.store, select(OrderLine.title, OrderLine.total, OrderLine.quantity_m)) == [("An oak table", 12_000_000, 1000)]


async def test_one_press_makes_one_order_however_often_it_is_handled(ann: Trade) -> None:
    again = await ann.do(lambda s: order_of_deal(s, ann.rep, ann.deal, "Asia/Yerevan", once="one", now=NOON).id)
    assert again == ann.order
    assert await counts(ann.store, Order, OrderLine) == {"orders": 1, "order_lines": 1}


async def test_the_lines_of_an_order_are_those_of_its_deal_and_come_to_its_total(ann: Trade) -> None:
    goods = (Priced("Table", 2000, 5_000_000, discount_bp=1000), Priced("Oil", 500, 300_000, "l"))
    await ann.do(lambda s: lines.set_lines(s, ann.rep, ann.deal, goods, seen=lines.mark(()), now=NOON))
    assert await ann.do(lambda s: order_of_deal(s, ann.rep, ann.deal, "Asia/Yerevan", once="other", now=NOON).id) == ann.order
    await ann.step(OrderState.CANCELLED)
    number = await ann.do(lambda s: order_of_deal(s, ann.rep, ann.deal, "Asia/Yerevan", once="two", now=NOON).id)
    found = await rows(ann.store, select(OrderLine.title, OrderLine.quantity_m, OrderLine.total).where(OrderLine.order_id == number).order_by(OrderLine.place))
    assert found == [("Table", 2000, 9_000_000), ("Oil", 500, 150_000)]
    assert await rows(ann.store, select(Order.total).where(Order.id == number)) == [9_150_000]


async def test_numbers_have_no_gaps_and_begin_anew_each_year(ann: Trade) -> None:
    def broken(session: Session) -> None:
        next_number(session, 2025)
        raise Invalid("nothing came of it")

    with pytest.raises(Invalid):
        await ann.do(broken)
    made = await asyncio.gather(*(ann.do(lambda s: next_number(s, 2025)) for _ in range(5)))
    assert sorted(made) == [f"2025-{n:04}" for n in range(2, 7)]
    assert await ann.do(lambda s: next_number(s, 2026)) == "2026-0001"


async def test_an_order_has_the_number_of_the_firms_own_year(ann: Trade) -> None:
    late = 1_767_212_000_000  # 31 December 2025, 20:13 in London; New Year in Yerevan
    new = NewOrder((await ann.now()).contact_id, (Line("A table", 100),), "AMD")
    assert await ann.do(lambda s: add_order(s, ann.rep, new, "Asia/Yerevan", now=late).number) == "2026-0001"
    assert await ann.do(lambda s: add_order(s, ann.rep, new, "Europe/London", now=late).number) == "2025-0002"


async def test_steps_are_told_to_the_customer_once_and_steps_back_are_not(ann: Trade) -> None:
    await ann.step(OrderState.CONFIRMED)
    await ann.step(OrderState.SENT)
    assert (await ann.said())[-2:] == ["Your order 2025-0001 is confirmed.", "Your order 2025-0001 is on its way."]
    before = len(await ann.said())
    await ann.do(lambda s: order_steps.step_back(s, ann.rep, ann.order, seen="sent", now=NOON))
    assert (await ann.now()).state == "confirmed"
    await ann.step(OrderState.SENT)
    assert len(await ann.said()) == before
    assert await kinds(ann.store) == ["opened", "confirmed", "sent", "shipment", "confirmed", "shipment", "sent", "shipment"]


async def test_who_is_not_to_be_told_is_not(ann: Trade) -> None:
    before = len(await ann.said())
    await ann.do(lambda s: order_steps.let_know(s, ann.rep, ann.order, False, now=NOON))
    assert not (await ann.step(OrderState.CONFIRMED)).told
    assert len(await ann.said()) == before


async def test_a_step_back_into_a_state_they_never_heard_of_is_not_told_either(ann: Trade) -> None:
    await ann.do(lambda s: order_steps.let_know(s, ann.rep, ann.order, False, now=NOON))
    await ann.step(OrderState.CONFIRMED)
    await ann.step(OrderState.SENT)
    await ann.do(lambda s: order_steps.let_know(s, ann.rep, ann.order, True, now=NOON))
    before = len(await ann.said())
    assert not (await ann.do(lambda s: order_steps.step_back(s, ann.rep, ann.order, seen="sent", now=NOON))).told
    assert len(await ann.said()) == before


async def test_a_blocked_customer_hears_nothing(ann: Trade) -> None:
    before = len(await ann.said())
    await ann.do(lambda s: setattr(s.scalars(select(Contact)).one(), "blocked", 1))
    assert not (await ann.step(OrderState.CONFIRMED)).told
    assert len(await ann.said()) == before


async def test_the_second_of_two_who_press_changes_nothing(ann: Trade) -> None:
    await ann.step(OrderState.CONFIRMED)
    with pytest.raises(OrderMoved):
        await ann.step(OrderState.CANCELLED, seen=OrderState.NEW)
    assert (await ann.now()).state == "confirmed"
    await ann.step(OrderState.CONFIRMED, seen=OrderState.NEW)  # what is so already is no trouble
    assert await kinds(ann.store) == ["opened", "confirmed"]


async def test_only_whose_sight_covers_an_order_sees_and_changes_it(ann: Trade) -> None:
    other = await hire(ann.store, "nare")
    with pytest.raises(NotFound):
        await ann.store.read(lambda s: seen_order(s, other, ann.order))
    with pytest.raises(Taken):
        await ann.step(OrderState.CONFIRMED, who=other)
    await ann.step(OrderState.CONFIRMED, who=await boss(ann.store))


async def test_goods_are_promised_taken_out_and_free_again(ann: Trade) -> None:
    manager = await boss(ann.store)

    def stocked(session: Session) -> int:
        goods = add_product(session, manager, Offer("Table", 5_000_000, "AMD"), now=NOON)
        stock.count_is(session, manager, goods.id, 3000, once="c", now=NOON)
        new = NewOrder(session.scalars(select(Contact.id)).one(), (Line("Table", 10_000_000, 5_000_000, 2000, product_id=goods.id),), "AMD", rep_id=ann.rep.id)
        ann.order = add_order(session, ann.rep, new, "Asia/Yerevan", now=NOON).id
        return goods.id

    product = await ann.do(stocked)

    async def there() -> Sequence[tuple[int, int]]:
        return await rows(ann.store, select(Product.on_hand, Product.reserved).where(Product.id == product))

    await ann.step(OrderState.CONFIRMED)
    assert await there() == [(3000, 2000)]
    await ann.step(OrderState.SENT)
    assert await there() == [(1000, 0)]
    await ann.do(lambda s: order_steps.step_back(s, ann.rep, ann.order, seen="sent", now=NOON))
    assert await there() == [(3000, 2000)]
    await ann.step(OrderState.CANCELLED)
    assert await there() == [(3000, 0)]


async def test_steps_back_go_on_going_back_and_take_the_shipment_along(ann: Trade) -> None:
    for state in (OrderState.CONFIRMED, OrderState.SENT, OrderState.DELIVERED):
        await ann.step(state)
    for seen, then, way in (("delivered", "sent", "on_the_way"), ("sent", "confirmed", "packed"), ("confirmed", "new", "packed")):
        came = await ann.do(lambda s, seen=seen: order_steps.step_back(s, ann.rep, ann.order, seen=seen, now=NOON))  # type: ignore[misc]
        assert (came.order.state, came.told) == (then, False)
        assert await rows(ann.store, select(Shipment.state)) == [way]
    await ann.step(OrderState.CONFIRMED)
    await ann.step(OrderState.CANCELLED)
    came = await ann.do(lambda s: order_steps.step_back(s, ann.rep, ann.order, seen="cancelled", now=NOON))
    assert came.order.state == "confirmed"


async def test_a_shipment_is_one_until_it_comes_back(ann: Trade) -> None:
    await ann.do(lambda s: shipments.carry(s, ann.rep, ann.order, "Haypost", "RR123AM", now=NOON))
    await ann.step(OrderState.SENT)
    await ann.do(lambda s: shipments.went(s, ann.rep, ann.order, ShipmentState.RETURNED, now=NOON))
    await ann.do(lambda s: shipments.went(s, ann.rep, ann.order, ShipmentState.ON_THE_WAY, now=NOON))
    assert await rows(ann.store, select(Shipment.state, Shipment.tracking).order_by(Shipment.id)) == [("returned", "RR123AM"), ("on_the_way", "")]


async def test_where_is_my_order_is_answered_with_carrier_number_and_what_is_owed(ann: Trade) -> None:
    await ann.do(lambda s: shipments.carry(s, ann.rep, ann.order, "Haypost", "RR123AM", now=NOON))
    await ann.step(OrderState.SENT)
    await happen(ann.store, ann.company, Message(ANN, "m2", "Where is my order?", NOON))
    answer = (await ann.said())[-1]
    assert answer == "Order 2025-0001: on its way.\nCarried by: Haypost\nIts number there: RR123AM\nTo pay: ֏120,000"


async def test_several_orders_are_all_told_and_old_ones_are_not(ann: Trade) -> None:
    await ann.step(OrderState.DELIVERED)
    person = (await ann.now()).contact_id
    await ann.do(lambda s: add_order(s, ann.rep, NewOrder(person, (Line("Oil", 0),), "AMD"), "Asia/Yerevan", now=NOON))
    await happen(ann.store, ann.company, Message(ANN, "m2", "where is my order", NOON))
    assert "Order 2025-0002: we have it" in (await ann.said())[-1]
    assert "Order 2025-0001: delivered." in (await ann.said())[-1]
    await happen(ann.store, ann.company, Message(ANN, "m3", "where is my order", NOON + 15 * DAY), now=NOON + 15 * DAY)
    assert "2025-0001" not in (await ann.said())[-1]


async def test_who_has_no_order_is_told_so_and_a_person_is_called(ann: Trade) -> None:
    await happen(ann.store, ann.company, Message(BOB, "b1", "where is my order?", NOON))
    assert "We do not find an order of yours here" in (await ann.said())[-1]
    assert "2025-0001" not in "".join((await ann.said())[1:])
    assert await rows(ann.store, select(NoticeRow.id).where(NoticeRow.kind == "person_called"))


async def test_who_asks_for_their_order_and_is_told_waits_for_nobody(ann: Trade) -> None:
    talk = select(Conversation.waiting_since, Conversation.unread, Conversation.last_heard_id, Conversation.person_called)
    closed = update(Lead).values(open_contact_id=None, status="won"), update(Conversation).values(waiting_since=0, unread=0, status="closed")
    await ann.do(lambda s: [s.execute(one) for one in closed])
    [before] = await rows(ann.store, talk)
    await happen(ann.store, ann.company, Message(ANN, "m2", "Where is my order?", NOON))
    assert "Order 2025-0001" in (await ann.said())[-1]
    assert await rows(ann.store, talk) == [before]
    assert await counts(ann.store, Lead) == {"leads": 1}
    await happen(ann.store, ann.company, Message(ANN, "m3", "I need another one", NOON))
    [(waiting, unread, _, _)] = await rows(ann.store, talk)
    assert waiting
    assert unread == 1
    assert await counts(ann.store, Lead) == {"leads": 2}


async def test_who_has_no_order_to_be_told_of_waits_for_the_person_who_is_called(ann: Trade) -> None:
    await happen(ann.store, ann.company, Message(BOB, "b1", "where is my order?", NOON))
    talk = select(Conversation.waiting_since, Conversation.unread, Conversation.person_called).where(Conversation.address == "bob")
    assert await rows(ann.store, talk) == [(NOON, 1, 1)]


async def test_while_a_rep_talks_the_bot_answers_a_button_and_not_words(ann: Trade) -> None:
    [talk] = await rows(ann.store, select(Conversation.id))
    await ann.do(lambda s: take(s, ann.rep, talk, now=NOON))
    before = len(await ann.said())
    await happen(ann.store, ann.company, Message(ANN, "m2", "where is my order", NOON))
    assert len(await ann.said()) == before
    await ann.press("order:")
    assert "Order 2025-0001" in (await ann.said())[-1]


async def test_an_order_is_found_by_its_number_however_it_is_written(ann: Trade) -> None:
    for typed in ("2025-0001", " #2025-0001 ", "№ 2025-0001"):
        assert await ann.store.read(lambda s, typed=typed: getattr(by_number(s, typed), "id", 0)) == ann.order  # type: ignore[misc]
    assert await ann.store.read(lambda s: by_number(s, "2025-0002")) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_order_reads_in_every_language(language: str) -> None:
    one = Told("2025-0001", OrderState.SENT, 100_00, "AMD", ShipmentState.ON_THE_WAY, "Haypost", "RR1", "2025-12-31")
    words = order_words.where(translator(language), [one])
    assert "{" not in words
    assert "RR1" in words
    assert order_words.step(translator(language), one)


async def test_the_orders_of_two_who_were_found_to_be_one_are_told_together_and_apart_again(ann: Trade) -> None:
    await happen(ann.store, ann.company, Message(BOB, "b1", "hello", NOON))
    manager, person = await boss(ann.store), (await ann.now()).contact_id
    [other] = await rows(ann.store, select(Contact.id).where(Contact.id != person))
    link = await ann.do(lambda s: merge.join(s, manager, person, other, now=NOON))
    await ann.press("order:", BOB)
    assert "Order 2025-0001" in (await ann.said())[-1]
    await ann.do(lambda s: merge.part(s, manager, link, now=NOON))
    await ann.press("order:", BOB, now=NOON + 1)
    assert "We do not find an order" in (await ann.said())[-1]


async def test_news_of_an_order_goes_where_it_was_spoken_of_unless_another_channel_was_chosen_or_is_where_they_answer(ann: Trade) -> None:
    rep = await boss(ann.store)
    first = (await ann.now()).contact_id
    other = await ann.do(lambda s: meet(s, "ann@x", "mail", now=NOON - 9 * DAY, interested=False))
    await ann.do(lambda s: persons.merged(s, rep, first, other.contact, now=NOON))
    later = NOON + 5 * DAY
    await ann.step(OrderState.CONFIRMED, now=later)
    await ann.do(lambda s: write_on(s, rep, first, other.identity, (), now=later))
    await ann.step(OrderState.SENT, now=later)
    await ann.do(lambda s: write_on(s, rep, first, 0, (), now=later))

    def answered(session: Session) -> None:
        ids, said = take_ids(session, 4), {"conversation_id": other.conversation, "text": "ok", "kind": "message"}
        for place, author in enumerate(("bot", "contact", "bot", "contact")):
            add(session, MessageRow, [{"id": next(ids), **said, "author": author, "at": later + place}])

    await ann.do(answered)
    await ann.step(OrderState.DELIVERED, now=later + DAY)
    told = await rows(ann.store, select(Delivery.address).where(Delivery.created_at >= later).order_by(Delivery.id))
    assert told == ["ann", "ann@x", "ann@x"]
