"""How long a stranger's word takes to the card in the rep's chat: idle, and under 100 messages a second from customers already known.

The product runs in a process of its own on one core, the pretended world and the load in this one on the other; times are wall-clock, from the
moment the customer's phone sends to the moment the rep's phone shows.
"""

import asyncio
import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bench import machine
from bench.rounds import Figure, Size, share
from tests.walks.house import House, open_house, staffed

STRANGERS = int(os.environ.get("STRANGERS", "30"))
RATE = int(os.environ.get("RATE", "100"))
KNOWN = 40
EVERY = 1.3  # seconds: a chat may be written to once a second, so a quicker stranger would measure Telegram's limit and not us


def measure(size: Size) -> list[Figure]:
    """p50 and p95, idle and under load, once: a run of it takes minutes."""
    strangers_asked = size.of(5, STRANGERS)
    return asyncio.run(felt(strangers_asked))


async def felt(count: int) -> list[Figure]:
    """One house, idle and then under load."""
    machine.pin(machine.LOAD)
    try:
        with tempfile.TemporaryDirectory() as folder:
            async with open_house(Path(folder)) as house:
                await staffed(house, managers=())
                await house.start()
                if (os.cpu_count() or 1) > 1:
                    house.pin({machine.SERVER})
                await warm(house)
                idle = figures("idle", await strangers(house, "idle", count))
                async with load(house):
                    return [*idle, *figures(f"under {RATE} messages/s", await strangers(house, "load", count))]
    finally:
        machine.unpin()


async def warm(house: House) -> None:
    """Let everything be loaded and said once before anything is measured."""
    await house.until("SELECT 1 FROM reps")
    await house.hands.introduce("first", first_name="First", language_code="en")
    await house.hands.do("first", "send", text="warming up")
    await house.hands.wait("tigran", bot="staff", contains="warming up", timeout=60)


async def strangers(house: House, kind: str, count: int) -> list[float]:
    """Seconds from word to card, for one stranger after another."""
    found: list[float] = []
    for number in range(count):
        name, word = f"{kind}{number}", f"oak-{kind}-{number}-table"
        await house.hands.introduce(name, first_name=name.title(), language_code="en")
        began = time.perf_counter()
        await house.hands.do(name, "send", text=f"Do you have {word}?")
        await house.hands.wait("tigran", bot="staff", contains=word, timeout=60)
        found.append(time.perf_counter() - began)
        await asyncio.sleep(max(0.0, EVERY - found[-1]))
    return found


@asynccontextmanager
async def load(house: House) -> AsyncIterator[None]:
    """Customers whom nobody has to look at (their cards stand already) write all the time."""
    names = [f"known{number}" for number in range(KNOWN)]
    for name in names:
        await house.hands.introduce(name, first_name=name.title(), language_code="en")
        await house.hands.do(name, "send", text="hello")
    posted = "SELECT count(DISTINCT conversation_id) AS n FROM deliveries WHERE desk = 1 AND card IS NOT NULL AND state = 'sent'"
    await house.until(f"SELECT n FROM ({posted}) WHERE n > ?", KNOWN)
    sent = 0
    began = time.perf_counter()

    async def write() -> None:
        nonlocal sent
        while True:
            ahead = began + sent / RATE - time.perf_counter()
            if ahead > 0:
                await asyncio.sleep(ahead)
            sent += 1
            await house.hands.do(names[sent % KNOWN], "send", text=f"and another thing {sent}")

    tasks = [asyncio.create_task(write()) for _ in range(4)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        print(f"  load reached {sent / (time.perf_counter() - began):.0f} messages/s")


def figures(name: str, seconds: list[float]) -> list[Figure]:
    """The table's lines of one load."""
    said = f"a stranger's word to the rep's card, {name}"
    note = f"{len(seconds)} strangers"
    return [Figure(f"{said}, p{part * 100:.0f}", (share(seconds, part) * 1000,), "ms", less=True, note=note) for part in (0.5, 0.95)]
