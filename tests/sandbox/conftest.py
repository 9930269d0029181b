"""A sandbox on a free port, a person's hands and a bot without a library."""

from collections.abc import AsyncIterator

import pytest

from sandbox.app import Sandbox, Server, serve
from sandbox.telegram.hands import BareBot, Hands


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with await serve(Sandbox({"customer": "100:CUSTOMER", "staff": "200:STAFF"}, settings={"shop": "Tea"})) as server:
        yield server


@pytest.fixture
async def hands(server: Server) -> AsyncIterator[Hands]:
    async with Hands(server.url) as hands:
        yield hands


@pytest.fixture
async def bot(server: Server) -> AsyncIterator[BareBot]:
    bot = BareBot(server.url, "100:CUSTOMER")
    yield bot
    await bot.close()


@pytest.fixture
async def ann(hands: Hands) -> int:
    """Ann pressed Start at the customer bot; this is the id of her chat."""
    person = (await hands.introduce("ann", first_name="Ann", language_code="en"))["person"]
    await hands.do("ann", "start")
    return int(person["id"])
