"""The story on the play page, in a real browser: one person plays the customer, the visitor, the rep and the manager.

The tests are one story and run in this order. `PICTURES=docs/pictures` renews the README's pictures.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import expect

from crm.base.i18n import translator
from tests.browser.stage import Stage
from tests.walks.house import zone_where_it_is

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser]
HY, EN = translator("hy"), translator("en")
COFFEE, ANSWER, THANKS = "երկու կիլոգրամ սուրճ", "Այո, այսօր երեկոյան կբերենք", "Շատ լավ, կսպասեմ ձեզ"
GRIND, FINE, AGAIN = "Do you grind the beans too?", "Yes, as fine as you like", "Here we are again"
OFFICE, UNREACHABLE = "Forty kilograms for our office", "The customer cannot be written to there. Try their phone, or wait until they write."
NEWS, DARK, LIGHT = "beans from Sidamo have come to", "Are you still there?", "We are, and nothing was lost"


async def test_a_stranger_is_greeted_and_asked_in_armenian(stage: Stage) -> None:
    ani = stage.customer
    await ani.root.locator("[data-role=start]").click()
    await expect(ani.post("Marani")).to_contain_text("Բարև")
    await ani.write(f"Բարև ձեզ, {COFFEE} եմ ուզում")
    await ani.key(HY.button("Skip"))
    await ani.press(ani.card("Marani"), HY.button("Yes"))
    await expect(ani.post(HY("A person will write to you here soon."))).to_be_visible()


async def test_a_rep_takes_the_card_and_answers_by_replying_to_it(stage: Stage) -> None:
    ani, rep = stage.customer, stage.rep
    await rep.press(rep.card(COFFEE), HY.button("Take"))
    await expect(rep.card(COFFEE).get_by_role("button", name=HY.button("Hand back"))).to_be_visible()
    await rep.answer(rep.card(COFFEE), ANSWER)
    await expect(ani.post(ANSWER)).to_be_visible()
    await expect(rep.card(COFFEE)).to_contain_text(HY("sent ✓"))
    await ani.write(THANKS)
    await expect(rep.post(THANKS)).to_be_visible()
    await stage.picture("card", rep.root)


async def test_a_visitor_of_the_site_is_answered_from_telegram(stage: Stage) -> None:
    shop, rep = stage.shop, stage.rep
    await shop.locator("[data-dragoman-open]").first.click()
    words = shop.get_by_role("dialog").get_by_role("textbox")
    await words.fill(GRIND)
    await words.press("Enter")
    await rep.answer(rep.card(GRIND), FINE)
    await expect(shop.get_by_text(FINE)).to_be_visible()
    await stage.picture("widget", stage.page.locator("[data-pane=shop]"))


async def test_a_rep_makes_a_deal_and_an_order_of_a_card(stage: Stage) -> None:
    rep = stage.rep
    await rep.press(rep.card(COFFEE), HY.button("💼 Deal"))
    await rep.tap(HY.button("New deal"))
    await rep.tap(HY.button("Amount"))
    await rep.write("18 000")
    await rep.tap(HY.button("More…"))
    await rep.tap(HY.button("📦 Order"))
    await expect(rep.post(HY("Where does it go? Type the address, or leave it for later."))).to_be_visible()
    await rep.write("Աբովյան 1")
    await expect(rep.card("Աբովյան 1")).to_be_visible()
    await rep.tap(HY.button("👍 Confirm"))
    number = f"{datetime.now(ZoneInfo(zone_where_it_is(12))).year}-0001"
    await expect(stage.customer.post(number)).to_be_visible()
    await rep.tap(HY.button("More…"))
    await rep.tap(HY.button("Show the card"))
    card = rep.card(COFFEE).filter(has_text=f"📦 {number}")
    await expect(card).to_contain_text("💼")
    await card.get_by_role("button").last.scroll_into_view_if_needed()


async def test_a_manager_reads_the_day(stage: Stage) -> None:
    await stage.manager.write("/today")
    await expect(stage.manager.post("The day so far")).to_contain_text("New leads: 2")
    await stage.picture("play-page")


async def test_the_visitor_goes_on_in_telegram_as_the_same_person(stage: Stage) -> None:
    shop, rep, davit = stage.shop, stage.rep, stage.customer
    await davit.root.locator("[data-role=new-stranger]").click()
    await shop.get_by_role("button", name=EN.button("Continue in Telegram")).click()
    await shop.get_by_role("link", name=EN.button("Continue in Telegram")).click()
    await expect(davit.post("/start")).to_be_visible()
    card = rep.card("Telegram · English")
    await expect(card.get_by_role("button", name=HY.button("Hand back"))).to_be_visible()
    await rep.answer(card, AGAIN)
    await expect(davit.post(AGAIN)).to_be_visible()


async def test_a_form_becomes_a_card_that_cannot_be_answered_there(stage: Stage) -> None:
    shop, rep = stage.shop, stage.rep
    await stage.page.locator("[data-role=shop-again]").click()
    await shop.get_by_label("Your name").fill("Sona")
    await shop.get_by_label("Phone").fill("+374 94 555666")
    await shop.get_by_label("How can we help?").fill(OFFICE)
    await shop.locator("form[action='/in/form'] button[type=submit]").click()
    await expect(shop.get_by_role("heading", name=EN("Thank you!"))).to_be_visible()
    await rep.answer(rep.card(OFFICE), "With pleasure")
    await expect(rep.post(HY(UNREACHABLE))).to_be_visible()


async def test_a_manager_writes_to_those_who_agreed_and_reads_the_result(stage: Stage) -> None:
    manager, ani = stage.manager, stage.customer
    await manager.write("/promo")
    await manager.press(manager.card("1 of 3"), EN.button("Next: the text"))
    await expect(manager.post("2 of 3")).to_be_visible()
    await manager.write(f"{{name}}, {NEWS} {{company}}")
    look = manager.card("3 of 3")
    await expect(look).to_contain_text("1 person gets it.")
    await expect(look).to_contain_text(f"{NEWS} Marani")
    await expect(look).not_to_contain_text("SMS, SMS")
    await stage.picture("promo", manager.root)
    await manager.press(look, EN.button("Send to {n}", n=1))
    await expect(manager.card("finished")).to_contain_text("Sent: 1 of 1")
    await ani.root.locator("[data-role=customer]").select_option("ani")
    await expect(ani.post(f"{NEWS} Marani")).to_be_visible()


async def test_a_manager_sees_what_is_said_to_the_silent(stage: Stage) -> None:
    await stage.manager.write("/followup")
    await expect(stage.manager.card("Follow-ups are on")).to_contain_text("After 24 h of silence")


@pytest.mark.parametrize("place", ["email", "whatsapp", "messenger", "instagram", "sms"])
async def test_whoever_writes_from_elsewhere_is_answered_from_telegram(stage: Stage, place: str) -> None:
    words, answer = f"Do you roast on Sundays? Asked by {place}", f"Every morning, written to {place}"
    town, rep = stage.page.locator("[data-role=town]"), stage.rep
    await stage.page.locator("[data-role=place]").select_option(place)
    await town.locator("[data-role=town-words]").fill(words)
    await town.locator("[data-role=town-send]").click()
    await expect(town.get_by_text("Marani").first).to_be_visible()
    await rep.answer(rep.card(words), answer)
    await expect(town.get_by_text(answer)).to_be_visible()


async def test_a_telephone_nobody_answers_is_a_task(stage: Stage) -> None:
    await stage.page.locator("[data-role=place]").select_option("calls")
    await stage.page.locator("[data-role=ring]").click()
    card = stage.manager.card("+37491000003")
    await expect(card).to_contain_text("call back")
    await stage.picture("call", stage.manager.root)
    await stage.page.locator("[data-role=place]").select_option("")


async def test_the_plug_is_pulled_and_nothing_is_lost_or_doubled(stage: Stage) -> None:
    ani, rep, status = stage.customer, stage.rep, stage.page.locator("[data-role=status]")
    await stage.page.locator("[data-role=plug]").click()
    await ani.write(DARK)
    await expect(status).to_contain_text("Back after")
    await rep.answer(rep.post(DARK), LIGHT)
    await expect(ani.post(LIGHT)).to_be_visible()
    await ani.write("Good.")
    await expect(rep.post("Good.")).to_be_visible()
    await expect(rep.posts(DARK).filter(has_not=stage.page.locator("[data-role=quote]")).filter(has_not_text="@ani_hy")).to_have_count(1)
    await expect(ani.posts(LIGHT)).to_have_count(1)
