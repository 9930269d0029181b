"""Figure 2: a message from kept to done in process, with parsing, flow, answer and delivery, over bare sqlite3 writing the same rows."""

import asyncio
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import letters, machine, places, replay, town
from bench.carriers import Noting, no_media
from bench.rounds import Figure, Size, ratios
from bots.turn import turn
from channels.telegram.listen import raw_event
from channels.telegram.parse import parse as parse_telegram
from channels.webchat.frames import Hello, Said
from channels.webchat.raw import Visitor, parse_raw, write_raw
from crm.base.db import Store, open_store
from crm.base.events import Event, RawEvent, Source
from crm.inbox.log import keep
from crm.inbox.process import Rules
from crm.outbox.drain import Drain
from scheduler import workers

WAVE = 200
PAGE = Source(page="https://shop.example/tables?" + "x" * 470, referrer="https://search.example/?q=" + "y" * 300)


@dataclass(frozen=True, slots=True)
class Channel:
    """What is measured on: an account, its payloads, its parser."""

    account: str
    written: Callable[[int], RawEvent]
    parse: Callable[[RawEvent], Sequence[Event]]


@dataclass(slots=True)
class Runs:
    """Messages a second and CPU in microseconds a message, round by round."""

    ours: list[float] = field(default_factory=list)
    raw: list[float] = field(default_factory=list)
    kept: list[float] = field(default_factory=list)
    done: list[float] = field(default_factory=list)
    sent: list[float] = field(default_factory=list)
    raw_cpu: list[float] = field(default_factory=list)


def by_telegram(number: int) -> RawEvent:
    """An update of 1.15 KB."""
    return raw_event("telegram", json.loads(letters.update(number, letters.sender(number, letters.KNOWN))), town.wall())


def by_widget(number: int) -> RawEvent:
    """A line typed into the widget on a page with a long address, so that it is of the same size."""
    said = Said(f"line{number:08d}", letters.words(number))
    return write_raw("webchat", Visitor(str(letters.sender(number, letters.KNOWN)), Hello(language="en", source=PAGE)), said, (), town.wall())


CHANNELS = (Channel("webchat", by_widget, parse_raw), Channel("telegram", by_telegram, parse_telegram))


def measure(size: Size) -> list[Figure]:
    """On the widget's payloads and on Telegram's."""
    count = size.of(1_000, 20_000)
    machine.pin(machine.SERVER)
    try:
        with tempfile.TemporaryDirectory() as folder:
            return [figure for channel in CHANNELS for figure in measure_on(channel, Path(folder), count, size.rounds)]
    finally:
        machine.unpin()


def measure_on(channel: Channel, folder: Path, count: int, rounds: int) -> list[Figure]:
    """Ours first, then the very rows it left by bare sqlite3, in every round."""
    template = town.build(folder / f"{channel.account}.db", town.Town(account=channel.account))
    events, runs = [channel.written(number) for number in range(1, count + 1)], Runs()
    recording: replay.Recording | None = None
    asyncio.run(ours(channel, town.copy(template, folder / "run.db"), events[: WAVE * 2], Runs()))  # loads what is loaded at the first use
    for _ in range(rounds):
        path = town.copy(template, folder / "run.db")
        asyncio.run(ours(channel, path, events, runs))
        recording = recording or replay.record(path, channel.account, town.first_new(town.Town()))
        seconds, cpu = replay.play(recording, town.copy(template, folder / "raw.db"))
        runs.raw.append(count / seconds)
        runs.raw_cpu.append(cpu / count * 1e6)
    return figures(channel.account, runs)


async def ours(channel: Channel, path: Path, events: Sequence[RawEvent], runs: Runs) -> None:
    """Keep by waves while the inbox works, then send everything to a stub; what each part costs is counted apart."""
    store = open_store(f"sqlite:///{path}")
    began, cpu = time.perf_counter(), time.process_time()
    await work(store, channel, events)
    taken, used = time.perf_counter() - began, time.process_time() - cpu
    runs.ours.append(len(events) / taken)
    runs.done.append(used / len(events) * 1e6)
    cpu = time.process_time()
    carrier = Noting(channel.account)
    await Drain(store, carrier, no_media, node="bench", clock=town.wall).run()
    runs.sent.append((time.process_time() - cpu) / len(events) * 1e6)
    assert carrier.count == len(events), f"{carrier.count} answers to {len(events)} messages"
    await store.close()


async def work(store: Store, channel: Channel, events: Sequence[RawEvent]) -> None:
    """From kept to done."""
    rules = Rules(turn, town.company(), seat=await places.seat(store))
    feeding = asyncio.create_task(feed(store, events))
    while not feeding.done():
        await workers.settle_inbox(store, channel.parse, rules, town.wall, lambda _: None)
        await asyncio.sleep(0)
    await feeding
    await workers.settle_inbox(store, channel.parse, rules, town.wall, lambda _: None)


async def feed(store: Store, events: Sequence[RawEvent]) -> None:
    """Keep events by waves, each event asked for by a caller of its own."""
    for at in range(0, len(events), WAVE):
        await asyncio.gather(*(store.gather(keep, [event]) for event in events[at : at + WAVE]))


def figures(account: str, runs: Runs) -> list[Figure]:
    """What was found on one channel."""
    both = tuple(done + sent for done, sent in zip(runs.done, runs.sent, strict=True))
    return [
        Figure(f"{account}: kept to done / bare sqlite3, the same rows", ratios(runs.ours, runs.raw), "x", 0.30, 0.18),
        Figure(f"  {account}: CPU a message, kept to done", tuple(runs.done), "us", 150, less=True),
        Figure(f"  {account}: CPU a message, kept to sent", both, "us", less=True),
        Figure(f"  {account}: messages, kept to done", tuple(runs.ours), "/s"),
        Figure(f"  {account}: messages, bare sqlite3", tuple(runs.raw), "/s", note=f"{sum(runs.raw_cpu) / len(runs.raw_cpu):.0f} us CPU"),
    ]
