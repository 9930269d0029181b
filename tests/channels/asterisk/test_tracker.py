"""Which calls recorded logs tell of: one for each first leg, answered only where somebody of the firm stood in a bridge with it."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.asterisk.packets import packet_of, written
from channels.asterisk.tracker import Told, Tracker, dialled, extension, lasted
from tests.channels.asterisk.stand import LOGS, OPTIONS, log_of

START = 1_764_068_400_000
NAMES = sorted(path.stem for path in LOGS.glob("*.ami"))
FIELDS = ("Event", "Channel", "Uniqueid", "Linkedid", "Context", "Exten", "CallerIDNum", "BridgeUniqueid", "BridgeNumChannels", "DestChannel", "Timestamp")


def told(name: str, options: object = OPTIONS) -> list[Told]:
    """Everything a log tells of."""
    tracker = Tracker(options)  # type: ignore[arg-type]
    return [one for raw in log_of(name).split("\n\n") for one in tracker.feed(packet_of(raw.encode()), START)]


def phases(name: str) -> list[tuple[str, int, int, str]]:
    """Phase, seconds since the beginning, seconds talked, agent."""
    return [(one.phase.value, (one.at - START) // 1000, one.seconds, one.agent) for one in told(name)]


def test_a_call_nobody_answers_is_missed() -> None:
    assert phases("missed") == [("ringing", 0, 0, ""), ("missed", 20, 0, "")]
    assert {(one.number, one.line, one.name, one.outgoing) for one in told("missed")} == {("37491123456", "37410111111", "Ann", False)}
    assert len({one.call for one in told("missed")}) == 1


def test_an_answered_call_has_its_agent_and_its_length() -> None:
    assert phases("answered") == [("ringing", 0, 0, ""), ("answered", 7, 0, "101"), ("ended", 72, 65, "101")]


@pytest.mark.parametrize("name", ["busy", "voicemail", "queue_given_up"])
def test_busy_a_voicemail_and_a_queue_given_up_are_missed(name: str) -> None:
    assert [phase for phase, *_ in phases(name)] == ["ringing", "missed"]


def test_a_caller_put_through_has_one_call_and_its_last_agent() -> None:
    assert phases("transfer") == [("ringing", 0, 0, ""), ("answered", 5, 0, "101"), ("ended", 90, 85, "102")]


def test_waiting_in_a_queue_is_not_an_answer_and_a_detour_is_not_the_agent() -> None:
    assert phases("queue") == [("ringing", 0, 0, ""), ("answered", 12, 0, "102"), ("ended", 132, 120, "102")]


def test_of_two_telephones_that_ring_the_one_that_answers_counts() -> None:
    assert phases("two_legs") == [("ringing", 0, 0, ""), ("answered", 6, 0, "102"), ("ended", 18, 12, "102")]


def test_a_call_put_on_the_trunk_is_the_firms_own() -> None:
    assert phases("outgoing") == [("ringing", 0, 0, "Tigran"), ("answered", 8, 0, "Tigran"), ("ended", 98, 90, "Tigran")]
    assert {(one.number, one.outgoing) for one in told("outgoing")} == {("37491123456", True)}


def test_without_trunks_only_calls_from_outside_are_told() -> None:
    assert told("outgoing", replace(OPTIONS, trunks=())) == []
    assert len(told("missed", replace(OPTIONS, trunks=()))) == 2


def test_calls_among_the_firms_own_are_nobodys() -> None:
    assert told("inside") == []


def test_a_line_that_is_not_the_firms_is_nobodys() -> None:
    assert told("missed", replace(OPTIONS, lines=("37410999999",))) == []
    assert told("missed", replace(OPTIONS, lines=("37410111111",)))


def test_a_number_that_is_kept_back_rings_for_nobody_and_is_missed_all_the_same() -> None:
    assert [(one.phase, one.number) for one in told("hidden")] == [("missed", "")]


def test_a_number_that_is_told_late_rings_then() -> None:
    assert [(one.phase, one.number, one.name) for one in told("number_told_late")] == [("ringing", "37491123456", "Ann"), ("missed", "37491123456", "Ann")]


@pytest.mark.parametrize("name", NAMES)
def test_a_log_told_twice_tells_the_same_twice(name: str) -> None:
    tracker = Tracker(OPTIONS)
    packets = [packet_of(raw.encode()) for raw in log_of(name).split("\n\n")]
    first, second = ([one for packet in packets for one in tracker.feed(packet, START)] for _ in range(2))
    assert first == second


@settings(max_examples=300)
@given(st.data())
def test_no_loss_and_no_damage_makes_a_call_end_twice(data: st.DataObject) -> None:
    packets = [packet_of(raw.encode()) for raw in log_of(data.draw(st.sampled_from(NAMES))).split("\n\n")]
    kept = [packet for packet in packets if data.draw(st.integers(0, 9))]
    for packet in kept:
        if data.draw(st.integers(0, 19)) == 0:
            packet[data.draw(st.sampled_from(FIELDS)).lower()] = data.draw(st.text(max_size=20) | st.sampled_from(["Hangup", "1764068400.1", "b-1", "2"]))
    tracker, found = Tracker(OPTIONS), []
    for packet in kept:
        found += tracker.feed(packet, START)
        if not data.draw(st.integers(0, 19)):
            tracker.asked()
            found += tracker.resumed([], START)
    assert all(isinstance(one, Told) and one.at > 0 for one in found)


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader_of_packets(raw: bytes) -> None:
    assert all(name == name.strip().lower() and name for name in packet_of(raw))


def test_an_action_is_written_as_it_is_read_and_never_as_two() -> None:
    assert packet_of(written("Login", Username="crm")) == {"action": "Login", "username": "crm"}
    with pytest.raises(ValueError, match="one line"):
        written("Login", Username="crm\r\nAction: Originate")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("37491123456@operator", "37491123456"),
        ("operator/37491123456", "37491123456"),
        ("PJSIP/operator/sip:+37491123456@10.0.0.1:5060", "+37491123456"),
        ("101/sip:101@10.0.0.7:5060", ""),
        ("", ""),
    ],
)
def test_the_number_that_was_dialled_is_found(text: str, number: str) -> None:
    assert dialled(text) == number


def test_the_small_things_are_read() -> None:
    assert extension("PJSIP/101-0000002a") == "101"
    assert extension("Local/101@from-queue-00000007;1") == "101"
    assert (lasted("00:01:05"), lasted("x"), lasted("1:2:3:4")) == (65, 0, 0)
