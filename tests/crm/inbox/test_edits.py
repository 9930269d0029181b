"""Edits in any order, also before their message: the newest words stand, and the older ones are on record."""

from itertools import count, pairwise, permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.db import Store
from crm.base.history import DomainEvent
from crm.base.settings import Company
from crm.base.time import DAY
from crm.conversations.threads import Message
from crm.inbox.edits import COME, MOST, PendingEdit
from tests.conftest import NOON
from tests.crm.fake import counts, hear, raw, rows, said

_examples = count()
WORDS = select(Message.text).where(Message.author == "contact").order_by(Message.id)


async def test_an_edit_that_comes_before_its_message_waits_for_it(store: Store, company: Company) -> None:
    await hear(store, company, raw("e1", "ann", "edit", "m1", "a table for two", at=NOON + 5))
    assert await counts(store, PendingEdit, Message) == {"pending_edits": 1, "messages": 0}
    await hear(store, company, said("m1", "ann", "a tabel for two"), said("m2", "ann", "please"))
    assert await rows(store, WORDS) == ["a table for two", "please"]
    assert await counts(store, PendingEdit) == {"pending_edits": 0}
    assert await rows(store, select(DomainEvent.before).where(DomainEvent.kind == "edited")) == ['{"text": "a tabel for two"}']


async def test_an_edit_that_waits_is_for_its_own_message_and_person(store: Store, company: Company) -> None:
    await hear(store, company, raw("e1", "ann", "edit", "m1", "new"))
    await hear(store, company, said("m1", "bob", "old"), said("m2", "ann", "other"))
    assert await rows(store, WORDS) == ["old", "other"]
    await hear(store, company, raw("m1", "ann", "text", "there", account="other"))
    assert await rows(store, WORDS) == ["old", "other", "there"]
    assert await counts(store, PendingEdit) == {"pending_edits": 1}


@pytest.mark.parametrize("order", list(permutations(["message", "first", "second"])))
async def test_the_newest_edit_stands_also_when_it_puts_the_first_words_back(store: Store, company: Company, order: tuple[str, ...]) -> None:
    events = {
        "message": said("m1", "ann", "two"),
        "first": raw("e1", "ann", "edit", "m1", "three", at=NOON + 1000),
        "second": raw("e2", "ann", "edit", "m1", "two", at=NOON + 2000),
    }
    for one in order:
        await hear(store, company, events[one])
    assert await rows(store, WORDS) == ["two"]


async def test_an_edit_whose_message_never_comes_is_given_up_after_a_day(store: Store, company: Company) -> None:
    await hear(store, company, raw("e1", "ann", "edit", "m1", "late"))
    await hear(store, company, said("m0", "bob"), now=NOON + DAY)
    assert await counts(store, PendingEdit) == {"pending_edits": 1}
    await hear(store, company, said("m9", "bob"), now=NOON + DAY + 1)
    assert await counts(store, PendingEdit) == {"pending_edits": 0}
    await hear(store, company, said("m1", "ann", "first"), now=NOON + DAY + 2)
    assert await rows(store, WORDS.where(Message.external_id == "m1")) == ["first"]


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_whatever_the_order_and_the_batches_the_newest_words_stand(store: Store, company: Company, data: st.DataObject) -> None:
    number = next(_examples)
    edits = data.draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=4), label="words of the edits, oldest first")
    events = [raw(f"{number}:e{place}", "ann", "edit", f"{number}:m", words, at=NOON + 1000 * place) for place, words in enumerate(edits, 1)]
    shuffled = data.draw(st.permutations([*events, said(f"{number}:m", "ann", "a")]), label="order of arrival")
    cuts = sorted(data.draw(st.sets(st.integers(1, len(shuffled))), label="batches") | {0, len(shuffled)})
    for begin, end in pairwise(cuts):
        await hear(store, company, *shuffled[begin:end])
    assert await rows(store, WORDS.where(Message.external_id == f"{number}:m")) == [edits[-1]]
    assert await rows(store, select(PendingEdit.text).where(PendingEdit.external_id == f"{number}:m")) in ([], ["a"])


async def test_nobody_fills_the_house_with_edits_of_what_never_was(store: Store, company: Company) -> None:
    await hear(store, company, *(raw(f"e{number}", "ann", "edit", f"x{number}", "words") for number in range(MOST + 5)))
    await hear(store, company, raw("b1", "bob", "edit", "m1", "words"))
    assert await counts(store, PendingEdit) == {"pending_edits": MOST + 1}


def _plan(session: Session) -> list[str]:
    asked = COME.compile(dialect=session.get_bind().dialect)
    steps = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", tuple(dict.fromkeys(asked.params, "")))
    return [str(step) for step in steps]


@pytest.mark.file
async def test_an_edit_that_waits_costs_nobody_a_walk_through_all_messages(store: Store) -> None:
    plan = await store.read(_plan)
    assert plan
    assert not [step for step in plan if "SCAN messages" in step or "SCAN conversations" in step]
