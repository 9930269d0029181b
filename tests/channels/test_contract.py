"""What every channel keeps to, tried on each line of CHANNELS."""

import importlib
import json
import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels import CHANNELS
from channels.base import Channel
from crm.base.events import Event, MediaRef, RawEvent
from crm.base.outbound import Limits, Reason, Say, Undeliverable, Window

FIXTURES = Path(__file__).parent / "fixtures"
EVENTS = Event.__args__


async def nothing(*_: object) -> Sequence[Any]:
    return []


def built(name: str, folder: Path) -> Channel:
    """A channel with the settings a firm would start with."""
    module, _, kind = CHANNELS[name].partition(":")
    made = importlib.import_module(module)
    match name:
        case "telegram":
            return getattr(made, kind)(made.TelegramOptions("100:CUSTOMER", "http://127.0.0.1:9"))  # type: ignore[no-any-return]
        case "webchat":
            return getattr(made, kind)(made.WebchatOptions(folder), nothing, nothing)  # type: ignore[no-any-return]
        case "form":
            return getattr(made, kind)(made.FormOptions(), lambda *_: web.Response())  # type: ignore[no-any-return]
    raise AssertionError(f"say here how {name} is built")


@pytest.fixture(params=CHANNELS)
def channel(request: pytest.FixtureRequest, tmp_path: Path) -> Channel:
    """Each channel in turn."""
    return built(request.param, tmp_path)


def payloads(name: str) -> list[Path]:
    return sorted((FIXTURES / name).glob("*.json"))


def raw(name: str, body: bytes) -> RawEvent:
    return RawEvent(name, "k1", f"{name}:someone", body, 1_764_072_000_000)


async def test_a_channel_is_opened_as_often_as_somebody_asks(channel: Channel) -> None:
    await channel.open()
    await channel.open()
    await channel.close()


def test_a_channel_is_known_by_its_account_and_title(channel: Channel) -> None:
    assert re.fullmatch(r"[a-z]+", channel.account)
    assert channel.account in CHANNELS
    assert channel.title


def test_every_kind_of_event_was_captured_and_is_read(channel: Channel) -> None:
    found = payloads(channel.account)
    assert found, f"capture payloads into fixtures/{channel.account}"
    for path in found:
        for event in channel.parse(raw(channel.account, path.read_bytes())):
            assert isinstance(event, EVENTS), path.name


def test_reading_again_gives_the_same(channel: Channel) -> None:
    for path in payloads(channel.account):
        one = raw(channel.account, path.read_bytes())
        assert channel.parse(one) == channel.parse(one), path.name


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=300),
        st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x))
        .map(json.dumps)
        .map(str.encode),
    )
)
def test_no_bytes_break_the_reader(channel: Channel, body: bytes) -> None:
    assert all(isinstance(event, EVENTS) for event in channel.parse(raw(channel.account, body)))


def test_limits_are_data_and_the_same_twice(channel: Channel) -> None:
    assert isinstance(channel.limits(Window(), 0), Limits)
    assert channel.limits(Window(), 0) == channel.limits(Window(), 0)


async def test_a_bad_address_is_refused_for_good_before_the_network(channel: Channel) -> None:
    async def no_media(_: int) -> AsyncIterator[bytes]:
        raise AssertionError("no file was asked for")
        yield b""

    with pytest.raises(Undeliverable) as refused:
        await channel.send("\x00not an address\x00", Say("hello"), no_media)  # type: ignore[arg-type]
    assert refused.value.reason in (Reason.BAD_ADDRESS, Reason.UNSUPPORTED)
    await channel.close()


async def test_a_file_nobody_holds_cannot_be_fetched(channel: Channel) -> None:
    from crm.base.errors import DragomanError
    from crm.base.events import MediaKind
    from crm.base.outbound import RetryLater

    with pytest.raises((DragomanError, RetryLater)):
        async for _ in channel.fetch_media(MediaRef(MediaKind.PHOTO, "../../etc/passwd")):
            raise AssertionError("bytes came")
    await channel.close()


async def test_health_says_something(channel: Channel) -> None:
    assert (await channel.health()).words
    await channel.close()
