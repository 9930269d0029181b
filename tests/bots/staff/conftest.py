"""The staff bot beside a pretended Telegram, and the hands of the people who use it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bots.staff.carrier import StaffCarrier
from bots.staff.transport import StaffOptions
from crm.base.db import Store
from crm.base.settings import Company
from sandbox.app import Sandbox, serve
from sandbox.telegram.hands import Hands
from tests.bots.staff.office import Office, Wall

TOKEN = "200:STAFF-0123456789abcdef"


@pytest.fixture
def wall() -> Wall:
    """The clock of the office and of the pretended Telegram."""
    return Wall()


@pytest_asyncio.fixture
async def hands(wall: Wall) -> AsyncIterator[Hands]:
    """A sandbox that serves, and people's hands in it."""
    async with await serve(Sandbox({"customer": "100:CUSTOMER", "staff": TOKEN}, clock=wall.seconds)) as server, Hands(server.url) as hands:
        yield hands


@pytest.fixture
def options(hands: Hands) -> StaffOptions:
    """The staff bot's settings for this sandbox, impatient."""
    return StaffOptions(token=TOKEN, server=hands.url, read_timeout=2.0)


@pytest_asyncio.fixture
async def carrier(options: StaffOptions) -> AsyncIterator[StaffCarrier]:
    """The staff bot's carrier on this sandbox."""
    opened = StaffCarrier(options)
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def ruben(hands: Hands) -> str:
    """Ruben, a rep, pressed Start at the staff bot; this is his chat's address."""
    person = (await hands.introduce("ruben", first_name="Ruben", last_name="Sargsyan", language_code="hy"))["person"]
    await hands.do("ruben", "start", bot="staff")
    return str(person["id"])


@pytest_asyncio.fixture
async def office(store: Store, company: Company, options: StaffOptions, hands: Hands, wall: Wall) -> AsyncIterator[Office]:
    """An office with nobody in it yet."""
    made = Office(store, company, options, hands, wall)
    await made.staff.open()
    yield made
    await made.staff.close()
