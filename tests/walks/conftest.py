"""Running houses shared by walks: starting the bots takes seconds, and every walk brings people of its own."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.walks.desk import Desk, Phone, open_desk
from tests.walks.house import House, open_house, staffed, zone_where_it_is


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house with a rep and a manager, running."""
    async with open_house(tmp_path_factory.mktemp("house")) as made:
        await staffed(made)
        await made.start()
        await made.until("SELECT name FROM reps ORDER BY name", want=[("Mariam",), ("Tigran",)])
        yield made


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A house where each walk has a rep of its own."""
    async with open_desk(tmp_path_factory.mktemp("desk")) as made:
        yield made


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def night(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    """A desk where it is night and the house is closed until ten tomorrow; follow-ups come after a second of silence."""
    settings = {"COMPANY_ZONE": zone_where_it_is(22), "WORKING_HOURS": "mon-sun 10:00-20:00", "FOLLOW_UP_SECONDS": "1"}
    async with open_desk(tmp_path_factory.mktemp("night"), delays=(1_000, 2_000, 3_000), **settings) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def rep(desk: Desk) -> AsyncIterator[Phone]:
    """A rep on duty at the desk for one walk."""
    async with desk.rep() as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def colleague(desk: Desk) -> AsyncIterator[Phone]:
    """A second rep on duty at the desk for one walk."""
    async with desk.rep() as made:
        yield made
