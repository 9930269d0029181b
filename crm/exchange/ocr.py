"""Reading a photographed card with Tesseract, where it is installed: a process of its own, with little memory and little time, outside any transaction."""

import asyncio
import os
import shutil
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from crm.exchange.grid import Unreadable

ROOT = Path(__file__).parent.parent.parent
ENGINE = "tesseract"
WANTED = ("hye", "kat", "amh", "rus", "eng")
"""Naming all five is as good as knowing the language of a card."""
TURNING = "osd"
WHOLE, PAGE, BLOCK = "1", "3", "6"
"""How it looks at a picture: as a page of which it finds out which way up it is, as a page, or as one block of lines."""
MEMORY, SECONDS, OUTPUT_MOST = 1024 * 1024 * 1024, 25, 64 * 1024


@dataclass(frozen=True, slots=True)
class Engine:
    """What reads photos here: where it lies ("" = nowhere), which of our languages it has, and whether it sees which way up a picture is."""

    path: str = ""
    languages: tuple[str, ...] = ()
    upright: bool = False

    @property
    def missing(self) -> tuple[str, ...]:
        """The languages it does not have."""
        return tuple(one for one in WANTED if one not in self.languages)


async def engine() -> Engine:
    """Look for Tesseract and its languages."""
    path = shutil.which(ENGINE)
    if not path:
        return Engine()
    told = await _told(path, "--list-langs")
    return Engine(path, tuple(one for one in WANTED if one in told.split()), TURNING in told.split())


async def read_card(picture: Path, *, anew: bool = False) -> list[str]:
    """The lines on a picture; raises `Unreadable` where nothing here can read it.

    A card that fills its picture is one block of lines; `anew` = it may lie on its side or stand on its head, and what is not surely words is left out.
    """
    found = await engine()
    if not found.languages:
        raise Unreadable("nothing here reads photos")
    way = BLOCK if not anew else WHOLE if found.upright else PAGE
    told = await _told(found.path, str(picture), "stdout", "-l", "+".join(found.languages), "--psm", way)
    return [line.strip() for line in told.splitlines() if line.strip()]


async def _told(*command: str) -> str:
    """What a program says within its bounds; it gets nothing of our own surroundings, which hold secrets."""
    surroundings = {"PYTHONPATH": str(ROOT), "PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONUTF8": "1", "OMP_THREAD_LIMIT": "1"}
    whole = (sys.executable, "-B", "-m", "crm.exchange.confined", str(MEMORY), str(SECONDS), *command)
    pipe, silent = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*whole, stdin=silent, stdout=pipe, stderr=silent, env=surroundings, start_new_session=True)
    assert process.stdout
    try:
        async with asyncio.timeout(2 * SECONDS):
            told = await process.stdout.read(OUTPUT_MOST)
            while more := await process.stdout.read(OUTPUT_MOST):
                told = (told + more)[:OUTPUT_MOST]
            if await process.wait() != 0:
                raise Unreadable("it cannot be read")
    except TimeoutError:
        raise Unreadable("it takes too long to read") from None
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    return told.decode("utf-8", "replace")
