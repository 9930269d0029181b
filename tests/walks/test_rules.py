"""A manager makes a rule by buttons and one word; a customer says that word; the rep reads on the card what the rule did, and takes it off again."""

import pytest

from sandbox.telegram.shapes import Json
from tests.walks.desk import Desk, Phone, labels, taken

pytestmark = pytest.mark.asyncio(loop_scope="session")
WORN = "SELECT t.word FROM tags t JOIN contacts c ON c.id = t.contact_id WHERE c.platform_name = ?"


async def page(phone: Phone, post: Json, button: str, words: str, *, fresh: bool = False) -> Json:
    """What a page became after a button, on whichever page of it the button stands; `fresh` = a post of its own comes."""
    for _ in range(6):
        if any(button in label for label in labels(post)):
            await phone.press(post, next(label for label in labels(post) if button in label))
            return await phone.sees(words, **({"after": post["message_id"]} if fresh else {"since": post["revision"]}))
        before = post["revision"]
        await phone.press(post, "More")
        post = await phone.sees(str(post["text"]).splitlines()[0], since=before)
    raise AssertionError(button)


async def test_a_word_of_a_customer_puts_a_tag_that_the_rep_sees(desk: Desk, rep: Phone) -> None:
    manager = desk.manager
    asked = await manager.say("/rules")
    rules = await manager.sees("⚡", after=asked)
    recipes = await page(manager, rules, "A new rule", "Which one?")
    question = await page(manager, recipes, "Word puts a tag", "Which word?")
    await manager.say("veranda")
    await manager.sees("Which tag?", after=question["message_id"])
    await manager.say("garden")
    rule = await manager.sees("is off", after=question["message_id"])
    assert "In the name of" in rule["text"]
    tried = await page(manager, rule, "Try on the past", "nothing was done now")
    rule = await page(manager, tried, "Back", "is off")
    on = await page(manager, rule, "Switch on", "· acts ·")
    who, _ = await taken(rep, "vardine")
    await who.say("Have you got furniture for a VERANDA?")
    await rep.house.until(WORN, "Vardine", want=[("garden",)])
    card = await rep.sees("🔖")
    await rep.press(card, "⋯ More")
    beside = await rep.sees("What shall it be about")
    tags = await page(rep, beside, "🔖 Tags", "Tags of", fresh=True)
    off = await page(rep, tags, "✓ garden", "none yet")
    assert "garden" in labels(off)
    assert rep.house.rows(WORN, "Vardine") == []
    log = await page(manager, on, "What it did", "What it did last")
    assert "Vardine" in log["text"]
    rule = await page(manager, log, "Back", "· acts ·")
    await page(manager, rule, "Put away", "is put away")
