"""A small disk of its own for a house: it fills, it grows, it goes read-only."""

import asyncio
import contextlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PIECE = 4096


class Disk:
    """A file system of a few megabytes in memory, mounted at `folder`."""

    def __init__(self, folder: Path, size: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        _call("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))

    def change(self, options: str) -> None:
        """Mount it again with other options, such as `size=64m` or `ro`."""
        _call("mount", "-o", f"remount,{options}", str(self.folder))

    def fill(self) -> Path:
        """Take all room there is."""
        ballast = self.folder / "ballast"
        with ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(PIECE)) == PIECE:
                pass
        return ballast

    def remove(self) -> None:
        """Take it away; whoever still works on it keeps what they have open."""
        _call("umount", "-l", str(self.folder))


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Disk]:
    """A small disk for a while."""
    disk = Disk(folder, size)
    try:
        yield disk
    finally:
        disk.remove()


async def lock_for(database: Path, seconds: float) -> None:
    """Another program takes the database for itself for a while."""
    words = f"import sqlite3,time; c=sqlite3.connect({str(database)!r},timeout=60,isolation_level=None); c.execute('BEGIN EXCLUSIVE'); print(1,flush=True); time.sleep({seconds}); c.execute('ROLLBACK')"
    process = await asyncio.create_subprocess_exec("python3", "-c", words, stdout=asyncio.subprocess.PIPE)
    assert process.stdout
    await process.stdout.readline()
    await process.wait()


def _call(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
