"""The plug is pulled at random moments while people talk; nothing that was said is lost, and nothing is said twice.

KILLS sets how often (6 in CI, 60 per commit, 1000 nightly unless it is set), SEED makes a run repeatable. Every third life ends while the bots awake,
the others at most a second after both have asked for updates in this very life.
"""

import asyncio
import json
import os
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.faults.checker import balance_of
from tests.faults.stage import HOW_MUCH, dice, rounds
from tests.walks.house import PATIENCE, House, open_house, staffed

KILLS = int(os.environ.get("KILLS", "0")) or (3 if HOW_MUCH == "once" else len(rounds(60, 1000, ci=6)))
TALKERS = 4
CARD = re.compile(r"Cust[0-9]+X[0-9]+")


class Story:
    """Customers who keep talking and a rep who answers every card once; what each did is remembered."""

    def __init__(self, house: House, dice: random.Random) -> None:
        self.house, self.dice = house, dice
        self.said: list[str] = []
        self.answered: dict[str, str] = {}
        self.pressed: set[int] = set()
        self.over = asyncio.Event()

    def anyway(self, message: dict[str, Any]) -> bool:
        """Whether this asks if an answer that newer words overtook is sent all the same."""
        labels = [button["text"] for row in message["buttons"] for button in row]
        return "Send anyway" in labels and message["message_id"] not in self.pressed

    async def customer(self, number: int) -> None:
        """A new stranger every few words, each word told apart from every other."""
        place = 0
        while not self.over.is_set():
            name = f"cust{number}x{place // 3}"
            if place % 3 == 0:
                await self.house.hands.introduce(name, first_name=name.title(), language_code="en")
            word = f"word{number}n{place}"
            await self.house.hands.do(name, "send", text=f"please {word}")
            self.said.append(word)
            place += 1
            await asyncio.sleep(self.dice.uniform(0.05, 0.6))

    async def is_answered(self) -> None:
        """Wait until the rep has seen a card and answered it: every life before may have been too short for one."""
        async with asyncio.timeout(PATIENCE):
            while not self.answered:
                await asyncio.sleep(0.05)

    async def rep(self) -> None:
        """Answers each new customer's card once, also when newer words came meanwhile."""
        while not self.over.is_set():
            chat = await self.house.hands.chat("tigran", bot="staff")
            for message in chat["messages"]:
                if self.anyway(message):
                    self.pressed.add(message["message_id"])
                    await self.house.hands.do("tigran", "click", bot="staff", message_id=message["message_id"], button="Send anyway", wait=0)
                    continue
                found = CARD.search(message["text"])
                name = found.group() if found else ""
                if message["from"] == "bot" and name and name not in self.answered and message["buttons"]:
                    self.answered[name] = f"answer for {name}"
                    await self.house.hands.do("tigran", "send", bot="staff", text=self.answered[name], reply_to=message["message_id"])
            await asyncio.sleep(0.2)


async def newest(house: House) -> int:
    """The number of the newest request the bots made."""
    return max((int(request["number"]) for request in await house.hands.log()), default=0)


async def awake(house: House, after: int) -> None:
    """Wait until both bots have polled since a request of the log."""
    for bot in ("customer", "staff"):
        async with asyncio.timeout(PATIENCE):
            while not await house.hands.log(bot=bot, after=after, method="getUpdates"):
                await asyncio.sleep(0.05)


async def live_and_die(house: House, luck: random.Random, number: int) -> None:
    """One life: the bots awake, people talk, the plug is pulled."""
    before = await newest(house)
    await house.start()
    if number % 3:
        await awake(house, before)
    await asyncio.sleep(luck.uniform(0.005, 1.0))
    await house.kill()


@pytest.mark.faults
async def test_nothing_is_lost_and_nothing_is_doubled(tmp_path: Path) -> None:
    print(f"KILLS={KILLS}")  # noqa: T201 - a failing run must be repeatable
    luck = dice("kill")
    async with open_house(tmp_path) as house:
        await staffed(house)
        story = Story(house, luck)
        async with asyncio.TaskGroup() as people:
            for number in range(TALKERS):
                people.create_task(story.customer(number))
            people.create_task(story.rep())
            for number in range(1, KILLS + 1):
                await live_and_die(house, luck, number)
            before = await newest(house)
            await house.start()
            await awake(house, before)
            await story.is_answered()
            story.over.set()
        await heard_once(house, story)
        await answered_once(house, story)
        await sent_once(house)
        await alive(house)
        assert await house.stop() == 0
        await balanced(house)


async def situation(house: House, story: Story) -> str:
    """What can be told of the staff's side when something is amiss there."""
    chat = await house.hands.chat("tigran", bot="staff")
    posts = [message["text"][:80] for message in chat["messages"][-8:]]
    told = {
        "said": len(story.said),
        "answered": len(story.answered),
        "reps": house.rows("SELECT name, role, active, available FROM reps"),
        "waiting": house.rows("SELECT desk, attempts, parked, error, count(*) FROM waiting GROUP BY 1, 2, 3, 4"),
        "deliveries": house.rows("SELECT desk, address, state, detail, count(*), min(due_at), max(attempts) FROM deliveries GROUP BY 1, 2, 3, 4 LIMIT 40"),
        "notices": house.rows("SELECT kind, urgent, count(*) FROM notices GROUP BY 1, 2"),
        "leases": house.rows("SELECT name, holder, until FROM leases"),
        "the rep's chat": [len(chat["messages"]), chat["blocked"], posts],
    }
    return "\n".join([*(f"{name}: {value}" for name, value in told.items()), house.log.read_text()[-6000:]])


async def heard_once(house: House, story: Story) -> None:
    """Each word stands in the store exactly once."""
    await house.until("SELECT count(*) FROM messages WHERE author = 'contact' AND kind = 'message'", want=[(len(story.said),)])
    texts = Counter(text.split()[-1] for (text,) in house.rows("SELECT text FROM messages WHERE author = 'contact' AND kind = 'message'"))
    assert texts == Counter(story.said)
    assert house.rows("SELECT count(*) FROM leads") == house.rows("SELECT count(DISTINCT address) FROM conversations")


async def answered_once(house: House, story: Story) -> None:
    """Each of the rep's answers stands in the store exactly once, or waits for a second look because newer words overtook it."""
    assert story.answered, await situation(house, story)
    said, held = "SELECT text FROM messages WHERE author = 'rep'", "SELECT facts FROM wizards WHERE kind = 'unsent'"
    await house.until(f"SELECT (SELECT count(*) FROM ({said})) + (SELECT count(*) FROM ({held}))", want=[(len(story.answered),)])
    texts = Counter(text for (text,) in house.rows(said))
    waiting = Counter(json.loads(facts)["text"] for (facts,) in house.rows(held))
    assert texts + waiting == Counter(story.answered.values())


async def sent_once(house: House) -> None:
    """No customer got the same words twice, and whatever may not have arrived is `unknown`, not silently resent or dropped."""
    await house.until("SELECT count(*) FROM deliveries WHERE desk = 0 AND state IN ('queued', 'sending')", want=[(0,)])
    log = await house.hands.log(bot="customer", method="sendMessage")
    got = Counter((str(one["parameters"]["chat_id"]), str(one["parameters"]["text"])) for one in log if one["accepted"])
    assert [who for who, times in got.items() if times > 1] == []
    for address, text, state in house.rows("SELECT d.address, m.text, d.state FROM deliveries d JOIN messages m ON m.id = d.message_id WHERE d.desk = 0"):
        if state == "sent":
            assert got[address, text] == 1, (address, text)
        elif state != "unknown":
            assert got[address, text] == 0, (address, text, state)


async def alive(house: House) -> None:
    """After all that, a new stranger is greeted."""
    await house.hands.introduce("late", first_name="Late", language_code="en")
    await house.hands.do("late", "send", text="anybody there?")
    await house.hands.wait("late", contains="Marani", timeout=PATIENCE)


async def balanced(house: House) -> None:
    """The books balance."""
    books = await balance_of(house)
    assert books.balanced, books.problems
