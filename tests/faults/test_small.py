"""The smallest tests of three promises: writers wait for one another, an old number is no old event, an offset moves with what it covers."""

import sqlite3
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

from crm.base import dialect
from crm.base.db import Store
from crm.inbox.log import keep
from scheduler.offsets import StoredOffsets
from tests.crm.fake import said


@pytest.mark.file
def test_who_reads_first_and_writes_then_waits_for_a_writer_and_is_not_refused(database: Path) -> None:
    engine = create_engine(f"sqlite:///{database}")
    dialect.prepare(engine, writes=True)
    with closing(sqlite3.connect(database, timeout=0, isolation_level=None)) as another:
        with engine.begin() as connection:
            connection.execute(text("SELECT next FROM counters")).all()
            with suppress(sqlite3.OperationalError):  # whoever could come between has come
                another.execute("UPDATE counters SET next = next + 1")
            connection.execute(text("UPDATE counters SET next = next + 1"))
        another.execute("UPDATE counters SET next = next + 1")
    engine.dispose()


async def test_a_lower_number_than_the_last_one_is_an_event_like_any_other(store: Store) -> None:
    assert await store.gather(keep, [said(900, "ann", "first")]) == [True]
    assert await store.gather(keep, [said(17, "ann", "after a quiet week")]) == [True]
    assert await store.gather(keep, [said(900, "ann", "first")]) == [False]


async def test_an_offset_stands_still_when_what_it_covers_cannot_be_kept(store: Store) -> None:
    offsets = StoredOffsets(store, {})
    broken = replace(said(41, "ann"), body=None)  # type: ignore[arg-type]  # what no poller brings: a stand-in for a disk that fails
    with pytest.raises(IntegrityError):
        await offsets.keep("telegram", 42, [broken])
    assert await offsets.get("telegram") == 0
    await offsets.keep("telegram", 42, [said(41, "ann")])
    assert await offsets.get("telegram") == 42
