"""Reading: what a channel takes to read one event of what was captured of it, beside `json.loads` of the same bytes."""

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from bench import machine
from bench.rounds import Figure, Size, ratios, turn_about
from channels import CHANNELS
from channels.base import Channel
from crm.base.events import RawEvent
from tests.channels.contract_stand import built, payloads, raw

FLOOR = 30.0
"""How many times `json.loads` reading may take, in CI."""


def measure(size: Size) -> list[Figure]:
    """Every channel in turn; reading and `json.loads` turn about."""
    machine.pin(machine.SERVER)
    try:
        with tempfile.TemporaryDirectory() as folder:
            return [figure for name in CHANNELS for figure in of_channel(name, Path(folder), size)]
    finally:
        machine.unpin()


def of_channel(name: str, folder: Path, size: Size) -> list[Figure]:
    """Microseconds of CPU an event, and how many times those of `json.loads`."""
    channel, kept = built(name, folder), [raw(name, path.read_bytes()) for path in payloads(name)]
    events = sum(len(channel.parse(one)) for one in kept)
    deeds: dict[str, Callable[[], object]] = {"parse": partial(reading, channel, kept), "json": partial(loading, kept)}
    times = max(1, size.of(500, 5_000) // len(kept))
    found = turn_about({side: partial(spent, deed, times) for side, deed in deeds.items()}, size.rounds)
    told = f"{events} events in {len(kept)} payloads of {sum(len(one.body) for one in kept) / len(kept):,.0f} bytes"
    return [
        Figure(f"{name}: an event read", tuple(seconds * 1e6 / events for seconds in found["parse"]), "us", less=True, note=told),
        Figure(f"  {name}: reading / json.loads", ratios(found["parse"], found["json"]), "x", floor=FLOOR, less=True),
    ]


def reading(channel: Channel, kept: Sequence[RawEvent]) -> None:
    """Read everything once, as the inbox does."""
    for one in kept:
        channel.parse(one)


def loading(kept: Sequence[RawEvent]) -> None:
    """Only turn the same bytes into Python's values."""
    for one in kept:
        json.loads(one.body)


def spent(deed: Callable[[], object], times: int) -> float:
    """Seconds of CPU that a deed takes, after one that loads what is loaded at the first use."""
    deed()
    began = time.process_time()
    for _ in range(times):
        deed()
    return (time.process_time() - began) / times
