"""The town in which follow-ups and promotions are tried."""

import pytest_asyncio

from crm.base.db import Store
from crm.base.settings import Company
from tests.crm.outreach.town import Town, found_default


@pytest_asyncio.fixture
async def town(store: Store, company: Company) -> Town:
    made = Town(store, company)
    await made.do(found_default, made.now)
    return made
