"""No bytes break the digest, no JSON breaks the reading."""

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.email.digest import digest, open_part
from channels.email.mail import Mail, read, write
from channels.email.parse import parse
from crm.base.events import Event, Message
from tests.channels.email.letters import NAMES, NOW, READING, letter
from tests.channels.email.letters import read as kept

EVENTS = Event.__args__


def calm(examples: int) -> settings:
    """The same examples each time, and no haste on a busy machine."""
    return settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


PIECES = [
    b"From: ", b"a@b.example", b"\r\n", b"\r\n\r\n", b"\n\n", b"Content-Type: ", b"multipart/mixed; boundary=b", b"multipart/alternative; boundary=b", b"--b", b"--b--",
    b"text/html", b"text/plain; charset=", b"utf-16", b"utf-7", b"+2D0-", b"x-unknown", b"message/delivery-status", b"message/feedback-report", b"=?utf-8?q?=0D=0A?=",
    b"Content-Transfer-Encoding: base64\r\n", b"Content-Transfer-Encoding: x-uuencode\r\n", b"\xff\xfe", b"\x00", b"<", b">", b"\"", b"(", b"\\", b";", b"*0*=", b"''%D0", b"References: <a@b>",
    b"Date: Mon, 99 Foo 99999 99:99:99 +9999", b"Subject: ", b"<div class=gmail_quote>", b"<blockquote>", b"<img src=cid:x>", b"Action: failed", b"Return-Path: <>", b"Disposition: x",
]  # fmt: skip
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)
DIGESTS = [json.loads(write(kept(name))) for name in NAMES]


def events_of(body: bytes) -> Sequence[Event]:
    found = parse(body, READING, NOW)
    assert found
    assert all(isinstance(event, EVENTS) for event in found)
    ids = [event.external_id for event in found if isinstance(event, Message)]
    assert len(ids) == len(set(ids))
    return found


def is_kept_as_it_is(mail: Mail) -> None:
    body = write(mail)
    assert read(body) == mail
    events_of(body)
    lines = (mail.subject, mail.message_id, *mail.references, *(part.name for part in mail.parts), *(one.name for one in mail.authors))
    assert not any(set(line) & set("\r\n\x00") for line in lines)


@calm(200)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_mail(data: bytes) -> None:
    is_kept_as_it_is(digest(data))
    open_part(data, 0)


@calm(300)
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=8), max_size=40))
def test_any_pieces_of_mails_are_a_mail(pieces: list[bytes]) -> None:
    is_kept_as_it_is(digest(b"".join(pieces)))


@calm(300)
@given(st.sampled_from(NAMES), st.integers(0, 5_000), st.integers(0, 200), st.binary(max_size=20), st.booleans())
def test_a_damaged_mail_is_a_mail(name: str, place: int, length: int, junk: bytes, double: bool) -> None:
    data = letter(name)
    place %= len(data)
    hole = data[place : place + length] * 2 if double else b""
    is_kept_as_it_is(digest(data[:place] + junk + hole + data[place + length :]))


@calm(200)
@given(st.binary(max_size=200) | ANY.map(json.dumps).map(str.encode))
def test_any_json_is_read(body: bytes) -> None:
    events_of(body)


@calm(400)
@given(st.sampled_from(DIGESTS), st.data())
def test_a_digest_with_its_fields_dropped_retyped_or_nested_is_read(found: dict[str, Any], data: st.DataObject) -> None:
    body = dict(found)
    for name in data.draw(st.lists(st.sampled_from(sorted(body)), min_size=1, max_size=4)):
        body[name] = data.draw(ANY | st.just({name: found[name]}) | st.just([found[name]]) | st.just([found[name], found[name]]))
    for name in data.draw(st.lists(st.sampled_from(sorted(found)), max_size=3)):
        body.pop(name, None)
    events_of(json.dumps({"v": 1, **body}).encode())


@calm(200)
@given(st.sampled_from(DIGESTS), st.data())
def test_a_field_said_twice_is_read_once(found: dict[str, Any], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(found)))
    twice = json.dumps(found)[:-1] + f", {json.dumps(name)}: {json.dumps(data.draw(ANY))}}}"
    events_of(twice.encode())
