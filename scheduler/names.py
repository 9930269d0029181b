"""Names: who writes on a platform that brings no names with messages is asked for there, once; and what else platforms are asked now and then."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, runtime_checkable

from crm.base.db import Order, Store
from crm.base.events import Sender
from crm.base.outbound import RetryLater, Uncertain, Undeliverable
from crm.people.contacts import call, nameless
from scheduler.clock import Tick
from scheduler.templates import template_ticks

log = logging.getLogger(__name__)
EVERY = 5.0
AT_ONCE = 20


@runtime_checkable
class Naming(Protocol):
    """A channel that can be asked who somebody is; raises as `send` does."""

    async def enrich(self, address: str) -> Sender: ...


def asked(store: Store, channels: Mapping[str, object], clock: Callable[[], int]) -> list[Tick]:
    """The ticks that ask platforms for names and for approved templates, where any can be asked."""
    naming = {account: channel for account, channel in channels.items() if isinstance(channel, Naming)}
    return [*template_ticks(store, channels, clock), *([Tick("names", EVERY, asking(store, naming, clock))] if naming else [])]


def asking(store: Store, channels: Mapping[str, Naming], clock: Callable[[], int]) -> Callable[[], Awaitable[None]]:
    """Ask for those who have none; who could not be told is asked for again after a restart, not before."""
    asked: set[int] = set()

    async def run() -> None:
        found = await store.read(lambda session: nameless(session, sorted(channels), AT_ONCE + len(asked), now=clock()))
        for one in [one for one in found if one.identity_id not in asked][:AT_ONCE]:
            asked.add(one.identity_id)
            try:
                sender = await channels[one.account].enrich(one.address)
                await store.write(lambda session: call(session, one.identity_id, sender.name, sender.username, now=clock()), Order.CHUNK)  # noqa: B023 - awaited in this round
            except (RetryLater, Undeliverable, Uncertain) as error:
                log.info("the name of somebody on %s cannot be had: %s", one.account, error)
            except asyncio.CancelledError:
                log.info("names are asked for at the next start")
                return

    return run
