"""The stage of a fault: how often it is played, with which dice, and a product whose every patience is short.

FAULTS says how much: `ci` (three times each), `once` (as on PostgreSQL in CI), `c` (per commit: the counts of column C), `n` (nightly: column N). SHARD=i/n takes every n-th round,
SEED makes a run repeatable; both are printed.
"""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.walks.house import House, open_house

HOW_MUCH = os.environ.get("FAULTS", "ci")
SEED = int(os.environ.get("SEED", str(random.SystemRandom().randrange(10**6))))
CI_ROUNDS, CI_INDEXES = 3, 10
# Seconds; a busy machine needs one or two for what takes a quiet one a moment, and that must not look like the fault that is played.
LEASE = 2.0
# Whatever the product does not know by name it leaves alone.
SHORT = {
    "LEASE_SECONDS": str(LEASE),
    "CONNECT_SECONDS": "1",
    "SEND_SECONDS": "10",
    "UPLOAD_SECONDS": "2",
    "POLL_SECONDS": "1",
    "POLL_GRACE_SECONDS": "1",
    "BACKOFF_SECONDS": "0.05",
    "BACKOFF_MOST_SECONDS": "0.5",
    "PAUSE_SECONDS": "0.1",
    "TROUBLE_SECONDS": "0.3",
    "LOOK_SECONDS": "0.2",
    "STOP_SECONDS": "4",
    "LOCK_SECONDS": "0.3",
    "TICK_SECONDS": "0.5",
    "FOLLOW_UP_SECONDS": "1",
    "TRUSTED_PROXIES": "127.0.0.1/32",  # so that every visitor may come from an address of their own
}
NO_BOTS = {"CUSTOMER_BOT_TOKEN": "", "STAFF_BOT_TOKEN": ""}


def _shard() -> tuple[int, int]:
    place, _, amount = os.environ.get("SHARD", "1/1").partition("/")
    return int(place) - 1, int(amount or 1)


def rounds(column_c: int, column_n: int, ci: int = CI_ROUNDS) -> list[int]:
    """The numbers of the rounds to play in this run, of this shard."""
    place, amount = _shard()
    many = {"ci": ci, "once": 1, "c": column_c, "n": column_n}[HOW_MUCH]
    return [number for number in range(many) if number % amount == place]


async def beside_each_other(numbers: Sequence[int], play: Callable[[int], Coroutine[Any, Any, None]]) -> None:
    """Play rounds that have houses of their own and mostly wait, three at a time."""
    for first in range(0, len(numbers), CI_ROUNDS):
        async with asyncio.TaskGroup() as some:
            for number in numbers[first : first + CI_ROUNDS]:
                some.create_task(play(number))


def indexes(most: int, ci: int = CI_INDEXES) -> list[int]:
    """The indexes of system calls to be killed at: `ci` spread over them in CI, all of them per commit, all of them twenty times nightly."""
    place, amount = _shard()
    if HOW_MUCH == "once":
        return [1 + most // 2]
    if HOW_MUCH == "ci":
        return sorted({1 + round(number * (most - 1) / (ci - 1)) for number in range(ci)})
    return [index for index in range(1, most + 1) if index % amount == place] * (20 if HOW_MUCH == "n" else 1)


def dice(name: str, number: int = 0) -> random.Random:
    """The dice of one round, the same whenever SEED is."""
    print(f"{name}: FAULTS={HOW_MUCH} SEED={SEED} round {number}")  # noqa: T201 - a failing run must be repeatable
    return random.Random(f"{SEED}:{name}:{number}")


@asynccontextmanager
async def open_receiver(folder: Path, **settings: str) -> AsyncIterator[House]:
    """A house with no bots, which starts in about a second: the widget and the form receive, the widget is answered."""
    async with open_house(folder, **{**SHORT, **NO_BOTS, **settings}) as house:
        yield house


@asynccontextmanager
async def open_office(folder: Path, **settings: str) -> AsyncIterator[House]:
    """A house with the staff bot but without the customers', whose library takes seconds to load; customers come by the widget."""
    async with open_house(folder, **{**SHORT, "CUSTOMER_BOT_TOKEN": "", **settings}) as house:
        yield house
