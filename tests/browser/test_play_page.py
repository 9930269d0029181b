"""The story on the play page, in a real browser: one person plays the customer, the visitor, the rep and the manager."""

import pytest
from playwright.async_api import expect

from crm.base.i18n import translator
from tests.browser.stage import Stage

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser]
HY, EN = translator("hy"), translator("en")
COFFEE = "երկու կիլոգրամ սուրճ"


async def test_a_stranger_is_greeted_and_asked_in_armenian(stage: Stage) -> None:
    ani = stage.customer
    await ani.root.locator("[data-role=start]").click()
    await expect(ani.post("Marani")).to_contain_text("Բարև")
    await ani.write(f"Բարև ձեզ, {COFFEE} եմ ուզում")
    await expect(ani.root.locator("[data-role=key]").first).to_be_visible()
    await stage.picture("asked")
    await ani.key(HY.button("Skip"))
    await stage.picture("offers")
    await ani.press(ani.card("Marani"), HY.button("Yes"))
    await expect(ani.post(HY("A person will write to you here soon."))).to_be_visible()
    await stage.picture("greeted")


async def test_a_rep_takes_the_card_and_answers_by_replying_to_it(stage: Stage) -> None:
    ani, rep = stage.customer, stage.rep
    await rep.press(rep.card(COFFEE), HY.button("Take"))
    await expect(rep.card(COFFEE).get_by_role("button", name=HY.button("Hand back"))).to_be_visible()
    await rep.answer(rep.card(COFFEE), "Այո, այսօր կբերենք")
    await expect(ani.post("Այո, այսօր կբերենք")).to_be_visible()
    await expect(rep.card(COFFEE)).to_contain_text(HY("sent ✓"))
    await ani.write("Շնորհակալություն")
    await expect(rep.post("Շնորհակալություն")).to_be_visible()
    await stage.picture("answered")
