"""Where pollers stand, in the store: an offset moves in the transaction that keeps what it covers, and only for the node that may poll."""

from collections.abc import Mapping, Sequence

from crm.base.db import Store
from crm.base.events import RawEvent
from crm.inbox.log import Polled, for_desk, keep_polled, offset_of


class StoredOffsets:
    """The offsets of one poller under its fence; `desk` marks what it brings for the staff's loop."""

    def __init__(self, store: Store, fence: Mapping[str, int], *, desk: bool = False) -> None:
        self._store, self._fence, self._desk = store, fence, desk

    async def get(self, name: str) -> int:
        """The offset of a poller (0 = at the beginning)."""
        return await self._store.read(lambda session: offset_of(session, name))

    async def keep(self, name: str, offset: int, events: Sequence[RawEvent]) -> None:
        """Store what came and move the offset; raises `Lost` for one who polls no more."""
        kept = tuple(for_desk(event) for event in events) if self._desk else tuple(events)
        await self._store.gather(keep_polled, [Polled(name, offset, kept, self._fence)])
