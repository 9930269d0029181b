"""Load: a process of its own on the load's core that throws letters at a server; raw sockets under asyncio, so that it is never the limit.

Closed loop: each connection sends its next letter when the last one was answered. Open loop: letters leave at due times, and an answer's latency
counts from the due time, so that a server that stumbles is not spared the letters that would have come meanwhile.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench import machine
from bench.letters import Order, requests

ROOT = Path(__file__).parents[1]
PATIENCE = 120.0
_LENGTH = b"content-length: "


@dataclass(frozen=True, slots=True)
class Task:
    """What to throw and how: `rate` letters a second (0 = closed loop), over `connections`."""

    port: int
    order: Order
    connections: int = 64
    rate: float = 0.0


@dataclass(frozen=True, slots=True)
class Result:
    """What came back: `began` and `ended` on the machine's monotonic clock, `latencies` in seconds, answers by status, the load's own use of its core."""

    began: float
    ended: float
    latencies: list[float] = field(repr=False)
    statuses: dict[str, int]
    cpu: float

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return len(self.latencies) / (self.ended - self.began)


class Connection(asyncio.Protocol):
    """One connection; an answer is whole when as many bytes came as its head promised."""

    def __init__(self, thrower: "Thrower") -> None:
        self._thrower, self._got, self._whole = thrower, b"", 0
        self._due = 0.0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def throw(self, due: float, letter: bytes) -> None:
        """Send one letter that was due at an instant."""
        assert self.transport
        self._due = due
        self.transport.write(letter)

    def data_received(self, data: bytes) -> None:
        self._got = self._got + data if self._got else data
        if not self._whole:
            head = self._got.find(b"\r\n\r\n")
            if head < 0:
                return
            self._whole = head + 4 + _promised(self._got[:head].lower())
        if len(self._got) >= self._whole:
            status, self._got, self._whole = self._got[9:12].decode(), b"", 0
            self._thrower.answered(self, status, self._due)

    def connection_lost(self, exc: Exception | None) -> None:
        self._thrower.lost()


def _promised(head: bytes) -> int:
    at = head.find(_LENGTH)
    return int(head[at + len(_LENGTH) :].split(b"\r", 1)[0]) if at >= 0 else 0


class Thrower:
    """All connections of one task."""

    def __init__(self, letters: list[bytes], rate: float) -> None:
        self._letters: Iterator[bytes] = iter(letters)
        self._rate, self._count = rate, len(letters)
        self._queue: list[tuple[float, bytes]] = []
        self._free: list[Connection] = []
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.latencies: list[float] = []
        self.statuses: Counter[str] = Counter()

    async def run(self, connections: list[Connection]) -> None:
        """Throw everything and wait for every answer."""
        if self._rate:
            self._free = connections
            await self._at_due_times()
        else:
            for connection in connections:
                self._next(connection)
        async with asyncio.timeout(PATIENCE):
            await self._done

    async def _at_due_times(self) -> None:
        began, thrown = time.perf_counter(), 0
        while thrown < self._count:
            now = time.perf_counter()
            while thrown < self._count and began + thrown / self._rate <= now:
                self._queue.insert(0, (began + thrown / self._rate, next(self._letters)))
                thrown += 1
            self._flush()
            await asyncio.sleep(0.0005)

    def _flush(self) -> None:
        while self._queue and self._free:
            self._free.pop().throw(*self._queue.pop())

    def _next(self, connection: Connection) -> None:
        letter = next(self._letters, None)
        if letter is not None:
            connection.throw(time.perf_counter(), letter)

    def answered(self, connection: Connection, status: str, due: float) -> None:
        """Note an answer; its connection is free for the next letter."""
        self.latencies.append(time.perf_counter() - due)
        self.statuses[status] += 1
        if len(self.latencies) >= self._count and not self._done.done():
            self._done.set_result(None)
        elif self._rate:
            self._free.append(connection)
            self._flush()
        else:
            self._next(connection)

    def lost(self) -> None:
        """A connection broke: the server is gone, and the figure with it."""
        if not self._done.done():
            self._done.set_exception(ConnectionResetError("the server closed a connection"))


async def throw(task: Task) -> Result:
    """Write the letters, open the connections, throw."""
    letters = requests(task.order)
    thrower = Thrower(letters, task.rate)
    loop = asyncio.get_running_loop()
    opened = [await loop.create_connection(lambda: Connection(thrower), "127.0.0.1", task.port) for _ in range(task.connections)]
    began, cpu = time.monotonic(), time.process_time()
    await thrower.run([connection for _, connection in opened])
    ended, used = time.monotonic(), time.process_time() - cpu
    for transport, _ in opened:
        transport.close()
    return Result(began, ended, thrower.latencies, dict(thrower.statuses), used)


def run(task: Task) -> Result:
    """Throw from a process on the load's core; raises when a letter was not answered by 2xx."""
    found = subprocess.run([sys.executable, "-m", "bench.load"], input=json.dumps(asdict(task)), capture_output=True, text=True, cwd=ROOT, check=False)
    if found.returncode:
        raise RuntimeError(f"the load broke off: {found.stderr[-2000:]}")
    result = Result(**json.loads(found.stdout))
    if bad := {status: n for status, n in result.statuses.items() if not status.startswith("2")}:
        raise RuntimeError(f"the server refused letters: {bad}")
    return result


def main() -> None:
    """Read a task on standard input, write its result on standard output."""
    machine.pin(machine.LOAD)
    values = json.load(sys.stdin)
    task = Task(**{**values, "order": Order(**values["order"])})
    json.dump(asdict(asyncio.run(throw(task))), sys.stdout)


if __name__ == "__main__":
    main()
