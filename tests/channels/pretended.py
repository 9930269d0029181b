"""What every stand of a channel needs: a pretended platform served on a free port, and files the firm has."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from aiohttp import web

from crm.base.events import MediaKind
from crm.base.outbound import Media


class Part(Protocol):
    """A part of a pretended platform."""

    def mount(self, app: web.Application) -> None: ...


@asynccontextmanager
async def serve(*parts: Part, largest: int) -> AsyncIterator[str]:
    """Parts served together on a free port; `largest` is how many bytes a request may have."""
    app = web.Application(client_max_size=largest)
    for part in parts:
        part.mount(app)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@dataclass
class Files:
    """Files the firm has, by number; `opened` says how often each was read."""

    held: dict[int, bytes] = field(default_factory=dict)
    opened: list[int] = field(default_factory=list)
    breaks: bool = False

    def add(self, kind: MediaKind, mime: str, name: str = "", body: bytes = b"some bytes", size: int | None = None) -> Media:
        number = len(self.held) + 1
        self.held[number] = body
        return Media(number, kind, name, mime, len(body) if size is None else size)

    @asynccontextmanager
    async def open(self, number: int) -> AsyncIterator[AsyncIterator[bytes]]:
        self.opened.append(number)

        async def chunks() -> AsyncIterator[bytes]:
            yield self.held[number][:3]
            if self.breaks:
                raise OSError("the disk is gone")
            yield self.held[number][3:]

        yield chunks()


class Stored:
    """Stored files by number; counts how often one was opened."""

    def __init__(self, files: dict[int, bytes]) -> None:
        self.files, self.opened = files, 0

    def __call__(self, attachment_id: int) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        return self._open(attachment_id)

    @asynccontextmanager
    async def _open(self, attachment_id: int) -> AsyncIterator[AsyncIterator[bytes]]:
        self.opened += 1
        body = self.files[attachment_id]

        async def chunks() -> AsyncIterator[bytes]:
            for start in range(0, len(body), 1000):
                yield body[start : start + 1000]

        yield chunks()
