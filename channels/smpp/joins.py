"""Joining the parts of a long SMS: each is laid down on our disk before it is acknowledged, until the last one has come.

The operator may bring the next part only when this one is acknowledged, so the whole cannot be waited for; and the store keeps events, not halves of them.
"""

import asyncio
import hashlib
import os
import re
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

from channels.smpp.parts import part_of
from channels.smpp.pdu import Short

_NAME = re.compile(r"([0-9a-f]{32})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,15})")
_REMEMBERED = 1000
MOST = 2000
"""How many messages may be half there; the oldest is told as it is when there are more."""


@dataclass(slots=True)
class Half:
    """A message of which some parts have come, by their places; `since` is an instant."""

    name: str
    total: int
    since: int
    bodies: dict[int, bytes] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether all parts are there."""
        return len(self.bodies) == self.total

    def ordered(self) -> tuple[bytes, ...]:
        """What has come, in the order of its places."""
        return tuple(self.bodies[place] for place in sorted(self.bodies))


class Joins:
    """What of long messages has come so far, in a folder."""

    def __init__(self, folder: Path, wait_ms: int) -> None:
        self._folder, self._wait = folder, wait_ms
        self._halves: dict[str, Half] = {}
        self._over: OrderedDict[str, tuple[int, frozenset[bytes]]] = OrderedDict()

    async def load(self) -> None:
        """Learn what was laid down before."""
        for name, total, place, since, body in await asyncio.to_thread(_found, self._folder):
            self._halves.setdefault(name, Half(name, total, since)).bodies[place] = body
            self._halves[name].since = min(self._halves[name].since, since)

    async def add(self, short: Short, body: bytes, now: int) -> list[Half]:
        """Lay a part down; answers what is to be told now: the whole that it completes, or what another message under the same number left undone."""
        part = part_of(short)
        assert part is not None
        ends = f"{short.source.text}\n{short.target.text}\n{part.kind}\n{part.reference}\n{part.total}"
        name = hashlib.sha256(ends.encode("utf-8", "surrogateescape")).hexdigest()[:32]
        at, bodies = self._over.get(name, (0, frozenset[bytes]()))
        if body in bodies and now - at < self._wait:
            return []  # told already, and brought again
        half, told = self._halves.get(name), []
        if half is not None and half.bodies.get(part.place, body) != body:
            told, now, half = [half], max(now, half.since + 1), None  # the number has come round
        half = half or Half(name, part.total, now)
        grown = Half(name, half.total, half.since, {**half.bodies, part.place: body})
        await asyncio.to_thread(_laid, self._folder, _file(grown, part.place), body)
        self._halves[name] = grown
        return [*told, *([grown] if grown.whole else self._crowded())]

    def late(self, now: int) -> list[Half]:
        """What has been waited for long enough, and what was whole when we were stopped."""
        return [half for half in self._halves.values() if half.whole or now - half.since >= self._wait]

    def pause(self, now: int) -> float | None:
        """Seconds until something has been waited for long enough; None = nothing is waited for."""
        return min((0 if half.whole else max(0, half.since + self._wait - now) / 1000 for half in self._halves.values()), default=None)

    async def over(self, half: Half, now: int) -> None:
        """Forget what has been told."""
        if self._halves.get(half.name) is half:
            del self._halves[half.name]
        self._over[half.name] = now, frozenset(half.bodies.values())
        self._over.move_to_end(half.name)
        while len(self._over) > _REMEMBERED:
            self._over.popitem(last=False)
        await asyncio.to_thread(_dropped, self._folder, [_file(half, place) for place in half.bodies])

    def _crowded(self) -> list[Half]:
        return [min(self._halves.values(), key=lambda half: half.since)] if len(self._halves) > MOST else []


def _file(half: Half, place: int) -> str:
    return f"{half.name}.{half.total}.{place}.{half.since}"


def _laid(folder: Path, name: str, body: bytes) -> None:
    """Write a part so that a crash leaves it whole or not at all, and a power cut does not take it back."""
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"{name}.new"
    with unfinished.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(folder / name)
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _found(folder: Path) -> list[tuple[str, int, int, int, bytes]]:
    if not folder.is_dir():
        return []
    matches = [(path, match) for path in sorted(folder.iterdir()) if (match := _NAME.fullmatch(path.name))]
    return [(match[1], int(match[2]), int(match[3]), int(match[4]), path.read_bytes()) for path, match in matches]


def _dropped(folder: Path, names: list[str]) -> None:
    for name in names:
        (folder / name).unlink(missing_ok=True)
