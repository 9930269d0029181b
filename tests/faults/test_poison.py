"""F12: an event that raises, that kills the process, that eats the memory, that never ends. It is parked with its bytes, and the others flow.

The poison stands in a copy of the tree; the program that is started after it is the mended one.
"""

import asyncio
import json
from pathlib import Path

import pytest

from crm.base.actors import System
from crm.base.db import Session, open_store
from crm.inbox.parked import retry
from tests.faults.checker import checked
from tests.faults.copies import Change, change, copy_of_the_tree
from tests.faults.stage import beside_each_other, dice, open_receiver, rounds
from tests.faults.visitors import Visitor, greeted
from tests.walks.house import House

pytestmark = pytest.mark.faults
POISONS = {
    "raises": "raise ValueError('poison')",
    "kills": "import os; os.kill(os.getpid(), 11)",
    "eats": "bytearray(16 << 30)",
    "hangs": "import time; time.sleep(600)",
}
BEFORE = '    ours, kind = _text(body, "id"), _text(body, "kind")\n'
PARKED = "SELECT w.attempts, b.body FROM waiting w JOIN raw_bodies b ON b.event_id = w.event_id WHERE w.parked = 1"


def poisoned(folder: Path) -> Path:
    """A tree whose widget falls ill at certain words."""
    tree = copy_of_the_tree(folder)
    lines = "".join(f"    if _text(body, 'text') == 'poison {name}':\n        {deed}\n" for name, deed in POISONS.items())
    change(tree, [Change("channels/webchat", BEFORE, BEFORE + lines)])
    return tree


async def nursed(house: House, healthy: asyncio.Event) -> None:
    """Start the house again whenever it died or hears nobody, as whoever watches it does."""
    deaf = 0
    while not healthy.is_set():
        deaf = deaf + 1 if await is_deaf(house) else 0
        if not house.runs or deaf > 1:
            await house.kill()
            await house.launch()
            deaf = 0
        await asyncio.sleep(0.1)


async def is_deaf(house: House) -> bool:
    """Whether the house lets people in and says nothing to them."""
    try:
        async with asyncio.timeout(1.5):
            await house.answers("/health")
    except TimeoutError:
        return True
    return False


@pytest.mark.parametrize("name", POISONS)
async def test_poison_is_parked_and_the_others_flow(tmp_path: Path, name: str) -> None:
    tree = poisoned(tmp_path / "tree")
    await beside_each_other(rounds(10, 100, ci=1 if name == "hangs" else 3), lambda number: taken_in(tmp_path / f"house{number}", tree, name, number))


async def taken_in(folder: Path, tree: Path, name: str, number: int) -> None:
    """A house takes poison in and falls ill, gets well again, and takes it in once more without harm."""
    dice(f"F12 {name}", number)
    async with open_receiver(folder) as house:
        house.root = tree
        await house.start(*(("prlimit", f"--as={6 << 30}") if name == "eats" else ()))
        victim, healthy = Visitor(house), asyncio.Event()
        await victim.insist(victim.word(f"poison {name}"))
        nursing = asyncio.create_task(nursed(house, healthy))
        [(attempts, body)] = await house.until(PARKED)
        assert json.loads(body)["text"] == f"poison {name}"
        assert attempts == 5
        bystander = await greeted(house)
        healthy.set()
        await nursing
        await house.stop()
        await given_another_chance(house)
        house.root = Path(__file__).parents[2]
        await house.start()
        await checked(house, [victim, bystander])


async def given_another_chance(house: House) -> None:
    """A manager has what is parked tried again."""
    store = open_store(house.url)
    [(event,)] = house.rows("SELECT event_id FROM waiting WHERE parked = 1")

    def deed(session: Session) -> None:
        retry(session, System("test"), event, now=1)

    await store.write(deed)
    await store.close()
