"""F10: many conversations at random paces while the worker is killed; each keeps the order of its sender, and one that is stuck holds up no other."""

import asyncio
import random
import time

import pytest

from channels.webchat.frames import Hello, Said
from channels.webchat.raw import Visitor as Writer
from channels.webchat.raw import write_raw
from crm.base.db import open_store
from crm.base.time import DAY
from crm.inbox.log import keep
from tests.faults.checker import HEARD, checked
from tests.faults.stage import HOW_MUCH, dice, rounds
from tests.faults.visitors import ANSWERED, Outcome, Visitor
from tests.walks.house import House

pytestmark = [pytest.mark.faults, pytest.mark.asyncio(loop_scope="module")]
PEOPLE, WORDS, KILLS = (200, 50, 10) if HOW_MUCH in ("c", "n") else (16, 8, 1)
PAUSE = 0.05
WAIT = "SELECT count(*) FROM waiting WHERE parked = 0 AND lane {} ?"


async def talk(visitor: Visitor, luck: random.Random) -> None:
    """Say all words one after another, each until it is acknowledged, some at once and some after a while."""
    for _ in range(WORDS):
        await visitor.insist(visitor.word(), luck)
        await asyncio.sleep(luck.uniform(0.0, PAUSE))


def lane_of(visitor: Visitor) -> str:
    """What the product calls the lane of somebody's words."""
    return f"webchat:{visitor.address}"


async def stick(house: House, visitor: Visitor) -> None:
    """A word of theirs was kept, failed once and will be tried again in a day; while the house is down."""
    word, now = visitor.word(), time.time_ns() // 1_000_000
    raw = write_raw("webchat", Writer(visitor.address, Hello()), Said(word.id, word.text), [], now)
    store = open_store(house.url)
    assert await store.write(lambda session: keep(session, [raw])) == [True]
    await store.close()
    word.heard(Outcome.OK)
    house.change(f"UPDATE waiting SET attempts = 1, due_at = {now + DAY} WHERE lane = '{lane_of(visitor)}'")


async def test_every_conversation_keeps_its_order_and_a_stuck_one_holds_up_no_other(receiver: House) -> None:
    for number in rounds(5, 100):
        luck = dice("F10", number)
        stuck, others = Visitor(receiver), [Visitor(receiver) for _ in range(PEOPLE)]
        async with asyncio.TaskGroup() as crowd:
            for visitor in others:
                crowd.create_task(talk(visitor, luck))
            await asyncio.sleep(luck.uniform(0.0, PAUSE * WORDS))
            await receiver.kill()
            await stick(receiver, stuck)
            await receiver.start()
            crowd.create_task(talk(stuck, luck))
            for _ in range(KILLS):
                await asyncio.sleep(luck.uniform(0.0, PAUSE * WORDS))
                await receiver.kill()
                await receiver.start()
        await receiver.until(WAIT.format("<>"), lane_of(stuck), want=[(0,)])
        for visitor in others:
            await receiver.until(ANSWERED, visitor.address)
        assert receiver.rows(WAIT.format("="), lane_of(stuck)) == [(len(stuck.words),)]
        assert not {word.text for word in stuck.words} & {text for (text,) in receiver.rows(HEARD)}
        await receiver.kill()
        receiver.change(f"UPDATE waiting SET due_at = 0 WHERE lane = '{lane_of(stuck)}'")
        await receiver.start()
        await checked(receiver, [stuck, *others])
