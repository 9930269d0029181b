"""What every channel keeps to, tried on each line of CHANNELS."""

import copy
import json
import random
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels import CHANNELS
from channels.base import Channel
from crm.base.errors import Busy, DragomanError
from crm.base.events import Event, MediaKind, MediaRef, Message, Unknown
from crm.base.outbound import Limits, May, Reason, RetryLater, Say, Uncertain, Undeliverable, Unit, Window
from crm.outbox.fit import MEASURES, fit
from tests.channels.contract_stand import ADDRESSES, CALLED, NO_MEDIA, NOW, SECRET_IN_BODY, built, call, http, payloads, platform, raw
from tests.doors import Inbox, served

EVENTS = Event.__args__
LONG = "გამარჯობა, გვაქვს ახალი თაროები 😀 " * 150
OVER_HTTP = [name for name in ADDRESSES if name not in ("email", "smpp")]


@pytest.fixture(params=CHANNELS)
def channel(request: pytest.FixtureRequest, tmp_path: Path) -> Channel:
    """Each channel in turn."""
    return built(request.param, tmp_path)


async def test_a_channel_is_opened_as_often_as_somebody_asks(channel: Channel) -> None:
    await channel.open()
    await channel.open()
    await channel.close()


def test_a_channel_is_known_by_its_account_and_title(channel: Channel) -> None:
    assert re.fullmatch(r"[a-z]+", channel.account)
    assert channel.account in CHANNELS
    assert channel.title


# Reading.


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


def places(value: object, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a payload."""
    if here:
        yield here
    inner: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inner:
        yield from places(one, (*here, name))


def damaged(payload: Any, place: tuple[Any, ...], harm: str) -> bytes:
    """A payload with one field dropped, of another type, nested deeper, or doubled."""
    made = copy.deepcopy(payload)
    holder = made
    for name in place[:-1]:
        holder = holder[name]
    name = place[-1]
    match harm:
        case "drop":
            del holder[name]
        case "retype":
            holder[name] = [None, 7, "x", {"a": 1}, -1, 1e300, True][random.Random(repr(place)).randrange(7)]
        case "nest":
            holder[name] = {"a": [holder[name]]}
        case "double" if isinstance(holder, list):
            holder.append(holder[name])
        case "double":
            holder[f"{name}_2"] = holder[name]
    return json.dumps(made).encode()


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_damage_to_a_captured_payload_breaks_the_reader_or_makes_two_messages_of_one_id(channel: Channel, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(payloads(channel.account)))
    payload = json.loads(path.read_bytes())
    if not isinstance(payload, dict) or not payload:
        return
    place = data.draw(st.sampled_from(list(places(payload))))
    events = channel.parse(raw(channel.account, damaged(payload, place, data.draw(st.sampled_from(["drop", "retype", "nest", "double"])))))
    assert all(isinstance(event, EVENTS) for event in events)
    said = [(event.sender.external_id, event.external_id) for event in events if isinstance(event, Message) and event.external_id]
    assert len(said) == len(set(said))


@pytest.mark.parametrize("name", ["email", "whatsapp", "messenger", "instagram", "vk"])
def test_what_the_firm_said_elsewhere_is_no_customers_word(name: str, tmp_path: Path) -> None:
    channel = built(name, tmp_path)
    echoes = [path for path in payloads(name) if path.stem.startswith(("echo", "sent"))]
    events = [event for path in echoes for event in channel.parse(raw(name, path.read_bytes()))]
    assert any(isinstance(event, Message) and event.echo for event in events)
    assert all(event.echo for event in events if isinstance(event, Message))


# Coming in.


@asynccontextmanager
async def door(channel: Channel, inbox: Inbox) -> AsyncIterator[str]:
    """The channel's own routes on a free port."""
    async with served(lambda _: [route for route in channel.routes(inbox) if isinstance(route, web.RouteDef)]) as url:
        yield url


async def knock(url: str, body: bytes, headers: dict[str, str]) -> int:
    async with aiohttp.ClientSession() as http, http.post(url, data=body, headers={"Content-Type": "application/json", **headers}) as answer:
        return answer.status


@pytest.mark.parametrize("old", [False, True], ids=["new secret", "old secret"])
@pytest.mark.parametrize("name", CALLED)
async def test_what_is_brought_is_kept_once_however_often_it_comes(name: str, old: bool, tmp_path: Path) -> None:
    channel, inbox = built(name, tmp_path), Inbox()
    one = call(name, channel, old=old)
    async with door(channel, inbox) as url:
        assert await knock(url + one.path, one.body, one.headers) == 200
        kept = len(inbox.events)
        assert kept >= 1
        assert await knock(url + one.path, one.body, one.headers) == 200
    assert len(inbox.events) == kept
    assert len({event.key for event in inbox.events}) == kept
    assert all(event.account == name and event.lane for event in inbox.events)
    assert not any(isinstance(event, Unknown) for one_kept in inbox.events for event in channel.parse(one_kept))


@pytest.mark.parametrize("name", ["whatsapp", "messenger", "instagram"])
async def test_each_element_of_a_batch_is_an_event_of_its_own(name: str, tmp_path: Path) -> None:
    channel, inbox = built(name, tmp_path), Inbox()
    one = call(name, channel)
    async with door(channel, inbox) as url:
        await knock(url + one.path, one.body, one.headers)
    assert [event.text for one_kept in inbox.events for event in channel.parse(one_kept) if isinstance(event, Message)] == ["word 1", "word 2"]


@pytest.mark.parametrize("name", [name for name in CALLED if name not in ("sms", *SECRET_IN_BODY)])
async def test_without_the_secret_nothing_is_kept(name: str, tmp_path: Path) -> None:
    channel, inbox = built(name, tmp_path), Inbox()
    one = call(name, channel)
    async with door(channel, inbox) as url:
        for headers in ({}, {header: value[:-4] + "0000" for header, value in one.headers.items()}, dict.fromkeys(one.headers, "")):
            assert await knock(url + one.path, one.body, headers) in (401, 403)
        assert await knock(url + one.path, one.body + b" ", one.headers) in (401, 403) or name in ("telegram", "max")
    assert inbox.events == [] or name in ("telegram", "max")


@pytest.mark.parametrize("name", SECRET_IN_BODY)
async def test_with_a_wrong_word_in_the_body_nothing_is_kept(name: str, tmp_path: Path) -> None:
    channel, inbox = built(name, tmp_path), Inbox()
    one = call(name, channel)
    async with door(channel, inbox) as url:
        for wrong in (b"bad", b""):
            body = one.body.replace(b"new", wrong)
            assert body != one.body
            assert await knock(url + one.path, body, one.headers) in (401, 403)
    assert inbox.events == []


@pytest.mark.parametrize("name", CALLED)
async def test_nobody_finds_the_way_by_guessing(name: str, tmp_path: Path) -> None:
    channel, inbox = built(name, tmp_path), Inbox()
    one = call(name, channel)
    guesses = (f"/in/{name}", f"/in/{name}/", one.path[:-1] + ("0" if one.path[-1] != "0" else "1"))
    async with door(channel, inbox) as url:
        assert {await knock(url + guess, one.body, one.headers) for guess in guesses} == {404}
    assert inbox.events == []


@pytest.mark.parametrize("name", CALLED)
async def test_a_body_that_is_far_too_large_is_refused_unread(name: str, tmp_path: Path) -> None:
    channel, inbox = built(name, tmp_path), Inbox()
    one = call(name, channel)
    async with door(channel, inbox) as url:
        assert await knock(url + one.path, b"[" + b" " * (5 * 1024 * 1024) + b"]", one.headers) == 413
    assert inbox.events == []


@pytest.mark.parametrize("name", CALLED)
async def test_what_could_not_be_kept_is_not_acknowledged(name: str, tmp_path: Path) -> None:
    channel, inbox = built(name, tmp_path), Inbox(Busy("full"))
    one = call(name, channel)
    async with door(channel, inbox) as url:
        assert await knock(url + one.path, one.body, one.headers) == 503
        assert await knock(url + one.path, one.body, one.headers) == 200
    assert inbox.events


# Going out.


def test_limits_are_data_and_the_same_twice(channel: Channel) -> None:
    assert isinstance(channel.limits(Window(), 0), Limits)
    assert channel.limits(Window(), 0) == channel.limits(Window(), 0)


@pytest.mark.parametrize("name", ["whatsapp", "messenger", "instagram"])
def test_a_window_closes_a_day_after_the_person_wrote_and_a_longer_session_holds_it_open(name: str, tmp_path: Path) -> None:
    channel, hour = built(name, tmp_path), 3_600_000
    assert channel.limits(Window(), NOW).windows
    assert channel.limits(Window(NOW - 23 * hour), NOW).may is May.ANYTHING
    assert channel.limits(Window(NOW - 25 * hour), NOW).may is not May.ANYTHING
    assert channel.limits(Window(NOW - 25 * hour, NOW + hour), NOW).may is May.ANYTHING


@pytest.mark.parametrize("name", ADDRESSES)
def test_a_long_text_is_split_into_parts_that_the_platform_takes(name: str, tmp_path: Path) -> None:
    limits = built(name, tmp_path).limits(Window(NOW), NOW)
    length, _ = MEASURES[limits.unit]
    text = LONG if limits.unit is not Unit.SMS else LONG[:2000]
    parts = fit(Say(text), limits)
    assert all(0 < length(part.text) <= limits.text for part in parts)
    assert "".join("".join(part.text for part in parts).split()) == "".join(text.split())


async def test_a_bad_address_is_refused_for_good_before_the_network(channel: Channel) -> None:
    with pytest.raises(Undeliverable) as refused:
        await channel.send("\x00not an address\x00", Say("hello"), NO_MEDIA)
    assert refused.value.reason in (Reason.BAD_ADDRESS, Reason.UNSUPPORTED)
    await channel.close()


@pytest.mark.parametrize("name", ADDRESSES)
async def test_where_nobody_listens_nothing_left_and_it_goes_again(name: str, tmp_path: Path) -> None:
    channel = built(name, tmp_path)
    with pytest.raises(RetryLater):
        await channel.send(ADDRESSES[name], Say("hello"), NO_MEDIA)
    await channel.close()


@pytest.mark.parametrize("name", OVER_HTTP)
async def test_where_the_answer_is_lost_nobody_knows(name: str, tmp_path: Path) -> None:
    async with platform(None) as url:
        channel = built(name, tmp_path, url)
        with pytest.raises(Uncertain):
            await channel.send(ADDRESSES[name], Say("hello"), NO_MEDIA)
        await channel.close()


@pytest.mark.parametrize("name", OVER_HTTP)
async def test_a_proxy_that_answers_for_the_platform_tells_nothing(name: str, tmp_path: Path) -> None:
    async with platform(http("502 Bad Gateway", "<html>")) as url:
        channel = built(name, tmp_path, url)
        with pytest.raises((Uncertain, RetryLater)):
            await channel.send(ADDRESSES[name], Say("hello"), NO_MEDIA)
        await channel.close()


@pytest.mark.parametrize("name", OVER_HTTP)
async def test_too_fast_is_no_failure(name: str, tmp_path: Path) -> None:
    async with platform(http("429 Too Many Requests", '{"ok": false, "error_code": 429, "error": {"code": 4, "message": "limit"}}', "Retry-After: 3")) as url:
        channel = built(name, tmp_path, url)
        with pytest.raises(RetryLater):
            await channel.send(ADDRESSES[name], Say("hello"), NO_MEDIA)
        await channel.close()


async def test_a_file_nobody_holds_cannot_be_fetched(channel: Channel) -> None:
    for ref in ("../../etc/passwd", "http://127.0.0.1:9/secret", "https://169.254.169.254/latest/meta-data", "file:///etc/passwd"):
        with pytest.raises((DragomanError, RetryLater)):
            async for _ in channel.fetch_media(MediaRef(MediaKind.PHOTO, ref)):
                raise AssertionError("bytes came")
    await channel.close()


async def test_health_says_something(channel: Channel) -> None:
    assert (await channel.health()).words
    await channel.close()
