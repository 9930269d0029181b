"""What a promotion costs is told before it is sent, where every part of an SMS costs."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from bots.staff.transport import StaffOptions
from crm.base.actors import Role
from crm.base.db import Store
from crm.base.outbound import Limits
from crm.base.settings import Company
from sandbox.telegram.hands import Hands
from tests.bots.staff.firm import agree, ask, firm
from tests.bots.staff.office import Office, Wall


@pytest.fixture
def company() -> Company:
    """A firm whose letters go by SMS."""
    return replace(firm(), counted=frozenset({"letters"}))


@pytest.mark.parametrize(("text", "parts"), [("Chairs", "1 SMS part "), ("Աթոռներ " * 10, "2 SMS parts ")])
async def test_a_promotion_tells_how_many_parts_a_message_has(office: Office, text: str, parts: str) -> None:
    await office.member("mariam", Role.MANAGER)
    await agree(office, "ann")
    await office.press("mariam", await ask(office, "mariam", "/promo"), "Next: the text")
    assert f"Letters: {parts}for each person." in str((await ask(office, "mariam", text))["text"])


@pytest_asyncio.fixture
async def dear(store: Store, company: Company, options: StaffOptions, hands: Hands, wall: Wall) -> AsyncIterator[Office]:
    """An office whose letters cost money each."""
    made = Office(store, company, replace(options, allows=lambda _, window, now: Limits(free=False)), hands, wall)
    await made.staff.open()
    yield made
    await made.staff.close()


async def test_a_promotion_tells_how_many_of_the_people_are_billed(dear: Office) -> None:
    await dear.member("mariam", Role.MANAGER)
    await agree(dear, "ann", "bob")
    first = await ask(dear, "mariam", "/promo")
    assert "Of them billed by their channel: 2" in str(first["text"])
    await dear.press("mariam", first, "Next: the text")
    assert "Of them billed by their channel: 2" in str((await ask(dear, "mariam", "Chairs"))["text"])


async def test_where_nothing_is_billed_nothing_is_said_of_it(office: Office) -> None:
    await office.member("mariam", Role.MANAGER)
    await agree(office, "ann")
    assert "billed" not in str((await ask(office, "mariam", "/promo"))["text"])
