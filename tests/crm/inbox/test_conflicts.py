"""One key with two bodies: the first words stand, and that there were others is counted and logged without a word of them."""

import logging
from dataclasses import replace

import pytest
from sqlalchemy import select

from channels.webchat.frames import Hello, Open, Press, Said
from channels.webchat.raw import Visitor, write_raw
from crm.base.db import Store
from crm.base.events import MediaKind, MediaRef, RawEvent, Source
from crm.base.tallies import Count, Tally
from crm.inbox.log import RawBody, RawEventRow, alike, keep
from crm.reports.books import check
from tests.conftest import NOON
from tests.crm.fake import counts, raw, rows, said

CONFLICTS = select(Tally.amount).where(Tally.kind == Count.CONFLICT.value)
BUYER, MOVED = Visitor("wann", Hello("s" * 43)), Visitor("wann", Hello("s" * 43, language="hy", source=Source(page="/basket")))
PHOTO = MediaRef(MediaKind.PHOTO, "upload-1")


async def test_another_body_under_a_key_is_counted_and_logged_by_number_alone(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    await store.gather(keep, [said(1, "ann", "the first")])
    with caplog.at_level(logging.WARNING, logger="crm.inbox.log"):
        assert await store.gather(keep, [said(1, "ann", "the second"), said(2, "ann")]) == [False, True]
    [number] = await rows(store, select(RawEventRow.id).where(RawEventRow.key == "1"))
    assert caplog.messages == [f"event {number} came again under its key with other words: the first stand"]
    assert await rows(store, CONFLICTS) == [1]
    assert await rows(store, select(RawBody.body).where(RawBody.event_id == number)) == [said(1, "ann", "the first").body]


async def test_the_same_body_again_is_no_conflict(store: Store) -> None:
    for _ in range(3):
        await store.gather(keep, [said(1, "ann"), said(1, "ann"), replace(said(2, "ann"), received_at=NOON + 5)])
    assert await rows(store, CONFLICTS) == []


async def test_two_bodies_of_one_batch_are_a_conflict_and_the_same_key_of_two_accounts_is_none(store: Store) -> None:
    assert await store.gather(keep, [said(1, "ann", "a"), said(1, "ann", "b"), raw(1, "ann", "text", "c", account="other")]) == [True, False, True]
    assert await rows(store, select(Tally.account, Tally.amount).where(Tally.kind == "conflict")) == [("fake", 1)]
    assert await counts(store, RawEventRow) == {"raw_events": 2}


async def test_the_books_balance_and_name_how_many_came_again_with_other_words(store: Store) -> None:
    await store.gather(keep, [said(1, "ann", "a"), said(1, "ann", "b")])
    books = await store.read(check)
    assert books.balanced
    assert [one.conflicts for one in books.accounts] == [1]


@pytest.mark.parametrize(
    ("body", "again", "same"),
    [
        (b'{"a": 1, "b": "\\u0561"}', '{"b":"ա","a":1}'.encode(), True),
        (b'{"a": 1}', b'{"a": 2}', False),
        (b"no json", b"no json at all", False),
        (b"[" * 100_000, b"[" * 100_001, False),
    ],
)
def test_json_is_compared_by_what_it_says(body: bytes, again: bytes, same: bool) -> None:
    assert alike(body, RawEvent("fake", "1", "fake:ann", again, NOON)) is same


@pytest.mark.parametrize("act", [Open(), Said("word-1", 'a "text": b'), Press("press-1", "yes", "Yes", "7")])
def test_a_browser_that_says_it_again_from_another_page_says_the_same(act: Open | Said | Press) -> None:
    first, again = write_raw("webchat", BUYER, act, [PHOTO], NOON), write_raw("webchat", MOVED, act, [], NOON + 60_000)
    assert first.body != again.body
    assert alike(first.body, again)


@pytest.mark.parametrize("other", [Said("word-1", "two"), Press("word-1", "two", "Two", "7")])
def test_a_browser_that_says_something_else_under_its_id_is_noticed(other: Said | Press) -> None:
    first = write_raw("webchat", BUYER, Said("word-1", "one"), (), NOON)
    assert not alike(first.body, write_raw("webchat", BUYER, other, (), NOON))
