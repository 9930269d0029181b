"""A card for whoever sees phones only masked: no name of anybody on it, and no task, is a phone."""

from dataclasses import replace

from sqlalchemy import select

from crm.base.db import Store
from crm.base.settings import Company
from crm.conversations.threads import Conversation
from crm.reports.thread import Todo, as_read_by, see
from crm.sales.tasks import TaskKind
from tests.conftest import NOON
from tests.crm.fake import hear, hire, rows, said

PHONE = "+37491700711"


async def test_who_sent_somebody_and_what_is_to_be_done_are_masked_too(store: Store, company: Company) -> None:
    rep = await hire(store, "nare")
    await hear(store, company, said(1, "ann"))
    [number] = await rows(store, select(Conversation.id))
    seen = await store.read(lambda s: see(s, number, {}, last=5, notes=5))
    seen = replace(seen, referrer=PHONE, todos=(Todo(1, TaskKind.CALL, PHONE, NOON), Todo(2, TaskKind.CALL, "Send 2 chairs", NOON)))
    read = as_read_by(replace(rep, points=False), seen)
    assert "700" not in f"{read.referrer} {read.todos[0].text}"
    assert (read.referrer[:4], read.todos[1].text) == ("+374", "Send 2 chairs")
    assert as_read_by(replace(rep, points=True), seen) == seen
