"""One is asked at a time: not me, the next one accepts, hands the customer over with all there is to know; and who waits for somebody absent does not wait."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from sandbox.telegram.shapes import Json
from tests.walks.desk import Desk, Phone, card_of, customer, go_home, labels, open_desk

pytestmark = pytest.mark.asyncio(loop_scope="module")
HOLDER = "SELECT r.address FROM conversations c LEFT JOIN reps r ON r.id = c.rep_id WHERE c.address = ?"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A house of its own, in which customers come to one after another."""
    folder: Path = tmp_path_factory.mktemp("queue")
    async with open_desk(folder) as made:
        asked = await made.manager.say("/queue")
        page = await made.manager.sees("How waiting customers come", after=asked)
        for button, words in (("The firm", "Waiting customers:"), ("The way…", "How shall waiting"), ("In turn, evenly", "who got the fewest")):
            await made.manager.press(page, button)
            page = await made.manager.sees(words, since=page["revision"])
        yield made


async def writes(office: Desk, name: str, text: str) -> Phone:
    who = await customer(office.house, name)
    await who.say(text)
    await who.sees("Marani")
    await office.house.until("SELECT count(*) FROM offers o JOIN conversations c ON c.id = o.conversation_id WHERE c.address = ?", str(who.id), want=[(1,)])
    return who


async def more(rep: Phone, card: Json, button: str) -> Json:
    """The page of "More" of a card that has a button."""
    await rep.press(card, "⋯ More")
    page = await rep.sees("What shall it be about", after=card["message_id"])
    while button not in labels(page):
        await rep.press(page, "More")
        page = await rep.sees("What shall it be about", since=page["revision"])
    return page


async def test_a_customer_comes_to_one_then_the_next_and_is_handed_over_with_everything(office: Desk) -> None:
    async with office.rep() as one, office.rep() as two:
        who = await writes(office, "routana", "Hello, I need an oak table")
        first = await office.house.until("SELECT r.address FROM offers o JOIN reps r ON r.id = o.rep_id WHERE o.ended_at = 0")
        first_rep, second_rep = (one, two) if first[0][0] == str(one.id) else (two, one)
        post = await first_rep.sees("waits for you")
        assert not any("Routana" in text for text in await second_rep.heard())
        assert await first_rep.press(post, "Not me") == "Somebody else is asked."
        post = await second_rep.sees("waits for you")
        assert await second_rep.press(post, "✅ Accept") == "It is yours. Reply to the card to answer."
        await office.house.until(HOLDER, str(who.id), want=[(str(second_rep.id),)])
        card = await card_of(second_rep, "routana")
        await second_rep.answer(card, "We have some from 80 000.")
        await who.sees("We have some from 80 000.")
        page = await more(second_rep, card, "🤝 Hand over…")
        await second_rep.press(page, "🤝 Hand over…")
        choice = await second_rep.sees("Who shall have")
        await second_rep.press(choice, next(label for label in labels(choice) if first_rep.name.title() in label))
        handed = await first_rep.sees("hands this conversation over to you")
        assert "I need an oak table" in handed["text"]
        assert "We have some from 80 000." in handed["text"]
        await office.house.until(HOLDER, str(who.id), want=[(str(first_rep.id),)])
        await first_rep.answer(handed, "It is me now.")
        await who.sees("It is me now.")


async def test_whoever_goes_home_is_asked_no_more_and_their_offer_goes_on(office: Desk) -> None:
    async with office.rep() as one, office.rep() as two:
        who = await writes(office, "routbela", "Hello, I need a chair")
        [(address,)] = await office.house.until("SELECT r.address FROM offers o JOIN reps r ON r.id = o.rep_id WHERE o.ended_at = 0")
        leaver, stays = (one, two) if address == str(one.id) else (two, one)
        await leaver.sees("waits for you")
        await go_home(leaver)
        await leaver.sees("does not wait for you any more")
        await stays.press(await stays.sees("waits for you"), "✅ Accept")
        await office.house.until(HOLDER, str(who.id), want=[(str(stays.id),)])
