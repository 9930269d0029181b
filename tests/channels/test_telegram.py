"""What the Telegram channel makes of updates, without a network."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from channels.telegram import Telegram, TelegramOptions
from channels.telegram.listen import raw_event
from channels.telegram.parse import parse
from crm.base.errors import Misconfigured
from crm.base.events import (
    ContactShared,
    Delete,
    Edit,
    Event,
    IdentityChanged,
    MediaKind,
    MediaRef,
    Message,
    OwnAccount,
    Postback,
    RawEvent,
    Reaction,
    Sender,
    SessionStarted,
    Source,
    Unknown,
)
from crm.base.time import DAY

FIXTURES = Path(__file__).parent / "fixtures" / "telegram"
ANAHIT = Sender("7001", "Անահիտ Quince", "anahit_q", "hy")
SAID = 1_767_000_000_000
RECEIVED = 1_767_000_999_000


def heard(name: str) -> Event:
    return understood((FIXTURES / f"{name}.json").read_bytes())


def understood(body: bytes) -> Event:
    (event,) = parse(RawEvent("telegram", "k", "telegram:7001", body, RECEIVED))
    return event


def typed(**fields: object) -> Event:
    message = {"message_id": 41, "from": {"id": 7001, "first_name": "Quince"}, "chat": {"id": 7001, "type": "private"}, "date": 1_767_000_000, **fields}
    return understood(json.dumps({"update_id": 1, "message": message}).encode())


def text_of(event: Event) -> str:
    assert isinstance(event, Message)
    return event.text


def file_of(event: Event) -> MediaRef:
    assert isinstance(event, Message)
    (file,) = event.media
    return file


def texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    for part in inner:
        yield from texts(part)


def test_importing_the_channel_does_not_import_aiogram() -> None:
    program = "import sys, channels.telegram; sys.exit('aiogram' in sys.modules or 'pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_text_is_a_message_of_a_named_sender() -> None:
    assert heard("text") == Message(ANAHIT, "41", "Do you have 👨‍👩‍👧 lamps?", SAID)


def test_a_reply_names_the_message_it_answers() -> None:
    assert heard("reply") == Message(ANAHIT, "42", "The blue one", SAID, reply_to="40")


def test_start_opens_a_session_with_its_source() -> None:
    assert heard("start_with_payload") == SessionStarted(ANAHIT, "1", SAID, Source(payload="spring-24_a"))
    assert heard("start") == SessionStarted(ANAHIT, "1", SAID, Source())


@pytest.mark.parametrize("words", ["/start hello there", "/start ärger", "/start " + "a" * 65, "/startled", "/start a\nb"])
def test_a_start_with_anything_but_a_payload_is_only_words(words: str) -> None:
    assert text_of(typed(text=words)) == words


def test_a_forwarded_or_edited_command_starts_nothing() -> None:
    assert isinstance(heard("forwarded_start"), Message)
    assert isinstance(heard("edited_start"), Edit)


def test_the_largest_size_of_a_photo_is_taken() -> None:
    event = heard("photo")
    assert text_of(event) == "like this one"
    assert file_of(event) == MediaRef(MediaKind.PHOTO, "FILE-large", "photo.jpg", "image/jpeg", 98000)


@pytest.mark.parametrize(
    ("name", "ref"),
    [
        ("voice", MediaRef(MediaKind.VOICE, "FILE-voice", "voice.ogg", "audio/ogg", 15321)),
        ("audio", MediaRef(MediaKind.AUDIO, "FILE-audio", "groung.mp3", "audio/mpeg", 3100000)),
        ("video", MediaRef(MediaKind.VIDEO, "FILE-video", "video.mp4", "video/mp4", 800000)),
        ("video_note", MediaRef(MediaKind.VIDEO, "FILE-note", "video.mp4", "video/mp4", 120000)),
        ("animation", MediaRef(MediaKind.VIDEO, "FILE-gif", "cat.gif.mp4", "video/mp4", 5000)),
        ("sticker", MediaRef(MediaKind.STICKER, "FILE-sticker", "sticker.tgs", "application/gzip", 8000)),
    ],
)
def test_every_sort_of_file_is_named(name: str, ref: MediaRef) -> None:
    assert file_of(heard(name)) == ref


def test_a_file_name_keeps_neither_folders_nor_marks_that_hide_its_ending() -> None:
    assert file_of(heard("document")).name == "plan fdp.exe"
    assert file_of(heard("document")).size == 4_000_000_000


def test_a_place_is_words_with_a_map() -> None:
    assert text_of(heard("location")) == "📍 40.177623, 44.512546\nhttps://maps.google.com/?q=40.177623,44.512546"
    assert text_of(heard("venue")).startswith("Opera\n54 Tumanyan St\n📍 40.177623, 44.512546\n")


def test_a_phone_is_own_only_with_the_own_id_on_the_card() -> None:
    assert heard("own_contact") == ContactShared(ANAHIT, "41", "+37499123456", SAID, own=True, name="Անահիտ")
    assert heard("other_contact") == ContactShared(ANAHIT, "41", "099 654321", SAID, own=False, name="Uncle Vazgen", other=True)
    card = {"phone_number": "1"}
    shared = typed(contact=card, **{"from": None})
    assert isinstance(shared, ContactShared)
    assert not shared.own


def test_an_edit_carries_the_new_words_and_their_time() -> None:
    assert heard("edited_text") == Edit(ANAHIT, "41", "Do you have green lamps?", SAID + 60_000)


def test_parts_of_an_album_name_it() -> None:
    first, second = heard("album_first"), heard("album_second")
    assert isinstance(first, Message)
    assert isinstance(second, Message)
    assert (first.text, first.album, first.external_id) == ("Two doors", "13500000000000001", "41")
    assert (second.text, second.album, second.external_id) == ("", "13500000000000001", "42")
    assert heard("edited_caption") == Edit(ANAHIT, "41", "Three doors", SAID + 60_000)


def test_a_live_place_is_one_message_that_moves() -> None:
    assert text_of(heard("live_location")).startswith("📍 40.177623, 44.512546")
    moved = heard("live_location_moves")
    assert isinstance(moved, Edit)
    assert moved.moving
    assert moved.text.startswith("📍 40.180000, 44.520000")


def test_what_has_no_words_of_its_own_is_put_into_some() -> None:
    assert text_of(heard("poll")) == "📊 Which lamp?\n▫️ A"
    assert text_of(heard("dice")) == "🎯 6"
    assert text_of(typed(sticker={"file_id": "S", "emoji": "🎉"})) == "🎉"
    assert text_of(typed(checklist={"title": "Flat", "tasks": [{"id": 1, "text": "Paint"}]})) == "📋 Flat\n▫️ Paint"


def test_a_reaction_tells_what_was_put_or_that_it_is_gone() -> None:
    assert heard("reaction") == Reaction(ANAHIT, f"reaction:41:{SAID + 200_000}", "41", "👍", SAID + 200_000)
    assert [event.emoji for event in map(heard, ("reaction_gone", "reaction_custom")) if isinstance(event, Reaction)] == ["", "✨"]


IN_OWN_BY_CHAT = Sender("7001@BC1", "Անահիտ Quince", "anahit_q", same="7001", through="BC1")
IN_OWN = replace(ANAHIT, external_id="7001@BC1", same="7001", through="BC1")
"""The same person in the chat of a member of the staff."""


def test_what_is_written_to_a_member_of_the_staff_stands_apart_from_the_bots_own_chat() -> None:
    told = Message(IN_OWN, "41@BC1", "to the owner", SAID, window_ends_at=SAID + DAY)
    assert heard("business_message") == told
    assert heard("own/edit") == Edit(IN_OWN, "41@BC1", "to the owner, please", SAID + 60_000)
    assert heard("own/press") == Postback(IN_OWN, "445566778811", "q:lang:en", RECEIVED, "English", "60@BC1")


def test_what_the_owner_writes_there_is_an_echo_to_the_customer() -> None:
    echo = heard("own/echo")
    assert isinstance(echo, Message)
    assert (echo.echo, echo.sender.external_id, echo.sender.name, echo.window_ends_at) == (True, "7001@BC1", "Անահիտ Quince", 0)


def test_every_message_deleted_there_is_told() -> None:
    body = (FIXTURES / "own/deleted.json").read_bytes()
    assert parse(RawEvent("telegram", "k", "l", body, RECEIVED)) == [Delete(IN_OWN_BY_CHAT, f"{number}@BC1", RECEIVED) for number in (41, 57)]


@pytest.mark.parametrize(("name", "may"), [("own/connection", True), ("own/connection_without_reply", False), ("own/connection_removed", False)])
def test_a_connection_says_whose_account_it_is_and_what_we_may(name: str, may: bool) -> None:
    assert heard(name) == OwnAccount("BC1", "8001", may, RECEIVED, "Ruben Yan")


def test_an_older_server_says_it_elsewhere() -> None:
    connection = {"id": "BC1", "user": {"id": 8001}, "user_chat_id": 8001, "date": 1, "is_enabled": True, "can_reply": True}
    event = understood(json.dumps({"update_id": 1, "business_connection": connection}).encode())
    assert isinstance(event, OwnAccount)
    assert event.may_write


@pytest.mark.parametrize("connection", ["", "a b", "../x", "x" * 129, 5, None])
def test_a_connection_of_another_shape_names_nobody(connection: object) -> None:
    update = json.loads((FIXTURES / "business_message.json").read_text())
    update["business_message"]["business_connection_id"] = connection
    event = understood(json.dumps(update).encode())
    assert isinstance(event, Unknown)
    assert event.sender is None


def test_both_chats_of_a_person_have_lanes_of_their_own() -> None:
    lanes = [raw_event("telegram", json.loads((FIXTURES / f"{name}.json").read_text()), 1).lane for name in ("text", "business_message", "own/press")]
    assert lanes == ["telegram:7001", "telegram:7001@BC1", "telegram:7001@BC1"]


def test_a_press_tells_value_label_and_message() -> None:
    assert heard("press") == Postback(ANAHIT, "445566778899", "q:lang:en", RECEIVED, "English", "50")
    assert heard("press_on_old_message") == Postback(ANAHIT, "445566778900", "q:lang:en", RECEIVED, "", "12")


def test_blocking_and_unblocking_change_the_identity() -> None:
    assert heard("blocked") == IdentityChanged(ANAHIT, reachable=False, at=SAID + 100_000)
    assert heard("unblocked") == IdentityChanged(ANAHIT, reachable=True, at=SAID + 100_000)


@pytest.mark.parametrize(
    ("name", "kind", "sender"),
    [
        ("never_seen_kind", "teleportation", ANAHIT),
        ("press_without_data", "callback_query", ANAHIT),
        ("group_text", "message", None),
        ("supergroup_migration", "migrate_to_chat_id", None),
        ("channel_post", "channel_post", None),
        ("bot_sender", "message", None),
        ("added_to_group", "my_chat_member", None),
        ("own/own_echo", "own_echo", None),
        ("own/edit_of_owner", "own_edit", None),
    ],
)
def test_what_is_not_read_is_kept_by_its_kind(name: str, kind: str, sender: Sender | None) -> None:
    event = heard(name)
    assert isinstance(event, Unknown)
    assert (event.kind, event.sender) == (kind, sender)


def test_a_private_chat_speaks_for_a_sender_left_out() -> None:
    assert heard("nobody") == Message(Sender("7001", "Անահիտ Quince", "anahit_q"), "41", "who am I", SAID)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"\xff\xfe{\x00}\x00",
        b'\xef\xbb\xbf{"update_id":1}',
        b'{"update_id":1} trailing',
        b'{"update_id":1,"update_id":2}',
        b'{"update_id":NaN}',
        b'{"update_id":1,"message":' + b"9" * 5000 + b"}",
        b'{"a":' + b"[" * 65 + b"]" * 65 + b"}",
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_damaged_json_is_unreadable_and_nothing_worse(body: bytes) -> None:
    assert understood(body) == Unknown("unreadable", at=RECEIVED)


def test_nesting_within_the_bound_is_read_however_many_brackets_there_are() -> None:
    assert text_of(typed(text="wide", entities=[[{}]] * 500)) == "wide"


def test_nul_and_lone_surrogates_become_replacement_marks() -> None:
    assert text_of(typed(text="a\x00b\ud800c😀")) == "a\ufffdb\ufffdc😀"


def test_a_name_cannot_turn_its_line_around() -> None:
    event = typed(text="x", **{"from": {"id": 7001, "first_name": "\u202eevil\n\x1b[31m", "last_name": {"$ne": 1}}})
    assert isinstance(event, Message)
    assert event.sender.name == "evil [31m"


@pytest.mark.parametrize("chat", [2**63, -1, 0, 1.5, True, "7001", {"$ne": 1}, None, []])
def test_a_chat_id_of_another_shape_names_nobody(chat: object) -> None:
    event = typed(text="x", chat={"id": chat, "type": "private"})
    assert isinstance(event, Unknown)
    assert event.sender is None


@pytest.mark.parametrize("date", [0, -1, 10**18, 253_402_300_799, 1.5, "1767000000", None])
def test_an_impossible_time_is_the_time_of_receipt(date: object) -> None:
    event = typed(text="x", date=date)
    assert isinstance(event, Message)
    assert event.at == RECEIVED


@pytest.mark.parametrize("spot", [{"latitude": 91, "longitude": 0}, {"latitude": "1", "longitude": 2}, {"latitude": 1}, {"latitude": True, "longitude": 1}])
def test_a_place_off_the_earth_is_unknown(spot: object) -> None:
    assert isinstance(typed(location=spot), Unknown)


def test_a_very_long_text_is_kept_in_full() -> None:
    assert len(text_of(typed(text="\n" * 1_000_000))) == 1_000_000


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
SHAPES = [json.loads(file.read_text()) for file in sorted(FIXTURES.rglob("*.json"))]


@st.composite
def spoilt(draw: st.DrawFn) -> object:
    """A real update with one part dropped or replaced by anything."""
    update: dict[str, Any] = json.loads(json.dumps(draw(st.sampled_from(SHAPES))))
    place = update
    while True:
        key = draw(st.sampled_from(sorted(place)))
        if not isinstance(place[key], dict) or not place[key] or draw(st.booleans()):
            break
        place = place[key]
    if draw(st.booleans()):
        del place[key]
    else:
        place[key] = draw(anything)
    return update


@given(st.binary())
def test_parse_takes_any_bytes(body: bytes) -> None:
    assert isinstance(understood(body), Unknown)


@given(anything | spoilt())
@example({"message": {"chat": {"id": 1, "type": "private"}, "message_id": 1, "contact": {"phone_number": "\ud800"}}})
def test_parse_takes_any_json_the_same_way_twice_and_makes_it_storable(update: object) -> None:
    raw = raw_event("telegram", update, RECEIVED)
    first = parse(raw)
    assert first == parse(raw)
    assert len(first) == 1 or all(isinstance(event, Delete) for event in first)  # several messages are deleted at once
    assert first
    for words in (words for event in first for words in texts(asdict(event))):
        assert "\x00" not in words
        words.encode("utf-8")


def test_a_press_waits_in_the_lane_of_its_chat() -> None:
    lanes = {name: raw_event("telegram", json.loads((FIXTURES / f"{name}.json").read_text()), 1).lane for name in ("text", "press", "blocked", "group_text")}
    assert lanes == {"text": "telegram:7001", "press": "telegram:7001", "blocked": "telegram:7001", "group_text": "telegram:-100500"}


def test_an_update_is_kept_whole_under_its_number() -> None:
    update = {"update_id": 5, "teleportation": {"chat": {"id": 3}, "odd": "\ud800\x00"}}
    raw = raw_event("telegram", update, 99)
    assert (raw.account, raw.key, raw.lane, raw.received_at) == ("telegram", "5", "telegram:3", 99)
    assert json.loads(raw.body) == update


def test_an_update_without_a_number_has_a_key_of_its_own() -> None:
    unnumbered: list[object] = [None, [], {}, {"update_id": True}, {"update_id": 2**70}]
    keys = {raw_event("telegram", update, 1).key for update in unnumbered}
    assert len(keys) == 5
    assert raw_event("telegram", b'{"ok":true,"result":[{"update_id": 12,"x":[[', 1).key == "12"


@pytest.mark.parametrize("options", [TelegramOptions("no token"), TelegramOptions(""), TelegramOptions("1:a b"), TelegramOptions("1:a", api_base="ftp://x")])
def test_a_token_or_address_of_the_wrong_shape_is_refused_at_once(options: TelegramOptions) -> None:
    with pytest.raises(Misconfigured):
        Telegram(options)


def test_options_do_not_show_the_token() -> None:
    assert "SECRET" not in repr(TelegramOptions("100:SECRET", proxy="http://me:SECRET@proxy/"))
