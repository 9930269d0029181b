"""What no one publishes: CPU and bytes a stored message, memory while nothing happens, and how long a cold start takes to the first answer."""

import asyncio
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import machine, town
from bench.ingest import CHANNELS, WAVE, Runs, ours
from bench.rounds import Figure, Size
from tests.walks.house import House, open_house, staffed

ROOT = Path(__file__).parents[1]
PATIENCE = 120.0
QUIET_SECONDS = 5.0


def measure(size: Size) -> list[Figure]:
    """Of messages by Telegram; of the product alone, and with both bots in the pretended world."""
    rounds = 1 if size.small else size.rounds
    with tempfile.TemporaryDirectory() as folder:
        return [
            *of_messages(Path(folder), size.of(2_000, 20_000), rounds),
            *without_telegram(Path(folder), rounds),
            *with_both_bots(Path(folder), rounds),
        ]


def of_messages(folder: Path, count: int, rounds: int) -> list[Figure]:
    """CPU from kept to sent, and what a message with its answer adds to the file."""
    channel, runs, sizes = CHANNELS[-1], Runs(), list[float]()
    template = town.build(folder / "town.db", town.Town(account=channel.account))
    events = [channel.written(number) for number in range(1, count + 1)]
    machine.pin(machine.SERVER)
    asyncio.run(ours(channel, town.copy(template, folder / "run.db"), events[: WAVE * 2], Runs()))
    for _ in range(rounds):
        path = town.copy(template, folder / "run.db")
        asyncio.run(ours(channel, path, events, runs))
        sizes.append((path.stat().st_size - template.stat().st_size) / count)
    machine.unpin()
    used = tuple(done + sent for done, sent in zip(runs.done, runs.sent, strict=True))
    return [
        Figure("CPU a message with its answer, kept to sent", used, "us", less=True),
        Figure("bytes a message with its answer", tuple(sizes), "bytes", less=True, note="the 1.15 KB that came are in it"),
    ]


def without_telegram(folder: Path, rounds: int) -> list[Figure]:
    """The site's widget and form only."""
    memory, starts = [], []
    for number in range(rounds):
        began = time.monotonic()
        with product(folder / f"alone{number}") as (process, port):
            answered(port, process)
            starts.append(time.monotonic() - began)
            time.sleep(QUIET_SECONDS)
            memory.append(machine.memory_mb(process.pid))
    return [
        Figure("memory, idle, without Telegram", tuple(memory), "MB", 150, less=True),
        Figure("cold start to the first page, a new database", tuple(starts), "s", less=True),
    ]


def with_both_bots(folder: Path, rounds: int) -> list[Figure]:
    """Both bots awake against a pretended Telegram, and the bot's answer to somebody who wrote while it was down."""
    found = [asyncio.run(bots(folder / f"bots{number}")) for number in range(rounds)]
    return [
        Figure("memory, idle, with both bots", tuple(memory for memory, _ in found), "MB", 280, less=True),
        Figure("cold start to the bot's first answer", tuple(seconds for _, seconds in found), "s", less=True),
    ]


async def bots(folder: Path) -> tuple[float, float]:
    """Megabytes and seconds of one house."""
    async with open_house(folder) as house:
        await staffed(house, managers=())
        await house.hands.introduce("ani", first_name="Ani", language_code="en")
        await house.hands.do("ani", "send", text="Do you have an oak table?")
        began = time.monotonic()
        await house.start()
        await house.hands.wait("ani", contains="Marani", timeout=PATIENCE)
        seconds = time.monotonic() - began
        await house.until("SELECT 1 FROM reps")
        await asyncio.sleep(QUIET_SECONDS)
        return machine.memory_mb(pid_of(house)), seconds


def pid_of(house: House) -> int:
    """The product's process among our children."""
    found = subprocess.run(["pgrep", "-P", str(os.getpid()), "-f", "main.py run"], capture_output=True, text=True, check=True)
    return int(found.stdout.split()[0])


@contextmanager
def product(folder: Path) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """The product without any token, on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    folder.mkdir()
    given = {"DATABASE_URL": f"sqlite:///{folder / 'dragoman.db'}", "DATA_DIR": str(folder), "HTTP_PORT": str(port), "WORKING_HOURS": "mon-sun 00:00-24:00"}
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_TOKEN")}
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen([sys.executable, str(ROOT / "main.py"), "run"], cwd=folder, env={**kept, **given}, stdout=log, stderr=log) as process,
    ):
        try:
            yield process, port
        finally:
            process.send_signal(signal.SIGTERM)


def answered(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Wait until a page comes."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            line.request("GET", "/")
            line.getresponse().read()
            return
        except (http.client.HTTPException, OSError):
            time.sleep(0.01)
        finally:
            line.close()
    raise RuntimeError("the product does not answer")
