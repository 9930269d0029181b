"""What changes about an order at the staff's hands: its lines until it leaves, and money that a bank tells of a second time."""

from sqlalchemy import select, update

from bots.staff.menus import MOST
from crm.base.actors import Rep, Role
from crm.base.db import Session
from crm.base.events import Message
from crm.base.paid import Payment
from crm.conversations.threads import Message as Heard
from crm.documents.documents import Kind
from crm.sales import order_address, papers
from crm.sales.orders import Order, OrderLine, OrderState
from crm.sales.payments import Money, due_of_order, enter
from tests.bots.staff.office import Office
from tests.bots.staff.test_deals import labels, said, walk
from tests.bots.staff.test_orders import ANN, entries, happens, ordered
from tests.bots.staff.test_taps import tap_twice


async def lines(office: Office) -> list[tuple[str, int, int]]:
    wanted = select(OrderLine.title, OrderLine.quantity_m, OrderLine.total).order_by(OrderLine.place)
    return [tuple(row) for row in await office.store.read(lambda s: s.execute(wanted).all())]  # type: ignore[misc]


async def test_what_is_ordered_is_counted_priced_added_and_taken_back_by_buttons(office: Office) -> None:
    await office.member("ruben")
    post = await walk(office, "ruben", await ordered(office), "🛒 Products")
    assert "1. " in str(post["text"])
    assert labels(post) == ["One line…", "A line of words", "Back"]
    one = await walk(office, "ruben", post, "One line…", "+ 1")
    assert "× 2: ֏500,000" in str(one["text"])
    one = await walk(office, "ruben", one, "Price")
    post = await said(office, "ruben", "200 000")
    assert "֏400,000" in str(post["text"])
    assert "As in the deal" in labels(post)
    await walk(office, "ruben", post, "A line of words")
    post = await said(office, "ruben", "Delivery; 2000")
    assert "Total: ֏402,000" in str(post["text"])
    [(_, *table), delivery] = await lines(office)
    assert (table, delivery) == ([2000, 40_000_000], ("Delivery", 1000, 200_000))
    post = await walk(office, "ruben", post, "Undo")
    assert "Delivery" not in str(post["text"])
    post = await walk(office, "ruben", post, "As in the deal")
    assert "Total: ֏250,000" in str(post["text"])
    post = await walk(office, "ruben", post, "Back")
    assert "֏250,000" in str(post["text"])
    assert len(labels(post)) <= MOST


async def test_undo_tapped_twice_takes_one_change_back(office: Office) -> None:
    await office.member("ruben")
    post = await walk(office, "ruben", await ordered(office), "🛒 Products", "A line of words")
    post = await said(office, "ruben", "Delivery; 2000")
    await tap_twice(office, post, "Undo")
    assert len(await lines(office)) == 1


async def test_the_last_line_cannot_be_typed_away_in_silence(office: Office) -> None:
    await office.member("ruben")
    await walk(office, "ruben", await ordered(office), "🛒 Products", "One line…")
    answer = await said(office, "ruben", "0")
    assert "An order needs a line" in str(answer["text"])
    assert len(await lines(office)) == 1


async def test_the_last_line_stays_and_a_typed_quantity_counts(office: Office) -> None:
    await office.member("ruben")
    post = await walk(office, "ruben", await ordered(office), "🛒 Products", "One line…")
    await office.press("ruben", post, "Take it out")
    assert len(await lines(office)) == 1
    post = await said(office, "ruben", "0.5")
    assert "֏125,000" in str(post["text"])
    await walk(office, "ruben", post, "One line…")
    wrong = await said(office, "ruben", "many")
    assert "I cannot read that" in str(wrong["text"])


async def test_what_has_left_is_not_changed_by_an_old_button(office: Office) -> None:
    await office.member("ruben")
    post = await walk(office, "ruben", await ordered(office), "🛒 Products")
    await office.store.write(lambda s: setattr(s.scalars(select(Order)).one(), "state", OrderState.SENT.value))
    post = await walk(office, "ruben", post, "A line of words")
    answer = await said(office, "ruben", "Delivery; 2000")
    assert "· sent" in str(answer["text"])
    assert "🛒 Products" not in labels(answer)
    assert len(await lines(office)) == 1


async def test_an_invoice_that_asks_for_something_else_is_named(office: Office) -> None:
    ruben: Rep = await office.member("ruben")
    post = await ordered(office)

    def billed(session: Session) -> None:
        deal = session.scalars(select(Order.deal_id)).one()
        paper = papers.draft_of(session, ruben, deal or 0, Kind.INVOICE, office.company, once="i", now=office.now())
        papers.send(session, ruben, paper.id, office.company, once="send", now=office.now())

    await office.store.write(billed)
    post = await walk(office, "ruben", post, "🛒 Products")
    assert "Invoice" not in str(post["text"])
    post = await walk(office, "ruben", post, "One line…", "+ 1", "Back")
    assert "Invoice I-2025-0001 says ֏250,000" in str(post["text"])


async def test_the_same_money_told_by_a_bank_is_asked_about_and_decided_in_a_tap(office: Office) -> None:
    ruben: Rep = await office.member("ruben")
    await office.member("mariam", Role.MANAGER)
    await ordered(office)
    order = await office.store.read(lambda s: s.scalars(select(Order)).one())
    cash = Money(25_000_000, "AMD", office.now(), "Idram")
    await office.store.write(lambda s: enter(s, ruben, due_of_order(s, s.get_one(Order, order.id)), cash, once="hand", now=office.now()).id)
    await happens(office, Payment("b1", order.number, 25_000_000, "AMD", office.now(), "Idram"))
    asked = await office.find("ruben", "Is it the same money?")
    assert labels(asked)[:3] == ["Yes, the same", "No, another one", "Whose is it…"]
    await office.press("ruben", asked, "Yes, the same")
    assert await entries(office) == [("confirmed", 25_000_000), ("same", 25_000_000)]
    post = await office.find("ruben", "the same as another")
    await office.press("ruben", post, "Undo")
    post = await office.last("ruben")
    await office.press("ruben", post, "No, another one")
    assert [state for state, _ in await entries(office)] == ["confirmed", "confirmed"]


async def test_a_customer_is_asked_where_it_goes_and_the_answer_is_taken_over_in_a_tap(office: Office) -> None:
    await office.member("ruben")
    post = await walk(office, "ruben", await ordered(office), "📍 Address")
    post = await walk(office, "ruben", post, "Ask the customer")
    assert "Where shall order" in office.letters.texts[-1]
    await happens(office, Message(ANN, "where", "7 Tumanyan Street, apt 4", office.now()))
    await office.store.write(lambda s: order_address.answers_due(s, now=office.now()))
    await office.show()
    offer = await office.find("ruben", "the customer wrote where it goes")
    assert "7 Tumanyan Street" in str(offer["text"])
    post = await walk(office, "ruben", offer, "✔ Take it over")
    assert "7 Tumanyan Street" in str(post["text"])
    assert "1 Abovyan" not in str(post["text"])


async def test_an_address_that_was_deleted_before_anybody_heard_of_it_is_no_news(office: Office) -> None:
    await office.member("ruben")
    post = await walk(office, "ruben", await ordered(office), "📍 Address")
    await walk(office, "ruben", post, "Ask the customer")
    await happens(office, Message(ANN, "where", "7 Tumanyan Street, apt 4", office.now()))
    await office.store.write(lambda s: order_address.answers_due(s, now=office.now()))
    await office.store.write(lambda s: s.execute(update(Heard).where(Heard.external_id == "where").values(text="", deleted_at=office.now())) and None)
    await office.show()
    assert "the customer wrote where it goes" not in str(await office.last("ruben"))
