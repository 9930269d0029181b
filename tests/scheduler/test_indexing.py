"""The tick of search: it goes on until everything can be found, gives way to a busy loop, and ends quietly where the database is away."""

import logging
from typing import cast

import pytest

from crm.base.db import Store
from crm.base.errors import Busy
from scheduler.indexing import CALM, IN_TIME, LOADED, indexing, rest
from tests.conftest import NOON
from tests.crm.people.crowd import meet
from tests.crm.reports.finding import said, say


class Away:
    """A store whose database is away."""

    async def read(self, _: object) -> None:
        """Nobody answers."""
        raise Busy("away")


async def test_one_tick_reads_everything_in(store: Store) -> None:
    ann = await store.write(lambda s: meet(s, "ann"))
    numbers = await store.write(lambda s: say(s, ann.conversation, "a walnut table", "a walnut chair"))
    await indexing(store, lambda: NOON)()
    assert await said(store, "walnut") == numbers[::-1]


def test_after_a_chunk_others_have_as_long_and_much_longer_while_they_have_much_to_do() -> None:
    assert rest(0.02, 0.0) == 0.02 * CALM
    assert rest(0.02, IN_TIME) == 0.02 * LOADED
    assert LOADED > 10 * CALM


async def test_a_database_that_is_away_is_a_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        await indexing(cast("Store", Away()), lambda: NOON)()
    assert "search waits" in caplog.text
