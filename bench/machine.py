"""The machine a figure comes from: its cores, who sits on which, what its disk takes for a sync, and whether somebody else is working on it."""

import os
import platform
import sqlite3
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

SERVER, LOAD = 0, 1
CALM = 0.7
"""Somebody else's load, in cores, from which on figures are called disturbed."""
LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Machine:
    """What stands above the table."""

    cores: int
    processor: str
    python: str
    sqlite: str
    sync_ms: float
    busy: float

    @property
    def disturbed(self) -> bool:
        """Whether others were at work when the figures were taken."""
        return self.busy > CALM


def look(folder: Path | None = None) -> Machine:
    """Describe this machine; `sync_ms` is the median of writing 8 KB to disk for good."""
    with tempfile.TemporaryDirectory(dir=folder) as where:
        sync = median(syncs(Path(where) / "sync", 50)) * 1000
    return Machine(os.cpu_count() or 1, processor(), platform.python_version(), sqlite3.sqlite_version, sync, others())


def others() -> float:
    """How many cores others keep busy now, over half a second in which this process only waits."""
    before = _busy_ticks()
    time.sleep(LOOK_SECONDS)
    return (_busy_ticks() - before) / os.sysconf("SC_CLK_TCK") / LOOK_SECONDS


def _busy_ticks() -> int:
    """Ticks of all cores that were neither idle nor waiting for a disk."""
    try:
        ticks = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    except OSError:
        return 0
    return sum(ticks[:8]) - ticks[3] - ticks[4]


def processor() -> str:
    """The processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def syncs(path: Path, count: int) -> list[float]:
    """Seconds of each of `count` writes of 8 KB with fdatasync."""
    found: list[float] = []
    handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        for _ in range(count):
            began = time.perf_counter()
            os.write(handle, bytes(8192))
            os.fdatasync(handle)
            found.append(time.perf_counter() - began)
    finally:
        os.close(handle)
    return found


def memory_mb(process: int | None = None, *, peak: bool = False) -> float:
    """Megabytes of a process (None = this one) that are in memory now, or were at most; the kernel's own count, since `getrusage` inherits the parent's."""
    status = Path(f"/proc/{process or 'self'}/status").read_text()
    name = "VmHWM:" if peak else "VmRSS:"
    return int(next(line for line in status.splitlines() if line.startswith(name)).split()[1]) / 1024


def worked(process: int) -> float:
    """CPU seconds of a process and of its children, those that have ended too."""
    ticks = 0
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if status.parent.name == str(process):
            ticks += sum(int(word) for word in fields[11:15])
        elif int(fields[1]) == process:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def pin(core: int, process: int = 0) -> None:
    """Keep a process (0 = this one) on one core; where there is only one, or no such call, nothing is pinned."""
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > core:
        os.sched_setaffinity(process, {core})


def unpin() -> None:
    """Let this process run anywhere again."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
