"""A company with a web inbox, and the people in front of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from crm.base.actors import Rep
from crm.base.db import Store
from crm.base.settings import Company
from tests.web.front_desk import FrontDesk, Visitor, newest, visitor


@pytest.fixture
def desk(store: Store, company: Company, tmp_path: Path) -> FrontDesk:
    """A company with a web inbox."""
    return FrontDesk(store, company, tmp_path)


@pytest_asyncio.fixture
async def outside(desk: FrontDesk) -> AsyncIterator[Visitor]:
    """Somebody who is not logged in."""
    async with visitor(desk.app()) as opened:
        yield opened


@pytest_asyncio.fixture
async def rep(desk: FrontDesk) -> Rep:
    """Tigran, a rep."""
    return await desk.member()


@pytest_asyncio.fixture
async def tigran(desk: FrontDesk, rep: Rep, outside: Visitor) -> Visitor:
    """Tigran's browser, logged in."""
    assert (await outside.enter(await desk.link(rep))).status == 303
    return outside


@pytest_asyncio.fixture
async def ann(desk: FrontDesk) -> int:
    """The number of the conversation with Ann, who asks about tables."""
    await desk.letter("Do you have tables?")
    return await newest(desk)
