"""Figure 4: the recipients of a campaign written down, over writing them row by row; and what the staff feels meanwhile.

Ours runs in a process of its own, so that its peak memory is its own. Row by row is measured on a sample: a commit each, by SQLAlchemy's async Core.
"""

import asyncio
import json
import random
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import create_async_engine

from bench import machine, places, town
from bench.rounds import Figure, Size, ratios, share
from crm.base import dialect
from crm.base.db import Order, Session, Store, file_of, open_store
from crm.base.postgres import async_url
from crm.base.rows import table_of
from crm.conversations.assign import hand_back, take
from crm.outreach import campaigns
from crm.outreach.campaigns import Campaign, CampaignState, Recipient
from crm.outreach.compose import fill
from crm.outreach.segments import Segment, reached

ROOT = Path(__file__).parents[1]
SAMPLE = 300
SEGMENT = Segment(consent=True)
EVERY = 0.01
MOST_SECONDS = {"SQLite": 1.5, "PostgreSQL": 4.0}


@dataclass(frozen=True, slots=True)
class Filled:
    """One campaign written down: seconds, recipients, how many a repeat added, megabytes at the peak, the p99 of staff's deeds meanwhile in seconds."""

    seconds: float
    recipients: int
    again: int
    peak_mb: float
    deeds_p99: float


def measure(size: Size) -> list[Figure]:
    """A hundred thousand recipients on both engines; ten thousand in a file in CI."""
    people, found = size.of(10_000, 100_000), list[Figure]()
    for name, opened in places.ENGINES.items():
        if size.small and name != "sqlite":
            continue
        ours, slow = list[Filled](), list[float]()
        with opened(town.Town(people=people, offers=True)) as place:
            for _ in range(size.rounds):
                ours.append(in_a_process(place.fresh()))
                slow.append(asyncio.run(row_by_row(place.fresh())))
        found += figures(place.engine, people, ours, slow)
    return found


def figures(engine: str, people: int, ours: list[Filled], slow: list[float]) -> list[Figure]:
    """What was found; a repeat that adds anybody is an error and not a figure."""
    for one in ours:
        assert (one.recipients, one.again) == (people, 0), f"{one.recipients} recipients of {people}, {one.again} more at the repeat"
    per_second = [one.recipients / one.seconds for one in ours]
    note = f"row by row: {SAMPLE} of them, extrapolated: {people / slow[0]:.0f} s"
    most = MOST_SECONDS[engine] * people / 100_000
    return [
        Figure(f"{engine}: {people:,} recipients written down / row by row", ratios(per_second, slow), "x", 300, 100, note=note),
        Figure(f"  {engine}: {people:,} recipients", tuple(one.seconds for one in ours), "s", most, less=True, note="a repeat adds nobody"),
        Figure(f"  {engine}: peak memory of the process", tuple(one.peak_mb for one in ours), "MB", 250, less=True),
        Figure(f"  {engine}: staff's deeds meanwhile, p99", tuple(one.deeds_p99 * 1000 for one in ours), "ms", 100, less=True),
    ]


def in_a_process(url: str) -> Filled:
    """Write a campaign down in a fresh process on the server's core."""
    found = subprocess.run([sys.executable, "-m", "bench.campaign", url], capture_output=True, text=True, cwd=ROOT, check=False)
    if found.returncode:
        raise RuntimeError(found.stderr[-2000:])
    return Filled(**json.loads(found.stdout.splitlines()[-1]))


async def ours_at(url: str) -> Filled:
    """Launch, write everybody down in chunks as the tick does, with the staff at work; then look at everybody again."""
    store = open_store(url)
    number = await store.write(launched)
    deeds: list[float] = []
    staff = asyncio.create_task(work(store, deeds))
    began = time.perf_counter()
    await fill_all(store, number)
    seconds = time.perf_counter() - began
    staff.cancel()
    await asyncio.gather(staff, return_exceptions=True)
    recipients = await store.read(lambda session: session.get_one(Campaign, number).total)
    await store.write(lambda session: begin_again(session, number))
    await fill_all(store, number)
    total = await store.read(lambda session: campaigns.waiting(session, number))
    await store.close()
    peak = machine.memory_mb(peak=True)
    return Filled(seconds, recipients, total - recipients, peak, share(deeds, 0.99) if deeds else 0.0)


async def fill_all(store: Store, number: int) -> None:
    """Chunk after chunk until nobody is left to look at."""
    while await store.write(lambda session: fill(session, number, now=town.wall()), Order.CHUNK):
        pass


def launched(session: Session) -> int:
    """A campaign to everybody who said yes, confirmed and begun."""
    now = town.wall()
    number = campaigns.draft(session, town.MANAGER, SEGMENT, "Good day, {name}! Oak tables are a tenth cheaper until Friday.", now=now)
    return campaigns.launch(session, town.MANAGER, number, reached(session, SEGMENT, now=now), over=10**9, now=now)


def begin_again(session: Session, number: int) -> None:
    """As after a crash that lost how far it was: everybody is looked at once more."""
    campaign = session.get_one(Campaign, number)
    campaign.state, campaign.cursor, campaign.filled, campaign.total = CampaignState.COMPOSING.value, 0, 0, 0
    session.flush()


async def work(store: Store, deeds: list[float]) -> None:
    """A rep takes conversations and hands them back, a hundred deeds a second."""
    dice = random.Random(1)
    while True:
        thread = town.thread_of(1 + dice.randrange(1000))
        for deed in (take, hand_back):
            began = time.perf_counter()
            await store.write(lambda session, deed=deed, thread=thread: deed(session, town.TIGRAN, thread, now=town.wall()))  # type: ignore[misc]
            deeds.append(time.perf_counter() - began)
            await asyncio.sleep(EVERY)


async def row_by_row(url: str) -> float:
    """Recipients a second when each is an insert and a commit of its own, by SQLAlchemy's Core over the async driver."""
    path = file_of(url)
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}" if path else async_url(url))
    if path:
        dialect.prepare(engine.sync_engine, writes=True)
    store = open_store(url)
    number = await store.write(launched)
    await store.close()
    began = time.perf_counter()
    for person in range(1, SAMPLE + 1):
        first = town.FIRST + person * town.STEP
        async with engine.begin() as connection:
            values = {"campaign_id": number, "contact_id": first, "identity_id": first + 1, "due_at": 0}
            await connection.execute(insert(table_of(Recipient)), values)
    seconds = time.perf_counter() - began
    await engine.dispose()
    return SAMPLE / seconds


if __name__ == "__main__":
    machine.pin(machine.SERVER)
    print(json.dumps(asdict(asyncio.run(ours_at(sys.argv[1])))))
