"""Lists and filters (rows 39-41, as far as there are lists): what is asked for is a value of ours or refused; nothing a person types becomes part of a statement."""

import contextlib

import pytest

from bots.staff.commands.promo_people import Plan, with_choice
from crm.base.actors import Rep, Role
from crm.base.db import Store
from crm.base.errors import DragomanError
from crm.base.settings import Company
from crm.outreach.segments import Segment, reached, unpack
from crm.reports.inbox import inbox
from crm.reports.leads import leads
from crm.reports.paging import Place
from tests.conftest import NOON
from tests.crm.fake import hear, hire, said
from tests.hostile.corpus import TEXTS
from tests.hostile.ledger import everything

PLACES = [Place(0, 0), Place(-1, -1), Place(2**63 - 1, 2**63 - 1), Place(NOON, 0)]


async def people(store: Store, company: Company) -> Rep:
    await hear(store, company, *(said(number, f"p{number}", f"hello {number}") for number in range(12)))
    return await hire(store)


@pytest.mark.parametrize("place", PLACES, ids=str)
async def test_any_place_of_a_list_gives_a_page_or_nothing(store: Store, company: Company, place: Place) -> None:
    rep = await people(store, company)
    before = await everything(store)
    for mine in (True, False):
        page = await store.read(lambda s, mine=mine: inbox(s, rep, mine=mine, now=NOON, after=place))  # type: ignore[misc]
        assert len(page.rows) <= 8
    assert await everything(store) == before


async def test_pages_end_and_repeat_nobody(store: Store, company: Company) -> None:
    rep = await people(store, company)
    seen: list[int] = []
    place = None
    for _ in range(5):
        page = await store.read(lambda s, place=place: inbox(s, rep, mine=False, now=NOON, after=place))  # type: ignore[misc]
        seen += [row.conversation_id for row in page.rows]
        place = page.next
        if place is None:
            break
    assert len(seen) == len(set(seen)) == 12


@pytest.mark.parametrize("days", [0, 1, 10**6, 10**9])
async def test_leads_of_any_age_are_listed(store: Store, company: Company, days: int) -> None:
    await people(store, company)
    manager = await hire(store, "mariam", Role.MANAGER)
    page = await store.read(lambda s: leads(s, manager, now=NOON, days=days))
    assert len(page.rows) == 8


@pytest.mark.parametrize("word", TEXTS.values(), ids=TEXTS)
async def test_a_word_in_a_filter_chooses_nobody_and_harms_nothing(store: Store, company: Company, word: str) -> None:
    await people(store, company)
    before = await everything(store)
    clean = word.encode("utf-8", "replace").decode().replace("\x00", "")
    for segment in (Segment(languages=frozenset({clean})), Segment(channels=frozenset({clean})), Segment(sendable=frozenset({clean}))):
        assert await store.read(lambda s, segment=segment: reached(s, segment, now=NOON)) == 0  # type: ignore[misc]
    assert await everything(store) == before


@pytest.mark.parametrize(
    "packed", ['{"age_days": 1}', "[]", "{", '{"age_days": 1, "consent": true, "languages": [], "channels": [], "sendable": [], "statuses": ["god"]}', ""]
)
def test_a_segment_that_nobody_packed_is_refused(packed: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        unpack(packed)


@pytest.mark.parametrize("value", ["", "xx", "'; --", "9" * 50, "-1", "1e9", "*", "won OR 1=1", *list(TEXTS.values())[:6]])
@pytest.mark.parametrize("what", ["age", "languages", "channels", "statuses", "nothing of ours"])
def test_a_choice_that_was_not_offered_changes_no_plan(what: str, value: str) -> None:
    plan = Plan(version=1)
    with contextlib.suppress(DragomanError):
        assert with_choice(plan, what, value, ["telegram"]) == plan
