"""A stand for every test of imports."""

from pathlib import Path

import pytest_asyncio

from crm.base.db import Store
from crm.base.settings import Company
from tests.crm.exchange.stand import Stand


@pytest_asyncio.fixture
async def stand(store: Store, tmp_path: Path, company: Company) -> Stand:
    """A firm with a manager and nobody else."""
    return await Stand(store, tmp_path, company).open()
