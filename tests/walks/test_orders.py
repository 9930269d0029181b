"""From a deal to an order that is paid and delivered, by buttons alone: the customer asks where it is, says they have paid, and is told each step."""

import pytest

from sandbox.telegram.shapes import Json
from tests.walks.desk import Desk, Phone, labels
from tests.walks.test_deals import new_deal

pytestmark = pytest.mark.asyncio(loop_scope="session")
STATE = "SELECT o.state, o.paid_at > 0 FROM orders o JOIN contacts c ON c.id = o.contact_id WHERE c.platform_name = ?"


async def ordered(rep: Phone, who: str) -> Json:
    """An order of 250,000 drams of somebody who has just written, as its post."""
    post = await new_deal(rep, who)
    await rep.press(post, "Amount")
    await rep.sees("how much is it worth?", since=post["revision"])
    await rep.say("250 000")
    post = await rep.sees("Amount: ֏250,000")
    await rep.press(post, "More…")
    more = await rep.sees("what do you want to change?", since=post["revision"])
    while "📦 Order" not in labels(more):
        await rep.press(more, "More…")
        more = await rep.sees("what do you want to change?", since=more["revision"])
    await rep.press(more, "📦 Order")
    await rep.sees("Where does it go?")
    await rep.say("1 Abovyan Street, Yerevan")
    return await rep.sees("Address: \u2068")


async def test_an_order_is_paid_and_delivered_by_buttons_and_the_customer_hears_of_it(desk: Desk, rep: Phone) -> None:
    post, who = await ordered(rep, "anush"), Phone(rep.house, "anush", "customer", 0)
    await rep.press(post, "👍 Confirm")
    await who.sees("is confirmed")
    post = await rep.sees("· confirmed", since=post["revision"])
    await rep.press(post, "💳 Ask for payment")
    shown = await rep.sees("The customer reads this", since=post["revision"])
    await rep.press(shown, "💳 Ask for payment")
    asked = await who.sees("please pay ֏250,000")
    await who.press(asked, "I have paid")
    await who.sees("We will check it")
    claim = await rep.sees("says they have paid ֏250,000")
    await rep.press(claim, "✔ It came")
    await who.sees("We have received ֏250,000")
    await rep.house.until(STATE, "Anush", want=[("confirmed", 1)])
    await rep.press(await rep.sees("· came"), "📦 Order")
    post = await rep.sees("Paid in full", after=claim["message_id"])
    await rep.press(post, "🚚 Sent")
    await who.sees("is on its way")
    post = await rep.sees("· sent", since=post["revision"])
    await rep.press(post, "📬 Delivered")
    await who.sees("is delivered")
    await rep.house.until(STATE, "Anush", want=[("delivered", 1)])


async def test_who_asks_where_an_order_is_gets_the_answer_from_the_bot(desk: Desk, rep: Phone) -> None:
    post, who = await ordered(rep, "arpine"), Phone(rep.house, "arpine", "customer", 0)
    await rep.press(post, "👍 Confirm")
    await who.sees("is confirmed")
    confirmed = await rep.sees("· confirmed", since=post["revision"])
    await rep.press(confirmed, "More…")
    more = await rep.sees("what else?", since=confirmed["revision"])
    await rep.press(more, "Show the card")
    card = await rep.sees("🟢 Yours", after=post["message_id"])
    await rep.press(card, "Hand back")
    await rep.house.until("SELECT rep_id FROM conversations v JOIN contacts c ON c.id = v.contact_id WHERE c.platform_name = 'Arpine'", want=[(None,)])
    await who.say("Where is my order?")
    await who.sees(": confirmed.\nTo pay: ֏250,000")
