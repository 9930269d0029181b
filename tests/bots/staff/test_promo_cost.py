"""What a promotion costs is told before it is sent, where every part of an SMS costs."""

from dataclasses import replace

import pytest

from crm.base.actors import Role
from crm.base.settings import Company
from tests.bots.staff.firm import agree, ask, firm
from tests.bots.staff.office import Office


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
