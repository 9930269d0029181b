"""F1, F2, F9: the receiver dies at random moments and at chosen system calls, and everything comes several times; each word stands once."""

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.faults.checker import HEARD, checked, settled
from tests.faults.stage import beside_each_other, dice, indexes, open_receiver, rounds
from tests.faults.syscalls import injected, writer_of
from tests.faults.visitors import Outcome, Visitor
from tests.walks.house import House

pytestmark = [pytest.mark.faults, pytest.mark.asyncio(loop_scope="module")]
TALKERS, WORDS = 12, 8
# A word's way through the writer takes so many calls: kept, processed with its answer, sent, settled.
CALLS = {"pwrite64": 40, "fdatasync": 10}
ANSWERS = 16
SPREAD = {"pwrite64": 10, "fdatasync": 6}
HOUSES = 2


async def talk(visitor: Visitor, luck: random.Random, over: asyncio.Event) -> None:
    """Say one word after another, each until it is acknowledged, about four a second."""
    while not over.is_set() and len(visitor.words) < WORDS:
        await visitor.insist(visitor.word(), luck)
        await asyncio.sleep(luck.uniform(0.0, 0.4))


async def died_at(house: House, thread: int, call: str, index: int, visitors: list[Visitor]) -> None:
    """Have the house die at one call while people talk, open it again, and let them finish."""
    talking: list[Visitor] = []
    async with injected(thread, call, f"signal=SIGKILL:when={index}", house.folder / "strace.log"):
        while house.runs:
            talking.append(Visitor(house))
            for _ in range(3):
                await talking[-1].say(talking[-1].word())
        await house.ended()
    await house.start()
    for visitor in talking:
        for word in visitor.words:
            await visitor.insist(word)
    visitors += talking


async def test_a_killed_receiver_loses_nothing_and_doubles_nothing(receiver: House) -> None:
    everybody: list[Visitor] = []
    for number in rounds(60, 3000):
        luck, over = dice("F1", number), asyncio.Event()
        talkers = [Visitor(receiver) for _ in range(TALKERS)]
        everybody += talkers
        async with asyncio.TaskGroup() as crowd:
            for visitor in talkers:
                crowd.create_task(talk(visitor, luck, over))
            await asyncio.sleep(luck.uniform(0.005, 0.2))
            await receiver.kill()
            await receiver.start()
            await asyncio.sleep(luck.uniform(0.05, 0.3))
            over.set()
    await checked(receiver, everybody)


@pytest.mark.file
@pytest.mark.parametrize("call", CALLS)
async def test_dying_at_any_call_of_the_writer_loses_and_doubles_nothing(strace: str, tmp_path: Path, call: str) -> None:
    dice(f"F2 {call}")
    every = indexes(CALLS[call], SPREAD[call])
    await beside_each_other(range(HOUSES), lambda part: its_writer_dies(tmp_path / str(part), call, every[part::HOUSES]))


async def its_writer_dies(folder: Path, call: str, at: Sequence[int]) -> None:
    """A house dies at one call of its writer after another."""
    visitors: list[Visitor] = []
    async with open_receiver(folder) as house:
        await house.start()
        for index in at:
            await died_at(house, writer_of(house.pid), call, index, visitors)
        await checked(house, visitors)


async def test_dying_at_any_answer_leaves_what_was_kept(strace: str, tmp_path: Path) -> None:
    visitors: list[Visitor] = []
    dice("F2 sendto")
    async with open_receiver(tmp_path) as house:
        await house.start()
        for index in indexes(ANSWERS, 3):
            await died_at(house, house.pid, "sendto", index, visitors)
        await checked(house, visitors)


async def test_what_comes_several_times_in_any_order_is_one_of_each(receiver: House) -> None:
    for number in rounds(50, 1000):
        luck = dice("F9", number)
        visitors = [Visitor(receiver) for _ in range(5)]
        tries = [(visitor, word) for visitor in visitors for word in (visitor.word(), visitor.word()) for _ in range(luck.randint(1, 4))]
        luck.shuffle(tries)
        outcomes = await asyncio.gather(*(visitor.say(word) for visitor, word in tries))
        assert set(outcomes) <= {Outcome.OK, Outcome.FAILED}
        for visitor in visitors:
            await asyncio.gather(*(visitor.insist(word) for word in visitor.words if word.outcome is not Outcome.OK))
        await settled(receiver)
        stored = [text for (text,) in receiver.rows(HEARD)]
        for visitor in visitors:
            visitor.words.sort(key=lambda word: stored.index(word.text))  # who sends two at once has no order of their own
        await checked(receiver, visitors)
