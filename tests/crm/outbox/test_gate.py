"""The gate, as a table: who may be written to, and when."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.base.outbound import Lane, Limits
from crm.base.time import DAY, HOUR, instant, local
from crm.outbox.deliveries import State
from crm.outbox.gate import Passing, judge

DAYTIME = instant(datetime(2026, 3, 10, 12, tzinfo=ZoneInfo("Asia/Yerevan")))
NIGHT = instant(datetime(2026, 3, 10, 23, 30, tzinfo=ZoneInfo("Asia/Yerevan")))
FINE = Passing(Lane.PROMOTION, 1, True, DAYTIME - DAY, False, 1, False, "Asia/Yerevan")


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({}, None),
        ({"marketing": 0}, State.CANCELLED),
        ({"marketing": -1}, State.CANCELLED),
        ({"silenced": True}, State.CANCELLED),
        ({"blocked": True}, State.CANCELLED),
        ({"reachable": False}, State.FAILED),
        ({"last_inbound_at": 0}, State.FAILED),
        ({"promoted_at": DAYTIME - HOUR}, State.CANCELLED),
        ({"promoted_at": DAYTIME - DAY}, None),
        ({"batch_state": "held"}, State.QUEUED),
        ({"batch_state": "cancelled"}, State.CANCELLED),
        ({"valid_until": DAYTIME - 1}, State.EXPIRED),
        ({"lane": Lane.FOLLOWUP, "marketing": -1}, None),
        ({"lane": Lane.FOLLOWUP, "silenced": True}, State.CANCELLED),
        ({"lane": Lane.SERVICE, "silenced": True, "marketing": -1}, None),
        ({"lane": Lane.SERVICE, "blocked": True}, State.CANCELLED),
        ({"lane": Lane.REPLY, "silenced": True, "marketing": -1, "blocked": True}, None),
        ({"lane": Lane.REPLY, "identity_id": None, "reachable": False}, None),
    ],
)
def test_who_may_be_written_to(change: dict[str, object], state: State | None) -> None:
    assert judge(replace(FINE, **change), Limits(), now=DAYTIME).state == state  # type: ignore[arg-type]


@pytest.mark.parametrize("lane", [Lane.FOLLOWUP, Lane.PROMOTION])
def test_at_night_it_waits_for_nine_in_the_morning_of_the_person(lane: Lane) -> None:
    verdict = judge(replace(FINE, lane=lane), Limits(), now=NIGHT)
    assert verdict.state == State.QUEUED
    assert local(verdict.due_at, "Asia/Yerevan").strftime("%d %H:%M") == "11 09:00"


def test_an_answer_does_not_wait_for_the_morning() -> None:
    assert judge(replace(FINE, lane=Lane.SERVICE), Limits(), now=NIGHT).state is None


@given(st.integers(0, 4_000_000_000_000), st.sampled_from(["Asia/Yerevan", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]))
def test_what_passes_leaves_between_nine_and_nine(now: int, zone: str) -> None:
    verdict = judge(replace(FINE, zone=zone, promoted_at=0), Limits(), now=now)
    leaves = verdict.due_at if verdict.state == State.QUEUED else now
    assert 9 <= local(leaves, zone).hour < 21
    assert leaves >= now
