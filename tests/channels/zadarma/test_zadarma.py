"""Calls through Zadarma's PBX: the handshake, signed notices, recordings behind a signed question."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from aiohttp import ClientSession

from channels.zadarma import Zadarma, ZadarmaOptions, signature
from crm.base.errors import DragomanError, Misconfigured
from crm.base.events import Call, CallPhase, Event, MediaKind, MediaRef, RawEvent, Unknown
from crm.base.outbound import RetryLater
from sandbox.phone.ringing import SOUND
from sandbox.phone.zadarma import ZadarmaPbx
from tests.channels.phone_stand import COMING, zadarma_form, zadarma_mark
from tests.channels.sms.stand import ANN, firm, operator
from tests.conftest import NOON
from tests.doors import Inbox, served

NEW, OLD = "new-zadarma-secret", "old-zadarma-secret"
OPTIONS = ZadarmaOptions("zadarma", "zadarma-key", (NEW, OLD))
FIXTURES = Path(__file__).parents[1] / "fixtures" / "zadarma"


@dataclass(slots=True)
class Stand:
    """The channel behind its door, and a PBX that knows the way."""

    zadarma: Zadarma
    pbx: ZadarmaPbx
    inbox: Inbox

    @property
    def events(self) -> list[Event]:
        return [event for raw in self.inbox.events for event in self.zadarma.parse(raw)]

    async def post(self, headers: dict[str, str], body: bytes) -> int:
        async with ClientSession() as http, http.post(self.pbx.url, data=body, headers=headers) as answer:
            return answer.status


@asynccontextmanager
async def stand() -> AsyncIterator[Stand]:
    """Both on free ports."""
    inbox, pbx = Inbox(), ZadarmaPbx(secret=NEW, clock=lambda: NOON / 1000)
    async with operator(pbx) as pbx.own_url:
        zadarma = Zadarma(replace(OPTIONS, api=pbx.own_url), firm())
        async with served(lambda _: zadarma.routes(inbox)) as door:
            pbx.url = f"{door}{firm().paths('zadarma')[0]}"
            yield Stand(zadarma, pbx, inbox)


def read(name: str) -> Event:
    [event] = Zadarma(OPTIONS, firm()).parse(RawEvent("zadarma", "k", "zadarma:x", (FIXTURES / f"{name}.json").read_bytes(), NOON))
    return event


def test_the_mark_is_base64_of_the_hexadecimal_text() -> None:
    assert signature("+37491000002+374101111112025-11-25 16:00:00", "secret") == zadarma_mark("secret", "+37491000002+374101111112025-11-25 16:00:00")
    assert signature("abc", "key") == "NGZkMGIyMTUyNzZlZjEyZjJiM2U0YzhlY2FjMjgxMTQ5OGI2NTZmYw=="  # of 4fd0b215276ef12f2b3e4c8ecac2811498b656fc


async def test_the_pbx_is_answered_with_its_own_word() -> None:
    async with stand() as open_:
        assert await open_.pbx.look()
        assert open_.inbox.events == []


async def test_a_call_that_nobody_answers_is_missed() -> None:
    async with stand() as open_:
        assert await open_.pbx.ring(ANN) == [200, 200]
        found = [event for event in open_.events if isinstance(event, Call)]
        assert [(event.phase, event.at, event.sender.external_id, event.line) for event in found] == [
            (CallPhase.RINGING, NOON, ANN, "37410111111"),
            (CallPhase.MISSED, NOON, ANN, "37410111111"),
        ]


async def test_a_call_that_is_answered_and_recorded_is_told_in_four_notices() -> None:
    async with stand() as open_:
        await open_.pbx.ring(ANN, 55, recorded=True)
        found = [event for event in open_.events if isinstance(event, Call)]
        assert [event.phase for event in found] == [CallPhase.RINGING, CallPhase.ANSWERED, CallPhase.ENDED, CallPhase.RECORDED]
        assert (found[2].seconds, found[2].agent, {event.external_id for event in found}) == (55, "100", {"in_1"})
        assert found[3].sender.external_id == ""
        assert found[3].recording
        assert b"".join([chunk async for chunk in open_.zadarma.fetch_media(found[3].recording)]) == SOUND


async def test_each_recording_of_a_call_that_was_put_on_is_told() -> None:
    names = ["1764072000.1", "1764072060.2"]
    async with stand() as open_:
        for name in (*names, names[0]):
            fields = {"event": "NOTIFY_RECORD", "pbx_call_id": "in_1", "call_id_with_rec": name}
            assert await open_.post(*zadarma_form(fields, signed=("pbx_call_id", "call_id_with_rec"))) == 200
        assert [event.recording.ref for event in open_.events if isinstance(event, Call) and event.recording] == names


async def test_a_recording_that_is_not_ready_is_asked_for_later() -> None:
    async with stand() as open_:
        open_.pbx.ready = False
        with pytest.raises(RetryLater):
            async for _ in open_.zadarma.fetch_media(MediaRef(MediaKind.AUDIO, "1764072000.in_1")):
                raise AssertionError("bytes came")


@pytest.mark.parametrize("ref", ["../../etc/passwd", "http://127.0.0.1/x", "a b", "x&lifetime=1", ""])
async def test_a_recording_has_a_plain_name(ref: str) -> None:
    with pytest.raises(DragomanError):
        async for _ in Zadarma(OPTIONS, firm()).fetch_media(MediaRef(MediaKind.AUDIO, ref)):
            raise AssertionError("bytes came")


async def test_an_outgoing_call_belongs_to_whom_we_rang() -> None:
    async with stand() as open_:
        await open_.pbx.ring(ANN, 12, outgoing=True)
        assert {(event.sender.external_id, event.outgoing) for event in open_.events if isinstance(event, Call)} == {(ANN, True)}


@pytest.mark.parametrize(("old", "kept"), [(False, 1), (True, 1)])
async def test_a_notice_is_believed_by_either_of_two_secrets_and_kept_once(old: bool, kept: int) -> None:
    async with stand() as open_:
        headers, body = zadarma_form({"event": "NOTIFY_START", "pbx_call_id": "in_1", **COMING}, old)
        assert [await open_.post(headers, body) for _ in range(2)] == [200, 200]
        assert len(open_.inbox.events) == kept


@pytest.mark.parametrize(
    ("event", "signed"),
    [
        ("NOTIFY_END", ("caller_id", "called_did", "call_start")),
        ("NOTIFY_INTERNAL", ("caller_id", "called_did", "call_start")),
        ("NOTIFY_ANSWER", ("caller_id", "destination", "call_start")),
        ("NOTIFY_OUT_START", ("internal", "destination", "call_start")),
        ("NOTIFY_OUT_END", ("internal", "destination", "call_start")),
        ("NOTIFY_RECORD", ("pbx_call_id", "call_id_with_rec")),
    ],
)
async def test_each_notice_is_signed_over_fields_of_its_own(event: str, signed: tuple[str, ...]) -> None:
    fields = {"event": event, "pbx_call_id": "in_1", "call_id_with_rec": "1.2", "internal": "100", "destination": "37477000001", **COMING}
    async with stand() as open_:
        assert await open_.post(*zadarma_form(fields, signed=signed)) == 200
        assert await open_.post(*zadarma_form(fields, signed=tuple(reversed(signed)))) == 401
        assert await open_.post(*zadarma_form(fields, signed=("pbx_call_id",))) == 401


async def test_calls_outside_the_pbx_are_counted_each() -> None:
    async with stand() as open_:
        for minute in (1, 2):
            assert await open_.post(*zadarma_form({**COMING, "call_start": f"2025-11-25 16:0{minute}:00"})) == 200
        assert open_.events == [Unknown("call outside the PBX", at=NOON)] * 2


async def test_a_notice_of_nothing_is_turned_away() -> None:
    async with stand() as open_:
        assert await open_.post(*zadarma_form({"event": "NOTIFY_START", "pbx_call_id": "in_1"}, signed=())) == 401


@pytest.mark.parametrize(
    ("name", "phase", "at", "seconds"),
    [
        ("start", CallPhase.RINGING, -60_000, 0),
        ("internal", CallPhase.RINGING, -60_000, 0),
        ("answer", CallPhase.ANSWERED, 0, 0),
        ("end_answered", CallPhase.ENDED, 0, 55),
        ("end_missed", CallPhase.MISSED, -60_000, 0),
        ("out_start", CallPhase.RINGING, -60_000, 0),
        ("out_end", CallPhase.ENDED, 0, 12),
    ],
)
def test_what_zadarma_says_is_read(name: str, phase: CallPhase, at: int, seconds: int) -> None:
    event = read(name)
    assert isinstance(event, Call)
    assert (event.phase, event.at - NOON, event.seconds, event.sender.external_id, event.outgoing) == (phase, at, seconds, ANN, name.startswith("out"))


def test_a_hidden_number_and_what_is_no_call_are_counted() -> None:
    assert read("hidden_number") == Unknown("call from a hidden number", at=NOON - 60_000)
    assert read("ivr") == Unknown("call event", at=NOON)


@pytest.mark.parametrize("wrong", [{"key": ""}, {"secrets": ()}, {"secrets": ("",)}])
def test_options_that_cannot_work_are_refused_at_once(wrong: dict[str, object]) -> None:
    with pytest.raises(Misconfigured):
        Zadarma(replace(OPTIONS, **wrong), firm())  # type: ignore[arg-type]


def test_nothing_secret_is_shown() -> None:
    assert NEW not in repr(OPTIONS)
