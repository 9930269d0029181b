"""A bad line: a TCP proxy between the product and anything it talks to, with weather that can change while bytes are on their way."""

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass
from enum import StrEnum

CHUNK = 16 * 1024
AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER 0: closing sends a reset
SLICE = 0.05


class End(StrEnum):
    """How a line ends: both sides told, both reset, only the server told, or nobody told and nothing carried any more."""

    CLOSE = "close"
    RESET = "reset"
    HALF_OPEN = "half_open"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True)
class Weather:
    """What a line does to bytes: `delay` in seconds a piece, `rate` in bytes a second (0 = as they come).

    `cut_up` and `cut_down` are how many more bytes may pass to and from the server before the line ends as `end` says; None = all of them.
    """

    delay: float = 0.0
    rate: float = 0.0
    cut_up: int | None = None
    cut_down: int | None = None
    end: End = End.RESET


FAIR = Weather()
BLACKHOLE = Weather(cut_up=0, cut_down=0, end=End.SILENCE)


class Line:
    """One connection through the proxy."""

    def __init__(self, near: asyncio.StreamWriter, far: asyncio.StreamWriter) -> None:
        self.near, self.far = near, far
        self.silent = asyncio.Event()

    def finish(self, end: End) -> None:
        """End the line."""
        if end is End.SILENCE:
            self.silent.set()
            return
        if end is End.HALF_OPEN:
            self.silent.set()
            self.far.close()
            return
        for side in (self.near, self.far):
            if end is End.RESET:
                found: socket.socket | None = side.get_extra_info("socket")
                if found is not None:
                    with contextlib.suppress(OSError):
                        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
                side.transport.abort()
            side.close()


class Proxy:
    """A line to `host`:`port` from the address `near`; `weather` counts from the moment it is set, for lines that stand and for new ones."""

    def __init__(self, host: str, port: int, near: str = "127.0.0.1") -> None:
        self._host, self._port, self._near = host, port, near
        self._server: asyncio.Server | None = None
        self._lines: dict[Line, asyncio.Task[None]] = {}
        self._weather, self._left = FAIR, [0, 0]
        self.port = 0
        self.refused = 0
        self.carried = [0, 0]

    @property
    def weather(self) -> Weather:
        """What the line does now."""
        return self._weather

    @property
    def url(self) -> str:
        """The address to talk to instead."""
        return f"http://{self._near}:{self.port}"

    def set(self, weather: Weather) -> None:
        """Change the weather; what is cut after so many bytes is counted from here, over all lines together."""
        self._weather, self._left = weather, [weather.cut_up or 0, weather.cut_down or 0]

    async def open(self) -> None:
        """Listen, on the same port as before where there was one."""
        self._server = await asyncio.start_server(self._serve, self._near, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        """Listen no more, so that connecting is refused; lines that stand are reset."""
        if self._server:
            self._server.close()
            self._server = None
        self.break_lines()

    def break_lines(self, end: End = End.RESET) -> int:
        """End every line that stands; answers how many."""
        standing = list(self._lines)
        for line in standing:
            line.finish(end)
        return len(standing)

    async def close(self) -> None:
        """Listen no more and let go of everything."""
        await self.shut()
        tasks = list(self._lines.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        try:
            far_reader, far = await asyncio.open_connection(self._host, self._port)
        except OSError:
            self.refused += 1
            near.transport.abort()
            return
        line, task = Line(near, far), asyncio.current_task()
        assert task
        self._lines[line] = task
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._carry(line, reader, far, 0))
                group.create_task(self._carry(line, far_reader, near, 1))
        except* (OSError, asyncio.IncompleteReadError):
            pass  # one side went away: so does the other
        finally:
            del self._lines[line]
            line.finish(End.CLOSE)

    async def _carry(self, line: Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: int) -> None:
        """Pass on what comes one way until that side ends or the weather says so."""
        while piece := await reader.read(CHUNK):
            if line.silent.is_set():
                continue
            piece, cut = self._let_through(piece, way)
            if self._weather.delay:
                await asyncio.sleep(self._weather.delay)
            await self._write(writer, piece)
            self.carried[way] += len(piece)
            if cut:
                line.finish(self._weather.end)
                if not line.silent.is_set():
                    raise ConnectionResetError
        if line.silent.is_set():
            await asyncio.Event().wait()
        if writer.can_write_eof():
            writer.write_eof()

    def _let_through(self, piece: bytes, way: int) -> tuple[bytes, bool]:
        """As much of a piece as may pass, and whether the line ends after it."""
        if (self._weather.cut_up, self._weather.cut_down)[way] is None:
            return piece, False
        passing = piece[: self._left[way]]
        self._left[way] -= len(passing)
        return passing, len(passing) < len(piece)

    async def _write(self, writer: asyncio.StreamWriter, piece: bytes) -> None:
        rate = self._weather.rate
        step = max(1, int(rate * SLICE)) if rate else len(piece)
        for place in range(0, len(piece), step or 1):
            writer.write(piece[place : place + step])
            await writer.drain()
            if self._weather.rate:
                await asyncio.sleep(step / self._weather.rate)
