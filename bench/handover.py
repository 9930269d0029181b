"""Figure 9: two nodes on one PostgreSQL, the sender's lease handed over every five seconds: sent over allowed, and never more in any second."""

import asyncio
import json
import subprocess
import sys
import time
from bisect import bisect_left
from pathlib import Path

from sqlalchemy import text

from bench import machine, places, town
from bench.carriers import Noting, no_media
from bench.drain import queue
from bench.rounds import Figure, Size
from crm.base.db import open_store
from crm.base.nodes import leave
from crm.outbox.drain import Drain
from scheduler import workers

ROOT = Path(__file__).parents[1]
RATE = 50
TURN = 5.0
AWAY = 2.0
READY = "ready\n"
_CLAIMS = text("SELECT claimed_at FROM deliveries WHERE claimed_at > 0 ORDER BY claimed_at")


def measure(size: Size) -> list[Figure]:
    """Half a minute a round; three of eight seconds in CI."""
    seconds, shares, most, carried = size.of(8, 30), list[float](), list[float](), list[float]()
    people = RATE * (seconds + 10)
    with places.server(town.Town(people=people)) as place:
        for _ in range(size.of(3, size.rounds)):
            url = place.fresh()
            asyncio.run(fill(url, people))
            instants = handed_over(url, seconds)
            whole = int(instants[-1] - instants[0])
            shares.append(bisect_left(instants, instants[0] + whole) / (RATE * whole))
            most.append(float(busiest([at / 1000 for at in asyncio.run(claims(url))])))
            carried.append(float(busiest(instants)))
    note = f"by the instant of the claim; {max(carried):.0f} at the carrier"
    return [
        Figure("two nodes, the lease handed over every 5 s: sent / allowed", tuple(shares), "x", 0.95, 0.90),
        Figure(f"  most in any second, of {RATE} allowed", tuple(most), "", RATE, RATE, less=True, note=note),
    ]


def busiest(instants: list[float]) -> int:
    """The most that left in any second that begins with a sending."""
    return max(bisect_left(instants, began + 1.0) - place for place, began in enumerate(instants))


async def fill(url: str, people: int) -> None:
    """Put everybody's message into the queue."""
    store = open_store(url)
    await places.seat(store)
    await store.write(lambda session: queue(session, people))
    await store.close()


async def claims(url: str) -> list[int]:
    """The instant of every claim, in milliseconds."""
    store = open_store(url)
    found = await store.read(lambda session: list(session.execute(_CLAIMS).scalars()))
    await store.close()
    return found


def handed_over(url: str, seconds: float) -> list[float]:
    """Let two nodes send; answers the instant of each sending."""
    given = [json.dumps({"url": url, "number": number, "seconds": seconds}) for number in (0, 1)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    nodes = [subprocess.Popen([sys.executable, "-m", "bench.handover", words], cwd=ROOT, **pipes) for words in given]  # type: ignore[call-overload]
    for one in nodes:
        assert one.stdout.readline() == READY
    starts = time.monotonic() + 0.5
    for one in nodes:
        one.stdin.write(f"{starts}\n")
        one.stdin.flush()
    said = [one.communicate()[0] for one in nodes]
    return sorted(instant for out in said for instant in json.loads(out.splitlines()[-1]))


async def node(url: str, number: int, seconds: float) -> None:
    """Send from the instant that is told, and leave for two seconds at the end of every second turn of five."""
    store, carrier = open_store(url), Noting(town.ACCOUNT, RATE)
    seat = await places.seat(store)
    assert seat
    print(READY, end="", flush=True)
    starts = float(await asyncio.to_thread(sys.stdin.readline))
    await asyncio.sleep(max(0.0, starts - time.monotonic()) + number * 0.5)
    stops = [starts + TURN * turn for turn in range(1 + number, int(seconds / TURN) + 2, 2)]
    for stop in stops:
        drain = Drain(store, carrier, no_media, node=seat.node, clock=town.wall, seat=seat)
        sending = asyncio.create_task(workers.send_loop(store, drain, town.ACCOUNT, town.wall))
        await asyncio.sleep(max(0.0, min(stop, starts + seconds) - time.monotonic()))
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        await drain.close(1.0)
        await store.write(lambda session: leave(session, seat))
        if stop >= starts + seconds:
            break
        await asyncio.sleep(AWAY)
    await store.close()
    print(json.dumps(carrier.instants))


if __name__ == "__main__":
    machine.pin(machine.SERVER)
    asyncio.run(node(**json.loads(sys.argv[1])))
