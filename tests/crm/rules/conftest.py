"""A stand with a manager."""

import pytest

from crm.base.db import Store
from crm.base.settings import Company
from tests.crm.rules.stand import Stand


@pytest.fixture
async def stand(store: Store, company: Company) -> Stand:
    """A firm with a manager who may make rules."""
    return await Stand(store, company).open()
