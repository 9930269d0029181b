"""F29, F30: a backup is killed while people write, a page of a copy goes bad, the machine is lost. The newest copy is whole, and what comes back sends nothing."""

import asyncio
import os
import random
import shutil
import sys
import time
from pathlib import Path

import pytest

from console import release, restore
from console.environment import Environment
from crm.base.backup import BadCopy, Copy, examine, newest
from crm.base.db import look
from crm.reports.books import check
from tests.faults.checker import checked, left, settled
from tests.faults.stage import NO_BOTS, SHORT, beside_each_other, dice, open_receiver, rounds
from tests.faults.visitors import Visitor
from tests.walks.house import PATIENCE, House

pytestmark = [pytest.mark.faults, pytest.mark.file, pytest.mark.asyncio(loop_scope="module")]
BY_HAND = {"BACKUP_EVERY": "0"}  # so that no copy by schedule is in the way
HEARD = "SELECT text FROM messages WHERE author = 'contact'"
ANSWERS = "SELECT state, count(*) FROM deliveries WHERE account = 'webchat' GROUP BY state"


def copies_of(house: House) -> Path:
    """Where a house keeps its copies."""
    return house.folder / "backups"


async def backing_up(house: House) -> asyncio.subprocess.Process:
    """Begin a copy by hand, beside the running product."""
    settings = {**os.environ, "DATABASE_URL": house.url, "DATA_DIR": str(house.folder)}
    silent = asyncio.subprocess.DEVNULL
    return await asyncio.create_subprocess_exec(sys.executable, "main.py", "backup", cwd=house.root, env=settings, stdout=silent, stderr=silent)


async def killed_somewhere(house: House, luck: random.Random) -> None:
    """Kill a backup at any moment of its copying, or of its start; it may also have ended."""
    process, begun = await backing_up(house), luck.random() < 0.8
    async with asyncio.timeout(PATIENCE):
        while begun and process.returncode is None and not list(copies_of(house).glob("*.part")):
            await asyncio.sleep(0.001)
    await asyncio.sleep(luck.uniform(0.0, 0.05 if begun else 0.5))
    if process.returncode is None:
        process.kill()
    await process.wait()


async def taken(house: House) -> Copy:
    """Take a copy to the end; two of one second would have one name."""
    last = newest(copies_of(house))
    await asyncio.sleep(max(0.0, last.at / 1000 + 1.0 - time.time()) if last else 0.0)
    process = await backing_up(house)
    assert await process.wait() == 0
    found = newest(copies_of(house))
    assert found
    assert not last or found.at > last.at
    return found


async def whole(copy: Copy, words: set[str]) -> None:
    """A copy is what it was when it was proven, its books balance, and it holds these words."""
    await asyncio.to_thread(examine, copy.folder)
    database = copy.folder / copy.database
    assert (await asyncio.to_thread(look, database, check)).problems == ()
    assert words <= {text for (text,) in heard(database)}


def heard(database: Path) -> list[tuple[str]]:
    """What contacts have said, in a copy."""
    from sqlalchemy import text

    return [(row[0],) for row in look(database, lambda session: session.execute(text(HEARD)).all())]


async def talk(visitors: list[Visitor], house: House, over: asyncio.Event) -> None:
    """One visitor after another says a word."""
    while not over.is_set():
        visitors.append(Visitor(house))
        await visitors[-1].insist(visitors[-1].word())


async def shown(house: House, words: set[str]) -> None:
    """Wait until what was acknowledged has become messages, while others go on talking."""
    async with asyncio.timeout(PATIENCE):
        while not words <= {text for (text,) in house.rows(HEARD)}:
            await asyncio.sleep(0.02)


async def test_a_backup_killed_anywhere_leaves_what_was_there_and_the_next_one_is_whole(tmp_path: Path) -> None:
    async with open_receiver(tmp_path, **BY_HAND) as house:
        await house.start()
        visitors: list[Visitor] = []
        for number in rounds(20, 200):
            luck, over = dice("F29", number), asyncio.Event()
            talking = asyncio.create_task(talk(visitors, house, over))
            before = newest(copies_of(house))
            await killed_somewhere(house, luck)
            if before:
                await whole(before, set())
            kept = {visitor.words[0].text for visitor in visitors[:-1]}
            await shown(house, kept)
            copy = await taken(house)
            over.set()
            await talking
            await settled(house)
            await whole(copy, kept)
        await checked(house, visitors)


async def test_a_page_that_goes_bad_is_found_and_the_copy_before_is_good(tmp_path: Path) -> None:
    async with open_receiver(tmp_path, **BY_HAND) as house:
        await house.start()
        visitor = Visitor(house)
        await visitor.insist(visitor.word())
        first = await taken(house)
        for number in rounds(20, 200):
            luck, copy = dice("F29 page", number), await taken(house)
            with (copy.folder / copy.database).open("r+b") as file:
                file.seek(luck.randrange(copy.size - 64))
                old = file.read(64)
                file.seek(-64, os.SEEK_CUR)
                file.write(bytes(byte ^ 255 for byte in old))
            with pytest.raises(BadCopy, match="its bytes have changed"):
                examine(copy.folder)
            shutil.rmtree(copy.folder)
            await whole(first, {visitor.words[0].text})
        await checked(house, [visitor])


async def test_what_was_restored_keeps_what_comes_and_sends_nothing_until_it_is_released(tmp_path: Path) -> None:
    await beside_each_other(rounds(5, 50), lambda number: lost_and_restored(tmp_path, number))


async def lost_and_restored(folder: Path, number: int) -> None:
    """A house is lost some time after its last copy, and a fresh one begins with that copy."""
    luck = dice("F30", number)
    async with open_receiver(folder / f"{number}-lost", **BY_HAND) as lost:
        await lost.start()
        visitors = [Visitor(lost) for _ in range(luck.randint(2, 6))]
        for visitor in visitors:
            await visitor.insist(visitor.word())
        await settled(lost)
        await left(lost, "webchat")
        copy = await taken(lost)
        for visitor in visitors[:2]:
            await visitor.insist(visitor.word())
        await lost.kill()
        fresh = House(folder / f"{number}-fresh", lost.server, lost.hands, {**SHORT, **NO_BOTS, **BY_HAND})
        try:
            await told_again(fresh, copy, visitors)
        finally:
            await fresh.close()


async def told_again(house: House, copy: Copy, visitors: list[Visitor]) -> None:
    """The copy comes back elsewhere; people say again what they said last, nothing leaves before somebody releases it, and then everything does."""
    environment = Environment(database_url=house.url, data_dir=str(house.folder))
    restore.run(environment, str(copy.folder))
    before = house.rows(ANSWERS)
    await house.start()
    for visitor in visitors:
        visitor.house = house
        await visitor.insist(visitor.words[-1])
    await settled(house)
    assert [row for row in house.rows(ANSWERS) if row[0] != "queued"] == [row for row in before if row[0] != "queued"]
    assert await house.stop() == 0
    await asyncio.to_thread(release.run, environment)
    await house.start()
    await checked(house, visitors)
