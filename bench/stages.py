"""Figure 14: a deal goes to its next stage, and a manager's list and board, among so many open deals, over the same among a twentieth; through the store."""

import asyncio
import itertools
import sqlite3
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from sqlalchemy import select

from bench import machine, town
from bench.rounds import Figure, Size, ratios, share, turn_about
from crm.base.db import Session, open_store
from crm.reports.deals import Wanted, board, deals, worth_of
from crm.sales import moves
from crm.sales.deals import Deal
from crm.sales.pipelines import default_pipeline, stages_of

APART = 20
FIRST = 50_000_000
# One open deal of each person, spread over the four stages, half of them of the rep's.
_DEALS = """INSERT INTO deals(id, contact_id, lead_id, title, pipeline_id, stage_id, rep_id, amount, currency, entered_at, created_at)
SELECT :first + l.id, l.contact_id, l.id, 'An oak table', s.pipeline_id, s.id, 1 + l.id % 2, l.id * 100, 'AMD', l.created_at, l.created_at
FROM leads l JOIN stages s ON s.place = (l.id / 5) % 4"""
_STAYS = "INSERT INTO stage_stays(id, deal_id, stage_id, entered_at) SELECT id + :first, id, stage_id, entered_at FROM deals"


def measure(size: Size) -> list[Figure]:
    """Twenty thousand deals in CI, a hundred thousand otherwise; beside a twentieth of that."""
    many = size.of(20_000, 100_000)
    machine.pin(machine.SERVER)
    try:
        with tempfile.TemporaryDirectory() as folder:
            towns = {count: built(Path(folder) / f"{count}.db", count) for count in (many // APART, many)}
            return figures(towns, many, size)
    finally:
        machine.unpin()


def figures(towns: dict[int, Path], many: int, size: Size) -> list[Figure]:
    """Moving by turns in both towns, and the pages of a manager in the larger one."""
    sides: dict[str, Callable[[], list[float]]] = {str(count): partial(moved, path, size.of(40, 200)) for count, path in towns.items()}
    for side in sides.values():
        side()
    found = turn_about(sides, size.rounds)
    tails = {name: [share(times, 0.95) * 1000 for times in rounds] for name, rounds in found.items()}
    pages = asyncio.run(_read(towns[many], size.of(5, 20)))
    return [
        Figure(
            f"a stage moved among {many:,} deals / among {many // APART:,}, p95", ratios(tails[str(many)], tails[str(many // APART)]), "x", 3.0, 6.0, less=True
        ),
        Figure(f"  a stage moved among {many:,} deals, p95", tuple(tails[str(many)]), "ms", 200.0, less=True),
        Figure("  a stage moved, p50", tuple(share(times, 0.5) * 1000 for times in found[str(many)]), "ms", less=True),
        *(Figure(f"  {name} of a manager, p95", (share(times, 0.95) * 1000,), "ms", 200.0, less=True) for name, times in pages.items()),
    ]


def built(path: Path, count: int) -> Path:
    """A town where everybody has an open deal."""
    town.build(path, town.Town(people=count, open=3, taken=2))
    asyncio.run(_found(path))
    with sqlite3.connect(path) as connection:
        connection.execute(_DEALS, {"first": FIRST})
        connection.execute(_STAYS, {"first": FIRST})
        connection.execute("ANALYZE")
    connection.close()
    return path


async def _found(path: Path) -> None:
    store = open_store(f"sqlite:///{path}")
    await store.write(lambda session: default_pipeline(session, "en", now=town.wall()).id)
    await store.close()


def moved(path: Path, count: int) -> list[float]:
    """Seconds of each move: to the stage after the first, and back."""
    return asyncio.run(_moved(path, count))


async def _moved(path: Path, count: int) -> list[float]:
    store, times = open_store(f"sqlite:///{path}"), list[float]()

    def asked(session: Session) -> tuple[list[int], list[int]]:
        steps = [step.id for step in stages_of(session, default_pipeline(session, "en", now=town.wall()).id)]
        return steps, list(session.scalars(select(Deal.id).where(Deal.stage_id == steps[0]).order_by(Deal.id).limit(count)))

    steps, numbers = await store.read(asked)
    for deal, (seen, to) in itertools.product(numbers, ((steps[0], steps[1]), (steps[1], steps[0]))):
        began = time.perf_counter()
        await store.write(lambda s, deal=deal, seen=seen, to=to: moves.move(s, town.MANAGER, deal, to, seen=seen, now=town.wall()).id)  # type: ignore[misc]
        times.append(time.perf_counter() - began)
    await store.close()
    return times


async def _read(path: Path, count: int) -> dict[str, list[float]]:
    store, now = open_store(f"sqlite:///{path}"), town.wall()
    number = await store.read(lambda session: default_pipeline(session, "en", now=now).id)
    pages: dict[str, Callable[[Session], object]] = {
        "a page of everybody's deals": lambda session: deals(session, town.MANAGER, Wanted(), now=now),
        "their sums": lambda session: worth_of(session, town.MANAGER, Wanted(), now=now),
        "the board": lambda session: board(session, town.MANAGER, number, now=now),
    }
    found: dict[str, list[float]] = {name: [] for name in pages}
    for _, (name, page) in itertools.product(range(count), pages.items()):
        began = time.perf_counter()
        await store.read(page)
        found[name].append(time.perf_counter() - began)
    await store.close()
    return found
