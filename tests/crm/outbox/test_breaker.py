"""The breaker: a platform that has fallen silent costs a handful of unknowns, not the whole queue."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import select

from crm.base.db import Store
from crm.base.durations import Durations
from crm.base.outbound import Lane, Limits, Reason, RetryLater, Say, Uncertain, Undeliverable
from crm.base.time import SECOND
from crm.outbox.breaker import AFTER, Breaker, Flight
from crm.outbox.deliveries import Delivery
from crm.outbox.drain import Drain
from crm.outbox.queue import Parcel, enqueue
from tests.conftest import NOON
from tests.crm.fake import Stub, rows
from tests.crm.outbox.test_drain import Hand

STATES = select(Delivery.state).order_by(Delivery.id)
TEMPER = Durations(backoff=1.0, backoff_most=8.0)


def silent(breaker: Breaker, times: int, *, probe: bool = False) -> list[int]:
    """Until when the account rests after each of these unknown ends, in seconds from now."""
    found = [breaker.landed(Flight(NOON, probe), False, now=NOON) for _ in range(times)]
    return [until and (until - NOON) // SECOND for until in found]


def test_it_opens_after_so_many_in_a_row_and_rests_longer_each_time() -> None:
    breaker = Breaker("fake", TEMPER)
    assert silent(breaker, AFTER) == [0] * (AFTER - 1) + [1]
    assert silent(breaker, 6, probe=True) == [2, 4, 8, 8, 8, 8]


def test_what_left_before_it_opened_makes_no_rest_longer() -> None:
    breaker = Breaker("fake", TEMPER)
    assert silent(breaker, AFTER + 7)[AFTER:] == [0] * 7
    assert silent(breaker, 1, probe=True) == [2]


@pytest.mark.parametrize("probe", [False, True])
def test_any_answer_closes_it(probe: bool) -> None:
    breaker = Breaker("fake", TEMPER)
    silent(breaker, AFTER)
    assert breaker.open
    assert breaker.landed(Flight(NOON, probe), True, now=NOON) == 0
    assert not breaker.open
    assert silent(breaker, AFTER) == [0] * (AFTER - 1) + [1]


def test_an_answer_between_begins_the_count_anew() -> None:
    breaker = Breaker("fake", TEMPER)
    for _ in range(AFTER):
        silent(breaker, AFTER - 1)
        breaker.landed(Flight(NOON), True, now=NOON)
    assert not breaker.open


def test_what_left_before_the_last_answer_and_ends_badly_opens_nothing() -> None:
    breaker = Breaker("fake", TEMPER)
    breaker.landed(Flight(NOON), True, now=NOON)
    for _ in range(2 * AFTER):
        breaker.landed(Flight(NOON - SECOND), False, now=NOON)
    assert not breaker.open


def test_what_never_reached_the_platform_neither_opens_nor_closes_it() -> None:
    breaker = Breaker("fake", TEMPER)
    for _ in range(2 * AFTER):
        assert breaker.landed(Flight(NOON), None, now=NOON) == 0
    assert not breaker.open
    silent(breaker, AFTER)
    assert breaker.landed(Flight(NOON, probe=True), None, now=NOON) == NOON + 2 * SECOND
    assert breaker.open


def test_while_open_one_leaves_at_a_time() -> None:
    breaker = Breaker("fake", TEMPER)
    silent(breaker, AFTER)
    leftover, probe = Flight(NOON), Flight(NOON, probe=True)
    assert (breaker.room(100, [], NOON), breaker.room(0, [], NOON)) == (1, 0)
    assert (breaker.room(100, [leftover], NOON), breaker.room(100, [leftover, probe], NOON)) == (1, 0)


def test_nothing_more_leaves_while_as_many_hang_and_nothing_was_heard_since() -> None:
    breaker, long_ago = Breaker("fake", TEMPER), Flight(NOON - int(TEMPER.send * SECOND))
    assert breaker.room(100, [long_ago] * (AFTER - 1), NOON) == 100
    assert breaker.room(100, [long_ago] * AFTER, NOON) == 0
    assert breaker.room(100, [Flight(NOON)] * AFTER, NOON) == 100
    assert breaker.room(100, [replace(long_ago, slow=True)] * AFTER, NOON) == 100, "a file takes its time"
    breaker.landed(long_ago, True, now=NOON - SECOND)
    assert breaker.room(100, [long_ago] * AFTER, NOON) == 100


class Away(Stub):
    """A platform that answers nothing until it is back; `tried` are the instants at which somebody tried."""

    def __init__(self, clock: Hand, error: Callable[[], Exception] = Uncertain) -> None:
        super().__init__(limits=Limits(account_rate=50.0, chat_every=0.0))
        self.back, self.tried, self._clock, self._error = False, list[int](), clock, error

    async def send(self, address: str, outbound: object, open_media: object) -> object:  # type: ignore[override]
        self.tried.append(self._clock.now)
        if not self.back:
            raise self._error()
        return await super().send(address, outbound, open_media)  # type: ignore[arg-type]


async def letters(store: Store, count: int) -> None:
    """So many customers are owed a word each."""
    parcels = [Parcel("fake", f"person{number:03}", Say(f"word {number:03}"), Lane.REPLY, f"once{number}", desk=True) for number in range(count)]
    await store.write(lambda session: enqueue(session, parcels, now=NOON))


async def minutes(drain: Drain, clock: Hand, seconds: int) -> None:
    """Let a sender look once a quarter of a second."""
    for _ in range(4 * seconds):
        await drain.run()
        clock.now += SECOND // 4


async def test_an_outage_makes_a_handful_unknown_and_the_rest_leave_once_and_in_order(store: Store) -> None:
    clock = Hand()
    away = Away(clock)
    drain = Drain(store, away, None, node="n", clock=clock, durations=TEMPER)  # type: ignore[arg-type]
    await letters(store, 200)
    await minutes(drain, clock, 60)
    tried = len(away.tried)
    assert tried <= 25 + 60 // 8 + 4  # half a second's worth before the first was heard of, then a probe after 1, 2, 4, 8, 8 … seconds
    assert (await rows(store, STATES)).count("queued") == 200 - tried
    away.back = True
    await minutes(drain, clock, 20)
    assert [address for address, _ in away.sent] == [f"person{number:03}" for number in range(tried, 200)]
    assert len(away.tried) == 200
    assert (await rows(store, STATES)) == ["unknown"] * tried + ["sent"] * (200 - tried)


@pytest.mark.parametrize("error", [lambda: RetryLater(1.0, answered=True), lambda: Undeliverable(Reason.BLOCKED)])
async def test_a_platform_that_refuses_is_there(store: Store, error: Callable[[], Exception]) -> None:
    clock = Hand()
    refusing = Away(clock, error)
    drain = Drain(store, refusing, None, node="n", clock=clock, durations=TEMPER)  # type: ignore[arg-type]
    await letters(store, 40)
    await minutes(drain, clock, 2)
    assert len(refusing.tried) >= 40
