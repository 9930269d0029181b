"""One person on two channels: a form and a chat with the same phone are suggested, merged after a look, answered where they can be, and parted again."""

import pytest

from tests.walks.desk import Phone, card_of, customer, labels

pytestmark = pytest.mark.asyncio(loop_scope="session")
ROOTS = "SELECT count(DISTINCT k.root_id) FROM contacts k JOIN contact_points p ON p.contact_id = k.id WHERE p.kind = 'phone' AND p.value = ?"
OPEN_LEADS = """SELECT count(*) FROM leads l JOIN conversations c ON c.id = l.conversation_id
JOIN contact_points p ON p.contact_id = c.contact_id WHERE l.open_contact_id IS NOT NULL AND p.kind = 'phone' AND p.value = ?"""
PHONE = "+37494102030"


async def writes_after_the_form(rep: Phone) -> Phone:
    """Somebody leaves their number in the form of the shop, and then writes on Telegram and tells the same."""
    fields = {"name": "Varduhi Minasyan", "phone": "094 10 20 30", "text": "A walnut cradle"}
    async with rep.house.http.post(f"{rep.house.shop}/in/form", data=fields) as answer:
        assert answer.status == 200
    await rep.sees("A walnut cradle")
    who = await customer(rep.house, "varduhi")
    await who.say("/start")
    await who.sees("What can we help")
    await who.say("Is my cradle ready?")
    await who.sees("phone")
    await who.say("+374 94 102030")
    await rep.house.until("SELECT count(*) FROM suggestions WHERE reason = 'phone'", want=[(1,)])
    return who


async def test_two_who_are_one_are_merged_answered_where_they_can_be_and_parted(rep: Phone) -> None:
    who = await writes_after_the_form(rep)
    card = await rep.sees(f"the same phone {PHONE}")
    assert labels(card)[:2] == ["Merge", "Not the same"]
    await rep.press(await card_of(rep, "varduhi"), "Merge")
    look = await rep.sees("Merge these two")
    assert "A walnut cradle" in look["text"]
    await rep.press(look, "Merge")
    done = await rep.sees("are one person now")
    assert rep.house.rows(ROOTS, PHONE) == [(1,)]
    assert rep.house.rows(OPEN_LEADS, PHONE) == [(1,)]

    form = await rep.sees("Also on \u2068Telegram")
    await rep.press(form, next(label for label in labels(form) if label.startswith("↪️ Telegram")))
    await rep.house.until("SELECT count(*) FROM conversations WHERE address = ? AND rep_id IS NOT NULL", str(who.id), want=[(1,)])
    chat = await rep.sees("🟢 Yours")
    await rep.answer(chat, "The cradle is ready.")
    await who.sees("The cradle is ready.")

    await rep.press(done, "Undo")
    await rep.sees("They are two people again")
    assert rep.house.rows(ROOTS, PHONE) == [(2,)]
    assert rep.house.rows(OPEN_LEADS, PHONE) == [(2,)]
