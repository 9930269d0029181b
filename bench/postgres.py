"""Figure 6: messages on PostgreSQL, set-based, over the same unit written message by message: a transaction each, 16 connections.

Twice: only kept, which is rows and nothing else, and from kept to done, where our side parses, decides and answers too. Message by message is what most
programs do: a handful of statements by SQLAlchemy on asyncpg, the same rows for a customer and for us, nothing else.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bench import places, town
from bench.ingest import CHANNELS, WAVE, feed, work
from bench.places import Server
from bench.rounds import Figure, Size, ratios
from bench.town import Town
from crm.base.db import open_store
from crm.base.events import RawEvent
from crm.base.postgres import async_url
from crm.inbox.log import shard_of

CONNECTIONS = 16
WARM = 10 * CONNECTIONS
ANSWER = "Thank you! A person will answer you here today."
_KEEP = text("INSERT INTO raw_events(id, account, key, received_at) VALUES (nextval('ids'), :account, :key, :now) ON CONFLICT DO NOTHING RETURNING id")
_BODY = text("INSERT INTO raw_bodies(event_id, month, body) VALUES (:event, :month, :body)")
_WAIT = text("INSERT INTO waiting(event_id, lane, shard) VALUES (:event, :lane, :shard)")
_KNOWN = text(
    "SELECT i.id, i.contact_id, v.id AS conversation_id FROM identities i LEFT JOIN conversations v ON v.identity_id = i.id "
    "WHERE i.account = :account AND i.external_id = :address"
)
_IDS = text("SELECT nextval('ids'), nextval('ids'), nextval('ids'), nextval('ids')")
_MEET = (
    text(
        "INSERT INTO contacts(id, root_id, platform_name, language, zone, created_at, last_inbound_at) "
        "VALUES (:contact, :contact, :name, 'en', 'Asia/Yerevan', :now, :now)"
    ),
    text(
        "INSERT INTO identities(id, contact_id, account, external_id, created_at, last_inbound_at) VALUES (:identity, :contact, :account, :address, :now, :now)"
    ),
    text(
        "INSERT INTO conversations(id, identity_id, open_identity_id, contact_id, account, address, opened_at, last_at) "
        "VALUES (:conversation, :identity, :identity, :contact, :account, :address, :now, :now)"
    ),
    text(
        "INSERT INTO leads(id, contact_id, open_contact_id, conversation_id, channel, language, created_at) "
        "VALUES (:lead, :contact, :contact, :conversation, :account, 'en', :now)"
    ),
)
_SEEN = text("UPDATE contacts SET last_inbound_at = :now WHERE id = :contact")
_SAID = text(
    "INSERT INTO messages(id, conversation_id, author, text, at, once) VALUES (nextval('ids'), :conversation, :author, :words, :now, :once) RETURNING id"
)
_THREAD = text("UPDATE conversations SET last_at = :now, last_message_id = :message, preview = :words, unread = unread + 1 WHERE id = :conversation")
_DELIVER = text(
    "INSERT INTO deliveries(id, account, address, conversation_id, message_id, place, lane, due_at, payload, once, created_at) "
    "VALUES (nextval('ids'), :account, :address, :conversation, :message, :message, 1, :now, :payload, :once, :now)"
)


@dataclass(frozen=True, slots=True)
class Run:
    """Messages a second, and the CPU a message took on either side, in microseconds."""

    per_second: float
    client: float
    server: float


Unit = Callable[[AsyncConnection, RawEvent, int], Awaitable[object]]


def measure(size: Size) -> list[Figure]:
    """Telegram's payloads on a server that syncs its commits."""
    many, few = size.of(2_000, 20_000), size.of(400, 2_000)
    kept, rows, ours, theirs = list[Run](), list[Run](), list[Run](), list[Run]()
    with places.server(Town()) as place:
        asyncio.run(set_based(place, WAVE))  # loads what is loaded at the first use
        for _ in range(min(size.rounds, 3) if size.small else size.rounds):
            kept.append(asyncio.run(only_kept(place, many)))
            rows.append(asyncio.run(message_by_message(place, few, keep_one)))
            ours.append(asyncio.run(set_based(place, many)))
            theirs.append(asyncio.run(message_by_message(place, few, unit)))
    return [*figures("kept", kept, rows, (12, 6)), *figures("kept to done, with parsing, flow and answer,", ours, theirs, (4, 3))]


def figures(what: str, ours: list[Run], theirs: list[Run], bars: tuple[float, float]) -> list[Figure]:
    """By the clock, and by the work of client and server together, which neighbours on the machine change little and which is what CI judges."""
    faster = ratios([run.per_second for run in ours], [run.per_second for run in theirs])
    less = ratios([run.client + run.server for run in theirs], [run.client + run.server for run in ours])
    return [
        Figure(f"PostgreSQL: {what} set-based / message by message, 16 connections", faster, "x", bars[0]),
        Figure("  the same by CPU of client and server", less, "x", *bars),
        told("  set-based", ours),
        told("  message by message", theirs),
    ]


def told(name: str, runs: list[Run]) -> Figure:
    """One side by itself."""
    client, server = (sum(values) / len(runs) for values in zip(*((run.client, run.server) for run in runs), strict=True))
    return Figure(name, tuple(run.per_second for run in runs), "/s", note=f"CPU a message: {client:.0f} us in the client, {server:.0f} in the server")


async def only_kept(place: Server, many: int) -> Run:
    """Messages kept by the product, and not looked at."""
    events = [CHANNELS[-1].written(number) for number in range(1, many + 1)]
    store = open_store(place.fresh())
    run = await timed(place, many, feed(store, events))
    await store.close()
    return run


async def set_based(place: Server, many: int) -> Run:
    """Messages kept to done by the product."""
    channel = CHANNELS[-1]
    events = [channel.written(number) for number in range(1, many + 1)]
    store = open_store(place.fresh())
    run = await timed(place, many, work(store, channel, events))
    done = await store.read(lambda session: session.execute(text("SELECT count(*) FROM messages WHERE author = 'contact'")).scalar())
    await store.close()
    assert done == many, f"{done} of {many} are done"
    return run


async def message_by_message(place: Server, few: int, one: Unit) -> Run:
    """A transaction for each message."""
    channel = CHANNELS[-1]
    events = [channel.written(number) for number in range(1, WARM + few + 1)]
    engine = create_async_engine(async_url(place.fresh()), pool_size=CONNECTIONS, max_overflow=0)
    await workers(engine, iter(events[:WARM]), one)  # every connection is open and knows its statements
    run = await timed(place, few, workers(engine, iter(events[WARM:]), one))
    await engine.dispose()
    return run


async def timed(place: Server, count: int, work: Coroutine[None, None, None]) -> Run:
    """Do the work and tell what it took."""
    began, client, server = time.perf_counter(), time.process_time(), place.worked()
    await work
    seconds = time.perf_counter() - began
    return Run(count / seconds, (time.process_time() - client) / count * 1e6, (place.worked() - server) / count * 1e6)


async def workers(engine: AsyncEngine, events: Iterator[RawEvent], one: Unit) -> None:
    """As many at a time as there are connections."""
    await asyncio.gather(*(worker(engine, events, one) for _ in range(CONNECTIONS)))


async def worker(engine: AsyncEngine, events: Iterator[RawEvent], one: Unit) -> None:
    """Take one message after another."""
    for event in events:
        async with engine.begin() as connection:
            await one(connection, event, town.wall())


async def stored(connection: AsyncConnection, event: RawEvent, now: int) -> int | None:
    """The event and its bytes; answers its number if it is new."""
    given = {"account": event.account, "key": event.key, "now": now}
    kept: int | None = (await connection.execute(_KEEP, given)).scalar()
    if kept is not None:
        await connection.execute(_BODY, {"event": kept, "month": now // 2_592_000_000, "body": event.body})
    return kept


async def keep_one(connection: AsyncConnection, event: RawEvent, now: int) -> None:
    """The rows that `keep` leaves of a message, but for its tally, which sixteen connections would wait for in line."""
    kept = await stored(connection, event, now)
    if kept is not None:
        await connection.execute(_WAIT, {"event": kept, "lane": event.lane, "shard": shard_of(event.lane)})


async def unit(connection: AsyncConnection, event: RawEvent, now: int) -> None:
    """One message: kept, its sender found or met, heard, answered, the answer queued."""
    message = json.loads(event.body)["message"]
    address, here = str(message["chat"]["id"]), {"account": event.account, "now": now}
    kept = await stored(connection, event, now)
    if kept is None:
        return
    found = (await connection.execute(_KNOWN, {"account": event.account, "address": address})).first()
    if found:
        conversation = found.conversation_id
        await connection.execute(_SEEN, {"contact": found.contact_id, "now": now})
    else:
        ids: Sequence[int] = (await connection.execute(_IDS)).one()
        met = dict(zip(("contact", "identity", "conversation", "lead"), ids, strict=True)) | {"name": message["from"]["first_name"], "address": address} | here
        for statement in _MEET:
            await connection.execute(statement, {name: value for name, value in met.items() if f":{name}" in statement.text})
        conversation = met["conversation"]
    thread = {"conversation": conversation, "now": now}
    await connection.execute(_SAID, {**thread, "author": "contact", "words": message["text"], "once": f"event:{kept}"})
    said = (await connection.execute(_SAID, {**thread, "author": "bot", "words": ANSWER, "once": f"answer:{kept}"})).scalar()
    await connection.execute(_THREAD, {**thread, "message": said, "words": ANSWER})
    payload = json.dumps({"text": ANSWER})
    await connection.execute(_DELIVER, {**thread, **here, "address": address, "message": said, "payload": payload, "once": f"say:{kept}"})
