"""Figure 6: messages from kept to done on PostgreSQL, set-based, over the same unit written message by message: a transaction each, 16 connections.

Message by message is what most programs do: a handful of statements by SQLAlchemy on asyncpg, the same rows for a customer and for us, nothing else.
"""

import asyncio
import json
import time
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bench import places, town
from bench.ingest import CHANNELS, WAVE, work
from bench.places import Server
from bench.rounds import Figure, Size, ratios
from bench.town import Town
from crm.base.db import open_store
from crm.base.events import RawEvent
from crm.base.postgres import async_url

CONNECTIONS = 16
ANSWER = "Thank you! A person will answer you here today."
_KEEP = text("INSERT INTO raw_events(id, account, key, received_at) VALUES (nextval('ids'), :account, :key, :now) ON CONFLICT DO NOTHING RETURNING id")
_BODY = text("INSERT INTO raw_bodies(event_id, month, body) VALUES (:event, :month, :body)")
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


def measure(size: Size) -> list[Figure]:
    """Telegram's payloads on a server that syncs its commits."""
    many, few = size.of(1_000, 20_000), size.of(200, 2_000)
    ours, theirs = list[Run](), list[Run]()
    with places.server(Town()) as place:
        asyncio.run(set_based(place, WAVE))  # loads what is loaded at the first use
        for _ in range(size.rounds):
            ours.append(asyncio.run(set_based(place, many)))
            theirs.append(asyncio.run(message_by_message(place, few)))
    return figures(ours, theirs)


def figures(ours: list[Run], theirs: list[Run]) -> list[Figure]:
    """By the clock, and by the work of client and server together, which neighbours on the machine change little."""
    faster = ratios([run.per_second for run in ours], [run.per_second for run in theirs])
    less = ratios([run.client + run.server for run in theirs], [run.client + run.server for run in ours])
    return [
        Figure("PostgreSQL: kept to done set-based / message by message, 16 connections", faster, "x", 12, 6),
        Figure("  the same by CPU of client and server", less, "x"),
        told("  set-based, with parsing, flow and answer", ours),
        told("  message by message", theirs),
    ]


def told(name: str, runs: list[Run]) -> Figure:
    """One side by itself."""
    client, server = (sum(values) / len(runs) for values in zip(*((run.client, run.server) for run in runs), strict=True))
    return Figure(name, tuple(run.per_second for run in runs), "/s", note=f"CPU a message: {client:.0f} us in the client, {server:.0f} in the server")


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


async def message_by_message(place: Server, few: int) -> Run:
    """A transaction for each message."""
    channel = CHANNELS[-1]
    events = iter([channel.written(number) for number in range(1, few + 1)])
    engine = create_async_engine(async_url(place.fresh()), pool_size=CONNECTIONS, max_overflow=0)
    run = await timed(place, few, workers(engine, events))
    await engine.dispose()
    return run


async def timed(place: Server, count: int, work: Coroutine[None, None, None]) -> Run:
    """Do the work and tell what it took."""
    began, client, server = time.perf_counter(), time.process_time(), place.worked()
    await work
    seconds = time.perf_counter() - began
    return Run(count / seconds, (time.process_time() - client) / count * 1e6, (place.worked() - server) / count * 1e6)


async def workers(engine: AsyncEngine, events: Iterator[RawEvent]) -> None:
    """As many at a time as there are connections."""
    await asyncio.gather(*(worker(engine, events) for _ in range(CONNECTIONS)))


async def worker(engine: AsyncEngine, events: Iterator[RawEvent]) -> None:
    """Take one message after another."""
    for event in events:
        async with engine.begin() as connection:
            await unit(connection, event, town.wall())


async def unit(connection: AsyncConnection, event: RawEvent, now: int) -> None:
    """One message: kept, its sender found or met, heard, answered, the answer queued."""
    message = json.loads(event.body)["message"]
    address, here = str(message["chat"]["id"]), {"account": event.account, "now": now}
    kept = (await connection.execute(_KEEP, {**here, "key": event.key})).scalar()
    if kept is None:
        return
    await connection.execute(_BODY, {"event": kept, "month": now // 2_592_000_000, "body": event.body})
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
