"""The widget's frames (rows 34-36), as values: anything but a well-formed frame of ours is refused, and no frame carries who somebody is. The sockets: test_webchat_hostile."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.webchat.frames import MARKS, Hello, Open, Press, Said, TypingNow, read_frame, read_values
from channels.webchat.lines import Author, Line, changes, prints, shown
from channels.webchat.raw import Visitor, parse_raw, visitor_id, write_raw
from crm.base.db import Store
from crm.base.errors import Invalid
from crm.base.events import Message, Postback, SessionStarted
from crm.base.outbound import Media
from crm.base.settings import Company
from crm.conversations.threads import Conversation
from crm.inbox.log import keep
from crm.people.contacts import Contact, Identity
from tests.channels.web_stand import SECRET
from tests.conftest import NOON
from tests.hostile.corpus import TEXTS, XSS, anything, json_values, steady, storable
from tests.hostile.front import JSON, Front, work_off
from tests.hostile.ledger import amount

ME = Visitor(visitor_id(SECRET), Hello(SECRET))


def seal(media: Media) -> str:
    return "/sealed"


@steady
@given(json_values())
def test_any_value_is_a_frame_of_ours_or_refused(value: Any) -> None:
    try:
        frame = read_frame(json.dumps(value))
    except Invalid:
        return
    assert isinstance(frame, Hello | Open | Press | Said | TypingNow)


@steady
@given(
    st.sampled_from(["hello", "open", "say", "press", "typing"]),
    st.dictionaries(st.sampled_from(["id", "text", "file", "value", "label", "message", "secret", "last_seq", "role", *MARKS]), json_values(), max_size=5),
)
def test_any_fields_of_any_type_are_a_frame_of_ours_or_refused(kind: str, fields: dict[str, Any]) -> None:
    try:
        frame = read_values({"type": kind, **fields})
    except Invalid:
        return
    if isinstance(frame, Said | Press):
        raw = write_raw("webchat", ME, frame, (), NOON)
        [event] = parse_raw(raw)
        assert isinstance(event, Message | Postback)
        assert event.sender.external_id == ME.id


@steady
@given(anything(300))
def test_any_text_is_a_frame_of_ours_or_refused(text: str) -> None:
    with pytest.raises(Invalid):
        read_frame(text)


@steady
@given(anything(200), anything(60), anything(40))
def test_what_a_visitor_did_is_read_back_as_it_was_written_but_storable(text: str, mark: str, label: str) -> None:
    hello = read_values({"type": "hello", "utm_source": mark, "page": mark, "language": "en"})
    assert isinstance(hello, Hello)
    who = Visitor(ME.id, hello)
    for act in (Said("word-000001", text), Press("word-000002", text, label, "7"), Open()):
        raw = write_raw("webchat", who, act, (), NOON)
        [event] = parse_raw(raw)
        assert isinstance(event, Message | Postback | SessionStarted)
        assert storable(getattr(event, "text", ""))
        assert storable(getattr(event, "value", ""))
        assert raw.key.startswith(ME.id)
        assert SECRET.encode() not in raw.body


@pytest.mark.parametrize("seq", [-1, 2**63, 10**30, 1.5, True, "1", None, [1], {"$gt": 0}])
def test_a_number_of_a_line_is_one_of_ours(seq: Any) -> None:
    with pytest.raises(Invalid):
        read_values({"type": "hello", "last_seq": seq})


@pytest.mark.parametrize("text", [*TEXTS.values(), *XSS], ids=range(len(TEXTS) + len(XSS)))
async def test_a_visitor_who_says_they_are_somebody_is_a_visitor(front: Front, store: Store, company: Company, text: str) -> None:
    hello = {"language": "en", "page": text, "referrer": text, "payload": text, "utm_source": text}
    frames = [
        {"type": "open"},
        {"type": "say", "id": "word-000001", "text": text or "x"},
        {"type": "press", "id": "word-000002", "value": text[:256], "label": text[:256]},
    ]
    for frame in frames:
        status, _ = await front.post("/in/webchat/messages", json.dumps({**hello, "frames": [frame]}), **JSON)
        assert status in (200, 413)
    await work_off(store, company)
    assert await amount(store, Identity) <= 1
    assert await amount(store, Contact, Contact.marketing == 1) == 0
    assert all(storable(source) for source in await store.read(lambda s: [one.source for one in s.query(Conversation)]))


async def test_two_visitors_with_one_another_s_ids_are_two_people(store: Store, company: Company) -> None:
    for secret in ("a" * 43, "b" * 43):
        who = Visitor(visitor_id(secret), Hello(secret))
        await store.gather(keep, [write_raw("webchat", who, Said("word-000001", "It is me, Rufina, 091 44 55 66"), (), NOON)])
    await work_off(store, company)
    assert await amount(store, Contact) == 2
    assert await amount(store, Contact, Contact.root_id != Contact.id) == 0


@steady
@given(st.lists(st.tuples(st.integers(1, 2**40), anything(30)), max_size=6), st.lists(st.tuples(st.integers(1, 2**40), anything(30)), max_size=6))
def test_a_screen_is_told_what_turns_it_into_the_newer_one(before: list[tuple[int, str]], after: list[tuple[int, str]]) -> None:
    old, new = ([Line(seq, Author.BOT, text, NOON) for seq, text in sorted(dict(lines).items())] for lines in (before, after))
    screen = {line.seq: shown(line, seal)["text"] for line in old}
    for frame in changes(prints(old), new, 0, seal):
        if frame["type"] == "delete":
            del screen[frame["seq"]]  # type: ignore[arg-type]
        else:
            screen[frame["seq"]] = frame["text"]  # type: ignore[index]
    assert screen == {line.seq: line.text for line in new}
