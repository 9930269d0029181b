"""Rendering: asks a process of its own for the PDF of a document, or for a picture of its first page; never inside a transaction."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crm.base.db import Session, Store
from crm.base.errors import DragomanError
from crm.base.events import MediaRef
from crm.documents.documents import document_at

ROOT = Path(__file__).parent.parent.parent
MEMORY, SECONDS, MADE_MOST, PPI = 2 * 1024 * 1024 * 1024, 20, 16 * 1024 * 1024, 110
AT_ONCE = 2


class Undrawn(DragomanError):
    """The document cannot be drawn."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn: its bytes, and how many pages there are where it is a picture."""

    made: bytes
    pages: int = 1


class Papers:
    """Draws the documents of one store, two at a time, each with at most so much memory, in bytes."""

    def __init__(self, store: Store, memory: int = MEMORY) -> None:
        self._store, self._memory, self._room = store, memory, asyncio.Semaphore(AT_ONCE)

    async def pdf(self, data: Mapping[str, Any], at: int) -> bytes:
        """A document as a PDF; the same words and the same instant (ms) give the same bytes. Raises `Undrawn`."""
        async with self._room:
            return (await _drawn({"data": data, "format": "pdf", "ppi": PPI, "at": at // 1000}, self._memory)).made

    async def picture(self, data: Mapping[str, Any]) -> Drawn:
        """The first page of a document as a PNG; raises `Undrawn`."""
        async with self._room:
            return await _drawn({"data": data, "format": "png", "ppi": PPI, "at": 0}, self._memory)

    async def fetch(self, ref: MediaRef) -> AsyncIterator[bytes]:
        """The PDF of a document, by its row in `ref`: this is how a message that carries one has its file."""
        data, at = await self._store.read(lambda session: _words(session, int(ref.ref)))
        yield await self.pdf(data, at)


def _words(session: Session, document_id: int) -> tuple[dict[str, Any], int]:
    paper = document_at(session, document_id)
    return json.loads(paper.data), paper.issued_at


async def _drawn(wanted: Mapping[str, Any], memory: int) -> Drawn:
    surroundings = {"PYTHONPATH": str(ROOT), "PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONUTF8": "1", "RAYON_NUM_THREADS": "2"}  # nothing of our own
    command = (sys.executable, "-B", "-m", "crm.documents.worker", str(memory), str(SECONDS))
    pipe, silent = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=silent, env=surroundings, start_new_session=True)
    try:
        async with asyncio.timeout(SECONDS * 3):
            told, _ = await process.communicate(json.dumps(wanted).encode() + b"\n")
    except TimeoutError:
        raise Undrawn("it takes too long to draw") from None
    finally:
        with suppress(ProcessLookupError):
            process.kill()
    return _read(told)


def _read(told: bytes) -> Drawn:
    """What the process has answered."""
    head, _, made = told.partition(b"\n")
    if not head:
        raise Undrawn("it takes too much to draw")
    try:
        facts = json.loads(head)
    except ValueError:
        raise Undrawn("it broke off while it was drawn") from None
    if "refused" in facts or not made or len(made) > MADE_MOST:
        raise Undrawn(str(facts.get("refused", "it is too big")))
    return Drawn(made, int(facts["pages"]))
