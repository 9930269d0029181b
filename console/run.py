"""`run`: everything joined, until a signal says stop; a second signal ends it at once, with the same result as a pulled plug."""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from crm.outbox.drain import Drain

log = logging.getLogger(__name__)
Start = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Running:
    """What a running product consists of: loops by name, senders, what to open first and what to close last (in this order).

    `stopping` is called when the stop begins; `grace` is how many seconds what is on its way has to arrive at the stop.
    """

    loops: Mapping[str, Callable[[], Awaitable[None]]]
    drains: Sequence[Drain]
    opens: Sequence[Start]
    closes: Sequence[Start]
    grace: float = 20.0
    stopping: Callable[[], None] = lambda: None


async def run_until_stopped(running: Running) -> None:
    """Open, run the loops, wait for SIGTERM or SIGINT, then let what is on its way arrive and close."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, _stop_once(stop))
    for start in running.opens:
        await start()
    tasks = {asyncio.create_task(_named(work), name=name) for name, work in running.loops.items()}
    await stop.wait()
    running.stopping()
    log.info("stopping: nothing new is begun, what is on its way may arrive")
    began = loop.time()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=running.grace / 2)
    left = max(1.0, running.grace - (loop.time() - began))
    outcomes = await asyncio.gather(*(drain.close(left) for drain in running.drains), return_exceptions=True)
    for fault in filter(None, outcomes):
        log.error("a sender did not close: %r", fault)
    for close in running.closes:
        await close()


async def _named(work: Callable[[], Awaitable[None]]) -> None:
    await work()


def _stop_once(stop: asyncio.Event) -> Callable[[], None]:
    def stopped() -> None:
        if stop.is_set():
            raise SystemExit(1)
        stop.set()

    return stopped
