"""Orders and money at the staff's hands: made of a deal, stepped by buttons, asked for, claimed by the customer, decided in a tap."""

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import select

from bots.staff.menus import MOST
from bots.staff.orders import card_line
from bots.turn import turn
from crm.base.actors import Rep, Role
from crm.base.events import Event, MediaKind, MediaRef, Message, Postback, RawEvent, Sender
from crm.base.i18n import translator
from crm.base.outbound import Say
from crm.base.paid import Payment
from crm.inbox.log import keep
from crm.inbox.process import Claimed, Rules, read, step
from crm.reports.orders import CardOrder
from crm.sales import asking, order_late
from crm.sales.ledger import Payment as Entry
from crm.sales.orders import Order, OrderState
from tests.bots.staff.office import Office
from tests.bots.staff.test_deals import deal_of, labels, said, walk

Post = dict[str, object]
ANN = Sender("ann", "Ann Lee", language="en")


async def ordered(office: Office) -> Post:
    """An order of Ann Lee's deal of 250,000 drams, as its post; it goes to 1 Abovyan Street."""
    post = await walk(office, "ruben", await deal_of(office), "Amount")
    await said(office, "ruben", "250 000")
    post = await walk(office, "ruben", await office.find("ruben", "Whose:"), "More…")
    while not any("📦 Order" in label for label in labels(post)):
        post = await walk(office, "ruben", post, "More…")
    await office.press("ruben", post, "📦 Order")
    return await said(office, "ruben", "1 Abovyan Street")


async def happens(office: Office, event: Event) -> None:
    """A platform tells something."""
    body = json.dumps(repr(event)).encode()
    await office.store.gather(keep, [RawEvent("letters", repr(event), "letters:ann", body, office.now())])
    rules, now, batch = Rules(turn, office.company), office.now(), tuple[Claimed, ...]()
    while batch := await office.store.write(lambda s, done=batch: step(s, done, rules, now=now)):  # type: ignore[misc]
        batch = read(batch, lambda raw: [event])
    await office.show()


async def entries(office: Office) -> Sequence[tuple[str, int]]:
    rows = await office.store.read(lambda s: s.execute(select(Entry.state, Entry.amount).order_by(Entry.id)).all())
    return [(row.state, row.amount) for row in rows]


async def last_words(office: Office) -> str:
    return office.letters.texts[-1]


async def test_an_order_is_made_of_a_deal_and_goes_its_way_by_buttons(office: Office) -> None:
    await office.member("ruben")
    post = await ordered(office)
    text = str(post["text"])
    assert "0001" in text
    assert "֏250,000" in text
    assert "1 Abovyan Street" in text
    assert len(labels(post)) <= MOST
    post = await walk(office, "ruben", post, "👍 Confirm")
    assert "is confirmed" in await last_words(office)
    post = await walk(office, "ruben", post, "Shipment…", "Carrier and number")
    post = await said(office, "ruben", "Haypost, RR123456789AM")
    post = await walk(office, "ruben", post, "Shipment…", "Expected day", "In 3 days", "🚚 Sent")
    assert "Its number there: RR123456789AM" in await last_words(office)
    assert "on the way · " in str(post["text"])
    post = await walk(office, "ruben", post, "📬 Delivered")
    assert "is delivered" in await last_words(office)
    back = await walk(office, "ruben", post, "More…", "↩ A step back")
    assert "· sent" in str(back["text"])


async def test_a_second_press_shows_the_order_that_is_there(office: Office) -> None:
    await office.member("ruben")
    post = await walk(office, "ruben", await ordered(office), "More…")
    await office.press("ruben", post, "💼 Deal")
    deal = [one for one in await office.chat("ruben") if "Stage:" in str(one["text"])][-1]
    post = await walk(office, "ruben", deal, "More…")
    while "📦 Order" not in labels(post):
        post = await walk(office, "ruben", post, "More…")
    await office.press("ruben", post, "📦 Order")
    assert "0001" in str((await office.last("ruben"))["text"])
    assert len(await office.store.read(lambda s: s.scalars(select(Order.id)).all())) == 1


async def test_who_was_too_late_is_told_so(office: Office) -> None:
    await office.member("ruben")
    post = await walk(office, "ruben", await ordered(office), "👍 Confirm")
    await office.store.write(lambda s: setattr(s.scalars(select(Order)).one(), "state", "cancelled"))
    sent = len(office.letters.sent)
    post = await walk(office, "ruben", post, "🚚 Sent")
    assert "· cancelled" in str(post["text"])
    assert "Run it on" in labels(post)
    assert len(office.letters.sent) == sent


async def test_a_customer_is_asked_says_they_have_paid_and_it_is_confirmed_in_a_tap(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await office.member("ruben")
    page = await said(office, "mariam", "/payways")
    page = await walk(office, "mariam", page, "A new way to pay", "📱 Wallet")
    await said(office, "mariam", "Idram: 101 202 303")
    post = await ordered(office)
    shown = await walk(office, "ruben", post, "💳 Ask for payment")
    assert "Idram" in str(shown["text"])
    asked = len(office.letters.sent)
    post = await walk(office, "ruben", shown, "💳 Ask for payment")
    [(_, letter)] = office.letters.sent[asked:]
    assert isinstance(letter, Say)
    assert "please pay ֏250,000" in letter.text
    await happens(office, Postback(ANN, "p1", letter.buttons[0][0].value, office.now()))
    assert "We will check it" in await last_words(office)
    claim = await office.find("ruben", "says they have paid ֏250,000")
    await office.press("ruben", claim, "✔ It came")
    assert "We have received ֏250,000" in await last_words(office)
    assert await entries(office) == [("confirmed", 25_000_000)]
    order = await office.store.read(lambda s: s.scalars(select(Order)).one())
    assert order.paid_at
    await office.press("ruben", await office.find("ruben", "· came"), "📦 Order")
    paid = await office.last("ruben")
    assert "Paid in full\n" in str(paid["text"])
    assert "💳 Ask for payment" not in labels(paid)
    await office.press("ruben", await office.find("ruben", "· came"), "Undo")
    assert await entries(office) == [("claimed", 25_000_000)]


async def receipt(office: Office) -> Post:
    """The post with the picture of a receipt that Ann Lee has sent for her order."""
    await office.member("ruben")
    post = await ordered(office)
    await walk(office, "ruben", post, "💳 Ask for payment", "💳 Ask for payment")
    picture = MediaRef(MediaKind.PHOTO, "ref", "receipt.jpg", "image/jpeg", 4)
    await happens(office, Message(ANN, "pic", "", office.now(), (picture,)))
    await office.store.write(lambda s: asking.receipts_due(s, now=office.now()))
    pressed = [sent.buttons[0][0].value for _, sent in office.letters.sent if isinstance(sent, Say) and sent.buttons]
    await happens(office, Postback(ANN, "p1", next(value for value in pressed if value.startswith("paid:")), office.now()))
    assert "Thank you for the receipt!" in await last_words(office)
    from crm.conversations.media import arrived
    from crm.conversations.threads import Attachment

    number = await office.store.read(lambda s: s.scalars(select(Attachment.id)).one())
    await office.store.write(lambda s: arrived(s, number, "cat", 4, now=office.now()))
    await office.show()
    return next(post for post in await office.chat("ruben") if "has sent a receipt" in str(post.get("caption", post.get("text"))))


async def test_a_picture_of_a_receipt_comes_to_the_rep_and_another_amount_is_typed(office: Office) -> None:
    await office.press("ruben", await receipt(office), "Another amount")
    await said(office, "ruben", "100 000")
    assert await entries(office) == [("confirmed", 10_000_000)]
    assert "Left to pay: ֏150,000" in await last_words(office)


async def test_a_second_tap_under_a_picture_posts_nothing_twice_and_a_later_press_is_answered_anew(office: Office) -> None:
    claim = await receipt(office)

    async def tapped() -> list[Post]:
        await office.hands.do("ruben", "click", bot="staff", message_id=claim["message_id"], button="✔ It came", wait=0)
        await office.listen()
        office.ahead += 2_000
        await office.drain_staff()
        return [post for post in await office.chat("ruben") if str(post["text"]).startswith("💳 ") and "· came" in str(post["text"])]

    [first] = await tapped()
    assert [post["message_id"] for post in await tapped()] == [first["message_id"]]
    await office.press("ruben", first, "Undo")
    assert await entries(office) == [("claimed", 25_000_000)]
    assert len({post["message_id"] for post in await tapped()} - {first["message_id"]}) == 1
    assert await entries(office) == [("confirmed", 25_000_000)]


async def test_what_did_not_come_is_told_and_what_is_no_receipt_is_not(office: Office) -> None:
    await office.member("ruben")
    post = await ordered(office)
    await walk(office, "ruben", post, "💳 Ask for payment", "💳 Ask for payment")
    value = next(sent.buttons[0][0].value for _, sent in office.letters.sent[::-1] if isinstance(sent, Say) and sent.buttons)
    await happens(office, Postback(ANN, "p1", value, office.now()))
    await office.press("ruben", await office.find("ruben", "says they have paid"), "Not received")
    assert "We do not see your payment" in await last_words(office)
    before = len(office.letters.sent)
    await happens(office, Postback(ANN, "p2", value, office.now()))
    claim = [post for post in await office.chat("ruben") if "says they have paid" in str(post["text"])][-1]
    after = len(office.letters.sent)
    await office.press("ruben", claim, "Not a receipt")
    assert len(office.letters.sent) == after == before + 1
    assert await entries(office) == [("rejected", 25_000_000), ("rejected", 25_000_000)]


async def test_cash_part_of_it_and_money_back_are_written_down_by_hand(office: Office) -> None:
    await office.member("ruben")
    post = await ordered(office)
    await walk(office, "ruben", post, "💵 Money came", "💵 Cash")
    post = await said(office, "ruben", "50 000")
    assert "Paid: ֏50,000, to pay: ֏200,000" in str(post["text"])
    post = await walk(office, "ruben", post, "💵 Money came", "💵 Cash", "All: ֏200,000")
    assert "Paid in full" in str(post["text"])
    await walk(office, "ruben", post, "More…", "Payments", "Money back")
    post = await said(office, "ruben", "20 000")
    assert "to pay: ֏20,000" in str(post["text"])
    assert await entries(office) == [("confirmed", 5_000_000), ("confirmed", 20_000_000), ("confirmed", -2_000_000)]


async def test_who_writes_down_what_somebody_else_wrote_down_meanwhile_is_told_so(office: Office) -> None:
    await office.member("ruben")
    await office.member("mariam", Role.MANAGER)
    await ordered(office)
    asked = await walk(office, "ruben", await office.find("ruben", "1 Abovyan Street"), "💵 Money came", "💵 Cash")
    theirs = await said(office, "mariam", "/order")
    await office.press("mariam", theirs, next(label for label in labels(theirs) if "0001" in label))
    theirs = await walk(office, "mariam", await office.last("mariam"), "💵 Money came", "💵 Cash", "All: ֏250,000")
    assert "Paid in full" in str(theirs["text"])
    await office.press("ruben", asked, "All: ֏250,000")
    assert await entries(office) == [("confirmed", 25_000_000)]


async def test_a_bank_tells_of_money_and_what_nobody_knows_waits_for_a_manager(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await office.member("ruben")
    await ordered(office)
    order = await office.store.read(lambda s: s.scalars(select(Order)).one())
    await happens(office, Payment("b1", order.number, 5_000_000, "AMD", office.now(), "Idram"))
    assert "Left to pay: ֏200,000" in str((await office.find("ruben", "֏50,000 came for"))["text"])
    await happens(office, Payment("b2", "X-77", 20_000_000, "", office.now()))
    stray = await office.find("mariam", "there is no such order")
    await office.press("mariam", stray, "Whose is it…")
    wrong = await said(office, "mariam", "1999-0001")
    assert "I cannot read that" in str(wrong["text"])
    await said(office, "mariam", order.number)
    paid = await office.store.read(lambda s: s.scalars(select(Order)).one())
    assert paid.paid_at


async def test_money_nobody_knows_is_found_again_put_aside_and_taken_up_again(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await happens(office, Payment("b2", "X-77", 20_000_000, "", office.now()))
    await office.press("mariam", await office.find("mariam", "there is no such order"), "Not ours")
    assert await entries(office) == [("rejected", 20_000_000)]
    await office.press("mariam", await office.find("mariam", "not ours"), "Undo")
    assert await entries(office) == [("confirmed", 20_000_000)]
    listed = await said(office, "mariam", "/order")
    await office.press("mariam", listed, "💳 Payments to check")
    post = await office.find("mariam", "wait for your word")
    assert "X-77" in str(post["text"])
    await office.press("mariam", post, "1. ֏200,000")
    await office.press("mariam", await office.find("mariam", "nobody knows whose it is"), "Not ours")
    assert "Payments to check" not in str(labels(await said(office, "mariam", "/order")))


async def test_the_list_tells_what_runs_what_is_owed_and_how_fast_people_pay(office: Office) -> None:
    await office.member("ruben")
    post = await ordered(office)
    listed = await said(office, "ruben", "/order")
    assert "1 order runs" in str(listed["text"])
    assert "To be paid: ֏250,000" in str(listed["text"])
    await walk(office, "ruben", post, "💵 Money came", "💵 Cash", "All:")
    listed = await said(office, "ruben", "/order")
    assert "Paid within" not in str(listed["text"])
    assert "To be paid" not in str(listed["text"])


async def test_an_order_is_typed_from_a_card(office: Office) -> None:
    await office.member("ruben")
    await office.letter("Hello")
    await office.show()
    await office.press("ruben", await office.find("ruben", "Ann Lee"), "⋯ More")
    await office.press("ruben", await office.find("ruben", "What shall it be about"), "📦 Orders")
    await office.press("ruben", await office.find("ruben", "has no order yet"), "New order")
    await office.press("ruben", await office.find("ruben", "What is ordered?"), "✍️ Type what it is")
    again = await said(office, "ruben", "Oil; dear")
    assert "I cannot read that" in str(again["text"])
    await said(office, "ruben", "Oak table; 120 000\nOil; 3 500\nA visit")
    shown = await office.find("ruben", "Total:")
    assert "֏123,500" in str(shown["text"])
    shown = await said(office, "ruben", "1 Abovyan Street")
    assert "1 Abovyan Street" in str(shown["text"])


async def test_an_order_that_is_late_is_told_of_once(office: Office) -> None:
    await office.member("ruben")
    post = await ordered(office)
    await walk(office, "ruben", post, "👍 Confirm")
    post = await office.find("ruben", "· confirmed")
    await walk(office, "ruben", post, "Shipment…", "Expected day", "Today")
    later = office.now() + 2 * 86_400_000
    assert await office.store.write(lambda s: order_late.late_due(s, office.company, now=later)) == 1
    assert await office.store.write(lambda s: order_late.late_due(s, office.company, now=later)) == 0
    await office.show()
    assert "should have been there by now" in str((await office.find("ruben", "should have been"))["text"])


async def test_an_order_is_found_by_its_number(office: Office) -> None:
    await office.member("ruben")
    await ordered(office)
    order = await office.store.read(lambda s: s.scalars(select(Order)).one())
    assert order.number in str((await said(office, "ruben", f"/order {order.number}"))["text"])
    assert "no such order" in str((await said(office, "ruben", "/order 1999-0001"))["text"])


async def test_the_card_of_a_person_shows_the_newest_order_as_it_is_now(office: Office) -> None:
    await office.member("ruben")
    post = await ordered(office)
    await office.show()
    number = await office.store.read(lambda s: s.scalars(select(Order.number)).one())
    assert f"📦 {number} · new · to pay ֏250,000" in str((await office.find("ruben", "Lead:"))["text"])
    await walk(office, "ruben", post, "👍 Confirm", "🚚 Sent")
    await office.show()
    assert f"📦 {number} · sent · to pay ֏250,000" in str((await office.find("ruben", "Lead:"))["text"])
    await walk(office, "ruben", post, "💵 Money came", "💵 Cash")
    await said(office, "ruben", "100 000")
    await office.show()
    assert f"📦 {number} · sent · to pay ֏150,000" in str((await office.find("ruben", "Lead:"))["text"])


@pytest.mark.parametrize(
    ("changes", "seen"),
    [
        ({}, "📦 2025-0001 · new · to pay ֏500"),
        ({"to_pay": 0, "state": OrderState.DELIVERED}, "📦 2025-0001 · delivered"),
        ({"state": OrderState.CANCELLED}, "📦 2025-0001 · cancelled"),
        ({"rep_id": 9, "owner": "Nare"}, "📦 An order of \u2068Nare\u2069"),
        ({"rep_id": 9, "owner": "Nare", "state": OrderState.DELIVERED}, ""),
    ],
)
def test_an_order_on_a_card_is_told_as_far_as_its_reader_may_see(changes: dict[str, object], seen: str) -> None:
    one = replace(CardOrder(1, "2025-0001", OrderState.NEW, 50_000, "AMD", None, ""), **changes)  # type: ignore[arg-type]
    assert card_line(translator("en"), Rep(7, Role.REP, "Ruben", "en", "ruben"), one) == seen
    whole = card_line(translator("en"), Rep(8, Role.MANAGER, "Mariam", "en", "mariam"), one)
    assert whole.startswith("📦 2025-0001")
