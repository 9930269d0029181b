"""Duties: whoever filled in a form that cannot be answered is somebody's task, once, and none where they can be written to."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from crm.base.db import Store
from crm.base.settings import Company
from crm.outbox.notices import NoticeKind, waiting_notices
from crm.sales.leads import Lead
from crm.sales.tasks import Task
from tests.conftest import NOON
from tests.crm.fake import hear, raw, rows

TASKS = select(Task.kind, Task.text, Task.state, Task.due_at).order_by(Task.id)
OPEN = {"name": "Ani", "phone": "091 123456", "text": "A shelf"}


@pytest.fixture
def mute(company: Company) -> Company:
    """A firm with a channel that carries words, which the forms' is not."""
    return replace(company, sendable=frozenset({"chat"}))


async def test_whoever_left_a_number_is_rung(store: Store, mute: Company) -> None:
    await hear(store, mute, raw(1, "ann", "form", OPEN))
    assert await rows(store, TASKS) == [("call", "", "open", NOON)]
    assert NoticeKind.CARD in [notice.kind for notice in await store.read(waiting_notices)]


async def test_whoever_left_an_e_mail_alone_is_written_to_there(store: Store, mute: Company) -> None:
    await hear(store, mute, raw(1, "ann", "form", {"email": "ani@mail.example", "phone": "3"}))
    assert await rows(store, TASKS) == [("answer", "ani@mail.example", "open", NOON)]


async def test_whoever_left_both_is_rung_and_the_e_mail_stands_there(store: Store, mute: Company) -> None:
    await hear(store, mute, raw(1, "ann", "form", {**OPEN, "email": "Ani@mail.example"}))
    assert await rows(store, TASKS) == [("call", "Ani@mail.example", "open", NOON)]


async def test_two_forms_of_one_person_are_one_task_and_one_open_lead(store: Store, mute: Company) -> None:
    await hear(store, mute, raw(1, "ann", "form", OPEN), raw(2, "ann", "form", {**OPEN, "text": "And a table"}))
    assert len(await rows(store, TASKS)) == 1
    assert len(await rows(store, select(Lead.id))) == 1


async def test_nobody_can_be_asked_to_reach_whoever_left_nothing(store: Store, mute: Company) -> None:
    await hear(store, mute, raw(1, "ann", "form", {"text": "A shelf"}))
    assert await rows(store, TASKS) == []


async def test_where_they_can_be_written_to_there_is_no_task(store: Store, company: Company) -> None:
    await hear(store, replace(company, sendable=frozenset({"fake"})), raw(1, "ann", "form", OPEN))
    assert await rows(store, TASKS) == []
