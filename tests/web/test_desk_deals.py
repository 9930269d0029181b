"""Deals in the inbox of a browser: read only, a colleague's by their name alone."""

from dataclasses import replace

import pytest

from crm.base.actors import Rep, Role
from crm.base.i18n import translator
from crm.reports.deals import Brief
from crm.reports.thread import Thread
from crm.sales.deals import DealState
from tests.conftest import NOON
from web.desk.view import Place, pane

RUBEN = Rep(1, Role.REP, "Ruben", "en", "77")
BRIEF = Brief(5, "Oak table", "Ann", "Offer sent", DealState.OPEN, 25_000_000, "AMD", "", 0, NOON, 3, 1, "Ruben")
SIGHT = Thread(7, "letters", "Letters", "Ann", deals=(BRIEF,))


def facts(seen: Thread) -> str:
    """What stands beside a conversation."""
    return "\n".join(pane(Place(translator("en"), RUBEN, "UTC", NOON), seen, sendable=True).facts)


def test_a_deal_stands_beside_its_conversation_with_its_stage_and_amount() -> None:
    assert "💼 Oak table · Offer sent · ֏250,000" in facts(SIGHT)


@pytest.mark.parametrize("changes", [{"rep_id": 9, "owner": "Nare"}])
def test_of_a_colleagues_deal_only_the_name_stands_there(changes: dict[str, object]) -> None:
    shown = facts(replace(SIGHT, deals=(replace(BRIEF, **changes),)))  # type: ignore[arg-type]
    assert "A deal of Nare" in shown
    assert "Oak" not in shown
