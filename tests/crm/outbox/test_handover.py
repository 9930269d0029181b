"""A sender hands over: the next one knows what left in the last second, and who lost the account settles nothing."""

import pytest
from sqlalchemy import select

from crm.base.db import Store
from crm.base.leases import Seat
from crm.base.outbound import Lane, Limits, RetryLater, Say
from crm.base.time import SECOND
from crm.outbox.claim import Sender, turn
from crm.outbox.deliveries import Delivery, State
from crm.outbox.drain import Drain
from crm.outbox.pace import Pace
from crm.outbox.queue import Parcel, enqueue
from crm.outbox.settle import Result
from tests.conftest import NOON
from tests.crm.fake import Stub, lapse, rows

ONE, RATE = Limits(account_rate=1.0), Limits(account_rate=10.0)


async def many(store: Store, amount: int) -> None:
    """Something for each of many people."""
    parcels = [Parcel("fake", f"who{number}", Say("hello"), Lane.REPLY, f"hello:{number}", desk=True) for number in range(amount)]
    await store.write(lambda session: enqueue(session, parcels, now=NOON))


class Hand:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> int:
        return self.now


async def open_media(*_: object) -> bytes:
    """There are no files here."""
    return b""


def drain_of(store: Store, stub: Stub, clock: Hand, name: str) -> Drain:
    """A sender on a node of its own."""
    return Drain(store, stub, open_media, node=name, clock=clock, seat=Seat(name))  # type: ignore[arg-type]


async def test_the_next_sender_knows_what_left_in_the_last_second(store: Store) -> None:
    await many(store, 30)
    first, second, clock = Stub(limits=ONE), Stub(limits=ONE), Hand()
    await drain_of(store, first, clock, "first").run()
    assert len(first.sent) == 1
    await lapse(store)
    heir = drain_of(store, second, clock, "second")
    await heir.run()
    assert second.sent == []
    clock.now += SECOND + 1
    await heir.run()
    assert len(second.sent) == 1


async def test_the_next_sender_keeps_the_pause_that_the_platform_asked_for(store: Store) -> None:
    def asked() -> None:
        raise RetryLater(60, account=True)

    await many(store, 2)
    stub, clock = Stub(asked, limits=RATE), Hand()
    before = drain_of(store, stub, clock, "first")
    await before.run()
    await before.close(1.0)
    await lapse(store)
    sent = len(stub.sent)
    heir = drain_of(store, stub, clock, "second")
    await heir.run()  # takes over now: the server's clock, which the pause is handed over by, does not jump with ours
    clock.now += 30 * SECOND
    await heir.run()
    assert len(stub.sent) == sent
    clock.now += 31 * SECOND
    await heir.run()
    assert len(stub.sent) == 2


async def test_who_lost_the_account_settles_nothing(store: Store) -> None:
    await many(store, 1)
    frozen = Sender("fake", "frozen", RATE, 5, {}, {}, Seat("frozen"), Pace())
    await store.write(lambda session: turn(session, frozen, (), now=NOON))
    [part] = (await store.write(lambda session: turn(session, frozen, (), now=NOON))).claimed
    await lapse(store)
    stub = Stub(limits=RATE)
    await drain_of(store, stub, Hand(), "heir").run()
    assert await rows(store, select(Delivery.state)) == ["unknown"]
    thawed = await store.write(lambda session: turn(session, frozen, [Result(part.delivery_id, State.QUEUED, NOON)], now=NOON))
    assert thawed.claimed == ()
    assert await rows(store, select(Delivery.state)) == ["unknown"]
    assert stub.sent == []


@pytest.mark.parametrize("again", [False, True], ids=["another node sends now", "it has the account again"])
async def test_what_a_frozen_sender_saw_arrive_is_not_left_unknown(store: Store, again: bool) -> None:
    await many(store, 1)
    frozen = Sender("fake", "frozen", RATE, 5, {}, {}, Seat("frozen"), Pace())
    await store.write(lambda session: turn(session, frozen, (), now=NOON))
    [part] = (await store.write(lambda session: turn(session, frozen, (), now=NOON))).claimed
    await lapse(store)
    stub = Stub(limits=RATE)
    await drain_of(store, stub, Hand(), "heir").run()
    if again:
        await lapse(store)
    await store.write(lambda session: turn(session, frozen, [Result(part.delivery_id, State.SENT, external_id="m1")], now=NOON))
    assert await rows(store, select(Delivery.state, Delivery.external_id)) == [("sent", "m1")]
    assert stub.sent == []
