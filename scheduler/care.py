"""Care: the staff bot's loops side by side, and how every channel does, for whoever asks in the bot or watches from outside."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from crm.base.db import Store
from crm.base.durations import Durations
from crm.base.leases import Seat
from crm.base.outbound import Health
from crm.inbox.process import Claimed
from scheduler import nodes, workers
from scheduler.offsets import StoredOffsets

LOOK_SECONDS = 60.0
Clock = Callable[[], int]
Ask = Callable[[], Awaitable[Health]]


class StaffBot(Protocol):
    """What is asked of the staff bot; `channels` is how everything did when somebody last looked."""

    channels: Mapping[str, Health]

    async def open(self) -> None: ...

    async def poll(self, offsets: StoredOffsets) -> None: ...

    async def drive(self, claimed: Claimed) -> None: ...

    async def setup(self) -> None: ...


async def run_staff(staff: StaffBot, account: str, store: Store, seat: Seat | None, clock: Clock, times: Durations) -> None:
    """The staff bot: introduced to Telegram first, then its poll and its desk side by side."""
    await staff.open()
    async with asyncio.TaskGroup() as group:
        poll = nodes.while_held(store, f"poll:{account}", seat, clock, lambda fence: staff.poll(StoredOffsets(store, fence, desk=True)))
        group.create_task(poll)
        group.create_task(workers.desk_loop(store, staff.drive, clock, seat, times))
        group.create_task(workers.forever("staff menus", staff.setup, times))


async def look_after(asked: Mapping[str, Ask], staff: StaffBot) -> None:
    """Ask everything how it does, once a minute, so that managers read it in their day."""
    while True:
        staff.channels = {name: await ask() for name, ask in asked.items()}
        await asyncio.sleep(LOOK_SECONDS)
