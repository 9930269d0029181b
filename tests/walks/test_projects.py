"""From a stranger to a won deal, to work that is done, told and closed, to what the customer says of it; by buttons alone, and the taps are counted."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from sandbox.telegram.shapes import Json
from tests.walks.desk import Desk, Phone, labels, open_desk, taken
from tests.walks.house import zone_where_it_is
from tests.walks.test_deals import new_deal

pytestmark = pytest.mark.asyncio(loop_scope="session")
PLAN = "Tables\nMeasure 1\nDeliver 3"
RATED = "SELECT r.score, r.words FROM ratings r JOIN contacts c ON c.id = r.contact_id WHERE c.platform_name = ?"
STATE = "SELECT p.state FROM projects p JOIN contacts c ON c.id = p.contact_id WHERE c.platform_name = ?"
CALL = "SELECT t.kind FROM tasks t JOIN contacts c ON c.id = t.contact_id WHERE c.platform_name = ? AND t.kind = 'call' AND t.state = 'open'"
TAPS = 10
"""From a card to the end of the work: take, deal, new, won; open the work, two steps, two to tell the customer how far it is, close."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def workshop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A desk at one in the afternoon whose manager has made a work plan."""
    async with open_desk(tmp_path_factory.mktemp("workshop"), COMPANY_ZONE=zone_where_it_is(13)) as made:
        asked = await made.manager.say("/blueprints")
        listed = await made.manager.sees("No work plan yet", after=asked)
        await made.manager.press(listed, "New work plan")
        await made.manager.sees("Type its name")
        await made.manager.say(PLAN)
        await made.manager.sees("2. \u2068Deliver\u2069 · 3 working days")
        yield made


async def pressed(rep: Phone, post: Json, button: str, words: str) -> Json:
    """The same post after a button, once it has these words."""
    await rep.press(post, button)
    return await rep.sees(words, since=post["revision"])


async def taps(desk: Desk) -> int:
    """How many buttons of the staff bot were pressed so far."""
    return len(await desk.house.hands.log(bot="staff", method="answerCallbackQuery"))


async def won(rep: Phone, who: str) -> tuple[Phone, Json]:
    """A customer whose deal was won and whose work has begun; four taps to the win, one to open the work."""
    person, card = await taken(rep, who)
    await rep.press(card, "💼 Deal")
    await rep.press(await rep.sees("has no deal yet"), "New deal")
    await rep.press(await rep.sees("Whose:"), "🏆 Won")
    told = await rep.sees("The work on this has begun")
    await rep.press(told, labels(told)[0])
    return person, await rep.sees("\u2068Measure\u2069 ·", after=told["message_id"])


async def test_work_goes_from_the_win_to_what_the_customer_says_by_buttons_alone(workshop: Desk) -> None:
    async with workshop.rep() as rep:
        before = await taps(workshop)
        person, post = await won(rep, "vardan")
        half = await pressed(rep, post, "✔ Measure", "1/2")
        asked = await pressed(rep, half, "📣 Tell the customer", "would read this")
        await rep.press(asked, "How far it is")
        told = await person.sees("1 of 2 steps are done.")
        await person.press(told, "How is it going?")
        await person.sees("Now: Deliver", after=told["message_id"])
        back = await rep.sees("1/2", since=asked["revision"])
        done = await pressed(rep, back, "✔ Deliver", "2/2")
        await pressed(rep, done, "🏁 Close it", "Done today")
        await rep.house.until(STATE, "Vardan", want=[("done",)])
        question = await person.sees("How content are you")
        assert labels(question) == ["1 😞", "2", "3", "4", "5 😀"]
        await person.press(question, "5 😀")
        await person.sees("Thank you!", after=question["message_id"])
        await rep.house.until(RATED, "Vardan", want=[(5, "")])
    assert await taps(workshop) - before == TAPS


async def test_who_is_not_content_says_why_and_somebody_has_to_call(workshop: Desk) -> None:
    async with workshop.rep() as rep:
        person, post = await won(rep, "zaven")
        last = await pressed(rep, await pressed(rep, post, "✔ Measure", "1/2"), "✔ Deliver", "2/2")
        await pressed(rep, last, "🏁 Close it", "Done today")
        question = await person.sees("How content are you")
        await person.press(question, "2")
        await person.sees("What went wrong?", after=question["message_id"])
        await rep.sees("A customer is not content")
        await rep.house.until(CALL, "Zaven", want=[("call",)])
        await person.say("One leg is too short")
        await rep.house.until(RATED, "Zaven", want=[(2, "One leg is too short")])
        await rep.sees("One leg is too short")


async def test_a_deal_that_runs_on_calls_off_work_nobody_has_touched(workshop: Desk) -> None:
    async with workshop.rep() as rep:
        post = await new_deal(rep, "tachat")
        closed = await pressed(rep, post, "🏆 Won", "Won today")
        await rep.house.until(STATE, "Tachat", want=[("running",)])
        await pressed(rep, closed, "Run it on", "Stage:")
        await rep.house.until(STATE, "Tachat", want=[("cancelled",)])
