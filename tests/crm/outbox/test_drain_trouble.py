"""Trouble on the way out: slow platforms, a broken account, a stop in the middle, cards that overtake each other."""

import asyncio
from collections.abc import Callable

from sqlalchemy import select

from crm.base.db import Store
from crm.base.outbound import Edit, Lane, Limits, OpenMedia, Outbound, Reason, Receipt, RetryLater, Say, Uncertain, Undeliverable
from crm.base.time import DAY, MINUTE, SECOND
from crm.outbox.claim import Sender, turn
from crm.outbox.deliveries import Batch, Delivery
from crm.outbox.notices import NoticeRow, waiting_notices
from crm.outbox.queue import Parcel, enqueue
from tests.conftest import NOON
from tests.crm.fake import Stub, rows
from tests.crm.outbox.test_drain import Hand, drain_of, put

STATES = select(Delivery.state).order_by(Delivery.id)


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
