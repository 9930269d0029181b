"""A card says that a message will be billed before anybody writes it."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from bots.staff import cards
from bots.staff.sight import Scene, freedom, see
from channels.viber import Viber, ViberOptions
from crm.base.db import Store
from crm.base.outbound import Limits, May, Window
from crm.base.settings import Company
from crm.base.time import DAY, HOUR, SECOND
from crm.conversations.threads import Conversation
from tests.bots.staff.test_states import PLAIN, RUBEN, TR
from tests.channels.viber.stand import firm
from tests.conftest import NOON
from tests.crm.fake import rows
from tests.crm.told import happen, message

BILLED = "💰 each message is billed"


def test_the_end_of_what_is_free_is_an_end_though_everything_may_still_go() -> None:
    found, until = freedom(lambda at: Limits(windows=True, free=at < NOON + HOUR), NOON)
    assert found is May.ANYTHING
    assert NOON + HOUR <= until < NOON + HOUR + SECOND
    assert freedom(lambda _: Limits(windows=True, free=False), NOON) == (May.ANYTHING, 0)


@pytest.mark.parametrize(
    ("may", "until", "expected"),
    [
        (May.ANYTHING, 0, f"🆕 Waits for an answer · {BILLED}"),
        (May.PERSONAL, 0, f"🆕 Waits for an answer · ⏳ only the team's own words may go · {BILLED}"),
        (None, 0, f"🆕 Waits for an answer · {BILLED}"),
    ],
)
def test_a_card_says_what_costs_money_to_those_who_may_write(company: Company, may: May | None, until: int, expected: str) -> None:
    sight = replace(PLAIN, may=may, may_until=until, billed=True)
    assert cards.status(sight, RUBEN, TR, company, NOON) == expected
    assert BILLED not in cards.status(replace(sight, holder_id=9), RUBEN, TR, company, NOON)


def test_a_session_of_viber_is_free_until_its_end_and_billed_after(company: Company, tmp_path: Path) -> None:
    viber, window = Viber(ViberOptions(("token",)), firm()), Window(NOON)
    may, until = freedom(lambda at: viber.limits(window, at), NOON)
    sight = replace(PLAIN, may=may, may_until=until, billed=not viber.limits(window, NOON).free)
    assert "free to write until tomorrow" in cards.status(sight, RUBEN, TR, company, NOON)
    assert freedom(lambda at: viber.limits(window, at), NOON + DAY) == (May.ANYTHING, 0)
    assert not viber.limits(window, NOON + DAY).free


async def test_what_staff_sees_of_a_conversation_knows_its_price(store: Store, company: Company) -> None:
    viber = Viber(ViberOptions(("token",)), firm())
    await happen(store, company, message(1, "Hello"))
    [number] = await rows(store, select(Conversation.id))
    for now, billed in ((NOON, False), (NOON + DAY, True)):
        scene = Scene(company, {"fake": "Viber"}, now, (RUBEN,), allows=lambda _, window, at: viber.limits(window, at))
        assert (await store.read(lambda session: see(session, number, scene))).billed is billed  # noqa: B023
