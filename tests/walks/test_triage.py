"""A lead is taken, given its next step, lost for a reason and found again; spam goes into quarantine and out of it; all by buttons."""

import pytest

from sandbox.telegram.shapes import Json
from tests.walks.desk import Desk, Phone, labels, taken

pytestmark = pytest.mark.asyncio(loop_scope="session")
LEAD = "SELECT l.status FROM leads l JOIN contacts c ON c.id = l.contact_id WHERE c.platform_name = ?"
WHOSE = "SELECT r.address FROM leads l JOIN contacts c ON c.id = l.contact_id JOIN reps r ON r.id = l.rep_id WHERE c.platform_name = ?"
TASKS = "SELECT t.kind, t.state FROM tasks t JOIN contacts c ON c.id = t.contact_id WHERE c.platform_name = ? ORDER BY t.id"
TALK = "SELECT v.status FROM conversations v JOIN contacts c ON c.id = v.contact_id WHERE c.platform_name = ?"


async def lead_of(rep: Phone, who: str) -> Json:
    """The lead of somebody who has just written, in the rep's chat."""
    _, card = await taken(rep, who)
    await rep.say("/lead", reply_to=card["message_id"])
    return await rep.sees("First words:")


async def test_a_lead_is_taken_and_gets_its_next_step_in_two_taps(rep: Phone) -> None:
    post = await lead_of(rep, "tsovinar")
    await rep.press(post, "Accepted")
    asked = await rep.sees("What is the next step?", since=post["revision"])
    assert len(labels(asked)) <= 8
    await rep.house.until(WHOSE, "Tsovinar", want=[(str(rep.id),)])
    assert (await rep.press(asked, "☎️ Call tomorrow")).startswith("Next step:")
    planned = await rep.sees("Next step:", since=asked["revision"])
    await rep.house.until(TASKS, "Tsovinar", want=[("call", "open")])
    await rep.press(planned, "Undo")
    await rep.house.until(TASKS, "Tsovinar", want=[("call", "dropped")])


async def test_a_lead_becomes_a_deal(rep: Phone) -> None:
    post = await lead_of(rep, "astghik")
    await rep.press(post, "Accepted")
    asked = await rep.sees("What is the next step?", since=post["revision"])
    await rep.press(asked, "💼 Make a deal")
    await rep.sees("Whose:", since=asked["revision"])
    await rep.house.until(LEAD, "Astghik", want=[("accepted",)])


async def test_a_lost_lead_has_a_reason_and_comes_back(rep: Phone) -> None:
    post = await lead_of(rep, "hayk")
    await rep.press(post, "Lost")
    why = await rep.sees("Why is this lead lost?", since=post["revision"])
    await rep.press(why, "Too expensive")
    lost = await rep.sees("Why: \u2068Too expensive\u2069", since=why["revision"])
    await rep.house.until(LEAD, "Hayk", want=[("lost",)])
    await rep.press(lost, "Undo")
    await rep.sees("First words:", since=lost["revision"])
    await rep.house.until(LEAD, "Hayk", want=[("new",)])


async def test_spam_is_in_quarantine_for_a_reason_in_ones_own_words_and_out_again(rep: Phone) -> None:
    post = await lead_of(rep, "spammer")
    await rep.press(post, "Spam")
    why = await rep.sees("Why is this spam?", since=post["revision"])
    await rep.press(why, "In my own words")
    await rep.sees("Type the reason in a few words.", since=why["revision"])
    typed = await rep.say("sells us links")
    spam = await rep.sees("Why: \u2068sells us links\u2069", after=typed)
    await rep.house.until(LEAD, "Spammer", want=[("spam",)])
    await rep.house.until(TALK, "Spammer", want=[("closed",)])
    await rep.press(spam, "Undo")
    await rep.house.until(LEAD, "Spammer", want=[("new",)])
    await rep.house.until(TALK, "Spammer", want=[("open",)])


async def test_the_list_of_leads_shows_those_without_a_next_step(rep: Phone, desk: Desk) -> None:
    await lead_of(rep, "mkrtich")
    manager = desk.manager
    await manager.say("/leads")
    post = await manager.sees("Leads of the last 30 days")
    await manager.press(post, "Last 7 days")
    post = await manager.sees("of the last 7 days", since=post["revision"])
    await manager.press(post, "Most likely first")
    post = await manager.sees("the most likely to buy first", since=post["revision"])
    await manager.press(post, "Without a next step")
    found = await manager.sees("", since=post["revision"])
    assert "Spam" in labels(found)


async def test_managers_see_whether_the_selling_is_sound(desk: Desk) -> None:
    manager = desk.manager
    await manager.say("/funnel_health")
    post = await manager.sees("🩺")
    assert labels(post)[-2:] == ["Pipelines and stages", "Fields of your own"]
