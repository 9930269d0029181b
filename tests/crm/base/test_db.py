"""The store: one writer, deeds that fail alone, one process per file."""

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm.base.db import Order, SqliteStore
from crm.base.errors import Busy, Misconfigured
from crm.base.tallies import Count, Tally, count
from crm.base.wakes import wake

AMOUNT = select(Tally.amount).where(Tally.account == "a")


def add(session: Session, items: Sequence[int]) -> list[int]:
    """A gathered deed that refuses thirteen."""
    for item in items:
        count(session, {("a", Count.KEPT): item}, now=0)
    if 13 in items:
        raise ValueError(13)
    return list(items)


@pytest.fixture
def store(file_store: SqliteStore) -> SqliteStore:
    """The store of a file, whatever the engine under test; a server's has tests of its own."""
    return file_store


async def test_one_bad_item_fails_one_caller_and_the_rest_is_stored(store: SqliteStore) -> None:
    outcomes = await asyncio.gather(*(store.gather(add, [number]) for number in (1, 13, 2)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [list, ValueError, list]
    assert await store.read(lambda session: session.scalar(AMOUNT)) == 3


async def test_a_failing_deed_leaves_nothing_behind(store: SqliteStore) -> None:
    def bad(session: Session) -> None:
        count(session, {("a", Count.KEPT): 5}, now=0)
        raise KeyError("mine")

    outcomes = await asyncio.gather(store.write(bad), store.write(lambda session: add(session, [1])), return_exceptions=True)
    assert isinstance(outcomes[0], KeyError)
    assert await store.read(lambda session: session.scalar(AMOUNT)) == 1


async def test_a_thousand_increments_from_many_callers_are_all_there(store: SqliteStore) -> None:
    await asyncio.gather(*(store.write(lambda session: add(session, [1])) for _ in range(1000)))
    assert await store.read(lambda session: session.scalar(AMOUNT)) == 1000


async def test_a_wake_rings_after_the_commit_and_not_after_a_failure(store: SqliteStore) -> None:
    def bad(session: Session) -> None:
        wake(session, "bad")
        raise KeyError

    await asyncio.gather(store.write(lambda session: wake(session, "good")), store.write(bad), return_exceptions=True)
    await store.wakes.wait("good", 5)
    assert not store.wakes._events["bad"].is_set()


async def test_a_full_waiting_list_says_busy(database: Path) -> None:
    store = SqliteStore(database, waiting_most=3)
    outcomes = await asyncio.gather(*(store.gather(add, [1]) for _ in range(50)), return_exceptions=True)
    await store.close()
    assert any(isinstance(outcome, Busy) for outcome in outcomes)
    assert any(outcome == [1] for outcome in outcomes)


async def test_a_second_process_is_refused_with_words(store: SqliteStore) -> None:
    with pytest.raises(Misconfigured, match="another process"):
        SqliteStore(store.path)


async def test_a_closed_store_refuses(database: Path) -> None:
    store = SqliteStore(database)
    await store.close()
    with pytest.raises(Busy):
        await store.write(lambda session: None)


async def test_chunks_let_others_pass(store: SqliteStore) -> None:
    order: list[str] = []
    chunks = [store.write(lambda session: order.append("chunk"), Order.CHUNK) for _ in range(5)]
    await asyncio.gather(*chunks, *(store.write(lambda session: order.append("deed")) for _ in range(5)))
    assert order.index("deed") < 2
    assert order.count("chunk") == 5


async def test_a_reader_never_writes(store: SqliteStore) -> None:
    from sqlalchemy.exc import OperationalError

    with pytest.raises(OperationalError, match="readonly"):
        await store.read(lambda session: add(session, [1]))


async def test_a_file_that_cannot_be_opened_refuses_who_asks_and_answers_once_it_can(database: Path, tmp_path: Path) -> None:
    store, away = SqliteStore(database), tmp_path / "away.db"
    database.rename(away)
    database.mkdir()
    with pytest.raises(Busy, match="unable to open"):
        await store.read(lambda session: session.scalar(AMOUNT))
    database.rmdir()
    away.rename(database)
    assert await store.read(lambda session: session.scalar(AMOUNT)) is None
    await store.close()


async def test_a_full_disk_in_the_middle_takes_back_everybodys_deed_and_says_so(store: SqliteStore) -> None:
    pages = await store.read(lambda session: session.execute(text("PRAGMA page_count")).scalar_one())
    await store.write(lambda session: session.execute(text(f"PRAGMA max_page_count = {pages + 20}")) and None)

    def fat(session: Session) -> None:
        session.execute(text("INSERT INTO offsets(name, value) VALUES (:name, 1)"), {"name": "B" * 500_000})

    entered, gate = threading.Event(), threading.Event()

    def hold(session: Session) -> None:
        entered.set()
        gate.wait(30)

    held = asyncio.ensure_future(store.write(hold))
    await asyncio.to_thread(entered.wait)  # the writer is busy now, so that the next three meet in one batch
    waiting = asyncio.gather(
        store.write(lambda session: add(session, [1])), store.write(fat), store.write(lambda session: add(session, [2])), return_exceptions=True
    )
    while len(store._asks) < 3:
        await asyncio.sleep(0)
    gate.set()
    await held
    assert [type(outcome) for outcome in await waiting] == [Busy, Busy, Busy]
    await store.write(lambda session: session.execute(text("PRAGMA max_page_count = 1000000")) and None)
    await store.write(lambda session: add(session, [4]))
    assert await store.read(lambda session: session.scalar(AMOUNT)) == 4


async def test_a_deed_that_runs_out_of_answers_fails_alone(store: SqliteStore) -> None:
    def empty(session: Session) -> int:
        return next(iter([]))

    outcomes = await asyncio.gather(store.write(empty), store.write(lambda session: add(session, [1])), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [RuntimeError, list]


async def test_a_loop_that_fails_takes_nobody_else_with_it(store: SqliteStore) -> None:
    entered, gate = threading.Event(), threading.Event()

    def hold(session: Session) -> None:
        entered.set()
        gate.wait(30)

    def bad(session: Session) -> None:
        count(session, {("a", Count.KEPT): 100}, now=0)
        wake(session, "bad")
        raise KeyError("mine")

    held = asyncio.ensure_future(store.write(hold))
    await asyncio.to_thread(entered.wait)  # the writer is busy now, so that the next four meet in one batch
    deeds = store.write(lambda session: add(session, [1])), store.write(bad, Order.FLOW), store.write(lambda session: add(session, [2]), Order.FLOW)
    waiting = asyncio.gather(*deeds, store.gather(add, [13]), return_exceptions=True)
    while len(store._asks) < 4:
        await asyncio.sleep(0)
    gate.set()
    await held
    assert [type(outcome) for outcome in await waiting] == [list, KeyError, list, ValueError]
    assert await store.read(lambda session: session.scalar(AMOUNT)) == 3
    assert not store.wakes._events["bad"].is_set()
