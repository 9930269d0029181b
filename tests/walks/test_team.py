"""Somebody leaves the firm: a manager removes them by buttons, and their customers are anybody's again."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.walks.desk import Desk, labels, open_desk, taken

pytestmark = pytest.mark.asyncio(loop_scope="module")
HOLDER = "SELECT rep_id FROM conversations WHERE address = ?"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A house of its own, since its team shrinks."""
    folder: Path = tmp_path_factory.mktemp("team")
    async with open_desk(folder) as made:
        yield made


async def test_a_removed_reps_customer_is_answered_by_somebody_else(office: Desk) -> None:
    async with office.rep() as leaver, office.rep() as colleague:
        who, _ = await taken(leaver, "sona")
        await colleague.sees("Taken by")
        await office.manager.say("/team")
        page = await office.manager.sees("The team: 3 people.")
        await office.manager.press(page, next(label for label in labels(page) if leaver.name.title() in label))
        await office.manager.press(await office.manager.sees("1 conversation taken"), "Remove")
        await office.manager.press(await office.manager.sees("goes back to the inbox."), "Yes, remove")
        await office.manager.sees("1 conversation is back in the inbox.")
        last = await leaver.sees("You are not of the team any more.")
        await office.house.until(HOLDER, str(who.id), want=[(None,)])
        card = await colleague.sees("Waits for an answer")
        await colleague.press(card, "Take")
        await colleague.answer(await colleague.sees("🟢 Yours"), "I am here for you now.")
        await who.sees("I am here for you now.")
        await leaver.say("/inbox")
        await leaver.sees("If you have an invitation, open its link.", after=last["message_id"])
