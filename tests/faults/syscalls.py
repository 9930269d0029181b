"""Faults of system calls by strace, put on one thread of a running product: it is killed at the n-th call, or the call fails."""

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.walks.house import House

STRACE = shutil.which("strace") or ""
LIBRARY = next((str(path) for path in Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), "")
PATIENCE = 120.0


def needed(package: str, found: object) -> None:
    """Skip by name where a tool is missing; where everything is required, fail."""
    if not found and os.environ.get("REQUIRE_ALL"):
        pytest.fail(f"the Debian package {package} is not installed, or this is not root")
    if not found:
        pytest.skip(f"the Debian package {package} is not installed, or this is not root")


@pytest.fixture(scope="session")
def strace() -> str:
    """The tracer, or a skip."""
    needed("strace", STRACE)
    return STRACE


@pytest.fixture(scope="session")
def faketime() -> str:
    """The library that lies about the time, or a skip."""
    needed("libfaketime", LIBRARY)
    return LIBRARY


@pytest.fixture(scope="session")
def root() -> None:
    """The right to mount a small disk, or a skip."""
    needed("mount", os.geteuid() == 0 and shutil.which("mount"))


def writer_of(pid: int) -> int:
    """The thread that writes the database: the first one the product starts (the kernel lists them as they began; their numbers start over at some point)."""
    return int(os.listdir(f"/proc/{pid}/task")[1])


def committing(house: House) -> tuple[int, str]:
    """The thread and the call by which a house writes: to its file, or to its server."""
    return (house.pid, "sendto") if house.url.startswith("postgresql") else (writer_of(house.pid), "fdatasync")


@asynccontextmanager
async def injected(thread: int, calls: str, effect: str, log: Path) -> AsyncIterator[None]:
    """While this lasts, system calls of one thread go as told, such as `signal=SIGKILL:when=3` or `error=ENOSPC:when=2+`."""
    command = (STRACE, "-qq", "-o", str(log), "-p", str(thread), "-e", f"trace={calls}", "-e", f"inject={calls}:{effect}")
    tracer = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL, start_new_session=True)
    try:
        async with asyncio.timeout(PATIENCE):
            while not _traced(thread):
                await asyncio.sleep(0.005)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            tracer.send_signal(signal.SIGINT)
        await tracer.wait()


def _traced(thread: int) -> bool:
    try:
        status = Path(f"/proc/{thread}/status").read_text()
    except OSError:
        return True  # gone already: whoever waits for its end will see
    return "TracerPid:\t0" not in status
