"""Leases of one holder: renewed now and then, and never longer than they last."""

from sqlalchemy import select, update

from crm.base.db import Store
from crm.base.leases import LEASE_MS, OFTEN, Lease, take
from crm.base.time import DAY
from tests.conftest import NOON
from tests.crm.fake import rows

UNTIL = select(Lease.until)


async def hold(store: Store, now: int = NOON) -> int:
    """Take or renew; answers until when the lease lasts."""
    assert await store.write(lambda session: take(session, "send:fake", "first", now=now)) is not None
    [until] = await rows(store, UNTIL)
    return int(until)


async def test_a_lease_that_a_clock_set_back_has_made_long_is_cut_to_its_length(store: Store) -> None:
    before = await hold(store)
    await store.write(lambda session: session.execute(update(Lease).values(until=Lease.until + DAY)) and None)
    assert await hold(store) < before + DAY


async def test_a_lease_in_hand_is_renewed_when_a_part_of_it_is_over(file_store: Store) -> None:
    assert await hold(file_store) == NOON + LEASE_MS
    assert await hold(file_store, NOON + LEASE_MS // OFTEN) == NOON + LEASE_MS
    assert await hold(file_store, NOON + LEASE_MS // OFTEN + 1) == NOON + LEASE_MS + LEASE_MS // OFTEN + 1
