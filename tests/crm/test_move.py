"""A company moves from its file to a server: every row arrives, a stopped move goes on, a living company is never written over."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import func, select

from crm import move as moving
from crm.base.db import SqliteStore, open_store
from crm.base.errors import Misconfigured
from crm.base.rows import take_ids
from crm.base.settings import Company
from crm.conversations.threads import Message
from crm.reports.books import check
from crm.schema import bring_up_to_date
from tests.cluster import Cluster
from tests.crm.fake import counts, hear, said

_numbers = itertools.count(1)


@pytest_asyncio.fixture
async def file(tmp_path: Path, company: Company) -> Path:
    """A company with some talk in its file."""
    path = tmp_path / "company.db"
    bring_up_to_date(path)
    store = SqliteStore(path)
    await hear(store, company, *(said(number, f"who{number % 40}", f"word {number} ԱԲ አማ") for number in range(200)))
    await store.close()
    return path


@pytest.fixture
def empty(cluster: Cluster) -> Iterator[str]:
    """An empty database on the server."""
    name = f"move{next(_numbers)}"
    yield cluster.database(name)
    cluster.drop(name)


def quiet(table: str, done: int, wanted: int) -> None:
    """Nobody looks."""


async def test_every_row_arrives_and_the_company_goes_on(file: Path, empty: str, company: Company) -> None:
    told: dict[str, tuple[int, int]] = {}
    await moving.move(file, empty, lambda table, done, wanted: told.update({table: (done, wanted)}))
    assert told["messages"][0] == told["messages"][1] > 200
    store = open_store(empty)
    highest = await store.read(lambda session: session.scalar(select(func.max(Message.id)))) or 0
    assert next(await store.write(lambda session: take_ids(session, 1))) > highest
    await hear(store, company, said(1, "who1", "word 1 again"), said(1000, "who1", "a new word"))
    assert (await counts(store, Message))["messages"] >= told["messages"][0] + 1
    assert (await store.read(check)).balanced
    await store.close()


async def test_a_stopped_move_goes_on_where_it_was(file: Path, empty: str) -> None:
    class PlugPulled(Exception):
        pass

    def stop(table: str, done: int, wanted: int) -> None:
        if table == "messages":
            raise PlugPulled

    with pytest.raises(PlugPulled):
        await moving.move(file, empty, stop)
    total = await moving.move(file, empty, quiet)
    assert total > 400


async def test_a_server_with_another_company_is_refused(file: Path, empty: str) -> None:
    await moving.move(file, empty, quiet)
    with pytest.raises(Misconfigured, match="name an empty one"):
        await moving.move(file, empty, quiet)
