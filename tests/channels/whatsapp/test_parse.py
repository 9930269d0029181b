"""What WhatsApp brings, one captured element of each kind, and how it is read."""

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.whatsapp.split import split
from crm.base.events import (
    AccountAlert,
    Arrival,
    Call,
    CallPhase,
    ContactShared,
    Delete,
    Edit,
    Event,
    IdentityChanged,
    MediaKind,
    MediaRef,
    Message,
    OptIn,
    OptOut,
    Postback,
    Reaction,
    Scope,
    Sender,
    SessionStarted,
    Source,
    Status,
    Unknown,
)
from tests.channels.whatsapp.stand import FIXTURES, NOW, NUMBER, channel, raw

WHATSAPP = channel()
EVENTS = Event.__args__
AT = 1_764_071_000_000
STAND_IN, PARENT = "AM.13491208655302741918", "AM.ENT.11815799212886844830"
ANAHIT = Sender("37491234567", "Anahit Hakobyan", "anahit.h", aliases=(STAND_IN, PARENT), phone="+37491234567", proven=True)
OURS, THEIRS = "wamid.HBgLOURS==", "wamid.HBgLTHEIRS=="
PLACE = "📍 40.177623, 44.512642\nhttps://maps.google.com/?q=40.177623,44.512642"
PATHS = sorted(FIXTURES.glob("*.json"))


def body(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text("utf-8"))


def read(told: Any) -> Event:
    found = WHATSAPP.parse(raw(told if isinstance(told, bytes) else json.dumps(told).encode()))
    assert len(found) == 1
    return found[0]


def event(name: str) -> Any:
    return read(body(name))


@pytest.mark.parametrize(
    ("name", "text", "reply_to"),
    [
        ("text", "Բարև, ունե՞ք սեղան այս երեկո", ""),
        ("reply", "Yes, that one", OURS),
        ("forwarded", "See this", ""),
        ("location", PLACE, ""),
        ("venue", f"Cascade\n10 Tamanyan St\n{PLACE}", ""),
        ("contacts", "Ruben +374 55 000111\nMane G mane@example.com", ""),
        ("order", "Please by noon\n🛒 2 × KHACHAPURI (1800 AMD)\n🛒 1 × TAN (500.5 AMD)", ""),
        ("flow_reply", "guests: 4\nday: 2026-11-27", OURS),
        ("button_in_words", "Yes, please", OURS),
    ],
)
def test_words_of_every_sort_are_a_message(name: str, text: str, reply_to: str) -> None:
    assert event(name) == Message(ANAHIT, body(name)["message"]["id"], text, AT, reply_to=reply_to)


@pytest.mark.parametrize(
    ("name", "text", "file"),
    [
        ("image", "My kitchen", MediaRef(MediaKind.PHOTO, "8071000001", "photo.jpg", "image/jpeg")),
        ("video", "", MediaRef(MediaKind.VIDEO, "8071000001", "video.mp4", "video/mp4")),
        ("voice", "", MediaRef(MediaKind.VOICE, "8071000001", "voice.ogg", "audio/ogg")),
        ("audio", "", MediaRef(MediaKind.AUDIO, "8071000001", "audio.mp3", "audio/mpeg")),
        ("document", "The plan", MediaRef(MediaKind.DOCUMENT, "8071000001", "plan.pdf", "application/pdf")),
        ("sticker", "", MediaRef(MediaKind.STICKER, "8071000001", "sticker.webp", "image/webp")),
    ],
)
def test_files_travel_with_their_words(name: str, text: str, file: MediaRef) -> None:
    assert event(name) == Message(ANAHIT, body(name)["message"]["id"], text, AT, media=(file,))


def test_who_hides_the_number_is_known_by_the_id_that_stands_for_it() -> None:
    assert event("text_from_stand_in").sender == Sender(STAND_IN, "Anahit Hakobyan", "anahit.h", aliases=(PARENT,))


def test_an_id_in_the_place_of_the_number_is_no_phone() -> None:
    told = body("text_from_stand_in")
    told["message"]["from"] = told["contact"]["wa_id"] = STAND_IN
    sender = read(told).sender
    assert sender is not None
    assert (sender.external_id, sender.phone, sender.proven) == (STAND_IN, "", False)


def test_an_advertisement_is_the_source_and_keeps_the_window_open() -> None:
    found = event("referral")
    assert found.source == Source(
        utm_source="meta",
        utm_medium="ad",
        utm_campaign="120226305854810726",
        utm_term="Aff-n8ZTODi",
        utm_content="Winter terrace",
        referrer="https://fb.me/3cr4Wqqkv",
    )
    assert found.window_ends_at == AT + 72 * 3_600_000


def test_a_post_is_a_source_and_no_longer_window() -> None:
    told = body("referral")
    told["message"]["referral"]["source_type"] = "post"
    found = read(told)
    assert isinstance(found, Message)
    assert found.source is not None
    assert found.window_ends_at == 0


@pytest.mark.parametrize(
    ("name", "value", "label"),
    [("button", "confirm:7", "Confirm"), ("button_reply", "book", "Book"), ("list_reply", "size:2", "Two")],
)
def test_pressed_buttons_come_back(name: str, value: str, label: str) -> None:
    assert event(name) == Postback(ANAHIT, body(name)["message"]["id"], value, AT, label=label, message=OURS)


def test_reactions_come_and_go() -> None:
    assert event("reaction") == Reaction(ANAHIT, body("reaction")["message"]["id"], OURS, "😮", AT)
    assert event("reaction_removed").emoji == ""


def test_edits_and_deletions_name_what_was_said_before() -> None:
    assert event("edit") == Edit(ANAHIT, THEIRS, "at eight, not seven", AT)
    assert event("edit_caption") == Edit(ANAHIT, THEIRS, "the new kitchen", AT)
    assert event("revoke") == Delete(ANAHIT, THEIRS, AT)


def test_a_card_is_their_own_if_it_names_the_account_that_writes() -> None:
    id_ = body("contact_own")["message"]["id"]
    assert event("contact_own") == ContactShared(ANAHIT, id_, "+37491234567", AT, own=True, name="Anahit Hakobyan")
    assert (event("contact_of_another").own, event("contact_of_another").other, event("contact_own").other) == (False, True, False)


def test_a_card_is_surely_anothers_only_where_it_names_an_account_and_none_is_the_writers() -> None:
    cards = {"none": [{"phone": "+374 55 000111"}], "both": [{"phone": "+374 55 000111", "wa_id": "37455000111"}, {"wa_id": "37491234567"}]}
    for phones in cards.values():
        told = body("contact_of_another")
        told["message"]["contacts"][0]["phones"] = phones
        found = read(told)
        assert isinstance(found, ContactShared)
        assert (found.own, found.other) == (False, False)


def test_of_who_hides_their_number_nobody_can_tell_whose_a_card_is() -> None:
    told = body("contact_of_another")
    told["message"]["from"] = told["contact"]["wa_id"] = STAND_IN
    found = read(told)
    assert isinstance(found, ContactShared)
    assert (found.own, found.other) == (False, False)


def test_a_forged_card_proves_nobody_elses_number() -> None:
    told = body("contact_own")
    told["message"]["contacts"][0]["phones"][0]["phone"] = "+374 55 999999"
    found = read(told)
    assert isinstance(found, ContactShared)
    assert (found.own, found.phone) == (True, "+37491234567")


def test_a_new_number_stands_for_the_old_one() -> None:
    found = event("number_changed")
    assert isinstance(found, IdentityChanged)
    assert (found.sender.external_id, found.new_id, found.reachable) == ("37491234567", "37499887766", True)
    assert "AM.2222" in found.sender.aliases


@pytest.mark.parametrize(("name", "new"), [("stand_in_changed", "GE.2222"), ("stand_in_update", "AM.2222")])
def test_a_new_stand_in_stands_for_the_old_one(name: str, new: str) -> None:
    assert event(name) == IdentityChanged(Sender("AM.1111"), True, AT, new_id=new)


def test_a_changed_security_code_changes_nobody() -> None:
    assert event("security_code_changed") == Unknown("customer_identity_changed", at=AT)


@pytest.mark.parametrize(
    ("name", "arrival"),
    [("status_delivered", Arrival.DELIVERED), ("status_read", Arrival.READ), ("status_played", Arrival.READ)],
)
def test_states_are_told_by_the_messages_id(name: str, arrival: Arrival) -> None:
    assert event(name) == Status(arrival, AT, (OURS,))


def test_states_bring_our_own_name_for_a_message_back() -> None:
    assert event("status_sent") == Status(Arrival.SENT, AT, (OURS,), ref="d:17:0")


def test_a_failed_message_says_why() -> None:
    words = "131047: Message failed to send because more than 24 hours have passed"
    assert event("status_failed") == Status(Arrival.FAILED, AT, (OURS,), ref="d:17:0", reason="window_closed", detail=words)


def test_what_the_owner_writes_on_the_phone_is_an_echo_in_the_customers_thread() -> None:
    assert event("echo") == Message(ANAHIT, "wamid.HBgLECHO==", "Come at seven", AT, echo=True)
    assert event("echo_image").media[0].kind is MediaKind.PHOTO
    assert event("echo_image").sender.external_id == "37491234567"


def test_what_the_owner_takes_back_on_the_phone_is_not_the_customers_deed() -> None:
    told = body("echo")
    told["echo"] |= {"type": "revoke", "revoke": {"original_message_id": OURS}}
    assert read(told) == Unknown("echo_revoke", at=AT)


def test_stopping_and_resuming_offers_is_heard() -> None:
    person = Sender("37491234567", "Anahit Hakobyan", aliases=(STAND_IN,), phone="+37491234567", proven=True)
    stop, resume = event("preference_stop"), event("preference_resume")
    assert stop == OptOut(person, f"preference:stop:37491234567:{AT}", AT, Scope.MARKETING, "User requested to stop marketing messages")
    assert resume == OptIn(person, f"preference:resume:37491234567:{AT}", AT, Scope.MARKETING, "User requested to resume marketing messages")


@pytest.mark.parametrize(
    ("name", "kind", "words", "ok"),
    [
        ("template_approved", "template", "template order_ready (hy): approved", True),
        ("template_paused", "template", "template order_ready (hy): paused low_quality", False),
        ("template_quality", "template", "template order_ready (hy): quality yellow, before green", False),
        ("template_category", "template", "template order_ready (hy): category marketing, before utility", False),
        ("account_restricted", "account_update", "ACCOUNT_RESTRICTION RESTRICTED_BIZ_INITIATED_MESSAGING", False),
        ("account_reconnected", "account_update", "ACCOUNT_RECONNECTED", True),
        ("number_quality", "phone_number_quality_update", "DOWNGRADE TIER_1K 15550783881", False),
    ],
)
def test_our_own_account_is_told_about(name: str, kind: str, words: str, ok: bool) -> None:
    assert event(name) == AccountAlert(kind, words, AT, ok)


def test_errors_without_a_message_are_told() -> None:
    assert event("errors") == AccountAlert("errors", "130429: Message failed to send because there were too many messages", NOW)


def test_a_call_rings_and_is_missed_since_nobody_can_take_it_here() -> None:
    call = Call(ANAHIT, "wacid.ABGGFjFVU2AfAgo6V", CallPhase.RINGING, AT)
    assert event("call_ringing") == call
    assert event("call_missed").phase is CallPhase.MISSED


def test_a_first_look_at_the_chat_is_a_session() -> None:
    assert event("welcome") == SessionStarted(ANAHIT, body("welcome")["message"]["id"], AT, looking=True)


def test_what_whatsapp_cannot_show_stands_in_the_thread_by_its_kind() -> None:
    assert event("unsupported") == Unknown("poll", ANAHIT, body("unsupported")["message"]["id"], AT)


@pytest.mark.parametrize(("name", "kind"), [("group_message", "group_message"), ("history", "history"), ("another_number", "another_number")])
def test_what_is_not_for_us_is_kept_and_counted(name: str, kind: str) -> None:
    found = event(name)
    assert isinstance(found, Unknown)
    assert (found.kind, found.sender) == (kind, None)


def test_a_time_that_lies_ahead_is_the_time_of_receipt() -> None:
    told = body("text")
    told["message"]["timestamp"] = "9999999999999"
    found = read(told)
    assert isinstance(found, Message)
    assert found.at == NOW


def test_no_fixture_is_left_out() -> None:
    assert len(PATHS) == 55
    assert all(isinstance(event(path.stem), EVENTS) for path in PATHS)


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to everything inside."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way for key, held in inner for way in ((*at, key), *places(held, (*at, key)))]


BUSY = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))  # another program may have the machine
CAPTURED = [path.read_text("utf-8") for path in PATHS]
JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 2**70, 1.5, "", "x" * 300, "\ud800", "\x00", "7", [], {}, [[]], [{}], {"id": "x"}, {"from": 5}, [None, "a"]]
)


def spoilt(value: Any, way: tuple[Any, ...], how: str, junk: Any) -> Any:
    made = copy.deepcopy(value)
    holder = made
    for key in way[:-1]:
        holder = holder[key]
    key, held = way[-1], holder[way[-1]]
    match how:
        case "drop":
            del holder[key]
        case "retype":
            holder[key] = junk
        case "nest":
            holder[key] = {"inside": held, "more": [held]}
        case _:
            holder[key] = [held, held]
    return made


@BUSY
@given(st.data())
def test_no_damage_to_any_element_breaks_the_reader_or_makes_two_messages(data: st.DataObject) -> None:
    told = json.loads(data.draw(st.sampled_from(CAPTURED)))
    for _ in range(data.draw(st.integers(1, 3))):
        ways = places(told)
        if not ways:
            break
        told = spoilt(told, data.draw(st.sampled_from(ways)), data.draw(st.sampled_from(["drop", "retype", "nest", "duplicate"])), data.draw(JUNK))
    found = WHATSAPP.parse(raw(json.dumps(told).encode()))
    assert len(found) == 1
    assert isinstance(found[0], EVENTS)
    assert found == WHATSAPP.parse(raw(json.dumps(told).encode()))


@BUSY
@given(st.data())
def test_no_damage_to_an_envelope_breaks_the_splitting(data: st.DataObject) -> None:
    one = json.loads(data.draw(st.sampled_from(CAPTURED)))
    called = next((name for name in ("message", "status", "echo", "preference") if name in one), "")
    value = {"metadata": {"phone_number_id": NUMBER}, "contacts": [one.get("contact", {})], f"{called}s": [one.get(called)]}
    told: Any = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": one["field"], "value": value}]}]}
    for _ in range(data.draw(st.integers(1, 3))):
        ways = places(told)
        if not ways:
            break
        told = spoilt(told, data.draw(st.sampled_from(ways)), data.draw(st.sampled_from(["drop", "retype", "nest", "duplicate"])), data.draw(JUNK))
    events = split("whatsapp", json.dumps(told).encode(), NOW)
    assert events == split("whatsapp", json.dumps(told).encode(), NOW)
    assert events
    for kept in events:
        assert len(WHATSAPP.parse(kept)) == 1
        assert kept.same in kept.body
