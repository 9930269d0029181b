"""Two questions of whoever watches a node: does it live, and does it serve.

Both answers are read from what the node noted of itself a moment ago, so that asking costs nothing, however often somebody asks.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from aiohttp import web

from crm.base.db import Order, Store
from crm.base.errors import Busy
from crm.base.nodes import feel
from crm.base.outbound import Health

log = logging.getLogger(__name__)
STARTING, STOPPING = "it is starting", "it is stopping"
Ready = Callable[[], Awaitable[Health]]
"""Answers whether the parts can work; its facts name them."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a node may be silent, in seconds: `beat` of the event loop, `writer` of the database, `steady` is how long a loop that broke must run."""

    every: float = 5.0
    beat: float = 15.0
    writer: float = 30.0
    steady: float = 5.0


@dataclass(slots=True)
class _Loop:
    """When a loop began last, and what it broke with before."""

    began: float
    broke: str = ""
    runs: bool = True


class Watch:
    """What a node notes of itself: its beat, its writer, its loops, and whether it is opening or stopping.

    `write` makes the smallest change in the database; `own_writer` says that the writer is a part of this process, so that one which does not
    answer means a dead process. A server that is away makes a node not ready and leaves it alive: starting it again would not help.
    """

    def __init__(
        self,
        node: str,
        write: Callable[[], Awaitable[object]],
        *,
        own_writer: bool,
        patience: Patience | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.node = node
        self._write, self._own_writer, self._patience, self._clock = write, own_writer, patience or Patience(), clock
        self._beat = self._heard = clock()
        self._trouble = ""
        self._loops: dict[str, _Loop] = {}
        self._phase = STARTING

    async def run(self) -> None:
        """Beat and ask the writer, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._beats())
            group.create_task(self._writes())

    async def _beats(self) -> None:
        pause = min(1.0, self._patience.every)
        while True:
            late = self._clock() - self._beat - pause
            if late > self._patience.every:
                log.warning("the event loop stood still for %.1f s: something in this process did not let go", late)
            self._beat = self._clock()
            await asyncio.sleep(pause)

    async def _writes(self) -> None:
        while True:
            await self.write()
            await asyncio.sleep(self._patience.every)

    async def write(self) -> None:
        """Change the database and note how that went; a refusal is an answer too."""
        trouble = ""
        try:
            async with asyncio.timeout(self._patience.writer):
                await self._write()
        except TimeoutError:
            return
        except Exception as error:
            trouble = f"the database cannot be written ({_reason(error)})"
        self._heard, self._trouble = self._clock(), trouble

    def over(self, name: str, work: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
        """The same loop, watched: what it breaks with goes on to whoever starts it again."""

        async def watched() -> None:
            before = self._loops.get(name)
            noted = self._loops[name] = _Loop(self._clock(), before.broke if before else "")
            try:
                await work()
            except Exception as error:
                noted.broke, noted.runs = type(error).__name__, False
                raise

        return watched

    def opened(self) -> None:
        """Everything has begun: this node may be sent work."""
        self._phase = ""

    def stopping(self) -> None:
        """Nothing new is begun here any more."""
        self._phase = STOPPING

    def ailments(self) -> list[str]:
        """Why this process should be started again; empty while it lives."""
        now = self._clock()
        ill: list[str] = []
        if self._phase == STOPPING:
            return ill
        if (silent := now - self._beat) > self._patience.beat:
            ill.append(f"the event loop has not beaten for {silent:.0f} s")
        if self._own_writer and (silent := now - self._heard) > self._patience.writer + self._patience.every:
            ill.append(f"the writer has not answered for {silent:.0f} s")
        return ill

    def hindrances(self) -> list[str]:
        """Why this node should be sent no work; empty while it serves."""
        now = self._clock()
        silent = now - self._heard
        away = f"the database has not answered for {silent:.0f} s" if silent > 3 * self._patience.every else ""
        found = [self._phase, *self.ailments(), self._trouble, away]
        found += [f"{name} broke ({one.broke}) and is started again" for name, one in self._loops.items() if self._limps(one, now)]
        return list(filter(None, found))

    def _limps(self, loop: _Loop, now: float) -> bool:
        return bool(loop.broke) and (not loop.runs or now - loop.began < self._patience.steady)


def watch_of(store: Store, node: str, clock: Callable[[], int]) -> Watch:
    """What a node notes of itself: the writer is asked by the smallest change there is."""
    many = store.many_nodes
    return Watch(node, lambda: store.write(lambda session: feel(session, node, many=many, now=clock()), Order.FLOW), own_writer=not many)


def _reason(error: Exception) -> str:
    """Our own words for a fault, or its kind: an engine's words may hold an address or a row."""
    return str(error).partition(":")[0] if isinstance(error, Busy) else type(error).__name__


def health_routes(ready: Ready, watch: Watch | None = None) -> Sequence[web.RouteDef]:
    """Open /health (200, or 503 when the process should be started again) and /ready (200, or 503 with the reasons in words)."""

    async def alive(request: web.Request) -> web.Response:
        ill = watch.ailments() if watch else []
        told = {"ok": not ill, **({"node": watch.node} if watch else {}), **({"reasons": ill} if ill else {})}
        return _answer(told, not ill)

    async def may_work(request: web.Request) -> web.Response:
        health = await ready()
        against = [*(watch.hindrances() if watch else []), *([] if health.ok else [health.words])]
        words = health.words if not against or not watch else "; ".join(against)
        about = {"node": watch.node, "reasons": against} if watch else {}
        return _answer({"ok": not against, "words": words, **about, "facts": health.facts}, not against)

    return [web.get("/health", alive), web.get("/ready", may_work)]


def _answer(told: dict[str, object], ok: bool) -> web.Response:
    return web.json_response(told, status=200 if ok else 503, headers={"Cache-Control": "no-store"})
