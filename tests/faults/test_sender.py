"""F6: the sender dies at every call between "sending" and "sent"; what it meant to send reached the provider at most once, and is not forgotten."""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.checker import against_intents, checked, left, rep_answers
from tests.faults.stage import dice, indexes, open_office
from tests.faults.syscalls import injected, writer_of
from tests.walks.desk import Phone, phone
from tests.walks.house import House, staffed

pytestmark = pytest.mark.faults
# A command's way: kept, claimed, done, its answer claimed for sending, settled; the main thread polls, sends and answers meanwhile.
CALLS = {"fdatasync": (8, 10), "sendto": (12, 3)}


async def opened(house: House) -> Phone:
    """A house with a rep who is in, running."""
    await staffed(house)
    await house.start()
    await house.until("SELECT count(*) FROM reps", want=[(2,)])
    return await phone(house, "tigran", "staff")


async def dies_at(house: House, rep: Phone, call: str, index: int) -> None:
    """Have the rep ask for one thing after another until the house dies of it, and open it again."""
    thread = writer_of(house.pid) if call == "fdatasync" else house.pid
    async with injected(thread, call, f"signal=SIGKILL:when={index}", house.folder / "strace.log"):
        while house.runs:
            before = len(await rep.heard())
            await rep.say("/inbox")
            with suppress(TimeoutError):  # an answer of which nobody knows what became never comes: then something else is asked
                await heard_more(rep, before)
        await house.ended()
    await house.start()


async def heard_more(rep: Phone, before: int) -> None:
    """Wait for one more word of the bot, while there is a house that could say it."""
    async with asyncio.timeout(10):
        while rep.house.runs and len(await rep.heard()) == before:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("call", [pytest.param("fdatasync", marks=pytest.mark.file), "sendto"])
async def test_dying_at_any_call_of_the_sender_sends_nothing_twice(strace: str, tmp_path: Path, call: str) -> None:
    dice(f"F6 {call}")
    most, ci = CALLS[call]
    async with open_office(tmp_path) as house:
        rep = await opened(house)
        await rep_answers(house, rep)
        for index in indexes(most, ci):
            await dies_at(house, rep, call, index)
            await left(house, "staff")
            found = await against_intents(house, "staff", "staff")
            assert not found, found
        stranger = await rep_answers(house, rep)
        await checked(house, [stranger], accounts={"staff": "staff"})
