"""Calls through Mango Office: signed events, recordings behind a signed question."""

import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from aiohttp import ClientSession

from channels.mango import Mango, MangoOptions, sign
from crm.base.errors import DragomanError, Misconfigured
from crm.base.events import Call, CallPhase, Event, MediaKind, MediaRef, RawEvent, Unknown
from crm.base.outbound import RetryLater
from sandbox.phone.mango import MangoPbx
from sandbox.phone.ringing import SOUND
from tests.channels.phone_stand import FORM, MANGO, mango_form
from tests.channels.sms.stand import ANN, firm, operator
from tests.conftest import NOON
from tests.doors import Inbox, served

OPTIONS = MangoOptions("mango", tuple(MANGO["keys"]), tuple(MANGO["salts"]))
FIXTURES = Path(__file__).parents[1] / "fixtures" / "mango"
MISSED = {"entry_id": "e1", "call_direction": 1, "from": {"number": ANN[1:]}, "to": {"number": "37410111111"}, "create_time": 1764072000, "entry_result": 0}


@dataclass(slots=True)
class Stand:
    """The channel behind its door, and a PBX that knows the way."""

    mango: Mango
    pbx: MangoPbx
    inbox: Inbox

    @property
    def events(self) -> list[Event]:
        return [event for raw in self.inbox.events for event in self.mango.parse(raw)]

    async def post(self, body: bytes, what: str = "summary") -> int:
        async with ClientSession() as http, http.post(f"{self.pbx.url}/events/{what}", data=body, headers={"Content-Type": FORM}) as answer:
            return answer.status


@asynccontextmanager
async def stand() -> AsyncIterator[Stand]:
    """Both on free ports."""
    inbox, pbx = Inbox(), MangoPbx(key=OPTIONS.keys[0], salt=OPTIONS.salts[0], clock=lambda: NOON / 1000 - 100)
    async with operator(pbx) as url:
        mango = Mango(replace(OPTIONS, api=url), firm())
        async with served(lambda _: mango.routes(inbox)) as door:
            pbx.url = f"{door}{firm().paths('mango')[0]}"
            yield Stand(mango, pbx, inbox)


def read(name: str) -> Event:
    [event] = Mango(OPTIONS, firm()).parse(RawEvent("mango", "k", "mango:x", (FIXTURES / f"{name}.json").read_bytes(), NOON))
    return event


def test_the_mark_is_the_plain_hash_of_the_key_the_words_and_the_salt() -> None:
    assert sign("key", '{"a":1}', "salt") == hashlib.sha256(b'key{"a":1}salt').hexdigest()


async def test_a_call_that_nobody_answers_is_missed() -> None:
    async with stand() as open_:
        assert set(await open_.pbx.ring(ANN)) == {200}
        found = [event for event in open_.events if isinstance(event, Call)]
        assert [(event.phase, event.at, event.sender.external_id) for event in found] == [
            (CallPhase.RINGING, NOON - 100_000, ANN),
            (CallPhase.MISSED, NOON - 100_000, ANN),
        ]


async def test_a_call_that_is_answered_and_recorded_is_told_in_four_events() -> None:
    async with stand() as open_:
        await open_.pbx.ring(ANN, 55, recorded=True)
        found = [event for event in open_.events if isinstance(event, Call)]
        assert [event.phase for event in found] == [CallPhase.RINGING, CallPhase.ANSWERED, CallPhase.ENDED, CallPhase.RECORDED]
        assert [event.at - NOON for event in found] == [-100_000, -95_000, -40_000, -40_000]
        assert (found[2].seconds, found[2].agent, len({event.external_id for event in found})) == (55, "101", 1)
        assert (found[3].sender.external_id, {raw.lane for raw in open_.inbox.events}) == ("", {f"mango:{found[0].external_id}"})
        assert found[3].recording
        assert b"".join([chunk async for chunk in open_.mango.fetch_media(found[3].recording)]) == SOUND


async def test_a_recording_that_is_not_ready_is_asked_for_later() -> None:
    async with stand() as open_:
        open_.pbx.ready = False
        with pytest.raises(RetryLater):
            async for _ in open_.mango.fetch_media(MediaRef(MediaKind.AUDIO, "rec1")):
                raise AssertionError("bytes came")


@pytest.mark.parametrize("ref", ["http://127.0.0.1/x", 'a"b', "a b", ""])
async def test_a_recording_has_a_plain_name(ref: str) -> None:
    with pytest.raises(DragomanError):
        async for _ in Mango(OPTIONS, firm()).fetch_media(MediaRef(MediaKind.AUDIO, ref)):
            raise AssertionError("bytes came")


async def test_an_outgoing_call_belongs_to_whom_we_rang() -> None:
    async with stand() as open_:
        await open_.pbx.ring(ANN, 12, outgoing=True)
        assert {(event.sender.external_id, event.outgoing) for event in open_.events if isinstance(event, Call)} == {(ANN, True)}


@pytest.mark.parametrize("old", [False, True])
async def test_an_event_is_believed_by_either_of_two_pairs_and_kept_once(old: bool) -> None:
    async with stand() as open_:
        body = mango_form(json.dumps(MISSED, ensure_ascii=False), old)
        assert [await open_.post(body) for _ in range(2)] == [200, 200]
        assert len(open_.inbox.events) == 1


async def test_an_event_that_was_changed_or_signed_otherwise_is_turned_away() -> None:
    async with stand() as open_:
        body = mango_form(json.dumps(MISSED))
        for wrong in (body.replace(b"e1", b"e2"), body.replace(b"new-mango-key", b"old-mango-key"), body + b"+", b"json=%7B%7D", b""):
            assert await open_.post(wrong) == 401
        assert (open_.inbox.events, (await open_.mango.health()).facts) == ([], {"refused": "5"})


@pytest.mark.parametrize("words", ["{", "[]", '{"a": 1, "a": 2}', '{"a": NaN}'])
async def test_what_is_signed_and_no_json_is_refused(words: str) -> None:
    async with stand() as open_:
        assert await open_.post(mango_form(words)) == 400
        assert open_.inbox.events == []


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("call", {"entry_id": "e1", "call_state": "Disconnected"}),
        ("call", {"entry_id": "e1", "call_state": "OnHold"}),
        ("recording", {"recording_state": "Started"}),
    ],
)
async def test_what_says_nothing_is_not_kept(what: str, told: dict[str, str]) -> None:
    async with stand() as open_:
        assert await open_.post(mango_form(json.dumps(told)), what) == 200
        assert open_.inbox.events == []


@pytest.mark.parametrize(
    ("name", "phase", "at", "seconds"),
    [
        ("call_appeared", CallPhase.RINGING, -60_000, 0),
        ("call_queue", CallPhase.RINGING, -59_000, 0),
        ("call_connected", CallPhase.ANSWERED, -55_000, 0),
        ("call_outgoing", CallPhase.RINGING, -60_000, 0),
        ("summary_answered", CallPhase.ENDED, 0, 55),
        ("summary_missed", CallPhase.MISSED, -60_000, 0),
        ("summary_outgoing", CallPhase.ENDED, -43_000, 12),
    ],
)
def test_what_mango_says_is_read(name: str, phase: CallPhase, at: int, seconds: int) -> None:
    event = read(name)
    assert isinstance(event, Call)
    assert (event.phase, event.at - NOON, event.seconds, event.sender.external_id, event.outgoing) == (phase, at, seconds, ANN, name.endswith("outgoing"))


@pytest.mark.parametrize(
    ("name", "kind"),
    [("call_internal", "call within the house"), ("summary_internal", "call within the house"), ("call_hidden_number", "call from a hidden number")],
)
def test_calls_within_the_house_and_hidden_numbers_are_counted(name: str, kind: str) -> None:
    event = read(name)
    assert isinstance(event, Unknown)
    assert event.kind == kind


@pytest.mark.parametrize("wrong", [{"keys": ()}, {"salts": ("one",)}, {"keys": ("", "x")}])
def test_options_that_cannot_work_are_refused_at_once(wrong: dict[str, object]) -> None:
    with pytest.raises(Misconfigured):
        Mango(replace(OPTIONS, **wrong), firm())  # type: ignore[arg-type]


def test_nothing_secret_is_shown() -> None:
    assert "mango-key" not in repr(OPTIONS)
    assert "mango-salt" not in repr(OPTIONS)
