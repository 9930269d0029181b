"""From a card to a won deal by buttons alone; two at one deal; a loss that needs its reason, and the way back; a stage that asks for something."""

import pytest

from sandbox.telegram.shapes import Json
from tests.walks.desk import Desk, Phone, labels, taken

pytestmark = pytest.mark.asyncio(loop_scope="session")
STATE = "SELECT d.state FROM deals d JOIN contacts c ON c.id = d.contact_id WHERE c.platform_name = ?"
WHOSE = "SELECT r.address FROM deals d JOIN contacts c ON c.id = d.contact_id JOIN reps r ON r.id = d.rep_id WHERE c.platform_name = ?"
TAPS = 7
"""The most that a lead takes from its card to the win: take, deal, new, three stages, won."""


async def new_deal(rep: Phone, who: str) -> Json:
    """A deal of somebody who has just written, as its post; three taps."""
    _, card = await taken(rep, who)
    await rep.press(card, "💼 Deal")
    await rep.press(await rep.sees("has no deal yet"), "New deal")
    return await rep.sees("Whose:")


async def onward(rep: Phone, post: Json) -> Json:
    """The post after its deal went on to the next stage."""
    stage = labels(post)[0].removeprefix("➡️ ")
    await rep.press(post, labels(post)[0])
    return await rep.sees(f"Stage: \u2068{stage}\u2069", since=post["revision"])


async def test_a_lead_is_won_by_buttons_alone(rep: Phone) -> None:
    post, taps = await new_deal(rep, "gohar"), 3
    assert labels(post)[1:] == ["🏆 Won", "✖ Lost", "Stage…", "Amount", "Close date", "More…", "Show the card"]
    while labels(post)[0].startswith("➡️"):
        post, taps = await onward(rep, post), taps + 1
    await rep.press(post, "🏆 Won")
    won = await rep.sees("Won today", since=post["revision"])
    assert labels(won) == ["Run it on", "🛠 The work", "📦 Order", "More…", "Show the card"]
    assert taps + 1 == TAPS
    await rep.house.until(STATE, "Gohar", want=[("won",)])
    await rep.press(won, "Show the card")
    await rep.sees("\u2069 · won", after=won["message_id"])


async def test_who_was_second_is_told_what_the_first_did(desk: Desk, rep: Phone) -> None:
    manager, mine = desk.manager, await new_deal(rep, "hasmiki")
    asked = await manager.say("/deals")
    listed = await manager.sees("There is no such deal", after=asked)
    await manager.press(listed, "My team's")
    await manager.press(await manager.sees("There is no such deal", since=listed["revision"]), "Everybody's")
    everybody = await manager.sees("Everybody's open deals", since=listed["revision"])
    await manager.press(everybody, [label for label in labels(everybody) if "💼" in label][-1])
    theirs = await manager.sees("Whose:", after=listed["message_id"])
    moved = await onward(rep, mine)
    await manager.press(theirs, "🏆 Won")
    late = await manager.sees("has changed this deal meanwhile", since=theirs["revision"])
    assert labels(late)[0] == labels(moved)[0]
    await rep.house.until(STATE, "Hasmiki", want=[("open",)])


async def test_a_loss_needs_a_reason_and_may_be_undone(rep: Phone) -> None:
    post = await new_deal(rep, "ishkhan")
    await rep.press(post, "✖ Lost")
    why = await rep.sees("why was it lost?", since=post["revision"])
    assert rep.house.rows(STATE, "Ishkhan") == [("open",)]
    await rep.press(why, "Too expensive")
    lost = await rep.sees("Why: \u2068Too expensive\u2069", since=why["revision"])
    await rep.house.until(STATE, "Ishkhan", want=[("lost",)])
    await rep.press(lost, "Run it on")
    running = await rep.sees("Stage:", since=lost["revision"])
    await rep.press(running, "✖ Lost")
    await rep.press(await rep.sees("why was it lost?", since=running["revision"]), "In my own words")
    await rep.sees("type in your own words")
    await rep.say("They moved to Mars")
    await rep.sees("Why: \u2068They moved to Mars\u2069")


async def test_an_amount_and_a_date_are_typed_or_chosen_and_putting_it_off_counts(rep: Phone) -> None:
    post = await new_deal(rep, "karen")
    await rep.press(post, "Amount")
    await rep.sees("how much is it worth?", since=post["revision"])
    await rep.say("250 հազար")
    worth = await rep.sees("Amount: ֏250,000 (likely ֏25,000, 10 %)")
    await rep.press(worth, "Close date")
    await rep.press(await rep.sees("when should it close?", since=worth["revision"]), "In a week")
    dated = await rep.sees("Closes:", since=worth["revision"])
    await rep.press(dated, "Close date")
    await rep.press(await rep.sees("when should it close?", since=dated["revision"]), "In two weeks")
    await rep.sees("put off 1 time", since=dated["revision"])


async def test_a_deal_that_is_handed_over_is_its_new_owners(rep: Phone, colleague: Phone) -> None:
    post = await new_deal(rep, "lusik")
    await rep.press(post, "More…")
    more = await rep.sees("what do you want to change?", since=post["revision"])
    await rep.press(more, "More…")
    more = await rep.sees("what do you want to change?", since=more["revision"])
    await rep.press(more, "Hand over")
    who = await rep.sees("who is to have it?", since=more["revision"])
    name = colleague.name.title()
    while not (mine := [label for label in labels(who) if name in label]):
        await rep.press(who, "More")
        who = await rep.sees("who is to have it?", since=who["revision"])
    await rep.press(who, mine[0])
    await rep.sees("has the deal now", since=who["revision"])
    await rep.house.until(WHOSE, "Lusik", want=[(str(colleague.id),)])
    given = await colleague.sees("This deal is yours now:")
    await colleague.press(given, labels(given)[0])
    await colleague.sees("Whose:")
