"""One running house for all walks: starting the bots takes seconds, and every walk brings people of its own."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.walks.house import House, open_house, staffed


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house with a rep and a manager, running."""
    async with open_house(tmp_path_factory.mktemp("house")) as made:
        await staffed(made)
        await made.start()
        await made.until("SELECT name FROM reps ORDER BY name", want=[("Mariam",), ("Tigran",)])
        yield made
