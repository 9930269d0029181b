"""Nodes: this process takes its place, says that it lives, and does what only one of them may do while it holds the lease."""

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping

from crm.base import nodes
from crm.base.db import Order, Store
from crm.base.errors import Lost
from crm.base.leases import Held, Seat, found_shards, release_all, take
from crm.inbox.process import POOLS
from crm.outreach.sequences import found_default
from crm.people.reps import crown
from crm.schema import prepare

log = logging.getLogger(__name__)
Clock = Callable[[], int]


async def take_seat(store: Store, url: str, clock: Clock, *, lease_ms: int) -> Seat | None:
    """Bring the database up to date and take this node's place in it; None where it is alone."""
    if await prepare(url):
        log.info("the database is up to date")
    await store.write(lambda session: found_default(session, now=clock()))
    await store.write(lambda session: crown(session, now=clock()))
    if not store.many_nodes:
        await store.write(release_all)  # this process holds the file, so no other sender can be alive
        return None
    await store.write(lambda session: found_shards(session, POOLS))
    return Seat(f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(2)}", lease_ms)


async def membership(store: Store, seat: Seat, clock: Clock, *, address: Callable[[], str], version: str) -> None:
    """Beat, until cancelled, three times within a lease; each beat learns how many nodes share the work."""
    while True:
        live = await store.write(lambda session: nodes.beat(session, seat, address=address(), version=version, now=clock()), Order.FLOW)
        if live != seat.live:
            log.info("%s nodes are at work", live)
        seat.live = live
        await asyncio.sleep(seat.lease_ms / 3000)


async def while_held(store: Store, name: str, seat: Seat | None, clock: Clock, work: Callable[[Mapping[str, int]], Awaitable[None]]) -> None:
    """Do what only one node may do, until cancelled: `work` gets the fence (lease and token) and is cancelled when the lease is lost."""
    if seat is None:
        await work({})
        return
    while True:
        held = await _taken(store, name, seat, clock)
        if held is None:
            await store.wakes.wait(name, min(1.0, seat.lease_ms / 3000))
            continue
        log.info("this node has taken %s", name)
        try:
            async with asyncio.TaskGroup() as group:
                holding = group.create_task(_hold(store, held, seat, clock))
                await work({name: held.token})
                holding.cancel()
                return
        except* Lost:
            log.warning("another node has taken %s over", name)


async def _hold(store: Store, held: Held, seat: Seat, clock: Clock) -> None:
    while True:
        await asyncio.sleep(seat.lease_ms / 3000)
        again = await _taken(store, held.name, seat, clock)
        if again is None or again.token != held.token:
            raise Lost(held.name)


async def _taken(store: Store, name: str, seat: Seat, clock: Clock) -> Held | None:
    return await store.write(lambda session: take(session, name, seat.node, now=clock(), ttl=seat.lease_ms), Order.FLOW)
