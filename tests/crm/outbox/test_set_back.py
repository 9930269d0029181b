"""A clock that is set back: what was to leave at once leaves, what was put off stays put off."""

from sqlalchemy import select

from crm.base.db import Store
from crm.base.outbound import Lane, Limits, Say
from crm.base.time import HOUR, SECOND
from crm.outbox.deliveries import Delivery, State
from crm.outbox.pace import Pace
from crm.outbox.queue import Parcel, date_anew, enqueue
from crm.outbox.settle import Result, resend, settle
from tests.conftest import NOON
from tests.crm.fake import hire, rows


def parcel(once: str, due_at: int = 0, lane: Lane = Lane.REPLY) -> Parcel:
    return Parcel("fake", "ann", Say(once), lane, once, due_at=due_at)


async def put_off(store: Store, until: int, *, now: int) -> None:
    """Everything that waits waits on."""
    numbers = await rows(store, select(Delivery.id))
    await store.write(lambda s: settle(s, [Result(number, State.QUEUED, until) for number in numbers], now=now))


async def test_what_was_to_leave_at_once_waits_for_no_clock_that_was_set_back(store: Store) -> None:
    later = NOON + HOUR
    await store.write(lambda s: enqueue(s, [parcel("before")], now=NOON - HOUR))
    await store.write(lambda s: enqueue(s, [parcel("at once"), parcel("put off", later + HOUR)], now=later))
    assert await store.write(lambda s: date_anew(s, now=NOON)) == 1
    assert await rows(store, select(Delivery.once, Delivery.due_at).order_by(Delivery.id)) == [
        ("before", NOON - HOUR),
        ("at once", NOON),
        ("put off", later + HOUR),
    ]
    assert await store.write(lambda s: date_anew(s, now=NOON)) == 0


def test_a_chat_that_was_paced_by_the_old_clock_is_free() -> None:
    pace, limits = Pace(), Limits(chat_every=1.0, chat_burst=1)
    pace.claimed("ann", limits, NOON + HOUR)
    pace.leaves(limits, NOON + HOUR)
    assert pace.room(limits, NOON) > 0
    assert pace.busy(limits, NOON) == {}


async def test_what_was_put_off_for_a_moment_waits_for_that_moment_only(store: Store) -> None:
    later = NOON + HOUR
    await store.write(lambda s: enqueue(s, [parcel("too fast")], now=later - SECOND))
    await put_off(store, later + 3 * SECOND, now=later)
    assert await store.write(lambda s: date_anew(s, now=NOON)) == 1
    assert await rows(store, select(Delivery.due_at)) == [NOON + 3 * SECOND]
    assert await store.write(lambda s: date_anew(s, now=NOON)) == 0


async def test_what_was_planned_keeps_its_hour_when_the_clock_is_set_back(store: Store) -> None:
    later = NOON + HOUR
    await store.write(lambda s: enqueue(s, [parcel("follow-up", lane=Lane.FOLLOWUP), parcel("offer", lane=Lane.PROMOTION)], now=later - SECOND))
    await put_off(store, later + HOUR, now=later)
    assert await store.write(lambda s: date_anew(s, now=NOON)) == 0
    assert await rows(store, select(Delivery.due_at)) == [later + HOUR] * 2


async def test_what_a_person_had_sent_again_leaves_at_once_when_the_clock_is_set_back(store: Store) -> None:
    later, rep = NOON + HOUR, await hire(store)
    await store.write(lambda s: enqueue(s, [parcel("lost")], now=later - SECOND))
    [number] = await rows(store, select(Delivery.id))
    await store.write(lambda s: settle(s, [Result(number, State.UNKNOWN)], now=later))
    await store.write(lambda s: resend(s, rep, number, now=later + 600 * SECOND))
    assert await store.write(lambda s: date_anew(s, now=NOON)) == 1
    assert await rows(store, select(Delivery.due_at)) == [NOON]


async def test_an_answer_that_is_held_to_be_called_back_is_held_no_longer_when_the_clock_is_set_back(store: Store) -> None:
    later = NOON + HOUR
    await store.write(lambda s: enqueue(s, [parcel("held", later + 30 * SECOND), parcel("offer", later + 30 * SECOND, Lane.PROMOTION)], now=later))
    assert await store.write(lambda s: date_anew(s, now=NOON)) == 1
    assert await rows(store, select(Delivery.due_at).order_by(Delivery.id)) == [NOON + 30 * SECOND, later + 30 * SECOND]
    assert await store.write(lambda s: date_anew(s, now=NOON)) == 0
