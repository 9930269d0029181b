"""The doors: what a channel's own webhook takes (verified, split, handed to a store that keeps nothing), beside two handlers that do less.

`bare` reads the body and answers; `checked` also computes one HMAC of the body and reads its JSON, which no webhook can do without.
"""

import asyncio
import gc
import hmac
import http.client
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from urllib.parse import parse_qsl

from aiohttp import web

from bench import machine
from bench.letters import request, sign
from bench.load import Connection, Thrower
from bench.rounds import Figure, Size, ratios, turn_about
from bench.server import stopped
from crm.base.events import RawEvent
from tests.channels.contract_stand import CALLED, built, call

ROOT = Path(__file__).parents[1]
CONNECTIONS = 8
PLAIN = {"bare": "/in/bare/" + "0" * 40, "checked": "/in/checked/" + "0" * 40}
"""Paths of the handlers that do less, as long as a channel's own."""
TARGET, FLOOR = 1.5, 5.0


@dataclass(frozen=True, slots=True)
class Street:
    """All doors of one process: where it listens, and each channel's signed request as it is brought to its `own` door and to the plain ones."""

    port: int
    letters: dict[str, dict[str, bytes]]

    def worked(self) -> float:
        """Seconds of CPU the process has taken so far."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        line.request("GET", "/worked")
        found = float(line.getresponse().read())
        line.close()
        return found


def measure(size: Size) -> list[Figure]:
    """Each channel whose platform comes to us; the same request goes to every door, turn about."""
    count = size.of(300, 2_000)
    with street() as found:
        return [figure for name in CALLED for figure in of_channel(found, name, count, size.rounds)]


def of_channel(street: Street, name: str, count: int, rounds: int) -> list[Figure]:
    """One channel's door beside the plain ones, by the server's CPU alone: what its neighbours take is not counted."""
    letters = street.letters[name]
    sides = {side: partial(brought, street, letter, count) for side, letter in letters.items()}
    turn_about(sides, 1)  # loads what is loaded at the first use
    found = turn_about(sides, rounds)
    took = ", ".join(f"{side} {median(seconds) * 1e6:.0f}" for side, seconds in found.items())
    return [
        Figure(
            f"{name}: its door / one that reads and answers",
            ratios(found["own"], found["bare"]),
            "x",
            TARGET,
            FLOOR,
            less=True,
            note=f"us a request of {len(letters['own'])} bytes: {took}",
        ),
        Figure(f"  {name}: its door / one that checks and reads JSON too", ratios(found["own"], found["checked"]), "x", less=True),
    ]


def brought(street: Street, letter: bytes, count: int) -> float:
    """Seconds of the server's CPU that one request takes, of `count` over connections that stay open."""
    began = street.worked()
    statuses = asyncio.run(thrown(street.port, letter, count))
    if set(statuses) != {"200"}:
        raise RuntimeError(f"a door refused what was brought: {statuses}")
    return (street.worked() - began) / count


async def thrown(port: int, letter: bytes, count: int) -> dict[str, int]:
    """Bring the same request over and over; answers by status."""
    thrower, loop = Thrower([letter] * count, 0.0), asyncio.get_running_loop()
    opened = [await loop.create_connection(lambda: Connection(thrower), "127.0.0.1", port) for _ in range(CONNECTIONS)]
    await thrower.run([connection for _, connection in opened])
    for transport, _ in opened:
        transport.close()
    return dict(thrower.statuses)


async def nowhere(_: Sequence[RawEvent]) -> None:
    """A store that keeps nothing."""


async def bare(request: web.Request) -> web.Response:
    """What any webhook does at least."""
    await request.read()
    return web.Response()


async def checked(request: web.Request) -> web.Response:
    """What a webhook does at least that believes nobody."""
    body = await request.read()
    hmac.compare_digest(request.headers.get("X-Signature", ""), sign(body))
    json.loads(body) if request.content_type == "application/json" else parse_qsl(body.decode())
    return web.Response()


async def worked(_: web.Request) -> web.Response:
    """Tell how much CPU went into this process."""
    return web.Response(text=str(time.process_time()))


async def serve(folder: Path) -> None:
    """Open every door, print where and what to bring, serve until SIGTERM."""
    app, letters = web.Application(), {}
    app.add_routes([web.post(PLAIN["bare"], bare), web.post(PLAIN["checked"], checked), web.get("/worked", worked)])
    for name in CALLED:
        channel = built(name, folder)
        app.add_routes(channel.routes(nowhere))
        one = call(name, channel)
        paths = {"own": one.path, **PLAIN}
        letters[name] = {side: request(path, one.body, one.headers).decode("latin-1") for side, path in paths.items()}
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    gc.collect()
    gc.freeze()
    print(json.dumps({"port": runner.addresses[0][1], "letters": letters}), flush=True)
    await stopped()
    await runner.cleanup()


@contextmanager
def street() -> Iterator[Street]:
    """The doors in a process of their own on the server's core."""
    with subprocess.Popen([sys.executable, "-m", "bench.doors"], stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout
        try:
            line = process.stdout.readline()
            if not line:
                raise RuntimeError("the doors did not open")
            told = json.loads(line)
            letters = {name: {side: words.encode("latin-1") for side, words in sides.items()} for name, sides in told["letters"].items()}
            yield Street(told["port"], letters)
        finally:
            process.send_signal(signal.SIGTERM)


def main() -> None:
    """Serve on the server's core."""
    machine.pin(machine.SERVER)
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(serve(Path(folder)))


if __name__ == "__main__":
    main()
