"""What holds for any input of the small parsers: phones, zones, payloads of deliveries, instants, forms in parts."""

import contextlib
import json

from hypothesis import given
from hypothesis import strategies as st

from channels.form import Form, FormOptions, read_parts
from crm.base.errors import Invalid
from crm.base.events import LeadForm, MediaKind, RawEvent, Unknown
from crm.base.i18n import LANGUAGES, translator
from crm.base.outbound import Button, Delete, Edit, Media, Say
from crm.base.phones import find_phone, normalise
from crm.base.text import choose_language
from crm.base.time import DAY, allowed_from, day_start, local
from crm.outbox.payload import pack, unpack
from tests.conftest import NOON
from tests.hostile.corpus import anything, json_values, steady

ZONES = st.sampled_from(["Asia/Yerevan", "Africa/Addis_Ababa", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia", "UTC", "Europe/Moscow"])
INSTANTS = st.integers(0, 4_102_444_800_000)
BUTTONS = st.lists(st.lists(st.builds(Button, anything(10), anything(10), anything(10)), max_size=2).map(tuple), max_size=2).map(tuple)


@steady
@given(anything(120), st.sampled_from(["AM", "GE", "ET", "RU", "", "xx", "am"]))
def test_any_text_is_an_e164_number_or_none(text: str, region: str) -> None:
    for number in (normalise(text, region), find_phone(text, [region, "AM"])):
        assert number == "" or (number[0] == "+" and number[1:].isascii() and number[1:].isdigit() and len(number) <= 16)


@steady
@given(st.integers(10**5, 10**15), st.sampled_from([" ", "-", "\u00a0", "\u2011", ").(", ""]))
def test_a_number_read_once_is_read_the_same_again(digits: int, between: str) -> None:
    typed = between.join(str(digits)[place : place + 2] for place in range(0, len(str(digits)), 2))
    number = normalise(typed, "AM")
    assert not number or normalise(number, "AM") == number


@steady
@given(
    st.builds(
        Say,
        anything(80),
        st.none() | st.builds(Media, st.integers(1, 2**62), st.sampled_from(list(MediaKind)), anything(20), anything(20), st.integers(0, 2**40)),
        BUTTONS,
        anything(10),
        st.booleans(),
        st.booleans(),
    )
)
def test_what_is_said_is_remembered_as_it_was(say: Say) -> None:
    again = unpack(pack(say))
    assert again == say
    assert isinstance(again, Say)
    assert again.personal == say.personal


@steady
@given(st.builds(Edit, anything(20), anything(80), BUTTONS, st.booleans(), st.booleans()) | st.builds(Delete, anything(20)))
def test_what_is_changed_or_taken_back_is_remembered_as_it_was(outbound: Edit | Delete) -> None:
    assert unpack(pack(outbound)) == outbound


@steady
@given(INSTANTS, ZONES)
def test_nobody_is_written_to_at_night_in_any_zone_on_any_day(now: int, zone: str) -> None:
    then = allowed_from(now, zone)
    assert now <= then < now + 2 * DAY
    assert 9 <= local(then, zone).hour < 21
    assert day_start(now, zone) <= now


@steady
@given(INSTANTS, INSTANTS, ZONES, st.sampled_from(LANGUAGES))
def test_any_instant_has_words_in_every_language(instant: int, now: int, zone: str, language: str) -> None:
    assert translator(language).when(instant, zone, now)
    assert translator(language).ago(now - instant)


@steady
@given(anything(100), anything(30), st.sampled_from(LANGUAGES))
def test_a_language_is_always_one_of_ours(text: str, hint: str, default: str) -> None:
    assert choose_language(text, hint, default) in LANGUAGES
    assert choose_language(text, hint, "xx", ("ka",)) == "ka"


@steady
@given(st.binary(max_size=400), anything(60))
def test_any_bytes_are_a_form_in_parts_or_none(body: bytes, kind: str) -> None:
    for content_type in (f"multipart/form-data; boundary={kind}", "multipart/form-data; boundary=b"):
        with contextlib.suppress(Invalid):
            for name, value in read_parts(b"--b\r\n" + body, content_type):
                assert name
                assert isinstance(value, str)


@steady
@given(st.lists(st.tuples(anything(12), anything(60)), max_size=8))
def test_a_form_in_parts_is_read_as_it_was_written(fields: list[tuple[str, str]]) -> None:
    plain = [(f"f{place}", value.encode("utf-8", "replace").decode().replace("\r\n--b", "")) for place, (_, value) in enumerate(fields)]
    body = b"".join(b'--b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (name.encode(), value.encode()) for name, value in plain)
    assert read_parts(body + b"--b--\r\n", "multipart/form-data; boundary=b") == plain


@steady
@given(json_values(), json_values())
def test_any_submission_that_was_kept_is_a_lead_or_unreadable(number: object, fields: object) -> None:
    form = Form(FormOptions(), lambda *_: None)  # type: ignore[arg-type]
    [event] = form.parse(RawEvent("form", "1", "form:1", json.dumps({"id": number, "at": number, "fields": fields}).encode(), NOON))
    assert isinstance(event, LeadForm | Unknown)
