"""The smallest tests of two promises that one process alone rarely breaks: writers wait for one another, and an old number is no old event."""

import sqlite3
import threading
from pathlib import Path

from sqlalchemy import create_engine, text

from crm.base import dialect
from crm.base.db import Store
from crm.inbox.log import keep
from tests.crm.fake import said


def test_who_reads_first_and_writes_then_waits_for_a_writer_and_is_not_refused(database: Path) -> None:
    engine = create_engine(f"sqlite:///{database}")
    dialect.prepare(engine, writes=True)
    other = sqlite3.connect(database, isolation_level=None, timeout=10)
    begun = threading.Event()

    def meanwhile() -> None:
        begun.wait()
        with sqlite3.connect(database, timeout=10) as third:
            third.execute("UPDATE counters SET next = next + 1")
        third.close()

    thread = threading.Thread(target=meanwhile)
    thread.start()
    with engine.begin() as connection:
        connection.execute(text("SELECT next FROM counters")).all()
        begun.set()
        thread.join(0.3)  # a writer that could come between has come
        connection.execute(text("UPDATE counters SET next = next + 1"))
    thread.join()
    other.close()
    engine.dispose()


async def test_a_lower_number_than_the_last_one_is_an_event_like_any_other(store: Store) -> None:
    assert await store.gather(keep, [said(900, "ann", "first")]) == [True]
    assert await store.gather(keep, [said(17, "ann", "after a quiet week")]) == [True]
    assert await store.gather(keep, [said(900, "ann", "first")]) == [False]
