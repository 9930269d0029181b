"""F25: asked to stop under load, asked twice, orphaned, the first process of a machine: the outcome is that of a pulled plug, or better."""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.faults.checker import checked
from tests.faults.stage import dice, open_receiver, rounds
from tests.faults.syscalls import needed
from tests.faults.visitors import Visitor
from tests.walks.house import PATIENCE, House

pytestmark = [pytest.mark.faults, pytest.mark.asyncio(loop_scope="module")]
HELD, NODES = "SELECT name FROM leases WHERE until > 0", "SELECT name FROM nodes"
WRAPPER = "import subprocess, sys; subprocess.run(sys.argv[1:])"


async def talk(visitor: Visitor, over: asyncio.Event) -> None:
    """Say one word after another, each until it is acknowledged."""
    while not over.is_set() and len(visitor.words) < 8:
        await visitor.insist(visitor.word())


async def under_load(house: House, end: Callable[[], Awaitable[None]]) -> list[Visitor]:
    """Have people talk while the house is ended and opened again."""
    visitors, over = [Visitor(house) for _ in range(8)], asyncio.Event()
    async with asyncio.TaskGroup() as crowd:
        for visitor in visitors:
            crowd.create_task(talk(visitor, over))
        await end()
        over.set()
        await house.start()
    return visitors


@pytest.mark.parametrize("names", [("SIGTERM",), ("SIGINT",), ("SIGTERM", "SIGTERM")], ids="-".join)
async def test_a_stop_under_load_is_obeyed_and_loses_nothing(tmp_path: Path, names: tuple[str, ...]) -> None:
    everybody: list[Visitor] = []
    async with open_receiver(tmp_path, STOP_SECONDS="20") as house:
        await house.start()
        for number in rounds(30, 500, ci=2):
            luck = dice(f"F25 {names}", number)

            async def end() -> None:
                await asyncio.sleep(luck.uniform(0.02, 0.3))  # noqa: B023 - awaited in this round
                for name in names:
                    if house.runs:
                        os.kill(house.pid, getattr(signal, name))
                assert await house.ended() in ((0,) if len(names) == 1 else (0, 1))
                if len(names) == 1:
                    let_go(house)

            everybody += await under_load(house, end)
        await checked(house, everybody)


def let_go(house: House) -> None:
    """Who stopped in good order holds nothing any more; in a file there is nobody to leave it for, and whoever opens it next takes all."""
    if house.url.startswith("postgresql"):
        assert house.rows(HELD) == house.rows(NODES) == []


async def test_an_orphan_goes_on_and_can_be_stopped(tmp_path: Path) -> None:
    async with open_receiver(tmp_path) as house:
        await house.start(sys.executable, "-c", WRAPPER)
        orphan = child_of(house.pid)
        os.kill(house.pid, signal.SIGKILL)
        await house.ended()
        visitor = Visitor(house)
        await visitor.insist(visitor.word())
        os.kill(orphan, signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            while alive(orphan):
                await asyncio.sleep(0.05)
        await house.start()
        await checked(house, [visitor])


async def test_the_first_process_of_a_container_stops_when_asked(root: None, tmp_path: Path) -> None:
    needed("util-linux", shutil.which("unshare"))
    async with open_receiver(tmp_path) as house:
        await house.start("unshare", "--pid", "--fork", "--kill-child")
        visitor = Visitor(house)
        await visitor.insist(visitor.word())
        os.kill(child_of(house.pid), signal.SIGTERM)
        assert await house.ended() == 0
        await house.start()
        await checked(house, [visitor])


def alive(pid: int) -> bool:
    """Whether a process that is not ours to wait for still does something."""
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def child_of(pid: int) -> int:
    """The one process that another has started."""
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
