"""F8, F26, F28 with both bots: two nodes do the main job, and the one that sends is killed, frozen, cut off from the server, or the server is gone for a moment."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from sandbox.proxy import BLACKHOLE, Proxy
from tests.cluster import Cluster, from_wheel
from tests.faults.stage import SHORT, dice, rounds
from tests.faults.two import Node, Two, story
from tests.walks.desk import Phone, phone
from tests.walks.house import House, open_house, staffed

pytestmark = [pytest.mark.faults, pytest.mark.asyncio(loop_scope="module")]
REPS = ("tigran", "nune")
# A busy machine stands still for two seconds now and then; that must not look like a node that is dead, or a server or provider that is silent.
PATIENT = {"LEASE_SECONDS": "4", "DATABASE_SECONDS": "4", "SEND_SECONDS": "20", "TICK_SECONDS": "2", "LOOK_SECONDS": "0.5"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def standing(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Two]:
    """Two nodes on a server of their own, each behind a line of its own."""
    cluster = await asyncio.to_thread(Cluster, from_wheel(), durable=True)
    lines = Proxy("127.0.0.1", cluster.port), Proxy("127.0.0.1", cluster.port)
    try:
        for line in lines:
            await line.open()
        async with _opened(tmp_path_factory.mktemp("two"), cluster, lines) as found:
            yield found
    finally:
        for line in lines:
            await line.close()
        await asyncio.to_thread(cluster.remove)


@asynccontextmanager
async def _opened(folder: Path, cluster: Cluster, lines: tuple[Proxy, Proxy]) -> AsyncIterator[Two]:
    """Both houses with both bots and one data folder, and two reps at their door."""
    direct = await asyncio.to_thread(cluster.database, "story")
    first, second = ({**SHORT, **PATIENT, "DATA_DIR": str(folder / "data"), "DATABASE_URL": cluster.url("story", line.port)} for line in lines)
    async with open_house(folder / "one", **first) as one:
        two = House(folder / "two", one.server, one.hands, second)
        two.folder.mkdir()
        one.url = two.url = direct
        try:
            await staffed(one, reps=REPS, managers=())
            yield Two(cluster, direct, (Node(one, lines[0]), Node(two, lines[1])))
        finally:
            await one.kill()
            await two.kill()
            await two.close()


@pytest_asyncio.fixture(loop_scope="module")
async def two(standing: Two) -> Two:
    """Both nodes at work."""
    for node in standing.nodes:
        if not node.house.runs:
            await node.house.start()
    await standing.until(lambda: standing.ask("SELECT 1 FROM reps HAVING count(*) = 2"), "the reps did not come in")
    await standing.sender()
    return standing


async def phones(two: Two) -> list[Phone]:
    """The reps'."""
    return [await phone(two.nodes[0].house, name, "staff") for name in REPS]


def restart(cluster: Cluster) -> None:
    """The immediate shutdown, and the start that recovers; both happen also when nobody waits for them any more."""
    cluster.kill()
    cluster.start()


async def test_the_sender_is_killed_and_the_other_node_goes_on(two: Two) -> None:
    for number in rounds(20, 200, ci=1):
        async with story(two, f"kill{number}", await phones(two), dice("two: kill", number)):
            sender, other, work = await two.sender()
            await sender.house.kill()
            await two.moved(work, other)
            await sender.house.start()


async def test_the_sender_is_frozen_until_the_other_node_has_its_work_and_goes_on(two: Two) -> None:
    for number in rounds(20, 200, ci=1):
        async with story(two, f"stop{number}", await phones(two), dice("two: freeze", number)) as told:
            sender, other, work = await two.sender()
            os.kill(sender.house.pid, signal.SIGSTOP)
            try:
                await two.moved(work, other)
                await told.another()
            finally:
                os.kill(sender.house.pid, signal.SIGCONT)


async def test_the_server_is_stopped_at_once_and_started_again(two: Two) -> None:
    for number in rounds(20, 200, ci=1):
        async with story(two, f"restart{number}", await phones(two), dice("two: restart", number)) as told:
            await asyncio.to_thread(restart, two.cluster)
            await two.sender()
            await told.another()


async def test_the_senders_line_to_the_server_is_a_hole_until_the_other_node_has_its_work(two: Two) -> None:
    for number in rounds(20, 200, ci=1):
        async with story(two, f"hole{number}", await phones(two), dice("two: hole", number)) as told:
            sender, other, work = await two.sender()
            sender.line.set(BLACKHOLE)
            try:
                await two.moved(work, other)
                await told.another()
            finally:
                sender.heal()
