"""The clock wakes functions up and counts nothing that was missed."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.clock import Clock, Every, Tick

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_month_asleep_is_one_step_and_not_five_million() -> None:
    every = Every(0.5)
    now = NOON + timedelta(days=30)
    after = every.get_next_fire_time(NOON, now)
    assert after == now + timedelta(seconds=0.5)


def test_a_tick_in_time_keeps_its_beat() -> None:
    assert Every(10).get_next_fire_time(NOON, NOON + timedelta(seconds=3)) == NOON + timedelta(seconds=10)
    assert Every(10).get_next_fire_time(None, NOON) == NOON + timedelta(seconds=10)


@given(st.timedeltas(timedelta(days=-400), timedelta(days=400)), st.floats(0.01, 90_000))
def test_the_next_time_is_always_to_come(away: timedelta, seconds: float) -> None:
    assert Every(seconds).get_next_fire_time(NOON, NOON + away) > NOON + away


async def test_what_a_clock_set_back_needs_is_done_at_the_start_and_on_no_beat() -> None:
    done = asyncio.Event()

    async def job() -> None:
        assert not done.is_set()
        done.set()

    clock = Clock([Tick("set_back", 0.0, job)])
    clock.start()
    await done.wait()
    clock.stop()


async def test_a_job_longer_than_its_beat_runs_once_at_a_time_and_the_log_stays_quiet(caplog: pytest.LogCaptureFixture) -> None:
    at_once, most, beats = 0, 0, asyncio.Event()
    runs = 0

    async def job() -> None:
        nonlocal at_once, most, runs
        at_once, runs = at_once + 1, runs + 1
        most = max(most, at_once)
        if runs > 1:
            beats.set()
        await asyncio.sleep(0.2)
        at_once -= 1

    clock = Clock([Tick("slow", 0.05, job)])
    clock.start()
    async with asyncio.timeout(20):
        await beats.wait()
    clock.stop()
    assert most == 1
    assert "maximum number" not in caplog.text
