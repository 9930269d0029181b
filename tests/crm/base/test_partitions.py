"""A server's tables in parts, made by the scripts of docs/scaling.md: the same verbs, the same books, and old bytes that are dropped in a moment."""

import re
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio
from sqlalchemy import func, inspect, select, text
from sqlalchemy.ext.asyncio import create_async_engine

from crm.base.actors import Rep
from crm.base.db import Store, open_store
from crm.base.postgres import async_url
from crm.base.settings import Company
from crm.base.time import DAY, SECOND
from crm.conversations.assign import take
from crm.conversations.talk import reply
from crm.conversations.threads import Conversation, Message, thread
from crm.inbox.log import RawBody, RawEventRow, Waiting, keep
from crm.outbox.deliveries import Delivery
from crm.outbox.drain import Drain
from crm.reports.books import check
from crm.tables import metadata
from tests.cluster import Cluster, scripts
from tests.conftest import NOON
from tests.crm.fake import Stub, counts, hear, hire, raw, rows, said, settle

MAKE, AHEAD, OLD = scripts("scaling.md")
MONTH = 30 * DAY
PEOPLE = 40
HEARD = select(Message.text).where(Message.author == "contact").order_by(Message.id)
TABLES = (Message, Conversation, Delivery, RawEventRow, RawBody, Waiting)


def name_of(url: str) -> str:
    """The name of a database at the end of its address."""
    return url.rpartition("/")[2]


@pytest_asyncio.fixture
async def store(server_database: str, cluster: Cluster) -> AsyncIterator[Store]:
    """A store on tables in parts."""
    cluster.execute(MAKE, name_of(server_database))
    made = open_store(server_database)
    yield made
    await made.close()


async def parts(store: Store, table: str) -> dict[str, int]:
    """The parts of a table that hold rows, and how many."""
    question = text(f"SELECT CAST(tableoid::regclass AS text), count(*) FROM {table} GROUP BY 1 ORDER BY 1")
    return dict(await rows(store, question))


async def a_day(store: Store, company: Company, tigran: Rep, *, day: int = 0) -> None:
    """Everybody writes and is answered by the bot; one of them by a rep who takes the thread."""
    now = NOON + day * DAY
    await hear(store, company, *(said(f"{day}:{number}", f"who{number}", f"day {day}", at=now) for number in range(PEOPLE)), now=now)
    [number] = await rows(store, select(Conversation.id).where(Conversation.address == f"who{day}"))
    await store.write(lambda session: take(session, tigran, number, now=now))
    for _ in range(2):
        await store.write(lambda session: reply(session, tigran, number, f"Good day {day}", once=f"reply:{day}", now=now))
    clock = iter(range(now, now + DAY, SECOND))
    sender = Drain(store, Stub(), None, node="n", clock=lambda: next(clock))  # type: ignore[arg-type]
    while await rows(store, select(Delivery.id).where(Delivery.desk == 0, Delivery.state.in_(["queued", "sending"]))):
        await sender.run()


async def test_a_company_goes_into_parts_with_every_row(server_database: str, cluster: Cluster, company: Company) -> None:
    before = open_store(server_database)
    tigran = await hire(before)
    await a_day(before, company, tigran)
    counted, heard = await counts(before, *TABLES), await rows(before, select(Message.id, Message.text).order_by(Message.id))
    await before.close()
    cluster.execute(MAKE, name_of(server_database))
    after = open_store(server_database)
    assert await counts(after, *TABLES) == counted
    assert await rows(after, select(Message.id, Message.text).order_by(Message.id)) == heard
    await a_day(after, company, tigran)  # the same again: nothing of it is taken in or said a second time
    assert await rows(after, HEARD) == ["day 0"] * PEOPLE
    assert (await rows(after, select(Message.text).where(Message.author == "rep"))) == ["Good day 0"]
    assert (await after.read(check)).problems == ()
    await after.close()


async def test_messages_lie_in_parts_by_conversation_and_bytes_by_month(store: Store, company: Company) -> None:
    this = time.time_ns() // 1_000_000 // MONTH
    for month in (this, this + 1):
        await hear(store, company, *(said(f"{month}:{number}", f"who{number}", at=month * MONTH) for number in range(PEOPLE)), now=month * MONTH)
    by_part = await parts(store, "messages")
    assert len(by_part) > 8
    assert sum(by_part.values()) == (await counts(store, Message))["messages"]
    assert await parts(store, "raw_bodies") == {f"raw_bodies_{month}": PEOPLE for month in (this, this + 1)}
    spread = select(Message.conversation_id).group_by(Message.conversation_id).having(func.count(func.distinct(text("messages.tableoid"))) > 1)
    assert await rows(store, spread) == []


async def test_the_days_work_is_done_in_parts_and_the_books_balance(store: Store, company: Company) -> None:
    tigran = await hire(store)
    for day in range(3):
        await a_day(store, company, tigran, day=day)
    assert await rows(store, HEARD) == ["day 0"] * PEOPLE + ["day 1"] * PEOPLE + ["day 2"] * PEOPLE
    assert await rows(store, select(Message.text).where(Message.author == "rep").order_by(Message.id)) == [f"Good day {day}" for day in range(3)]
    assert await rows(store, select(Delivery.state).distinct().where(Delivery.desk == 0)) == ["sent"]
    assert (await store.read(check)).problems == ()


async def test_a_page_of_a_thread_is_read_from_one_part(store: Store, company: Company) -> None:
    for day in range(2):
        await hear(store, company, *(said(f"{day}:{number}", f"who{number}", f"day {day}") for number in range(PEOPLE)))
    [number] = await rows(store, select(Conversation.id).where(Conversation.address == "who7"))
    page = await store.read(lambda session: [message.text for message in thread(session, number) if message.author == "contact"])
    assert page == ["day 0", "day 1"]
    plan = await rows(store, text(f"EXPLAIN SELECT * FROM messages WHERE conversation_id = {number} ORDER BY id DESC LIMIT 20"))
    assert len(set(re.findall(r"messages_\d+", "\n".join(plan)))) == 1, plan


async def test_an_event_that_nobody_can_read_is_parked_with_one_line_in_the_thread(store: Store, company: Company) -> None:
    await hear(store, company, said(1, "ann"), raw(2, "ann", "boom"))
    for tries in range(1, 7):
        await settle(store, company, now=NOON + tries * DAY)
    assert await rows(store, select(Message.kind).where(Message.author == "system")) == ["lost"]
    assert await rows(store, select(RawBody.body).join(Waiting, Waiting.event_id == RawBody.event_id)) == [b'["boom", "ann"]']


async def test_old_bytes_go_but_not_those_of_an_event_that_waits(store: Store, server_database: str, cluster: Cluster, company: Company) -> None:
    await hear(store, company, *(said(f"{old}", f"who{old}", at=old * MONTH) for old in (100, 101)))
    await store.gather(keep, [said("waits", "who102", at=102 * MONTH)])
    await store.close()
    for month in (100, 101, 102):  # these months were made when they came
        cluster.execute(f"CREATE TABLE held AS SELECT * FROM raw_bodies WHERE month = {month}", name_of(server_database))
        cluster.execute(f"DELETE FROM raw_bodies WHERE month = {month}", name_of(server_database))
        cluster.execute(f"CREATE TABLE raw_bodies_{month} PARTITION OF raw_bodies FOR VALUES IN ({month})", name_of(server_database))
        cluster.execute("INSERT INTO raw_bodies SELECT * FROM held; DROP TABLE held", name_of(server_database))
    for _ in range(2):
        cluster.execute(OLD, name_of(server_database))
    after = open_store(server_database)
    assert await parts(after, "raw_bodies") == {"raw_bodies_102": 1}
    await settle(after, company)
    assert len(await rows(after, HEARD)) == 3
    assert (await after.read(check)).problems == ()
    assert await after.gather(keep, [said("100", "who100", at=100 * MONTH)]) == [False]
    await after.close()


async def test_months_ahead_are_made_again_and_again_and_what_has_no_month_is_kept(store: Store, server_database: str, cluster: Cluster) -> None:
    for _ in range(2):
        cluster.execute(AHEAD, name_of(server_database))
    assert await store.gather(keep, [said(1, "ann", at=9_999 * MONTH)]) == [True]
    assert await parts(store, "raw_bodies") == {"raw_bodies_rest": 1}


async def test_tables_in_parts_have_the_columns_and_indexes_of_the_program(store: Store, server_database: str) -> None:
    """What a later version adds to these tables has to be added to the page."""

    def shapes(connection: Any) -> dict[str, tuple[Any, Any]]:
        asked = inspect(connection)
        found = {}
        for name in ("messages", "raw_bodies"):
            keys = {tuple(one["column_names"][:1]) for one in [*asked.get_indexes(name), *asked.get_unique_constraints(name)]}
            keys |= {tuple(asked.get_pk_constraint(name)["constrained_columns"][:1])}
            found[name] = ([(one["name"], str(one["type"]), one["nullable"], one["default"]) for one in asked.get_columns(name)], keys)
        return found

    engine = create_async_engine(async_url(server_database))
    async with engine.connect() as connection:
        in_parts = await connection.run_sync(shapes)
        await connection.rollback()
    async with engine.begin() as connection:
        await connection.execute(text("CREATE SCHEMA whole"))
        await connection.execute(text("SET search_path TO whole"))
        await connection.run_sync(metadata.create_all)
        whole = await connection.run_sync(shapes)
    await engine.dispose()
    assert in_parts == whole


async def test_a_read_copy_answers_the_books(server_database: str, cluster: Cluster, store: Store, company: Company) -> None:
    await a_day(store, company, await hire(store))
    with cluster.copied() as copy:
        reader = open_store(copy.url(name_of(server_database)))
        books = await reader.read(check)
        with_rows = await counts(reader, Message)
        await reader.close()
    assert books.problems == ()
    assert with_rows == await counts(store, Message)
