"""The product behind one door, as a process of its own on the server's core: its own store, loops and clock, joined as `main.py` joins them.

How much of it runs is the `mode`: `ack` checks and answers, `keep` stores before it answers, `process` has the bot answer too, `all` also sends to a stub.
`peer` opens the same door with a platform's secret instead of a signature.
"""

import asyncio
import gc
import hmac
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from aiohttp import web
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from bench import machine, places
from bench.carriers import Noting, no_media
from bench.letters import SECRET, sign
from bench.town import TIGRAN, company, thread_of, wall
from bots.turn import turn
from channels.telegram.listen import raw_event
from channels.telegram.parse import parse
from crm.base.db import Store, open_store
from crm.base.errors import Busy
from crm.conversations.assign import hand_back, take
from crm.conversations.threads import Conversation
from crm.inbox.log import Waiting, keep
from crm.inbox.process import Rules
from crm.outbox.deliveries import Delivery
from crm.outbox.drain import Drain
from scheduler import nodes, workers
from scheduler.clock import Clock
from scheduler.jobs import Pulse, ticks

WAITING = select(func.count()).select_from(Waiting).where(Waiting.parked == 0)
LEAVING = select(func.count()).select_from(Delivery).where(or_(Delivery.state == "queued", Delivery.state == "sending"))
ROOT = Path(__file__).parents[1]
KEEPS = ("keep", "process", "all")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to run: the database's address, how much of the product, how many of a rep's deeds a second (0 = none), on which core."""

    url: str
    mode: str
    core: int = machine.SERVER
    deeds: float = 0.0
    known: int = 20_000
    account_rate: float = 100_000.0


@dataclass(slots=True)
class Report:
    """What a server says of itself at its end.

    `came` is the instant (monotonic) at which the first sending to an address reached the carrier, `deeds` are instants (the same) and seconds of a
    rep's deeds, `left` how many events and deliveries waited when it was asked to stop.
    """

    sent: int = 0
    last_sent: float = 0.0
    came: dict[str, float] = field(default_factory=dict)
    deeds: list[tuple[float, float]] = field(default_factory=list)
    cpu: float = 0.0
    peak_mb: float = 0.0
    left: int = 0


def routes(wanted: Wanted, store: Store, carrier: Noting) -> list[web.RouteDef]:
    """The one door: verified on the raw bytes, kept, answered; and beside it where one waits until everything is done."""

    async def door(request: web.Request) -> web.Response:
        body = await request.read()
        if not genuine(request, body):
            return web.Response(status=401)
        events = [raw_event("telegram", json.loads(body), wall())]
        if wanted.mode in KEEPS:
            try:
                await store.gather(keep, events)
            except Busy:
                return web.Response(status=503, headers={"Retry-After": "1"})
        return web.Response(body=b"ok")

    async def rest(request: web.Request) -> web.Response:
        if wanted.mode in ("process", "all"):
            await rested(store, sending=wanted.mode == "all")
        return web.json_response(carrier.last)

    return [web.post("/in/bench", door), web.get("/rest", rest)]


def genuine(request: web.Request, body: bytes) -> bool:
    """Whether the letter carries its signature, or the platform's secret."""
    signature = request.headers.get("X-Signature")
    if signature is None:
        return hmac.compare_digest(request.headers.get("X-Telegram-Bot-Api-Secret-Token", ""), SECRET)
    return hmac.compare_digest(signature, sign(body))


class Server:
    """The joined parts of one process."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted, self.report = wanted, Report()
        self.store = open_store(wanted.url)
        self.carrier = Noting("telegram", wanted.account_rate)
        self.drain: Drain | None = None
        self.clock: Clock | None = None

    async def join(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """The loops of this mode."""
        found: dict[str, Callable[[], Awaitable[None]]] = {}
        seat = await places.seat(self.store)
        drain = self.drain = Drain(self.store, self.carrier, no_media, node=seat.node if seat else f"{os.getpid()}", clock=wall, seat=seat)
        if seat:
            found["node"] = lambda: nodes.membership(self.store, seat, wall, address=lambda: "", version="bench")
        if self.wanted.mode in ("process", "all"):
            found["inbox"] = lambda: workers.receive_loop(self.store, parse, Rules(turn, company(), seat=seat), wall, lambda _: None)
        if self.wanted.mode == "all":
            found["send"] = lambda: workers.send_loop(self.store, drain, "telegram", wall)
        if self.wanted.deeds:
            found["rep"] = self.rep
        return found

    async def rep(self) -> None:
        """A rep takes conversations and hands them back, evenly through the second."""
        dice = random.Random(1)
        while True:
            thread = thread_of(1 + dice.randrange(self.wanted.known))
            if not await self.store.read(lambda session, thread=thread: free(session, thread)):  # type: ignore[misc]
                continue
            for deed in (take, hand_back):
                began = time.monotonic()
                await self.store.write(lambda session, deed=deed, thread=thread: deed(session, TIGRAN, thread, now=wall()))  # type: ignore[misc]
                self.report.deeds.append((began, time.monotonic() - began))
                await asyncio.sleep(1 / self.wanted.deeds)

    async def run(self) -> None:
        """Open the door, say on which port, run until SIGTERM, print the report."""
        app = web.Application()
        app.add_routes(routes(self.wanted, self.store, self.carrier))
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
        tasks = [asyncio.create_task(workers.forever(name, loop)) for name, loop in (await self.join()).items()]
        if self.wanted.mode == "all":
            self.clock = Clock(ticks(self.store, wall, Pulse(), {}))
            self.clock.start()
        gc.collect()
        gc.freeze()
        print(runner.addresses[0][1], flush=True)
        await stopped()
        await runner.cleanup()
        await self.close(tasks)

    async def close(self, tasks: list[asyncio.Task[None]]) -> None:
        """Let what was kept be worked off, then stop."""
        report = self.report
        report.left = await self.store.read(lambda session: sum(session.scalar(question) or 0 for question in (WAITING, LEAVING)))
        if self.wanted.mode in ("process", "all"):
            await rested(self.store, sending=self.wanted.mode == "all")
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.clock:
            self.clock.stop()
        if self.drain:
            await self.drain.close(1.0)
        report.sent, report.last_sent, report.came = self.carrier.count, self.carrier.last, self.carrier.came
        report.cpu, report.peak_mb = time.process_time(), machine.memory_mb(peak=True)
        await self.store.close()
        print(json.dumps(asdict(report)), flush=True)


def free(session: Session, conversation_id: int) -> bool:
    """Whether nobody has a conversation."""
    return session.scalar(select(Conversation.rep_id).where(Conversation.id == conversation_id)) is None


async def rested(store: Store, *, sending: bool) -> None:
    """Wait until nothing is to be processed, nor to be sent."""
    questions = (WAITING, LEAVING) if sending else (WAITING,)
    while await store.read(lambda session: any(session.scalar(question) for question in questions)):
        await asyncio.sleep(0.05)


async def stopped() -> None:
    """Wait for SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()


async def serve(wanted: Wanted) -> None:
    """One server from beginning to end."""
    await Server(wanted).run()


@contextmanager
def served(wanted: Wanted) -> Iterator["Running"]:
    """A server in a process of its own; its report is there once the block has ended."""
    given = json.dumps(asdict(wanted))
    with subprocess.Popen([sys.executable, "-m", "bench.server", given], stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout
        line = process.stdout.readline()
        if not line:
            raise RuntimeError("the server did not start")
        running = Running(int(line), process.pid)
        try:
            yield running
        finally:
            process.send_signal(signal.SIGTERM)
            last = process.stdout.read().splitlines()
    running.report = Report(**json.loads(last[-1]))


@dataclass(slots=True)
class Running:
    """A server that answers on a port, and its report at the end."""

    port: int
    process: int
    report: Report = field(default_factory=Report)

    def rest(self) -> float:
        """Wait until everything kept is done and sent; the instant (monotonic) of the last sending, 0 where nothing is sent."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        line.request("GET", "/rest")
        found = float(json.loads(line.getresponse().read()))
        line.close()
        return found


if __name__ == "__main__":
    asked = Wanted(**json.loads(sys.argv[1]))
    machine.pin(asked.core)
    asyncio.run(serve(asked))
