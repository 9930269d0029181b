"""Templates: once an hour, and at the start, every channel that has approved texts is asked for them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol, runtime_checkable

from crm.base.db import Store
from crm.base.errors import DragomanError
from crm.base.outbound import RetryLater, Uncertain, Undeliverable
from crm.base.time import HOUR, SECOND
from crm.outbox.approved import Listed, learn_templates
from scheduler.clock import Tick

log = logging.getLogger(__name__)


@runtime_checkable
class Lists(Protocol):
    """A channel that can list its approved texts."""

    async def templates(self) -> Sequence[Listed]: ...


def template_ticks(store: Store, channels: Mapping[str, object], clock: Callable[[], int]) -> list[Tick]:
    """The ticks that keep them known: one for the hour, one for the start; none where no channel has any."""
    look = refresh(store, channels, clock)
    return [Tick("templates", HOUR / SECOND, look), Tick("first_templates", 0.0, look)] if _listing(channels) else []


def refresh(store: Store, channels: Mapping[str, object], clock: Callable[[], int]) -> Callable[[], Awaitable[None]]:
    """A job that asks every channel; a platform that gives no answer leaves what is known as it is."""

    async def run() -> None:
        for account, channel in _listing(channels).items():
            try:
                listed = await channel.templates()
                await store.write(lambda session: learn_templates(session, account, listed, now=clock()))  # noqa: B023 - awaited in this round
            except (DragomanError, RetryLater, Undeliverable, Uncertain, OSError, TimeoutError) as error:
                log.info("the templates of %s cannot be had: %s", account, error)
            except asyncio.CancelledError:
                log.info("the templates of %s are asked for at the next start", account)
                return

    return run


def _listing(channels: Mapping[str, object]) -> dict[str, Lists]:
    return {account: channel for account, channel in channels.items() if isinstance(channel, Lists)}
