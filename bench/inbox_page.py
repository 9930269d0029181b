"""Figure 7: a page of the inbox as a manager sees it, among so many conversations, over the same among twenty thousand; through the store, on a warm file."""

import asyncio
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench import machine, town
from bench.rounds import Figure, Size, ratios, share, turn_about
from crm.base.actors import Rep
from crm.base.db import open_store
from crm.conversations import desk

FEW = 20_000
PAGE = 7
DEPTH = 5


def measure(size: Size) -> list[Figure]:
    """Twenty thousand and two hundred thousand; a million where the largest sizes are asked for."""
    many = 200_000 if size.small or not size.largest else 1_000_000
    machine.pin(machine.SERVER)
    try:
        with tempfile.TemporaryDirectory() as folder:
            towns = {people: town.build(Path(folder) / f"{people}.db", town.Town(people=people, open=3, taken=2)) for people in (FEW, many)}
            return [*of("manager", town.MANAGER, towns, many, size), *of("rep", town.TIGRAN, towns, many, size)]
    finally:
        machine.unpin()


def of(who: str, rep: Rep, towns: dict[int, Path], many: int, size: Size) -> list[Figure]:
    """The inbox of one member of staff."""
    sides: dict[str, Callable[[], list[float]]] = {str(people): partial(turned, path, rep, size.of(60, 150)) for people, path in towns.items()}
    for side in sides.values():
        side()
    found = turn_about(sides, size.rounds)
    middles = {name: [share(times, 0.5) * 1000 for times in rounds] for name, rounds in found.items()}
    tails = [share(times, 0.99) * 1000 for times in found[str(many)]]
    return [
        Figure(f"a {who}'s page among {many:,} / among {FEW:,}", ratios(middles[str(many)], middles[str(FEW)]), "x", 2.0, 3.0, less=True),
        Figure(f"  a {who}'s page among {many:,}, p50", tuple(middles[str(many)]), "ms", less=True),
        Figure(f"  a {who}'s page among {many:,}, p99", tuple(tails), "ms", 5.0, less=True),
    ]


def turned(path: Path, rep: Rep, pages: int) -> list[float]:
    """Seconds of each page, the first five again and again."""
    return asyncio.run(_turned(path, rep, pages))


async def _turned(path: Path, rep: Rep, pages: int) -> list[float]:
    store, found = open_store(f"sqlite:///{path}"), list[float]()
    for number in range(-DEPTH, pages):
        after, began = number % DEPTH * PAGE, time.perf_counter()
        rows, _ = await store.read(lambda session, after=after: desk.inbox(session, rep, after=after, most=PAGE))  # type: ignore[misc]
        if number >= 0:
            found.append(time.perf_counter() - began)
        assert len(rows) == PAGE
    await store.close()
    return found
