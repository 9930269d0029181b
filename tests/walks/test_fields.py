"""A firm's own field from the manager's words to the card: made by buttons, filled by a rep, taken back, refused with how to write it, hidden and archived."""

import pytest

from sandbox.telegram.shapes import Json
from tests.walks.desk import Desk, Phone, labels, taken

pytestmark = pytest.mark.asyncio(loop_scope="session")
VALUES = (
    "SELECT v.value FROM field_values v JOIN fields f ON f.id = v.field_id JOIN contacts c ON c.id = v.subject_id WHERE f.label = ? AND c.platform_name = ?"
)
ACTIVE = "SELECT shown, active FROM fields WHERE label = ?"


async def made(manager: Phone, kind: str, label: str, choices: str = "") -> Json:
    """A field that the manager has made, as its post."""
    await manager.say("/fields")
    post = await manager.sees("Fields of what?")
    await manager.press(post, next(one for one in labels(post) if one.startswith("Of a customer")))
    await manager.press(await manager.sees("Of a customer:", since=post["revision"]), "New field")
    kinds = await manager.sees("What does the new field hold?")
    assert len(labels(kinds)) == 8
    await manager.press(kinds, kind)
    question = await manager.sees("What is the field called?")
    typed = await manager.say(label)
    if choices:
        await manager.sees("each on a line of its own", after=question["message_id"])
        typed = await manager.say(choices)
    return await manager.sees(f"\u2068{label}\u2069 · {kind} · Of a customer", after=typed)


async def details(rep: Phone, who: str) -> Json:
    """The details of somebody who has just written, in the rep's chat."""
    _, card = await taken(rep, who)
    await rep.press(card, "⋯ More")
    await rep.press(await rep.sees("What shall it be about"), "📋 Details")
    return await rep.sees(f"What is known of \u2068{who.title()}\u2069")


async def test_a_field_made_by_buttons_is_filled_by_buttons_and_stands_on_the_card(desk: Desk, rep: Phone) -> None:
    field = await made(desk.manager, "Choice", "Kind of shop", "Bakery\nFlorist")
    assert "\u2068Bakery\u2069, \u2068Florist\u2069" in field["text"]
    assert len(labels(field)) == 8
    post = await details(rep, "nvard")
    await rep.press(post, "✏️ Kind of shop")
    asked = await rep.sees("Press one of them, or type it.", since=post["revision"])
    assert labels(asked) == ["Bakery", "Florist", "Back"]
    assert await rep.press(asked, "Bakery") == "Saved. \u2068Kind of shop\u2069"
    saved = await rep.sees("Kind of shop\u2069: \u2068Bakery\u2069", since=asked["revision"])
    await rep.sees("▫️ Kind of shop: \u2068Bakery\u2069")
    await rep.house.until(VALUES, "Kind of shop", "Nvard", want=[("Bakery",)])
    await rep.press(saved, "Undo")
    await rep.sees("As it was before", since=saved["revision"])
    await rep.house.until(VALUES, "Kind of shop", "Nvard", want=[("",)])


async def test_a_day_that_cannot_be_read_is_refused_with_how_to_write_it(desk: Desk, rep: Phone) -> None:
    await made(desk.manager, "Day", "Opening day")
    post = await details(rep, "vahan")
    await rep.press(post, "✏️ Opening day")
    asked = await rep.sees("or type the day as", since=post["revision"])
    assert labels(asked) == ["Today", "Tomorrow", "In a week", "Back"]
    await rep.say("31.31.2026")
    await rep.sees("This is not a date.", after=asked["message_id"])
    typed = await rep.say("25 November 2026")
    await rep.sees("Opening day\u2069: \u206825 Nov 2026\u2069", after=typed)
    await rep.house.until(VALUES, "Opening day", "Vahan", want=[("2026-11-25",)])


async def test_a_field_is_hidden_archived_and_brought_back(desk: Desk) -> None:
    manager = desk.manager
    post = await made(manager, "Words", "Favourite colour")
    await manager.press(post, "Not on cards")
    hidden = await manager.sees("Favourite colour", since=post["revision"])
    await manager.house.until(ACTIVE, "Favourite colour", want=[(0, 1)])
    await manager.press(hidden, "Archive")
    archived = await manager.sees("Archived: nobody sees it", since=hidden["revision"])
    assert labels(archived) == ["Bring back", "Undo", "Back"]
    await manager.press(archived, "Undo")
    await manager.house.until(ACTIVE, "Favourite colour", want=[(0, 1)])
    again = await manager.sees("In follow-ups and promotions", since=archived["revision"])
    await manager.press(again, "Archive")
    await manager.house.until(ACTIVE, "Favourite colour", want=[(0, 0)])


async def test_a_rep_makes_no_fields(rep: Phone) -> None:
    await rep.say("/fields")
    await rep.sees("/fields is for managers.")
    assert rep.house.rows("SELECT 1 FROM fields WHERE label = 'x'") == []
