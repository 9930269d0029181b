"""A process that never gets old shows something all the same: the first notices leave a few at a time, not a whole crowd of them at once."""

import pytest

from bots.staff.transport import StaffOptions
from crm.base.db import Store
from crm.base.settings import Company
from sandbox.app import Sandbox, serve
from sandbox.telegram.hands import Hands
from tests.bots.staff.office import Office, Wall

pytestmark = pytest.mark.faults
TOKEN = "200:STAFF-0123456789abcdef"


async def test_a_crowd_of_cards_begins_with_a_few(store: Store, company: Company) -> None:
    wall = Wall()
    async with await serve(Sandbox({"customer": "100:CUSTOMER", "staff": TOKEN}, clock=wall.seconds)) as server, Hands(server.url) as hands:
        office = Office(store, company, StaffOptions(token=TOKEN, server=hands.url, read_timeout=30.0), hands, wall)
        await office.staff.open()
        await office.member("ruben")
        for number in range(60):
            await office.letter("hello", who=f"ann{number}", name=f"Ann {number}")
        fresh = Office(store, company, StaffOptions(token=TOKEN, server=hands.url, read_timeout=30.0), hands, wall)
        shown = [await fresh.staff.announce() for _ in range(4)]
        await office.staff.close()
        await fresh.staff.close()
    assert shown == [4, 8, 16, 32]
