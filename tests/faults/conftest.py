"""What fault tests may ask for: tools that CI installs, and a house that receives."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.faults.stage import open_receiver
from tests.faults.syscalls import faketime, root, strace
from tests.walks.house import House

__all__ = ["faketime", "receiver", "root", "strace"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def receiving(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A house with no bots for all tests of a module."""
    async with open_receiver(tmp_path_factory.mktemp("receiver")) as house:
        yield house


@pytest_asyncio.fixture(loop_scope="module")
async def receiver(receiving: House) -> House:
    """A house with no bots that runs."""
    if not await receiving.answers():
        await receiving.kill()
        await receiving.start()
    return receiving
