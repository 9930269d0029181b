"""Figure 5: claim, gate, send and settle over bare sending of the same; the sender on one core, the pretended platform on the other."""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from bench import machine, town
from bench.carriers import Noting, Posting, no_media
from bench.rounds import Figure, Size, ratios, turn_about
from bench.stub import platform
from channels.telegram import Telegram, TelegramOptions
from crm.base.db import open_store
from crm.base.outbound import Carrier, Say
from crm.outbox.drain import WINDOW, Drain

PAUSE = 0.05
WORDS = "Thank you! A person will answer you here today. " * 5
TOKEN = "100:BENCH"
_QUEUE = text(
    "WITH RECURSIVE n(i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < :many) "
    "INSERT INTO deliveries(id, account, address, conversation_id, message_id, place, lane, due_at, payload, created_at) "
    "SELECT :first + i, :account, CAST(i AS TEXT), :thread + i * 5, :first + i, :first + i, 1, :now, :payload, :now FROM n"
)


def queue(session: Session, many: int) -> None:
    """Put a message to each of the first people on the way out."""
    given = {"many": many, "first": 500_000, "account": town.ACCOUNT, "thread": town.FIRST + 2, "now": town.wall()}
    session.execute(_QUEUE, {**given, "payload": f'{{"text": "{WORDS}"}}'})


def measure(size: Size) -> list[Figure]:
    """To a stub that takes 50 ms, to a platform by bare aiohttp, to Telegram."""
    many = size.of(600, 10_000)
    machine.pin(machine.SERVER)
    try:
        with tempfile.TemporaryDirectory() as folder, platform() as port:
            template = prepared(Path(folder), many)
            return [
                *to_stub(template, many, size),
                *to_platform(template, many, port, size.rounds),
                *to_telegram(size.of(300, 4_000), port, size.rounds),
            ]
    finally:
        machine.unpin()


def prepared(folder: Path, many: int) -> Path:
    """A town with a message to everybody in the queue."""
    path = town.build(folder / "queued.db", town.Town(people=max(many, 1000)))

    async def fill() -> None:
        store = open_store(f"sqlite:///{path}")
        await store.write(lambda session: queue(session, many))
        await store.close()

    asyncio.run(fill())
    return path


def to_stub(template: Path, many: int, size: Size) -> list[Figure]:
    """A platform that takes 50 ms for each, 256 at a time; fewer in CI, where a busy neighbour would take the processor that 5,000 a second need."""
    window = size.of(64, WINDOW)

    async def bare() -> float:
        carrier = Noting(town.ACCOUNT, pause=PAUSE)
        return await beside((partial(carrier.send, str(number), Say(WORDS), no_media) for number in range(many)), window)

    async def ours() -> float:
        return await drained(template, Noting(town.ACCOUNT, pause=PAUSE), many, window)

    found = turn_about({"bare": lambda: asyncio.run(bare()), "ours": lambda: asyncio.run(ours())}, size.rounds)
    return [
        Figure("claim, gate, send, settle / bare sending, a stub of 50 ms", ratios(found["bare"], found["ours"]), "x", 0.80, 0.60),
        Figure("  to a stub of 50 ms", tuple(many / seconds for seconds in found["ours"]), "/s"),
    ]


def to_platform(template: Path, many: int, port: int, rounds: int) -> list[Figure]:
    """A carrier on bare aiohttp against a platform on the other core."""

    async def bare() -> float:
        carrier = Posting(town.ACCOUNT, port, WINDOW)
        try:
            return await beside((partial(carrier.post, str(number), WORDS) for number in range(many)), WINDOW)
        finally:
            await carrier.close()

    async def ours() -> float:
        carrier = Posting(town.ACCOUNT, port, WINDOW)
        try:
            return await drained(template, carrier, many)
        finally:
            await carrier.close()

    found = turn_about({"bare": lambda: asyncio.run(bare()), "ours": lambda: asyncio.run(ours())}, rounds)
    return [
        Figure("  sent by bare aiohttp on one core, all of it", tuple(many / seconds for seconds in found["ours"]), "/s", 3000),
        Figure("  the same / posting alone", ratios(found["bare"], found["ours"]), "x"),
    ]


def to_telegram(many: int, port: int, rounds: int) -> list[Figure]:
    """Our carrier for Telegram and aiogram by itself, 64 at a time."""

    async def alone() -> float:
        from aiogram import Bot
        from aiogram.client.session.aiohttp import AiohttpSession
        from aiogram.client.telegram import TelegramAPIServer

        async with Bot(TOKEN, session=AiohttpSession(api=TelegramAPIServer.from_base(f"http://127.0.0.1:{port}"))) as bot:
            await bot.send_message(1, WORDS)
            return await beside((partial(bot.send_message, 1 + number, WORDS) for number in range(many)), 64)

    async def ours() -> float:
        carrier = Telegram(TelegramOptions(TOKEN, f"http://127.0.0.1:{port}"))
        try:
            await carrier.send("1", Say(WORDS), no_media)
            return await beside((partial(carrier.send, str(1 + number), Say(WORDS), no_media) for number in range(many)), 64)
        finally:
            await carrier.close()

    found = turn_about({"alone": lambda: asyncio.run(alone()), "ours": lambda: asyncio.run(ours())}, rounds)
    return [
        Figure("Telegram's carrier / aiogram alone", ratios(found["alone"], found["ours"]), "x", 0.85, 0.60),
        Figure("  by Telegram's carrier", tuple(many / seconds for seconds in found["ours"]), "/s"),
    ]


async def beside(calls: Iterator[Callable[[], Awaitable[object]]], most: int) -> float:
    """Make all calls, `most` at a time; answers the seconds."""

    async def caller() -> None:
        for call in calls:
            await call()

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(most)))
    return time.perf_counter() - began


async def drained(template: Path, carrier: Carrier, many: int, window: int = WINDOW) -> float:
    """Send a whole queue through the product's sender; answers the seconds."""
    store = open_store(f"sqlite:///{town.copy(template, template.parent / 'run.db')}")
    began = time.perf_counter()
    await Drain(store, carrier, no_media, node="bench", clock=town.wall, window=window).run()
    taken = time.perf_counter() - began
    left = await store.read(lambda session: session.execute(text("SELECT count(*) FROM deliveries WHERE state <> 'sent'")).scalar())
    await store.close()
    assert left == 0, f"{left} of {many} did not leave"
    return taken
