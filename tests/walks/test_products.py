"""A price list is pasted, goods are picked for a deal by presses and saved once, with a discount, and the way back."""

import pytest

from tests.walks.desk import Desk, Phone, labels
from tests.walks.test_deals import new_deal

pytestmark = pytest.mark.asyncio(loop_scope="session")
PASTED = "Name; Price; Unit; Tax\nWalnut desk; 90 000; pc; 20%\nWalnut shelf; 30 000; pc; 20%\nBeeswax; 2 500; jar\nWalnut oil; as you like"
AMOUNT = "SELECT d.amount FROM deals d JOIN contacts c ON c.id = d.contact_id WHERE c.platform_name = ?"
LINES = "SELECT l.title, l.quantity_m FROM deal_lines l JOIN deals d ON d.id = l.deal_id JOIN contacts c ON c.id = d.contact_id WHERE c.platform_name = ?"


async def test_a_pasted_price_list_becomes_a_deal_worth_something(desk: Desk, rep: Phone) -> None:
    manager, post = desk.manager, await new_deal(rep, "vergine")
    asked = await manager.say("/products")
    await manager.sees("Type a part of a name", after=asked)
    sent = await manager.say(PASTED)
    told = await manager.sees("Not understood, line 5", after=sent)
    assert "3 new" in told["text"]
    await manager.press(told, "Take it over")
    await manager.sees("The price list is as you sent it", since=told["revision"])

    await rep.press(post, "More…")
    await rep.press(await rep.sees("what do you want to change?", since=post["revision"]), "🛒 Products")
    picking = await rep.sees("what shall it be?", since=post["revision"])
    found = await rep.sees("Walnut desk", after=await rep.say("walnut"))
    await rep.press(found, "+ Walnut desk")
    once = await rep.sees("🛒 1", since=found["revision"])
    await rep.press(once, "+ Walnut shelf")
    assert rep.house.rows(AMOUNT, "Vergine") == [(None,)]
    both = await rep.sees("Walnut shelf\u2069 = ", since=once["revision"])
    assert len(labels(both)) <= 8
    await rep.press(both, "✓ Save")
    saved = await rep.sees("Total: ֏120,000", since=both["revision"])
    assert "Tax 20\u00a0% in it: ֏20,000" in saved["text"]
    await rep.house.until(AMOUNT, "Vergine", want=[(12_000_000,)])
    assert picking["message_id"] < found["message_id"]

    await rep.press(saved, "Discount")
    await rep.press(await rep.sees("How much is taken off", since=saved["revision"]), "10\u00a0%")
    off = await rep.sees("Total: ֏108,000", since=saved["revision"])
    await rep.house.until(AMOUNT, "Vergine", want=[(10_800_000,)])
    await rep.press(off, "Undo")
    back = await rep.sees("Total: ֏120,000", since=off["revision"])
    await rep.house.until(LINES, "Vergine", want=[("Walnut desk", 1000), ("Walnut shelf", 1000)])
    await rep.press(back, "Back")
    await rep.sees("🛒 2 products", since=back["revision"])
