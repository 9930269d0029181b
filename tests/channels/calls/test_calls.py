"""Phone calls as telephone systems tell them: who may tell, what is read, and where recordings come from."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.callback import duration, moment
from channels.calls import Calls, CallsOptions
from crm.base.errors import DragomanError, Misconfigured
from crm.base.events import Call, CallPhase, Event, MediaKind, MediaRef, RawEvent, Unknown
from crm.base.outbound import Window
from sandbox.phone.human import PhoneHuman
from sandbox.phone.ringing import SOUND, Exchange
from tests.channels.sms.stand import ANN, firm
from tests.conftest import NOON
from tests.doors import Inbox, served

NEW, OLD = "new-secret-of-the-exchange", "old-secret-of-the-exchange"
OPTIONS = CallsOptions("calls", (NEW, OLD))
FIXTURES = Path(__file__).parents[1] / "fixtures" / "calls"
MISSED = {"call_id": "a1", "event": "missed", "from": ANN, "to": "+37410111111", "direction": "in", "at": "2025-11-25T12:00:00Z"}


@dataclass(slots=True)
class Stand:
    """The channel behind its door, and a telephone system that knows the way."""

    calls: Calls
    inbox: Inbox
    exchange: Exchange
    http: ClientSession
    place: str
    pbx: str

    async def post(self, body: bytes, secret: str = NEW, **headers: str) -> int:
        """Tell of something; what the door said."""
        mark = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        told = {"Content-Type": "application/json", "X-Signature": f"sha256={mark}", **headers}
        async with self.http.post(self.place, data=body, headers={name: value for name, value in told.items() if value}) as answer:
            return answer.status

    async def ring(self, **call: object) -> dict[str, object]:
        """Somebody rings."""
        async with self.http.post(f"{self.pbx}/play/phone/ring", json=call) as answer:
            return dict(await answer.json())

    @property
    def events(self) -> list[Event]:
        return [event for raw in self.inbox.events for event in self.calls.parse(raw)]


@asynccontextmanager
async def stand(options: CallsOptions = OPTIONS) -> AsyncIterator[Stand]:
    """Both on free ports."""
    inbox, exchange = Inbox(), Exchange(secret=NEW, clock=lambda: NOON / 1000)
    app = web.Application()
    PhoneHuman(exchange).mount(app)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    exchange.own_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    calls = Calls(replace(options, inside=(exchange.own_url.removeprefix("http://"),)), firm())
    try:
        async with served(lambda _: calls.routes(inbox)) as door, ClientSession() as http:
            exchange.url = f"{door}{firm().paths('calls')[0]}"
            yield Stand(calls, inbox, exchange, http, exchange.url, exchange.own_url)
    finally:
        await calls.close()
        await runner.cleanup()


def read(name: str) -> Event:
    [event] = Calls(OPTIONS, firm()).parse(RawEvent("calls", "k", "calls:x", (FIXTURES / f"{name}.json").read_bytes(), NOON))
    return event


async def test_a_call_that_is_answered_and_recorded_is_told_in_four_events() -> None:
    async with stand() as open_:
        assert (await open_.ring(number=ANN, seconds=60, agent="Nare", recorded=True))["ok"]
        found = [event for event in open_.events if isinstance(event, Call)]
        assert [event.phase for event in found] == ["ringing", "answered", "ended", "recorded"]
        assert {(event.external_id, event.sender.external_id, event.line, event.outgoing) for event in found} == {("call-1", ANN, "+37410111111", False)}
        assert ([event.at - NOON for event in found], found[2].seconds, found[1].agent) == ([0, 5_000, 65_000, 66_000], 60, "Nare")


async def test_a_missed_call_comes_by_the_callers_number_and_theirs_it_is() -> None:
    async with stand() as open_:
        await open_.ring(number=ANN)
        [_, missed] = open_.events
        assert isinstance(missed, Call)
        assert (missed.phase, missed.sender.external_id, missed.sender.phone, missed.sender.proven) == (CallPhase.MISSED, ANN, ANN, True)
        assert {raw.lane for raw in open_.inbox.events} == {f"calls:{ANN}"}


async def test_an_outgoing_call_belongs_to_whom_we_rang() -> None:
    async with stand() as open_:
        await open_.ring(number=ANN, seconds=10, outgoing=True)
        assert {(event.sender.external_id, event.outgoing, event.line) for event in open_.events if isinstance(event, Call)} == {(ANN, True, "+37410111111")}


async def test_what_is_told_twice_is_kept_once() -> None:
    async with stand() as open_:
        body = json.dumps(MISSED).encode()
        assert [await open_.post(body), await open_.post(body), await open_.post(body, OLD)] == [200, 200, 200]
        assert len(open_.inbox.events) == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"X-Signature": ""}, 401), ({"X-Signature": "sha256=00"}, 401), ({"X-Signature": "é"}, 401), ({"Content-Type": "text/plain"}, 415)],
)
async def test_who_cannot_sign_is_turned_away(headers: dict[str, str], status: int) -> None:
    async with stand() as open_:
        assert await open_.post(json.dumps(MISSED).encode(), **headers) == status
        assert open_.inbox.events == []


async def test_a_signature_of_other_bytes_is_none() -> None:
    async with stand() as open_:
        mark = hmac.new(NEW.encode(), b"{}", hashlib.sha256).hexdigest()
        assert await open_.post(json.dumps(MISSED).encode(), **{"X-Signature": mark}) == 401
        assert (await open_.calls.health()).facts == {"refused": "1"}


@pytest.mark.parametrize(("signed", "status"), [(False, 200), (True, 401)])
async def test_a_phone_that_cannot_sign_may_bear_the_secret_where_that_is_allowed(signed: bool, status: int) -> None:
    async with stand(replace(OPTIONS, signed=signed)) as open_:
        assert await open_.post(json.dumps(MISSED).encode(), **{"X-Signature": "", "Authorization": f"Bearer {OLD}"}) == status
        assert await open_.post(json.dumps(MISSED).encode(), **{"X-Signature": "", "Authorization": "Bearer wrong"}) == 401


@pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b'{"event": "missed"}', b'{"call_id": "1", "call_id": "2"}'])
async def test_what_is_signed_but_unreadable_is_kept_for_a_manager(body: bytes) -> None:
    async with stand() as open_:
        assert await open_.post(body) == 200
        assert [(raw.lane, raw.body) for raw in open_.inbox.events] == [("calls:body", body)]


async def test_a_recording_is_fetched_from_where_it_may_be() -> None:
    async with stand() as open_:
        await open_.ring(number=ANN, seconds=5, recorded=True, events=["recorded"])
        [event] = open_.events
        assert isinstance(event, Call)
        assert event.recording
        assert event.recording == MediaRef(MediaKind.AUDIO, f"{open_.pbx}/phone/recordings/call-1.mp3", "call-1.mp3", "audio/mpeg")
        assert b"".join([chunk async for chunk in open_.calls.fetch_media(event.recording)]) == SOUND


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x.mp3", "https://192.168.1.1/x.mp3", "file:///etc/passwd", "https://elsewhere.example/x.mp3"])
async def test_a_recording_is_fetched_from_nowhere_else(url: str) -> None:
    calls = Calls(replace(OPTIONS, recordings=("pbx.example",)), firm())
    with pytest.raises(DragomanError):
        async for _ in calls.fetch_media(MediaRef(MediaKind.AUDIO, url)):
            raise AssertionError("bytes came")


@pytest.mark.parametrize(
    ("name", "phase", "at", "seconds"),
    [
        ("ringing", CallPhase.RINGING, -60_000, 0),
        ("answered", CallPhase.ANSWERED, -55_000, 0),
        ("ended", CallPhase.ENDED, 0, 55),
        ("missed", CallPhase.MISSED, -40_000, 0),
        ("nobody_spoke", CallPhase.MISSED, -40_000, 0),
        ("recorded", CallPhase.RECORDED, 1_000, 0),
        ("outgoing", CallPhase.ANSWERED, 0, 0),
    ],
)
def test_what_systems_say_is_read(name: str, phase: CallPhase, at: int, seconds: int) -> None:
    event = read(name)
    assert isinstance(event, Call)
    assert (event.phase, event.at - NOON, event.seconds, event.sender.external_id) == (phase, at, seconds, ANN)


def test_a_hidden_number_is_counted_and_nobodys() -> None:
    assert read("hidden_number") == Unknown("call from a hidden number", at=NOON)


@pytest.mark.parametrize(("told", "seconds"), [(65, 65), ("65", 65), ("1:05", 65), ("01:00:05", 3605), (True, None), ("soon", None), (-1, None), (None, None)])
def test_how_long_they_talked_is_read(told: object, seconds: int | None) -> None:
    assert duration(told) == seconds


@pytest.mark.parametrize(
    ("told", "at"),
    [
        (1764072000, NOON),
        ("1764072000", NOON),
        (1764072000.5, NOON + 500),
        (NOON, NOON),
        ("2025-11-25T12:00:00Z", NOON),
        ("2025-11-25 16:00:00", NOON),
        ("2025-11-25T13:00+01:00", NOON),
        ("yesterday", 0),
        (True, 0),
        (None, 0),
        (-5, 0),
        (10**30, 0),
        ("²", 0),
    ],
)
def test_when_it_happened_is_read(told: object, at: int) -> None:
    assert moment(told, "Asia/Yerevan") == at


@pytest.mark.parametrize("secrets", [(), ("short",), (NEW, "short")])
def test_a_secret_that_can_be_guessed_is_refused(secrets: tuple[str, ...]) -> None:
    with pytest.raises(Misconfigured):
        Calls(CallsOptions("calls", secrets), firm())


def test_nothing_can_be_written_to_a_call_and_no_secret_is_shown() -> None:
    assert Calls(OPTIONS, firm()).limits(Window(), NOON).text == 0
    assert NEW not in repr(OPTIONS)


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40) | st.lists(st.integers(), max_size=2)


@settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(FIXTURES.glob("*.json"))), st.sampled_from([*MISSED, "duration", "recording_url", "agent", "name"]), VALUES, st.booleans())
def test_no_field_that_is_missing_or_mad_breaks_the_reader(path: Path, name: str, value: object, gone: bool) -> None:
    told = json.loads(path.read_bytes())
    told = {key: one for key, one in told.items() if key != name} if gone else {**told, name: value}
    raw = RawEvent("calls", "k", "calls:x", json.dumps(told).encode(), NOON)
    calls = Calls(OPTIONS, firm())
    assert len(calls.parse(raw)) == 1
    assert calls.parse(raw) == calls.parse(raw)
