"""The small pure things: units, alphabets, parts; whatever bytes come, nothing breaks, and what is sent is what was counted."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.smpp.alphabet import BASIC, EXTENDED, gsm, read, written
from channels.smpp.options import SAR, SmppOptions
from channels.smpp.parse import canonical, parse
from channels.smpp.parts import body_of, part_of, reference_of, units
from channels.smpp.pdu import Address, Bind, Malformed, Pdu, Short, bind_of, decoded, id_of, short_of
from channels.smpp.verdicts import refusal
from crm.base.events import Event, Message, Unknown
from crm.base.outbound import RetryLater, Undeliverable
from crm.base.sms import Encoding, encoding_of, parts
from tests.channels.smpp.stand import OPTIONS

GSM_TEXT = st.text(st.sampled_from(sorted(set(BASIC) - {"\x1b"}) + sorted(EXTENDED.values())), min_size=1, max_size=900)
ANY_TEXT = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=500)
WHO = Address("37491123456")
EVENTS = Event.__args__


@settings(max_examples=150)
@given(GSM_TEXT | ANY_TEXT, st.sampled_from(["udh", SAR]))
def test_what_is_sent_is_what_was_counted_and_reads_as_it_was_written(text: str, long: str) -> None:
    made = units(text, WHO, 7, SmppOptions("smpp", "h", "me", "word", long=long))
    assert len(made) == parts(text).parts
    assert "".join(read(body_of(one), one.coding) or "" for one in made) == text
    if len(made) < 256:
        assert [part.place for one in made if (part := part_of(one))] == (list(range(1, len(made) + 1)) if len(made) > 1 else [])
    assert all(len(one.words) <= (160 if one.coding == 0 else 140) for one in made)


@given(GSM_TEXT)
def test_gsms_alphabet_goes_both_ways(text: str) -> None:
    coding, raw = written(text, Encoding.GSM7)
    assert (coding, gsm(raw)) == (0, text)
    assert encoding_of(text) is Encoding.GSM7


@given(st.binary(max_size=300), st.integers(0, 255))
def test_any_bytes_in_any_coding_are_words_or_none(raw: bytes, coding: int) -> None:
    assert read(raw, coding) is None or isinstance(read(raw, coding), str)


@pytest.mark.parametrize(("coding", "words"), [(0xF0, "A"), (0xF4, None), (0x10, "A"), (0x18, "\u4141"), (0x04, None), (0x03, "A"), (0xC0, None)])
def test_codings_of_the_upper_half_are_known(coding: int, words: str | None) -> None:
    assert read(b"AA" if words == "\u4141" else b"A", coding) == words


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader_of_units(raw: bytes) -> None:
    for reader in (decoded, short_of, bind_of, id_of):
        with suppress(Malformed):
            reader(raw)


@given(st.binary(max_size=300), st.integers(0, 255))
def test_any_words_of_a_message_are_read_somehow(words: bytes, esm: int) -> None:
    short = Short(WHO, WHO, words[:254], esm=esm)
    body = f'{{"units": ["{short.encode().hex()}"], "of": 1}}'.encode()
    assert isinstance(parse(body, OPTIONS, lambda number: number, "k", 1), EVENTS)


def test_telephones_that_cut_inside_a_character_are_understood() -> None:
    raw = "ab😀cd".encode("utf-16-be")
    pieces = [bytes((5, 0, 3, 9, 2, place)) + piece for place, piece in ((1, raw[:6]), (2, raw[6:]))]
    told = [Short(WHO, WHO, piece, esm=0x40, coding=8).encode().hex() for piece in pieces]
    event = parse(f'{{"units": {told!r}, "of": 2}}'.replace("'", '"').encode(), OPTIONS, lambda number: number, "k", 1)
    assert isinstance(event, Message)
    assert event.text == "ab😀cd"


def test_a_unit_and_a_bind_go_both_ways() -> None:
    pdu = Pdu(4, 7, b"body", 3)
    assert decoded(pdu.encode()) == pdu
    bind = Bind("me", "word", "vma", Address("374", 1, 1))
    assert bind_of(bind.encode()) == bind


@pytest.mark.parametrize(
    ("number", "way", "shown"), [("7BeF3", "hex", "507635"), ("0000507635", "decimal", "507635"), ("7BeF3", "text", "7BeF3"), ("x", "hex", "x")]
)
def test_numbers_of_messages_are_compared_in_one_form(number: str, way: str, shown: str) -> None:
    assert canonical(number, way) == shown


def test_a_reference_is_the_same_on_a_repeat_and_another_for_the_next() -> None:
    assert reference_of("d300", 1) == reference_of("d300", 2) == 300 % 256
    assert reference_of("d301", 1) != reference_of("d300", 1)
    assert reference_of("", 5) == 5
    assert 0 <= reference_of("x-1", 5) < 256


@given(st.integers(1, 0xFFFF_FFFF))
def test_every_status_ends_a_sending(status: int) -> None:
    assert isinstance(refusal(OPTIONS, status), RetryLater | Undeliverable)


def test_nothing_in_a_kept_event_is_nothing() -> None:
    assert isinstance(parse(b'{"units": []}', OPTIONS, lambda number: number, "k", 1), Unknown)
