"""F13-F16, F35: the disk is full, fails, goes read-only, somebody else holds the file, files run out. No ack without a row, and it heals by itself."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from tests.faults.checker import checked
from tests.faults.disks import lock_for, small_disk
from tests.faults.stage import dice, indexes, open_receiver, rounds
from tests.faults.syscalls import injected, writer_of
from tests.faults.visitors import Outcome, Visitor
from tests.walks.house import PATIENCE, House

pytestmark = [pytest.mark.faults, pytest.mark.asyncio(loop_scope="module")]


async def until(visitors: list[Visitor], house: House, *, ok: bool) -> None:
    """New visitors talk until one is acknowledged (or refused); each word is said once."""
    async with asyncio.timeout(PATIENCE):
        while True:
            visitors.append(Visitor(house))
            if (await visitors[-1].say(visitors[-1].word()) is Outcome.OK) is ok:
                break


@pytest.mark.file
async def test_a_full_disk_refuses_and_heals_by_itself(root: None, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "24m") as disk:
        async with open_receiver(disk.folder) as house:
            await house.start()
            visitors: list[Visitor] = []
            for number in rounds(10, 200):
                dice("F13", number)
                await until(visitors, house, ok=True)
                ballast = disk.fill()
                await until(visitors, house, ok=False)
                refused = [visitor for visitor in visitors if visitor.words[0].outcome is not Outcome.OK]
                assert house.runs
                ballast.unlink()
                await until(visitors, house, ok=True)
                for visitor in refused:
                    await visitor.insist(visitor.words[0])
            await checked(house, visitors)
            assert house.rows("PRAGMA integrity_check") == [("ok",)]


@pytest.mark.file
@pytest.mark.parametrize(("call", "error"), [("pwrite64", "ENOSPC"), ("pwrite64", "EIO"), ("fdatasync", "EIO")])
@pytest.mark.parametrize("lasting", ["", "+"], ids=["once", "on"])
async def test_a_failing_disk_never_lies(strace: str, receiver: House, call: str, error: str, lasting: str) -> None:
    visitors: list[Visitor] = []
    dice(f"F14 {call} {error} {lasting}")
    for index in indexes({"pwrite64": 30, "fdatasync": 8}[call], 3):
        async with injected(writer_of(receiver.pid), call, f"error={error}:when={index}{lasting}", receiver.folder / "strace.log"):
            for _ in range(6):
                visitors.append(Visitor(receiver))
                await visitors[-1].say(visitors[-1].word())
            if lasting:
                await until(visitors, receiver, ok=False)
        assert receiver.runs
        for visitor in visitors:
            if visitor.words[0].outcome is not Outcome.OK:
                await visitor.insist(visitor.words[0])
    await checked(receiver, visitors)
    assert receiver.rows("PRAGMA integrity_check") == [("ok",)]


@pytest.mark.file
async def test_a_disk_gone_read_only_is_refused_and_comes_back(root: None, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "24m") as disk:
        async with open_receiver(disk.folder) as house:
            house.log = tmp_path / "product.log"
            visitors: list[Visitor] = []
            for number in rounds(10, 100, ci=2):
                dice("F15", number)
                disk.change("ro")
                await house.launch()
                assert await house.ended() != 0, "it starts on a disk it cannot write"
                disk.change("rw")
                await house.start()
                await until(visitors, house, ok=True)
                await house.kill()
            await house.start()
            await checked(house, visitors)


@pytest.mark.file
async def test_somebody_elses_lock_makes_people_wait_and_loses_nothing(receiver: House) -> None:
    everybody: list[Visitor] = []
    for number in rounds(20, 200):
        luck = dice("F16", number)
        visitors = [Visitor(receiver) for _ in range(6)]
        everybody += visitors
        holding = asyncio.create_task(lock_for(receiver.database, luck.uniform(0.2, 2.0)))
        await asyncio.gather(*(visitor.say(visitor.word()) for visitor in visitors))
        await holding
        await asyncio.gather(*(visitor.insist(visitor.words[0]) for visitor in visitors))
    await checked(receiver, everybody)
    assert "SNAPSHOT" not in receiver.log.read_text()


async def test_running_out_of_files_refuses_and_recovers(tmp_path: Path) -> None:
    async with open_receiver(tmp_path) as house:
        await house.start("prlimit", "--nofile=64")
        everybody: list[Visitor] = []
        for number in rounds(10, 50, ci=2):
            dice("F35", number)
            kept = Visitor(house)
            everybody.append(kept)
            await kept.insist(kept.word())
            crowd = await asyncio.gather(*(asyncio.open_connection("127.0.0.1", house.port) for _ in range(90)))
            during = Visitor(house)
            everybody.append(during)
            async with aiohttp.ClientSession() as fresh:
                saved, house.http = house.http, fresh
                await during.say(during.word(), seconds=1.5)
                house.http = saved
            for _, writer in crowd:
                writer.close()
            await during.insist(during.words[0])
        assert house.runs
        await checked(house, everybody)
