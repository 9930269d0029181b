"""Figure 3: our durable webhook over django-helpdesk's REST ticket on the same SQLite settings, and over aiogram's own webhook that stores nothing.

The peers live in an environment of their own in the cache folder, installed here at the first run; only measuring ever starts them.
"""

import itertools
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from bench import load, machine, places
from bench.letters import SECRET, Order
from bench.rounds import Absent, Figure, Size, ratios, turn_about
from bench.server import Running, Wanted, served
from bench.town import Town

HERE = Path(__file__).parent
PACKAGES = ("django-helpdesk", "djangorestframework", "gunicorn", "aiogram", "aiohttp")
PATIENCE = 60.0


def measure(size: Size) -> list[Figure]:
    """Both peers, from their own environment."""
    python = environment()
    return [*beside_helpdesk(size, python), *beside_aiogram(size, python)]


def environment() -> str:
    """The peers' Python, installed if it is not there; `Absent` where the registry cannot be reached."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dragoman-bench" / "peers"
    python = str(folder / "bin" / "python")
    if not (folder / "installed").exists():
        print("  installing the peers into an environment of their own ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES]
        if subprocess.run(command, check=False, capture_output=True, timeout=600).returncode:
            raise Absent(f"the peers ({', '.join(PACKAGES)}) cannot be installed: the package registry cannot be reached")
        (folder / "installed").touch()
    return python


def beside_helpdesk(size: Size, python: str) -> list[Figure]:
    """Eight connections: more only makes the peer's queue longer."""
    many, few = size.of(2_000, 10_000), size.of(60, 400)
    with ours(many * (size.rounds + 1)) as server, tempfile.TemporaryDirectory() as folder, started(python, "peer_helpdesk.py", folder) as port:
        token = (Path(folder) / "token").read_text()
        sides = {
            "ours": partial(thrown, server.port, Order("signed", many, known=many * (size.rounds + 1)), 8, itertools.count(1, many)),
            "peer": partial(thrown, port, Order("ticket", few, path="/api/tickets/", token=token), 8, itertools.count(1, few)),
        }
        turn_about(sides, 1)
        found = turn_about(sides, size.rounds)
    return [
        Figure("durable webhook / django-helpdesk's REST ticket, 8 connections", ratios(found["ours"], found["peer"]), "x", 30, 15),
        Figure("  django-helpdesk", tuple(found["peer"]), "/s"),
    ]


def beside_aiogram(size: Size, python: str) -> list[Figure]:
    """64 connections."""
    many, few = size.of(1_500, 20_000), size.of(500, 8_000)
    with ours(many * (size.rounds + 1)) as server, started(python, "peer_aiogram.py", None, SECRET) as port:
        sides = {
            "ours": partial(thrown, server.port, Order("signed", many, known=many * (size.rounds + 1)), 64, itertools.count(1, many)),
            "peer": partial(thrown, port, Order("telegram", few, path="/hook"), 64, itertools.count(1, few)),
        }
        turn_about(sides, 1)
        found = turn_about(sides, size.rounds)
    return [
        Figure("durable webhook / aiogram's webhook that stores nothing, 64 connections", ratios(found["ours"], found["peer"]), "x", 3, 2),
        Figure("  aiogram", tuple(found["peer"]), "/s"),
        Figure("  ours, stored before it is answered", tuple(found["ours"]), "/s"),
    ]


@contextmanager
def ours(people: int) -> Iterator[Running]:
    """Our door, which stores before it answers."""
    with places.file(Town(people=people)) as place, served(Wanted(place.fresh(), "keep", known=people)) as server:
        yield server


def thrown(port: int, order: Order, connections: int, numbers: Iterator[int]) -> float:
    """Letters a second that are answered, the next ones each time."""
    return load.run(load.Task(port, replace(order, first=next(numbers)), connections)).per_second


@contextmanager
def started(python: str, script: str, folder: str | None, *words: str) -> Iterator[int]:
    """A peer on the server's core; its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    given: Sequence[str] = [*([folder] if folder else []), str(port), *words]
    with subprocess.Popen([python, "-P", str(HERE / script), *given], start_new_session=True, preexec_fn=partial(machine.pin, machine.SERVER)) as process:
        try:
            answers(port, process)
            yield port
        finally:
            process.terminate()


def answers(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Wait until somebody listens."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if process.poll() is not None:
            raise Absent(f"the peer ended by itself with {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise Absent("the peer does not answer")
