"""Presses: a button that was pressed waits to be told so; done aside, and nothing depends on it."""

import asyncio
from contextlib import suppress

from channels.max.api import Api
from channels.payload import Json, part, text
from crm.base.outbound import RetryLater, Uncertain, Undeliverable

AT_ONCE = 200


class Presses:
    """Answers presses, at most so many at once."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._tasks: set[asyncio.Task[None]] = set()

    def acknowledge(self, update: Json) -> None:
        """Answer the press an update is, if it is one and not too many wait for an answer already."""
        press = text(part(update, "callback"), "callback_id")
        if press and len(self._tasks) < AT_ONCE:
            task = asyncio.create_task(self._answer(press))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, press: str) -> None:
        with suppress(RetryLater, Undeliverable, Uncertain):
            await self._api.call("POST", "/answers", body={}, asked={"callback_id": press})

    async def settled(self) -> None:
        """Wait until every press has been answered."""
        await asyncio.gather(*self._tasks)

    async def close(self) -> None:
        """Let go of what is not answered yet."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
