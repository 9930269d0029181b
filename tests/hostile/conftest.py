"""What hostile tests ask for: the front on a store, and a second store to compare with."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from crm.base.db import SqliteStore, Store
from crm.base.settings import Company
from tests.bots.staff.conftest import hands, office, options, wall
from tests.crm.outreach.town import Town, found_default
from tests.hostile.front import Front, opened

__all__ = ["front", "hands", "office", "options", "wall"]


@pytest_asyncio.fixture
async def front(store: Store, company: Company, tmp_path: Path) -> AsyncIterator[Front]:
    """The firm's front, open."""
    async with opened(store, company, tmp_path) as made:
        yield made


@pytest_asyncio.fixture
async def town(store: Store, company: Company) -> Town:
    """A firm with customers, follow-ups and a carrier that notes what leaves."""
    made = Town(store, company)
    await made.do(found_default, made.now)
    return made


@pytest_asyncio.fixture
async def second_store(empty_database: Path, tmp_path: Path) -> AsyncIterator[Store]:
    """A second store, always in a file, to compare the one under test with."""
    (tmp_path / "other").mkdir()
    path = tmp_path / "other" / "dragoman.db"
    shutil.copy(empty_database, path)
    made = SqliteStore(path)
    yield made
    await made.close()
