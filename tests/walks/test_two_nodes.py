"""Two nodes on one server: either may die, and customers, reps and the books do not notice."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from crm.base.db import look
from crm.base.nodes import nodes
from crm.reports.books import check
from tests.cluster import Cluster
from tests.walks.house import PATIENCE, House, open_house, staffed

pytestmark = pytest.mark.asyncio(loop_scope="session")
LEASE = "2"


@pytest_asyncio.fixture(loop_scope="session")
async def pair(tmp_path: Path, cluster: Cluster) -> AsyncIterator[tuple[House, House]]:
    """Two nodes that share a database and a data folder; `hands` reach whichever is awake."""
    url = cluster.database("pair")
    shared = {"DATABASE_URL": url, "DATA_DIR": str(tmp_path / "data"), "LEASE_SECONDS": LEASE}
    async with open_house(tmp_path / "first", **shared) as first:
        first.url = url
        await staffed(first)
        second = House(tmp_path / "second", first.server, first.hands, shared)
        second.folder.mkdir()
        second.url = url
        await first.start()
        await second.start()
        await first.until("SELECT count(*) FROM nodes", want=[(2,)])
        yield first, second
        await second.close()
    cluster.drop("pair")


async def served(house: House, name: str) -> None:
    """A stranger writes, a rep answers, the answer arrives."""
    await house.hands.introduce(name, first_name=name.title(), language_code="en")
    await house.hands.do(name, "send", text=f"Do you have {name} tables?")
    card = await house.hands.wait("tigran", bot="staff", contains=f"{name} tables", timeout=PATIENCE)
    await house.hands.do("tigran", "send", bot="staff", text=f"Yes, {name}.", reply_to=card["message_id"])
    await house.hands.wait(name, contains=f"Yes, {name}.", timeout=PATIENCE)


async def balanced(house: House) -> None:
    """Nothing waits any more, and the books balance."""
    await house.until("SELECT count(*) FROM waiting", want=[(0,)])
    books = await asyncio.to_thread(look, house.url, check)
    assert books.balanced, books.problems


async def test_a_node_that_is_killed_is_not_missed(pair: tuple[House, House]) -> None:
    first, second = pair
    await served(first, "oak")
    await first.kill()
    await served(second, "elm")
    await first.start()
    await second.kill()
    await served(first, "fir")
    await balanced(first)


async def test_a_node_that_stops_hands_everything_over(pair: tuple[House, House]) -> None:
    first, second = pair
    await served(first, "ash")
    assert await first.stop() == 0
    seen = await asyncio.to_thread(look, second.url, lambda session: nodes(session, now=0))
    assert len(seen) == 1
    await served(second, "yew")
    await balanced(second)
