"""F31 on a server: of two nodes at an empty database one makes the tables and the other waits; one that dies in the middle leaves nothing behind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from crm.schema import HEAD
from tests.cluster import Cluster
from tests.faults.checker import checked
from tests.faults.stage import beside_each_other, dice, open_receiver, rounds
from tests.faults.test_migration import launched
from tests.walks.house import PATIENCE, House

pytestmark = [pytest.mark.faults, pytest.mark.asyncio(loop_scope="module")]
# On a server the making is one transaction, from about the twentieth call to the two hundredth; these stand in the middle of it.
MAKING = (40, 180)
TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
MAKERS = """SELECT granted FROM pg_locks WHERE locktype = 'advisory' AND CAST(classid AS BIGINT) = 7213 AND CAST(objid AS BIGINT) = 2
AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY granted"""
WAITS, MAKES = (False,), (True,)


@asynccontextmanager
async def two_nodes(folder: Path, url: str) -> AsyncIterator[tuple[House, House]]:
    """Two nodes of one company on one database; neither runs."""
    async with open_receiver(folder / "one", DATABASE_URL=url) as first, open_receiver(folder / "two", DATABASE_URL=url) as second:
        first.url = second.url = url
        try:
            yield first, second
        finally:
            await first.kill()  # one that is stopped in its middle hears no SIGTERM
            await second.kill()


async def tables_until_both_work(first: House, second: House) -> set[int]:
    """Every number of tables that could be seen until both nodes were ready."""
    seen = set[int]()
    async with asyncio.timeout(PATIENCE):
        while not (await first.answers() and await second.answers()):
            assert first.runs, first.log.read_text()
            assert second.runs, second.log.read_text()
            seen.add(first.rows(TABLES)[0][0])
            await asyncio.sleep(0.02)
    return seen


async def test_of_two_nodes_one_makes_the_tables_and_the_other_waits_or_takes_over(strace: str, cluster: Cluster, tmp_path: Path) -> None:
    await beside_each_other(rounds(20, 200), lambda number: made_by_one(cluster, tmp_path / str(number), number))


async def made_by_one(cluster: Cluster, folder: Path, number: int) -> None:
    """The first maker is stopped in its middle and dies, the second waits, and then two are at it at once."""
    luck = dice("F31 server", number)
    url = await asyncio.to_thread(cluster.database, f"makers{number}")
    async with two_nodes(folder, url) as (first, second):
        await launched(first, "sendto", luck.randint(*MAKING), "SIGSTOP")
        await first.until(MAKERS, want=[MAKES])
        await second.launch()
        await first.until(MAKERS, want=[WAITS, MAKES])
        assert first.rows(TABLES) == [(0,)]
        await first.kill()
        await first.launch()  # from now on two are at it at once
        assert await tables_until_both_work(first, second) <= {0, first.rows(TABLES)[0][0]}
        assert first.rows("SELECT version_num FROM alembic_version") == [(HEAD,)]
        said = first.log.read_text() + second.log.read_text()
        assert said.count("the database is up to date") == 1
        assert "Traceback" not in said
        await checked(first, [])
        await checked(second, [])
    await asyncio.to_thread(cluster.drop, f"makers{number}")
