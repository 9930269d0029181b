"""The doors: the path of a channel's webhook from the request to the answer, beside the path of a handler that only reads, keeps and answers.

On the whole path everything is kept in a real store before it is answered, in both: `own` is verified and split, `plain` kept as the bytes it is, in as
many rows. Beside it stands the door without a store: `door` of the channel, `bare` that reads and answers, `checked` that also computes one HMAC and reads
the JSON.
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
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from urllib.parse import parse_qsl

from aiohttp import web

from bench import machine, town
from bench.letters import request, sign
from bench.load import Connection, Thrower
from bench.rounds import Figure, Size, ratios, turn_about
from bench.server import stopped
from bench.town import Town
from channels.http import wall
from crm.base.db import Store, open_store
from crm.base.events import RawEvent
from crm.inbox.log import keep
from tests.channels.contract_stand import CALLED, built, call

ROOT = Path(__file__).parents[1]
CONNECTIONS, WARM = 8, 40
PLAIN = {**{f"plain{count}": f"/in/plain{count}/" + "0" * 40 for count in (1, 2)}, "bare": "/in/bare/" + "0" * 40, "checked": "/in/checked/" + "0" * 40}
"""Paths of the handlers that do less, as long as a channel's own."""
TARGET, FLOOR = 1.5, 5.0


@dataclass(frozen=True, slots=True)
class Street:
    """All doors of one process: where it listens, with a store and without, and each channel's signed request for its `own` door and the plain ones."""

    port: int
    apart: int
    letters: dict[str, dict[str, bytes]]

    def told(self) -> tuple[float, int]:
        """Seconds of CPU the process has taken so far, and how many rows it has kept."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        line.request("GET", "/told")
        worked, kept = line.getresponse().read().split()
        line.close()
        return float(worked), int(kept)


def measure(size: Size) -> list[Figure]:
    """Each channel whose platform comes to us; the same request goes to every door, turn about."""
    count = size.of(300, 2_000)
    with street() as found:
        return [figure for name in CALLED for figure in of_channel(found, name, count, size.rounds)]


def of_channel(street: Street, name: str, count: int, rounds: int) -> list[Figure]:
    """One channel's door beside the plain ones, by the server's CPU alone: what its neighbours take is not counted."""
    letters = dict(street.letters[name])
    _, before = street.told()
    brought(street, letters["own"], WARM, street.port)
    _, after = street.told()
    letters["plain"] = letters[f"plain{(after - before) // WARM}"]
    letters = {side: letter for side, letter in letters.items() if side not in PLAIN or not side.startswith("plain")}
    sides = {side: partial(brought, street, letter, count, street.port) for side, letter in letters.items()}
    sides["door"] = partial(brought, street, letters["own"], count, street.apart)
    turn_about(sides, 1)  # loads what is loaded at the first use
    found = turn_about(sides, rounds)
    took = ", ".join(f"{side} {median(seconds) * 1e6:.0f}" for side, seconds in found.items())
    return [
        Figure(
            f"{name}: its whole path / one that reads, keeps and answers",
            ratios(found["own"], found["plain"]),
            "x",
            TARGET,
            FLOOR,
            less=True,
            note=f"us a request of {len(letters['own'])} bytes: {took}",
        ),
        Figure(f"  {name}: its door without a store / one that reads and answers", ratios(found["door"], found["bare"]), "x", less=True),
        Figure(f"  {name}: its door without a store / one that checks and reads JSON too", ratios(found["door"], found["checked"]), "x", less=True),
    ]


def brought(street: Street, letter: bytes, count: int, port: int) -> float:
    """Seconds of the server's CPU that one request takes, of `count` over connections that stay open."""
    began, _ = street.told()
    statuses = asyncio.run(thrown(port, letter, count))
    if set(statuses) != {"200"}:
        raise RuntimeError(f"a door refused what was brought: {statuses}")
    return (street.told()[0] - began) / count


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


Handler = Callable[[web.Request], Awaitable[web.Response]]


class Keeping:
    """A real store: what comes is kept under a key that no other one has, since the same request comes over and over."""

    def __init__(self, store: Store) -> None:
        self._store, self.kept = store, 0

    async def keep(self, events: Sequence[RawEvent]) -> None:
        """Keep what a channel's door made of a request."""
        first, self.kept = self.kept, self.kept + len(events)
        await self._store.gather(keep, [replace(event, key=str(number), same=b"") for number, event in enumerate(events, first)])

    def plain(self, rows: int) -> Handler:
        """What any webhook does at least that loses nothing: the body kept, in so many rows."""

        async def handler(request: web.Request) -> web.Response:
            body = await request.read()
            event = RawEvent("plain", "", "plain:1", body[: len(body) // rows], wall())
            await self.keep([event] * rows)
            return web.Response()

        return handler

    async def told(self, _: web.Request) -> web.Response:
        """Tell how much CPU went into this process, and how many rows it has kept."""
        return web.Response(text=f"{time.process_time()} {self.kept}")


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


async def serve(folder: Path) -> None:
    """Open every door, print where and what to bring, serve until SIGTERM."""
    store = open_store(f"sqlite:///{town.build(folder / 'doors.db', Town(people=1))}")
    keeping = Keeping(store)
    app, apart, letters = web.Application(), web.Application(), {}
    app.add_routes([web.post(PLAIN[f"plain{rows}"], keeping.plain(rows)) for rows in (1, 2)])
    app.add_routes([web.post(PLAIN["bare"], bare), web.post(PLAIN["checked"], checked), web.get("/told", keeping.told)])
    for name in CALLED:
        channel = built(name, folder)
        app.add_routes(channel.routes(keeping.keep))
        apart.add_routes(channel.routes(nowhere))
        one = call(name, channel)
        paths = {"own": one.path, **PLAIN}
        letters[name] = {side: request(path, one.body, one.headers).decode("latin-1") for side, path in paths.items()}
    runners = [web.AppRunner(one, access_log=None) for one in (app, apart)]
    for runner in runners:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
    gc.collect()
    gc.freeze()
    port, other = (runner.addresses[0][1] for runner in runners)
    print(json.dumps({"port": port, "apart": other, "letters": letters}), flush=True)
    await stopped()
    for runner in runners:
        await runner.cleanup()
    await store.close()


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
            yield Street(told["port"], told["apart"], letters)
        finally:
            process.send_signal(signal.SIGTERM)


def main() -> None:
    """Serve on the server's core."""
    machine.pin(machine.SERVER)
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(serve(Path(folder)))


if __name__ == "__main__":
    main()
