"""The books of papers: they balance after a day's work; a number that was lost and words that somebody changed are found and named."""

from collections.abc import Sequence
from functools import partial

import pytest
from sqlalchemy import delete, update

from crm.base.actors import System
from crm.base.db import Session, Store
from crm.base.pricing import Line
from crm.base.settings import Company
from crm.documents.documents import Document, Kind
from crm.documents.making import Draft, draft, issue
from crm.people.contacts import Contact
from crm.reports.paper_books import papers
from tests.conftest import NOON
from tests.crm.fake import hear, rows, said

MACHINE = System("test")


async def problems(store: Store) -> Sequence[str]:
    return await store.read(lambda session: list(papers(session)))


@pytest.fixture
async def issued(store: Store, company: Company) -> list[int]:
    """Three quotes, the last of which corrects the first."""
    await hear(store, company, said(1, "ann"))
    [contact] = await rows(store, Contact.__table__.select().with_only_columns(Contact.id))
    numbers: list[int] = []
    for replaces in (None, None, 0):
        new = Draft(Kind.QUOTE, contact, "en", "AMD", (Line("Table", 1000, 100_00),), replaces=numbers[0] if replaces == 0 else None)
        numbers.append(await store.write(partial(_issued, new=new, company=company)))
    return numbers


def _issued(session: Session, new: Draft, company: Company) -> int:
    return issue(session, MACHINE, draft(session, MACHINE, new, company, now=NOON).id, company.zone, now=NOON).id


async def test_a_days_work_balances(store: Store, issued: list[int]) -> None:
    assert await problems(store) == []


async def test_a_lost_number_changed_words_and_two_that_stand_are_named(store: Store, issued: list[int]) -> None:
    first, second, third = issued
    await store.write(lambda s: s.execute(update(Document).where(Document.id == third).values(data='{"total": "nothing"}')))
    await store.write(lambda s: s.execute(update(Document).where(Document.id == first).values(state="sent")))
    await store.write(lambda s: s.execute(delete(Document).where(Document.id == second)))
    assert await problems(store) == [
        "documents Q-2025: 2 numbers were given, 1 are there",
        "document Q-2025-0001 version 2: its words are not those that were sealed",
        "document Q-2025-0001: two versions of it stand",
    ]
