"""F3: the house dies while it fetches from Telegram: before a batch is kept, and after it, before the next offset is told. Each word stands once, in order."""

import asyncio
from pathlib import Path

import pytest

from tests.faults.checker import HEARD, against_intents, balance_of, left, settled
from tests.faults.stage import SHORT, dice, indexes
from tests.faults.syscalls import committing, injected
from tests.walks.desk import Phone, customer
from tests.walks.house import House, open_house

pytestmark = pytest.mark.faults
# A word's way: fetched, kept, processed, answered; the main thread asks, sends and is asked meanwhile.
CALLS = {"commits": (10, 2), "sendto": (20, 2)}
OFFSET = "SELECT value FROM offsets WHERE name = 'telegram'"


async def dies_at(house: House, who: Phone, said: list[str], thread: int, call: str, index: int) -> None:
    """Have somebody talk until the house dies of it, see what it had told Telegram, and open it again."""
    async with injected(thread, call, f"signal=SIGKILL:when={index}", house.folder / "strace.log"):
        while house.runs:
            said.append(f"word {len(said)}")
            await who.say(said[-1])
            await asyncio.sleep(0.1)
        await house.ended()
    asked = await house.hands.log(bot="customer", method="getUpdates")
    told = max((int(one["parameters"].get("offset") or 0) for one in asked), default=0)
    kept = max((offset for (offset,) in house.rows(OFFSET)), default=0)
    assert told <= kept, "Telegram was told that we have what we have not"
    await house.start()


@pytest.mark.parametrize("what", CALLS)
async def test_dying_between_a_fetch_and_its_offset_loses_and_doubles_nothing(strace: str, tmp_path: Path, what: str) -> None:
    dice(f"F3 {what}")
    said: list[str] = []
    async with open_house(tmp_path, **{**SHORT, "STAFF_BOT_TOKEN": ""}) as house:
        await house.start()
        who = await customer(house, "zoe")
        for index in indexes(*CALLS[what]):
            thread, call = committing(house) if what == "commits" else (house.pid, what)
            await dies_at(house, who, said, thread, call, index)
        await house.until("SELECT count(*) FROM messages WHERE author = 'contact' AND kind = 'message'", want=[(len(said),)])
        assert [text for (text,) in house.rows(HEARD)] == said
        await settled(house)
        await left(house, "telegram")
        assert await against_intents(house, "telegram", "customer") == []
        late = await customer(house, "late")
        await late.say("anybody there?")
        await late.sees("Marani")
        books = await balance_of(house)
        assert books.balanced, books.problems
