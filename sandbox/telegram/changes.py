"""What changed in any chat, told to everyone who watches."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from sandbox.telegram.shapes import Json


class Changes:
    """Numbers every change of every chat and passes it to the watchers."""

    def __init__(self) -> None:
        self.revision = 0
        self._watchers: set[asyncio.Queue[Json | None]] = set()

    def next_revision(self) -> int:
        """Takes the number of the next change."""
        self.revision += 1
        return self.revision

    def tell(self, change: Json) -> None:
        """Passes a change to every watcher."""
        for watcher in self._watchers:
            watcher.put_nowait(change)

    def end(self) -> None:
        """Tells every watcher that nothing more will come."""
        for watcher in self._watchers:
            watcher.put_nowait(None)

    @contextmanager
    def watched(self) -> Iterator[asyncio.Queue[Json | None]]:
        """A queue of the changes from now on; None in it means the server closes."""
        queue: asyncio.Queue[Json | None] = asyncio.Queue()
        self._watchers.add(queue)
        try:
            yield queue
        finally:
            self._watchers.discard(queue)
