"""Payments on the wire: believed by signature and time, kept once, read exactly."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.base import Channel
from channels.payments import Payments, PaymentsOptions, hundredths, mark
from crm.base.errors import Misconfigured
from crm.base.events import Unknown
from crm.base.paid import Payment
from tests.channels.contract_stand import FIXTURES, NOW, PHONE_SECRETS, built, call, raw
from tests.channels.test_contract import door, knock
from tests.doors import Inbox

SECRET = PHONE_SECRETS[0]


@pytest.fixture
def channel(tmp_path: Path) -> Channel:
    """A till of the shop."""
    return built("payments", tmp_path)


def told(channel: Channel, name: str) -> object:
    [event] = channel.parse(raw("payments", (FIXTURES / "payments" / f"{name}.json").read_bytes()))
    return event


def test_what_came_went_and_is_not_there_yet(channel: Channel) -> None:
    assert told(channel, "paid") == Payment("a1", "2025-0001", 12_000_000, "AMD", 1_764_072_000_000, "Idram")
    assert told(channel, "refunded") == Payment("a1:back", "2025-0001", -2_000_000, "AMD", 1_764_072_000_000, "", "wrong size")
    assert told(channel, "invoice") == Payment("a2", "I-2025-0003", 9990, "USD", NOW)
    assert told(channel, "pending") == Unknown("payment that has not come", at=NOW)


@pytest.mark.parametrize(
    "change",
    [{"id": ""}, {"amount": "0"}, {"amount": "12,000"}, {"amount": "9e999999"}, {"amount": "NaN"}, {"amount": "0.001"}, {"amount": None}, {"currency": "֏"}],
)
def test_what_is_genuine_and_cannot_be_read_is_shown_and_not_guessed(channel: Channel, change: dict[str, object]) -> None:
    body = json.dumps({"id": "a1", "number": "1", "amount": "10", **change}).encode()
    assert channel.parse(raw("payments", body)) == [Unknown("unreadable", at=NOW)]


def test_a_payment_from_the_future_is_of_now(channel: Channel) -> None:
    [event] = channel.parse(raw("payments", json.dumps({"id": "a", "amount": 1, "at": NOW + 10**9}).encode()))
    assert isinstance(event, Payment)
    assert event.at == NOW


@given(st.integers(-(10**15), 10**15).filter(bool))
def test_an_amount_is_read_exactly(amount: int) -> None:
    sign, size = "-" if amount < 0 else "", abs(amount)
    assert hundredths(f"{sign}{size // 100}.{size % 100:02}") == amount


async def test_only_what_is_signed_now_is_believed(channel: Channel) -> None:
    inbox, made = Inbox(), call("payments", channel)
    late, early, now = str(NOW // 1000 - 301), str(NOW // 1000 + 301), str(NOW // 1000)
    wrong = [
        {"X-Timestamp": late, "X-Signature": mark(SECRET, late, made.body)},
        {"X-Timestamp": early, "X-Signature": mark(SECRET, early, made.body)},
        {"X-Timestamp": now, "X-Signature": mark(SECRET, late, made.body)},
        {"X-Signature": mark(SECRET, now, made.body)},
        {"X-Timestamp": "١٢٣", "X-Signature": made.headers["X-Signature"]},
        {"X-Timestamp": now, "X-Signature": mark("another secret 16", now, made.body)},
    ]
    async with door(channel, inbox) as url:
        for headers in wrong:
            assert await knock(url + made.path, made.body, {name: value.encode().decode("latin-1") for name, value in headers.items()}) == 401
        assert inbox.events == []
        assert await knock(url + made.path, made.body, made.headers) == 200


async def test_the_same_payment_under_a_later_time_has_the_same_key_and_its_refund_has_not(channel: Channel) -> None:
    inbox, made = Inbox(), call("payments", channel)
    back, at = json.dumps({**json.loads(made.body), "status": "refunded"}).encode(), str(NOW // 1000 + 60)
    async with door(channel, inbox) as url:
        for body in (made.body, back):
            assert await knock(url + made.path, body, {"X-Timestamp": at, "X-Signature": mark(SECRET, at, body)}) == 200
        assert await knock(url + made.path, made.body, made.headers) == 200
    keys = [event.key for event in inbox.events]
    assert len(set(keys)) == 2


def test_a_short_secret_opens_nothing(channel: Channel) -> None:
    with pytest.raises(Misconfigured):
        Payments(PaymentsOptions("payments", ("short",)), channel._firm)  # type: ignore[attr-defined]


def test_the_recipe_of_the_docs_signs_as_we_check() -> None:
    # printf '%s.%s' "$at" "$body" | openssl dgst -sha256 -hmac "$PAYMENTS_SECRET" -r
    assert mark("open-sesame-open-sesame", "1764072000", b'{"id":"a1"}') == "7deabd4f8b58de091bdb9ce113ecff7f235055e09fad9ca6dbadbcf41b77f2ca"
