"""Reading: asks a process of its own for the table in a file, row by row."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crm.exchange.grid import Cells, Unreadable

ROOT = Path(__file__).parent.parent.parent
MEMORY, SECONDS, LINE_MOST = 768 * 1024 * 1024, 60, 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Table:
    """A table that is being read: what it is, what its columns are called, its rows as they come."""

    kind: str
    header: Cells
    how: str
    rows: AsyncIterator[Cells]


@asynccontextmanager
async def reading(path: Path, *, memory: int = MEMORY, seconds: int = SECONDS) -> AsyncIterator[Table]:
    """The table in a file; raises `Unreadable`, also while its rows come. `memory` in bytes, `seconds` on the processor."""
    surroundings = {"PYTHONPATH": str(ROOT), "PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONUTF8": "1"}  # nothing of our own: it holds secrets
    command = (sys.executable, "-B", "-m", "crm.exchange.worker", str(path), str(memory), str(seconds))
    pipe, silent = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *command, stdin=silent, stdout=pipe, stderr=silent, env=surroundings, start_new_session=True, limit=LINE_MOST
    )
    try:
        async with asyncio.timeout(seconds * 20):
            told = await _line(process)
            if told is None:
                raise Unreadable("it takes too much to read")
            yield Table(str(told["kind"]), tuple(map(str, told["header"])), str(told["how"]), _rows(process))
    except TimeoutError:
        raise Unreadable("it takes too long to read") from None
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def _rows(process: asyncio.subprocess.Process) -> AsyncIterator[Cells]:
    while (row := await _line(process)) is not None:
        yield tuple(map(str, row))
    if await process.wait() != 0:
        raise Unreadable("it takes too much to read")


async def _line(process: asyncio.subprocess.Process) -> Any:
    """The next line of the process; None where it ended."""
    assert process.stdout
    try:
        line = await process.stdout.readline()
    except ValueError:
        raise Unreadable("a row in it is too long") from None
    if not line.endswith(b"\n"):
        return None
    told = json.loads(line)
    if isinstance(told, dict) and "refused" in told:
        raise Unreadable(str(told["refused"]))
    return told
