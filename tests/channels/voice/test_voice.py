"""Calls through Twilio: what is told of them, to whom they are put through, and their recordings."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlencode

import pytest
from aiohttp import ClientSession, web
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]
from twilio.twiml.voice_response import Dial, VoiceResponse  # type: ignore[import-untyped]

from channels.twilio_voice import Menu, Voice, VoiceOptions
from crm.base.errors import Busy, DragomanError, Misconfigured
from crm.base.events import Call, CallPhase, Event, MediaKind, MediaRef, RawEvent, Unknown
from sandbox.phone.ringing import SOUND
from sandbox.twilio.api import TwilioApi
from sandbox.twilio.courier import Courier
from sandbox.twilio.voice import TwilioVoice
from sandbox.twilio.world import Places, World
from tests.channels.sms.stand import ANN, firm, operator
from tests.conftest import NOON
from tests.doors import Inbox, served

NEW, OLD, LINE, SHOP = "new-auth-token", "old-auth-token", "+37410111111", "+37477000001"
OPTIONS = VoiceOptions("voice", World().sid, (NEW, OLD))
FIXTURES = Path(__file__).parents[1] / "fixtures" / "voice"


@dataclass(slots=True)
class Stand:
    """The channel behind its door, and a Twilio that knows the way."""

    voice: Voice
    world: World
    calls: TwilioVoice
    inbox: Inbox
    place: str

    @property
    def events(self) -> list[Event]:
        return [event for raw in self.inbox.events for event in self.voice.parse(raw)]

    async def post(self, what: str, fields: dict[str, str], token: str = NEW) -> tuple[int, str]:
        """Bring something, signed by Twilio's own library."""
        headers = {"X-Twilio-Signature": RequestValidator(token).compute_signature(f"{self.place}/{what}", fields)}
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        async with ClientSession() as http, http.post(f"{self.place}/{what}", data=urlencode(fields), headers=headers | kind) as answer:
            return answer.status, await answer.text()


class Both:
    """The API and the telephone of one world."""

    def __init__(self, *parts: TwilioApi | TwilioVoice) -> None:
        self._parts = parts

    def mount(self, app: web.Application) -> None:
        for part in self._parts:
            part.mount(app)


@asynccontextmanager
async def stand(options: VoiceOptions = OPTIONS, *, inbox: Inbox | None = None) -> AsyncIterator[Stand]:
    """Both on free ports."""
    kept, world = inbox or Inbox(), World(LINE, tokens=(NEW,), clock=lambda: NOON / 1000)
    courier = Courier(world)
    api = TwilioApi(world, courier)
    calls, made = TwilioVoice(world, courier, api), list[Voice]()

    def routes(door: str) -> Sequence[web.RouteDef]:
        made.append(Voice(replace(options, api=api.own_url), firm(public_url=door)))
        return made[0].routes(kept)

    async with operator(Both(api, calls)) as api.own_url, served(routes) as door:
        place = f"{door}{firm().paths('voice')[0]}"
        world.places = Places(calls=f"{place}/answer" if options.forward else "", states=f"{place}/call")
        yield Stand(made[0], world, calls, kept, place)


def read(name: str, options: VoiceOptions = OPTIONS) -> Event:
    [event] = Voice(options, firm()).parse(RawEvent("voice", "k", "voice:x", (FIXTURES / f"{name}.json").read_bytes(), NOON))
    return event


async def test_a_call_that_nobody_answers_is_missed() -> None:
    async with stand() as open_:
        await open_.calls.ring(ANN)
        found = [event for event in open_.events if isinstance(event, Call)]
        assert [event.phase for event in found] == [CallPhase.RINGING, CallPhase.MISSED]
        assert {(event.sender.external_id, event.sender.proven, event.line, event.outgoing) for event in found} == {(ANN, True, LINE, False)}
        assert len({event.external_id for event in found}) == 1


async def test_a_call_that_is_answered_lasts_as_long_as_twilio_says() -> None:
    async with stand() as open_:
        await open_.calls.ring(ANN, 40)
        found = [(event.phase, event.seconds) for event in open_.events if isinstance(event, Call)]
        assert found == [(CallPhase.RINGING, 0), (CallPhase.ANSWERED, 0), (CallPhase.ENDED, 40)]


async def test_a_call_is_put_through_to_the_shops_telephones_and_the_dial_decides() -> None:
    async with stand(replace(OPTIONS, forward=(SHOP, "+37477000002"))) as open_:
        assert (await open_.calls.ring(ANN, 40)).dialled == (SHOP, "+37477000002")
        phases = [event.phase for event in open_.events if isinstance(event, Call)]
        assert phases == [CallPhase.RINGING, CallPhase.ENDED, CallPhase.RINGING, CallPhase.RINGING, CallPhase.RINGING]


async def test_a_call_put_through_to_nobody_who_answers_is_missed() -> None:
    async with stand(replace(OPTIONS, forward=(SHOP,))) as open_:
        await open_.calls.ring(ANN)
        assert [event.phase for event in open_.events if isinstance(event, Call)].count(CallPhase.MISSED) == 2


async def test_what_twilio_is_told_to_do_is_what_its_own_library_would_say() -> None:
    async with stand(replace(OPTIONS, forward=(SHOP,), record=True, ring_seconds=30)) as open_:
        status, words = await open_.post("answer", {"CallSid": "CA1", "From": ANN, "To": LINE, "Direction": "inbound", "CallStatus": "ringing"})
        theirs, back = VoiceResponse(), "#rc=3&rp=all"
        told = {"record": "record-from-answer-dual", "recording_status_callback": f"{open_.place}/call{back}"}
        dial = Dial(answer_on_bridge=True, timeout=30, action=f"{open_.place}/dial{back}", **told)
        dial.number(SHOP)
        theirs.append(dial)
        assert status == 200
        assert tree(words) == tree(str(theirs))


def tree(words: str) -> object:
    """What an XML says, whatever the order of its attributes."""
    from xml.etree import ElementTree

    def told(one: "ElementTree.Element") -> object:
        return one.tag, sorted(one.attrib.items()), one.text or "", [told(inner) for inner in one]

    return told(ElementTree.fromstring(words))  # noqa: S314 - our own words, and those of Twilio's library


COMPLETED = {"CallSid": "CA1", "From": ANN, "To": LINE, "Direction": "inbound", "CallStatus": "completed", "CallDuration": "12"}
DIALLED = {**COMPLETED, "CallStatus": "in-progress", "DialCallStatus": "completed", "DialCallDuration": "9"}


async def test_who_hangs_up_in_the_firms_menu_has_rung_in_vain() -> None:
    async with stand(replace(OPTIONS, dial=True, menu_seconds=0)) as open_:
        for _ in range(2):
            assert (await open_.post("call", COMPLETED))[0] == 200
        await open_.inbox.until(2)
        found = [(event.phase, event.sender.external_id) for event in open_.events if isinstance(event, Call)]
        assert found == [(CallPhase.RINGING, ANN), (CallPhase.MISSED, ANN)]


async def test_whoever_is_put_through_from_the_menu_is_told_by_the_dial_alone_whichever_comes_first() -> None:
    async with stand(replace(OPTIONS, dial=True, menu_seconds=0)) as open_:
        told = [("dial", DIALLED), ("call", COMPLETED), ("call", {**COMPLETED, "CallSid": "CA2"})]
        for place, fields in told:
            await open_.post(place, fields)
        await open_.inbox.until(4)
        assert [raw.key for raw in open_.inbox.events if raw.key.startswith("menu:")] == ["menu:CA2"]
    async with stand(replace(OPTIONS, dial=True, menu_seconds=600)) as open_:
        for place, fields in told[1::-1]:
            await open_.post(place, fields)
        await open_.voice.close()
        assert [event.phase for event in open_.events if isinstance(event, Call)] == [CallPhase.RINGING, CallPhase.ENDED]


async def test_a_call_of_ours_ends_in_no_menu() -> None:
    async with stand(replace(OPTIONS, dial=True, menu_seconds=0)) as open_:
        await open_.post("call", {**COMPLETED, "Direction": "outbound-api", "CallSid": "CA9"})
        await open_.post("call", COMPLETED)
        await open_.inbox.until(3)
        assert [event.phase for event in open_.events if isinstance(event, Call)] == [CallPhase.ENDED, CallPhase.RINGING, CallPhase.MISSED]


async def test_what_cannot_be_kept_when_a_menu_is_left_is_told_a_while_later() -> None:
    told, done = [web.HTTPServiceUnavailable(), web.HTTPServiceUnavailable()], asyncio.Event()

    async def tell() -> None:
        if told:
            raise told.pop()
        done.set()

    menu = Menu(0, 0)
    menu.over("CA1", tell)
    async with asyncio.timeout(30):
        await done.wait()
    await menu.close()


async def test_a_recording_is_told_without_a_number_and_fetched_with_our_password() -> None:
    async with stand(replace(OPTIONS, forward=(SHOP,), record=True)) as open_:
        ring = await open_.calls.ring(ANN, 20)
        event = open_.events[-1]
        assert isinstance(event, Call)
        assert event.recording
        assert (event.phase, event.external_id, event.sender.external_id, event.recording.mime) == (CallPhase.RECORDED, ring.sid, "", "audio/mpeg")
        assert b"".join([chunk async for chunk in open_.voice.fetch_media(event.recording)]) == SOUND


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x.mp3", "https://192.168.1.1/x.mp3", "file:///etc/passwd", "https://elsewhere.example/x.mp3"])
async def test_a_recording_is_fetched_from_nowhere_else(url: str) -> None:
    with pytest.raises(DragomanError):
        async for _ in Voice(OPTIONS, firm()).fetch_media(MediaRef(MediaKind.AUDIO, url)):
            raise AssertionError("bytes came")


async def test_what_is_told_twice_is_kept_once_and_each_state_by_itself() -> None:
    async with stand() as open_:
        fields = {"CallSid": "CA1", "From": ANN, "To": LINE, "Direction": "inbound", "CallStatus": "ringing", "SequenceNumber": "0"}
        over = {**fields, "CallStatus": "busy", "SequenceNumber": "1"}
        said = [await open_.post("call", one, token) for one in (over, fields) for token in (NEW, OLD)]
        assert {status for status, _ in said} == {200}
        assert [event.phase for event in open_.events if isinstance(event, Call)] == [CallPhase.MISSED, CallPhase.RINGING]


async def test_the_legs_of_a_call_are_no_calls() -> None:
    async with stand() as open_:
        leg = {"CallSid": "CA2", "ParentCallSid": "CA1", "From": ANN, "To": SHOP, "Direction": "outbound-dial", "CallStatus": "no-answer"}
        assert (await open_.post("call", leg))[0] == 200
        assert open_.inbox.events == []


@pytest.mark.parametrize("token", ["another", ""])
async def test_who_cannot_sign_is_turned_away(token: str) -> None:
    async with stand() as open_:
        assert (await open_.post("call", {"CallSid": "CA1", "From": ANN}, token))[0] == 401
        assert (await open_.voice.health()).facts == {"refused": "1"}


async def test_a_caller_is_put_through_even_where_nothing_can_be_kept() -> None:
    async with stand(replace(OPTIONS, forward=(SHOP,)), inbox=Inbox(Busy(), Busy())) as open_:
        fields = {"CallSid": "CA1", "From": ANN, "To": LINE, "Direction": "inbound", "CallStatus": "ringing"}
        status, words = await open_.post("answer", fields)
        assert (status, SHOP in words) == (200, True)
        assert (await open_.post("call", fields))[0] == 503


@pytest.mark.parametrize(
    ("name", "phase", "at", "seconds"),
    [
        ("ringing", CallPhase.RINGING, -60_000, 0),
        ("answered", CallPhase.ANSWERED, -55_000, 0),
        ("completed", CallPhase.ENDED, 0, 55),
        ("completed_unspoken", CallPhase.MISSED, -60_000, 0),
        ("no_answer", CallPhase.MISSED, -60_000, 0),
        ("dial_answered", CallPhase.ENDED, 0, 40),
        ("dial_missed", CallPhase.MISSED, 0, 0),
        ("outgoing", CallPhase.ENDED, 0, 12),
    ],
)
def test_what_twilio_says_is_read(name: str, phase: CallPhase, at: int, seconds: int) -> None:
    event = read(name)
    assert isinstance(event, Call)
    assert (event.phase, event.at - NOON, event.seconds, event.sender.external_id) == (phase, at, seconds, ANN)
    assert event.outgoing == (name == "outgoing")


@pytest.mark.parametrize("own", [{"dial": True}, {"forward": (SHOP,)}])
@pytest.mark.parametrize(
    ("name", "phase"),
    [
        ("answered", "ringing"),
        ("completed", "ringing"),
        ("completed_unspoken", "missed"),
        ("no_answer", "missed"),
        ("outgoing", "ended"),
        ("dial_missed", "missed"),
    ],
)
def test_where_a_dial_decides_the_call_itself_says_only_that_somebody_rang(name: str, phase: str, own: dict[str, object]) -> None:
    event = read(name, replace(OPTIONS, **own))  # type: ignore[arg-type]
    assert isinstance(event, Call)
    assert event.phase == phase


@pytest.mark.parametrize("status", ["busy", "no-answer", "failed", "canceled"])
async def test_a_call_that_was_not_taken_is_missed_whatever_a_dial_would_say(status: str) -> None:
    async with stand(replace(OPTIONS, forward=(SHOP,))) as open_:
        await open_.post("call", {"CallSid": "CA1", "From": ANN, "To": LINE, "Direction": "inbound", "CallStatus": status})
        assert [event.phase for event in open_.events if isinstance(event, Call)] == [CallPhase.MISSED]


async def test_an_answered_call_is_never_missed_though_its_end_comes_before_that_of_its_dial() -> None:
    about = {"CallSid": "CA1", "From": ANN, "To": LINE, "Direction": "inbound", "CallStatus": "completed"}
    async with stand(replace(OPTIONS, forward=(SHOP,))) as open_:
        await open_.post("call", {**about, "CallDuration": "65"})
        await open_.post("dial", {**about, "DialCallStatus": "completed", "DialCallDuration": "60"})
        found = [(event.phase, event.seconds) for event in open_.events if isinstance(event, Call)]
        assert found == [(CallPhase.RINGING, 0), (CallPhase.ENDED, 60)]


def test_a_hidden_number_is_counted_and_nobodys() -> None:
    assert read("hidden_number") == Unknown("call from a hidden number", at=NOON)


@pytest.mark.parametrize("wrong", [{"sid": "x"}, {"tokens": ()}, {"key": "SK1"}, {"record": True}, {"ring_seconds": 1}])
def test_options_that_cannot_work_are_refused_at_once(wrong: dict[str, object]) -> None:
    with pytest.raises(Misconfigured):
        Voice(replace(OPTIONS, **wrong), firm())  # type: ignore[arg-type]


def test_nothing_secret_is_shown() -> None:
    assert "topsecret" not in repr(VoiceOptions("voice", "AC1", ("topsecret",), key="SK", key_secret="topsecret"))
