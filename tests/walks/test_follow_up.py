"""The customer falls silent: each step comes once, a word ends the rest, and some are never disturbed at all."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.walks.desk import Desk, Phone, card_of, customer, open_desk
from tests.walks.house import zone_where_it_is

pytestmark = pytest.mark.asyncio(loop_scope="session")
STEPS = ("Do you still have a question for us?", "is still glad to help", "We will not disturb you any more")
ENROLLED = "SELECT e.state, e.why FROM enrollments e JOIN conversations c ON c.id = e.conversation_id WHERE c.address = ?"
NEXT = "SELECT e.due_at, e.enrolled_at, e.zone FROM enrollments e JOIN conversations c ON c.id = e.conversation_id WHERE c.address = ? AND e.due_at > e.enrolled_at + ?"
HOUR = 3_600_000


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def day(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A desk at one in the afternoon whose follow-ups are paused; between the first and the second there is time for a word."""
    settings = {"COMPANY_ZONE": zone_where_it_is(13), "FOLLOW_UP_SECONDS": "1"}
    async with open_desk(tmp_path_factory.mktemp("day"), delays=(1_000, 31_000, 32_000), **settings) as made:
        await switch(made, "Pause", "⏸ Follow-ups are paused")
        yield made


async def switch(desk: Desk, button: str, words: str) -> None:
    """Turn the follow-ups on or off, as a manager does."""
    asked = await desk.manager.say("/followup")
    page = await desk.manager.sees("Follow-ups are", after=asked)
    await desk.manager.press(page, button)
    await desk.manager.sees(words)


async def newcomer(desk: Desk, name: str) -> Phone:
    """A customer whom the bot has answered and who says no more."""
    who = await customer(desk.house, name)
    await who.say("Hello, I am looking for a cupboard")
    await who.sees("Marani")
    return who


async def steps_heard(who: Phone) -> list[int]:
    """Which follow-ups somebody got, in the order they came."""
    return [number for text in await who.heard() for number, words in enumerate(STEPS, 1) if words in text]


async def test_the_silent_get_each_step_once_and_a_word_ends_the_rest(day: Desk) -> None:
    async with day.rep() as rep:
        silent, talker, closed, later = [await newcomer(day, name) for name in ("silva", "tamar", "closer", "latte")]
        await rep.press(await card_of(rep, "closer"), "Close")
        await rep.press(await card_of(rep, "latte"), "Later")
        assert "Put off until" in await rep.press(await rep.sees("come back?"), "In 1 hour")
        assert day.house.rows("SELECT 1 FROM enrollments") == []
        await switch(day, "Resume", "🔁 Follow-ups are on")
        await talker.sees(STEPS[0])
        await talker.say("Not now, thank you")
        await silent.sees(STEPS[2])
        await day.house.until(ENROLLED, str(talker.id), want=[("stopped", "replied")])
        await day.house.until(ENROLLED, str(silent.id), want=[("finished", "")])
    assert [await steps_heard(who) for who in (silent, talker, closed, later)] == [[1, 2, 3], [1], [], []]
    assert [day.house.rows(ENROLLED, str(who.id)) for who in (closed, later)] == [[], []]
    assert any("Hello, Silva! This is Marani." in text for text in await silent.heard())


async def test_at_night_nothing_leaves_and_the_manager_sees_when_it_will(night: Desk) -> None:
    who = await newcomer(night, "sleeper")
    [(due_at, enrolled_at, zone)] = await night.house.until(NEXT, str(who.id), HOUR)
    assert 9 * HOUR < due_at - enrolled_at <= 11 * HOUR
    assert zone == night.house.zone
    await night.manager.say("/followup")
    await night.manager.sees("Sleeper\u2069: step 1 of 3, tomorrow 09:00")
    assert await steps_heard(who) == []
