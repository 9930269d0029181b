"""Trouble on the way out: slow platforms, a broken account, a stop in the middle, cards that overtake each other."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.db import Order, Store
from crm.base.errors import Busy
from crm.base.installation import BY_HAND, Installation
from crm.base.outbound import Edit, Lane, Limits, OpenMedia, Outbound, Reason, Receipt, RetryLater, Say, Uncertain, Undeliverable, Window
from crm.base.time import DAY, MINUTE, SECOND
from crm.outbox.claim import Load, Sender, turn
from crm.outbox.deliveries import Batch, Delivery
from crm.outbox.notices import NoticeRow, waiting_notices
from crm.outbox.queue import Parcel, enqueue
from tests.conftest import NOON
from tests.crm.fake import Stub, rows
from tests.crm.outbox.test_drain import Hand, drain_of, put

STATES = select(Delivery.state).order_by(Delivery.id)
T = TypeVar("T")


def raising(error: Exception) -> Callable[[], None]:
    def answer() -> None:
        raise error

    return answer


class Slow(Stub):
    """A carrier on which one address hangs until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.hangs, self.go = asyncio.Event(), asyncio.Event()

    async def send(self, address: str, outbound: Outbound, open_media: OpenMedia) -> Receipt:
        if address == "slow":
            self.hangs.set()
            await self.go.wait()
        return await super().send(address, outbound, open_media)


async def test_one_slow_chat_holds_nobody_else(store: Store) -> None:
    slow = Slow()
    drain = drain_of(store, slow)
    await put(store, "a", address="slow")
    running = asyncio.create_task(drain.run())
    await slow.hangs.wait()
    await put(store, "b", address="quick")
    async with asyncio.timeout(10):
        while not slow.sent:
            await asyncio.sleep(0.01)
    assert slow.sent == [("quick", Say("b"))]
    slow.go.set()
    await running
    assert await rows(store, STATES) == ["sent", "sent"]


async def test_a_stop_in_the_middle_hands_back_what_never_left(store: Store) -> None:
    slow = Slow()
    drain = drain_of(store, slow)
    await put(store, "a", address="slow")
    await put(store, "b", address="late")
    running = asyncio.create_task(drain.run())
    await slow.hangs.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await drain.close(grace=0.05)
    assert sorted(await rows(store, STATES)) in (["sending", "sent"], ["queued", "sending"])


async def test_a_claim_that_was_committed_while_stopping_goes_back(store: Store) -> None:
    await put(store, "a", "b")
    drain = drain_of(store, Stub())
    running = asyncio.create_task(drain.run())
    await asyncio.sleep(0)  # the claim is on its way to the writer
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await drain.close(grace=1)
    assert set(await rows(store, STATES)) <= {"queued", "sent"}


async def test_an_outage_of_days_loses_nothing(store: Store) -> None:
    await put(store, "a")
    await store.write(lambda session: session.execute(Delivery.__table__.update().values(attempts=5000)) and None)  # type: ignore[attr-defined]
    stub, clock = Stub(raising(RetryLater(1))), Hand()
    drain = drain_of(store, stub, clock)
    await drain.run()
    clock.now += 2 * MINUTE
    await drain.run()
    assert await rows(store, STATES) == ["sent"]


async def test_trouble_with_our_own_account_gives_nothing_up(store: Store) -> None:
    for number in range(3):
        await put(store, "a", address=f"p{number}")
    stub, clock = Stub(*[raising(Undeliverable(Reason.ACCOUNT_PROBLEM, "401"))] * 3), Hand()
    drain = drain_of(store, stub, clock)
    await drain.run()
    assert set(await rows(store, STATES)) == {"queued"}
    clock.now += 2 * MINUTE
    await drain.run()
    assert set(await rows(store, STATES)) == {"sent"}


async def test_two_chats_asked_to_wait_an_hour_do_not_silence_a_third(store: Store) -> None:
    for who in ("a", "b"):
        await put(store, "x", address=who)
    stub, clock = Stub(raising(RetryLater(3600)), raising(RetryLater(3600))), Hand()
    drain = drain_of(store, stub, clock)
    await drain.run()
    await put(store, "x", address="c")
    clock.now += 31 * SECOND
    await drain.run()
    assert [who for who, _ in stub.sent] == ["c"]


async def test_the_rest_of_a_held_promotion_does_not_stand_before_a_reply(store: Store) -> None:
    def begin(session: object) -> None:
        session.add(Batch(id=77, created_at=NOON))  # type: ignore[attr-defined]

    await store.write(begin)
    long = "word " * 40
    parcel = Parcel("fake", "ann", Say(long), Lane.PROMOTION, "promo", batch_id=77, desk=True)
    await store.write(lambda session: enqueue(session, [parcel], now=NOON))
    stub, clock = Stub(limits=Limits(text=120, chat_burst=4)), Hand()
    drain = drain_of(store, stub, clock)
    await store.write(lambda session: turn(session, Sender("fake", "n", stub.limits(None, 0), 1, {}), (), now=NOON) and None)  # type: ignore[arg-type]
    await store.write(lambda session: session.execute(Batch.__table__.update().values(state="held")) and None)  # type: ignore[attr-defined]
    await store.write(lambda session: session.execute(Delivery.__table__.update().where(Delivery.part == 0).values(state="sent")) and None)  # type: ignore[attr-defined]
    await put(store, "the reply")
    await drain.run()
    assert [out for _, out in stub.sent] == [Say("the reply")]


async def test_parts_of_a_promotion_leave_in_order(store: Store) -> None:
    await put(store, " ".join(f"w{number}" for number in range(60)), lane=Lane.PROMOTION)
    stub, clock = Stub(limits=Limits(text=60, chat_burst=99)), Hand()
    drain = drain_of(store, stub, clock)
    for _ in range(8):
        await drain.run()
        clock.now += SECOND
    said = " ".join(out.text for _, out in stub.sent if isinstance(out, Say))
    assert said == " ".join(f"w{number}" for number in range(60))


async def test_an_older_drawing_of_a_card_never_lands_after_a_newer_one(store: Store) -> None:
    stub, clock = Stub(lambda: None, raising(Uncertain("cut"))), Hand()
    drain = drain_of(store, stub, clock)
    for text in ("v1", "v2"):
        await put(store, text, card="card:7:1")
        await drain.run()
        clock.now += SECOND
    await put(store, "v3", card="card:7:1")
    for _ in range(5):
        clock.now += 10 * SECOND
        await drain.run()
    assert [out.text for _, out in stub.sent if isinstance(out, Say | Edit)] == ["v1", "v3"]


async def test_a_card_whose_fate_is_unknown_is_posted_once_more_and_not_for_ever(store: Store) -> None:
    stub, clock = Stub(*[raising(Uncertain("cut"))] * 9), Hand()
    drain = drain_of(store, stub, clock)
    told = []
    for number in range(3):
        await put(store, f"v{number}", card="card:7:1", conversation_id=7)
        await drain.run()
        told.append(len(await store.read(waiting_notices)))
        await store.write(lambda session: session.query(NoticeRow).delete() and None)
        clock.now += 5 * SECOND
    assert told == [1, 0, 0]


async def test_redrawn_cards_leave_no_trail(store: Store) -> None:
    stub, clock = Stub(), Hand()
    drain = drain_of(store, stub, clock)
    for number in range(5):
        await put(store, f"v{number}", card="card:7:1")
        await drain.run()
        clock.now += DAY
    assert len(await rows(store, select(Delivery.id).where(Delivery.card.is_not(None)))) == 1


class Cut:
    """A store whose line is cut after the commit of a claim, as often as it is told to: what was written stands, and nobody hears of it."""

    many_nodes = False

    def __init__(self, store: Store) -> None:
        self._store, self.wakes, self.cuts = store, store.wakes, 0

    async def write(self, deed: Callable[[Session], T], order: Order = Order.DEED) -> T:
        done = await self._store.write(deed, order)
        if self.cuts and isinstance(done, Load) and done.claimed:
            self.cuts -= 1
            raise Busy("the database went away")
        return done


async def test_what_was_claimed_and_never_heard_of_leaves_with_the_next_turn(store: Store) -> None:
    for who in ("ann", "bob"):
        await put(store, "one", "two", address=who)
    cut, stub, clock = Cut(store), Stub(), Hand()
    drain = drain_of(cut, stub, clock)  # type: ignore[arg-type]
    cut.cuts = 2
    for _ in range(2):
        with pytest.raises(Busy):
            await drain.run()
        clock.now += SECOND
    assert sorted(set(await rows(store, STATES))) == ["queued", "sending"]
    await drain.run()
    assert sorted((who, out.text) for who, out in stub.sent if isinstance(out, Say)) == [(who, text) for who in ("ann", "bob") for text in ("one", "two")]
    assert set(await rows(store, STATES)) == {"sent"}


async def test_what_is_on_its_way_when_the_line_is_cut_is_not_sent_again(store: Store) -> None:
    slow, cut = Slow(), Cut(store)
    drain = drain_of(cut, slow)  # type: ignore[arg-type]
    await put(store, "a", address="slow")
    running = asyncio.create_task(drain.run())
    await slow.hangs.wait()
    cut.cuts = 1
    await put(store, "b", address="quick")  # claimed at the same instant as what hangs
    with pytest.raises(Busy):
        await running
    running = asyncio.create_task(drain.run())
    async with asyncio.timeout(30):
        while not slow.sent:
            await asyncio.sleep(0.01)
    slow.go.set()
    await running
    assert slow.sent == [("quick", Say("b")), ("slow", Say("a"))]
    assert await rows(store, STATES) == ["sent", "sent"]


async def test_what_broke_off_at_the_stop_is_not_handed_back_after_a_cut(store: Store) -> None:
    slow, cut = Slow(), Cut(store)
    drain = drain_of(cut, slow)  # type: ignore[arg-type]
    await put(store, "a", address="slow")
    running = asyncio.create_task(drain.run())
    await slow.hangs.wait()
    cut.cuts = 1
    await put(store, "b", address="quick")
    with pytest.raises(Busy):
        await running
    await drain.close(grace=0)
    assert await rows(store, STATES) == ["sending", "queued"]


async def test_what_is_put_off_does_not_hide_what_may_leave(store: Store) -> None:
    await store.write(lambda session: session.add(Batch(id=77, created_at=NOON, state="held")))
    for number in range(12):
        await put(store, "held", address=f"p{number}", batch_id=77)
    await put(store, "free")
    stub = Stub(limits=Limits(account_rate=10.0))
    await drain_of(store, stub).run()
    assert stub.sent == [("ann", Say("free"))]


async def test_what_must_stay_where_it_is_makes_no_sender_look_for_ever(store: Store) -> None:
    await store.write(lambda session: session.add(Installation(name=BY_HAND, held_at=NOON, why="by_hand")))
    parcels = [Parcel("fake", f"p{number}", Say("a"), Lane.REPLY, f"a:{number}") for number in range(12)]
    await store.write(lambda session: enqueue(session, parcels, now=NOON))
    stub = Stub(limits=Limits(account_rate=10.0))
    sender = Sender("fake", "n", stub.limits(Window(), NOON), 5, {})
    assert not (await store.write(lambda session: turn(session, sender, (), now=NOON))).more
