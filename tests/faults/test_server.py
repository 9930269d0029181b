"""F8, F26-F28 on PostgreSQL: the server is stopped under load, lines to it are cut in the middle of anything, it is out of reach, a node is frozen past its lease."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest
import pytest_asyncio

from sandbox.proxy import BLACKHOLE, FAIR, End, Proxy, Weather
from tests.cluster import Cluster, from_wheel
from tests.faults.checker import checked
from tests.faults.stage import LEASE, dice, open_receiver, rounds
from tests.faults.visitors import Outcome, Visitor, greeted
from tests.walks.house import House

pytestmark = [pytest.mark.faults, pytest.mark.asyncio(loop_scope="module")]
THROW_OUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'faults' AND pid <> pg_backend_pid()"
HELD = "SELECT name FROM leases WHERE holder = ? AND until > 0"
PATIENT = {"DATABASE_SECONDS": "2", "TICK_SECONDS": "2", "STOP_SECONDS": "20"}


@dataclass(slots=True)
class Pair:
    """Two nodes of one company on one server, the first behind a line that can be bad."""

    cluster: Cluster
    line: Proxy
    first: House
    second: House


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    """Two nodes that run."""
    binaries = from_wheel()
    assert binaries
    cluster = await asyncio.to_thread(Cluster, binaries, durable=True)
    try:
        direct = await asyncio.to_thread(cluster.database, "faults")
        line = Proxy("127.0.0.1", cluster.port)
        await line.open()
        folder = tmp_path_factory.mktemp("server")
        behind = cluster.url("faults", line.port)
        async with (
            open_receiver(folder / "one", DATABASE_URL=behind, **PATIENT) as first,
            open_receiver(folder / "two", DATABASE_URL=direct, **PATIENT) as second,
        ):
            first.url = second.url = direct
            await first.start()
            await second.start()
            yield Pair(cluster, line, first, second)
            line.set(FAIR)
            await first.kill()
            await second.kill()
        await line.close()
    finally:  # also when a node does not start
        await asyncio.to_thread(cluster.remove)


async def talk(visitors: list[Visitor], words: int = 3) -> None:
    """Everybody says a few words, each until it is acknowledged."""

    async def one(visitor: Visitor) -> None:
        for _ in range(words):
            await visitor.insist(visitor.word())

    await asyncio.gather(*(one(visitor) for visitor in visitors))


def crowd(*houses: House) -> list[Visitor]:
    """Some visitors at each node."""
    return [Visitor(house) for house in houses for _ in range(4)]


def stopped_at_once(cluster: Cluster) -> None:
    """The server is stopped in the middle of everything, and recovers from its log."""
    cluster.kill()
    cluster.start()


def restarted(cluster: Cluster) -> None:
    """The server is started again in good order: it cuts every line, writes its data and comes back."""
    cluster.stop()
    cluster.start()


def thrown_out(cluster: Cluster) -> None:
    """The server goes on, and everybody who works on the company's database is thrown out of it at once."""
    cluster.execute(THROW_OUT)


async def ended_under_load(pair: Pair, number: int, end: Callable[[Cluster], None]) -> None:
    """People talk at both nodes while the server ends every line to it."""
    luck, visitors = dice(f"F26 {end.__name__}", number), crowd(pair.first, pair.second)
    talking = asyncio.create_task(talk(visitors))
    await asyncio.sleep(luck.uniform(0.02, 0.4))
    await asyncio.to_thread(end, pair.cluster)
    await talking
    await checked(pair.first, visitors)
    await checked(pair.second, visitors)


async def test_a_server_stopped_at_once_under_load_loses_nothing(pair: Pair) -> None:
    for number in rounds(30, 500, ci=1):
        await ended_under_load(pair, number, stopped_at_once)


@pytest.mark.parametrize("end", [restarted, thrown_out], ids=lambda end: end.__name__)
async def test_a_server_that_ends_every_line_in_good_order_under_load_loses_nothing(pair: Pair, end: Callable[[Cluster], None]) -> None:
    for number in rounds(30, 500, ci=1):
        await ended_under_load(pair, number, end)


async def test_a_node_that_is_stopped_under_load_lets_go_of_all_it_holds(pair: Pair) -> None:
    for number in rounds(10, 100, ci=1):
        luck, visitors = dice("F25 leases", number), crowd(pair.first, pair.second)
        talking = asyncio.create_task(talk(visitors))
        await asyncio.sleep(luck.uniform(0.02, 0.4))
        leaver, stays = luck.sample([pair.first, pair.second], 2)
        name = await held_by(leaver)
        assert await leaver.stop() == 0
        assert stays.rows(HELD, name) == []
        assert stays.rows("SELECT name FROM nodes WHERE name = ?", name) == []
        await greeted(stays)
        await leaver.start()
        await talking
        await checked(leaver, visitors)


async def held_by(house: House) -> str:
    """The name under which a node holds what it holds, once it holds something."""
    async with house.http.get(f"{house.shop}/health") as answer:
        name = str((await answer.json())["node"])
    await house.until(HELD, name)
    return name


async def test_a_line_cut_in_the_middle_of_anything_loses_and_doubles_nothing(pair: Pair) -> None:
    for number in rounds(100, 2000):
        luck, visitors = dice("F27", number), crowd(pair.first)
        talking = asyncio.create_task(talk(visitors))
        for _ in range(4):
            amount = luck.randint(0, 6000)
            pair.line.set(Weather(cut_up=amount) if luck.random() < 0.5 else Weather(cut_down=amount))
            await asyncio.sleep(luck.uniform(0.05, 0.2))
            pair.line.set(FAIR)
        await talking
        await checked(pair.first, visitors)


async def test_a_server_out_of_reach_is_not_lied_about(pair: Pair) -> None:
    for number in rounds(20, 200, ci=1):
        luck, visitors = dice("F28", number), crowd(pair.first, pair.second)
        await talk(visitors, 1)
        pair.line.set(BLACKHOLE)
        lonely = Visitor(pair.first)
        assert await lonely.say(lonely.word(), seconds=2.0) is not Outcome.OK
        await talk([visitor for visitor in visitors if visitor.house is pair.second], 2)
        await asyncio.sleep(luck.uniform(0.0, 1.0))
        pair.line.set(FAIR)
        pair.line.break_lines(End.RESET)
        await lonely.insist(lonely.words[0])
        await talk(visitors, 1)
        await checked(pair.first, [*visitors, lonely])


async def test_a_node_frozen_past_its_lease_does_nothing_twice(pair: Pair) -> None:
    for number in rounds(50, 500):
        luck, visitors = dice("F8", number), crowd(pair.first, pair.second)
        talking = asyncio.create_task(talk(visitors))
        frozen = luck.choice([pair.first, pair.second])
        await asyncio.sleep(luck.uniform(0.02, 0.2))
        os.kill(frozen.pid, signal.SIGSTOP)
        await asyncio.sleep(LEASE * luck.uniform(1.1, 1.5))
        os.kill(frozen.pid, signal.SIGCONT)
        await talking
        await checked(pair.first, visitors)
