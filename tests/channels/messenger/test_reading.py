"""What Messenger's and Instagram's envelopes mean, without a network."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.messenger.envelope import split
from crm.base.events import (
    AccountAlert,
    Arrival,
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
    RawEvent,
    Reaction,
    Sender,
    SessionStarted,
    Source,
    Status,
    Unknown,
)
from tests.channels.messenger.stand import ACCOUNT, FIXTURES, PAGE, channel

ANI, IGNAT = Sender("25381719828140932"), Sender("6412345678901234")
SAID, RECEIVED = 1_767_000_000_123, 1_767_000_999_000
SENT = 1_767_000_000_523
WEEK = 7 * 86_400_000
CHANNELS = {kind: channel(kind) for kind in ("messenger", "instagram")}
CAPTURED = sorted([*(FIXTURES / "messenger").glob("*.json"), *(FIXTURES / "instagram").glob("*.json")])
EVENTS = Event.__args__


def understood(kind: str, body: bytes) -> list[Event]:
    return list(CHANNELS[kind].parse(RawEvent(kind, "k", f"{kind}:x", body, RECEIVED)))


def all_of(name: str, kind: str = "messenger") -> list[Event]:
    return understood(kind, (FIXTURES / kind / f"{name}.json").read_bytes())


def heard(name: str, kind: str = "messenger") -> Event:
    (event,) = all_of(name, kind)
    return event


def file_of(event: Event) -> MediaRef:
    assert isinstance(event, Message)
    (file,) = event.media
    return file


def text_of(event: Event) -> str:
    assert isinstance(event, Message)
    return event.text


def test_a_text_is_a_message_of_a_person_by_the_number_this_page_knows() -> None:
    assert heard("text") == Message(ANI, "m_text-Xy7", "Do you have 👨‍👩‍👧 lamps?", SAID)
    assert heard("text", "instagram") == Message(IGNAT, "aWdfZAG1faXRlbToxtext", "Ունե՞ք լամպ", SAID)


def test_a_reply_names_the_message_it_answers() -> None:
    assert heard("reply") == Message(ANI, "m_reply-Xy7", "The blue one", SAID, reply_to="m_ours-Q1")


@pytest.mark.parametrize(
    ("name", "kind", "called"),
    [
        ("image", MediaKind.PHOTO, "photo.jpg"),
        ("video", MediaKind.VIDEO, "video.mp4"),
        ("voice", MediaKind.VOICE, "voice.m4a"),
        ("file", MediaKind.DOCUMENT, "plan-of-the-room.pdf"),
        ("sticker", MediaKind.PHOTO, "sticker.png"),
    ],
)
def test_every_sort_of_file_is_named(name: str, kind: MediaKind, called: str) -> None:
    file = file_of(heard(name))
    assert (file.kind, file.name) == (kind, called)
    assert file.ref.startswith("https://")


def test_two_pictures_and_words_are_one_message() -> None:
    event = heard("two_images_and_words")
    assert isinstance(event, Message)
    assert (event.text, len(event.media)) == ("these two", 2)


def test_a_thumb_a_heart_a_place_and_a_shared_link_are_words() -> None:
    assert text_of(heard("thumb")) == "👍"
    assert text_of(heard("heart", "instagram")) == "❤️"
    assert text_of(heard("location")) == "📍 40.177623, 44.512546\nhttps://maps.google.com/?q=40.177623,44.512546"
    assert text_of(heard("shared_link")) == "https://shop.example/lamp\nBlue lamp\nhttps://shop.example/lamp?id=7"
    assert text_of(heard("reel")) == "How we make lamps\nhttps://www.facebook.com/reel/1478233"


def test_stories_and_shared_posts_of_instagram_come_with_their_picture() -> None:
    mention, answer = heard("story_mention", "instagram"), heard("story_reply", "instagram")
    assert (file_of(mention).name, text_of(mention)) == ("story mention", "")
    assert (file_of(answer).name, text_of(answer)) == ("story", "How much is this?")
    assert file_of(heard("shared_post", "instagram")).name == "share"
    assert file_of(heard("reel", "instagram")).kind is MediaKind.VIDEO


def test_what_the_platform_hides_stands_in_the_thread_by_its_kind() -> None:
    assert heard("unsupported") == Unknown("unsupported", ANI, "m_unsupported-Xy7", SAID)
    assert heard("ephemeral", "instagram") == Unknown("ephemeral", IGNAT, "aWdfZAG1faXRlbToxephemeral", SAID)


def test_an_edit_and_a_deletion_name_the_message() -> None:
    assert heard("edited") == Edit(ANI, "m_text-Xy7", "Do you have green lamps?", SAID)
    assert heard("unsent") == Delete(ANI, "m_unsent-Xy7", SAID)
    assert heard("unsent", "instagram") == Delete(IGNAT, "aWdfZAG1faXRlbToxunsent", SAID)


def test_buttons_and_quick_replies_are_presses() -> None:
    assert heard("postback") == Postback(ANI, "m_pb-1", "want:7", SAID, label="I want one")
    assert heard("quick_reply") == Postback(ANI, "m_quick_reply-Xy7", "lang:hy", SAID, label="Armenian")
    assert heard("quick_reply", "instagram") == Postback(IGNAT, "aWdfZAG1faXRlbToxquick_reply", "lang:hy", SAID, label="Armenian")


def test_a_shared_number_is_a_contact_that_nobody_vouches_for() -> None:
    assert heard("phone_shared") == ContactShared(ANI, "m_phone_shared-Xy7", "+37499123456", SAID, own=False)


def test_the_first_button_and_a_link_begin_a_session_with_what_the_link_carried() -> None:
    start, link = heard("get_started"), heard("referral_by_link")
    assert start == SessionStarted(ANI, "m_gs-1", SAID, Source(payload="lamp7", utm_source="shortlink"))
    assert link == SessionStarted(ANI, f"referral:{SAID}", SAID, Source(payload="lamp7", utm_source="shortlink", referrer="https://shop.example/"))
    assert heard("optin_ref") == SessionStarted(ANI, f"optin:{SAID}", SAID, Source(payload="box-at-the-till"))


def test_an_ad_opens_the_window_of_messenger_for_a_week_and_names_itself() -> None:
    message, there = heard("from_an_ad"), heard("from_an_ad", "instagram")
    assert isinstance(message, Message)
    assert isinstance(there, Message)
    assert message.source == Source(payload="spring", utm_source="ads", utm_campaign="Blue lamps", utm_content="6045246247433")
    assert (message.window_ends_at, there.window_ends_at) == (SAID + WEEK, 0)
    came = heard("referral_by_ad")
    assert isinstance(came, SessionStarted)
    assert came.source.payload == "6045246247433"


def test_wishes_for_messages_are_consents_and_a_box_without_a_person_is_only_counted() -> None:
    assert heard("optin_messages") == OptIn(ANI, f"optin:{SAID}", SAID, shown="Lamps of the week")
    assert heard("optin_messages_stopped") == OptOut(ANI, f"optin:{SAID}", SAID, shown="Lamps of the week")
    assert heard("checkbox_without_a_person") == Unknown("optin", at=SAID)


def test_a_reaction_stands_on_a_message_and_is_taken_away_with_no_emoji() -> None:
    assert heard("reaction") == Reaction(ANI, f"reaction:m_ours-Q1:{SAID}", "m_ours-Q1", "❤️", SAID)
    gone = heard("reaction_taken_away", "instagram")
    assert isinstance(gone, Reaction)
    assert gone.emoji == ""


def test_a_watermark_covers_everything_before_it_and_ids_are_used_where_they_come() -> None:
    until = Status(Arrival.DELIVERED, SAID, address=ANI.external_id, until=SAID - 1000)
    assert all_of("delivered") == [Status(Arrival.DELIVERED, SAID, ids=("m_ours-Q1", "m_ours-Q2")), until]
    assert all_of("delivered_without_ids") == [until]
    assert all_of("read") == [Status(Arrival.READ, SAID, address=ANI.external_id, until=SAID - 500)]
    assert all_of("read", "instagram") == [Status(Arrival.READ, SAID, ids=("aWdfZAG1faXRlbToxours",))]


def test_our_own_words_come_back_as_no_more_than_that_they_left_and_those_said_elsewhere_are_new() -> None:
    left = [Status(Arrival.SENT, SAID, ids=("m_echo-9tK",), ref="d41")]
    assert (all_of("echo_of_ours"), all_of("echo_of_ours_without_a_mark")) == (left, [])
    assert heard("echo_from_the_inbox") == Message(ANI, "m_echo-9tK", "I am Vardan, the owner", SAID, echo=True)
    assert heard("echo_from_the_app", "instagram") == Message(IGNAT, "aWdfZAG1faXRlbToxEcho", "I am the owner", SAID, echo=True)
    picture = heard("echo_of_a_picture")
    assert isinstance(picture, Message)
    assert (picture.echo, len(picture.media)) == (True, 1)


def test_the_echo_of_a_private_reply_tells_who_had_commented() -> None:
    page, account = "comment:987654321_1491873277575158", "comment:17865799348089039"
    left = Status(Arrival.SENT, SAID, ids=("m_echo-9tK",), ref="d42")
    assert all_of("echo_of_a_private_reply") == [left, IdentityChanged(Sender(page), reachable=True, at=SAID, new_id=ANI.external_id)]
    assert heard("echo_of_a_private_reply", "instagram") == IdentityChanged(Sender(account), reachable=True, at=SAID, new_id=IGNAT.external_id)


def test_a_comment_under_a_post_is_a_message_with_an_address_of_its_own() -> None:
    address, at = "comment:987654321_1491873277575158", 1_766_999_990_000
    source = Source(page=address, referrer="https://www.facebook.com/lampshop/posts/987654321")
    who = Sender(address, "Ani Quince")
    assert heard("comment") == Message(who, address.removeprefix("comment:"), "How much is it?", at, source=source, window_ends_at=at + WEEK)
    who = Sender(address, "Ani Quince", aliases=(address,))
    assert heard("comment_edited") == Edit(who, address.removeprefix("comment:"), "How much is the blue one?", SENT)
    assert heard("comment_removed") == Delete(who, address.removeprefix("comment:"), SENT)
    assert file_of(heard("comment_with_photo")).kind is MediaKind.PHOTO


def test_a_comment_on_instagram_is_one_too() -> None:
    address = "comment:17865799348089039"
    who = Sender(address, username="ani.quince")
    assert heard("comment", "instagram") == Message(who, "17865799348089039", "How much? 😍", SENT, source=Source(page=address), window_ends_at=SENT + WEEK)
    under_ad = heard("comment_under_an_ad", "instagram")
    assert isinstance(under_ad, Message)
    assert under_ad.source == Source(payload="6045", page=address, utm_campaign="Blue lamps", utm_content="6045")
    live = heard("comment_under_a_live_video", "instagram")
    assert isinstance(live, Message)
    assert live.window_ends_at == 0


@pytest.mark.parametrize(("kind", "answer", "own"), [("messenger", "feed_comment", "comment_of_the_page"), ("instagram", "comments", "comment_of_our_own")])
def test_talk_below_a_comment_and_our_own_comments_make_no_lead(kind: str, answer: str, own: str) -> None:
    assert heard("comment_answering_a_comment", kind) == Unknown(answer, at=RECEIVED)
    assert all_of(own, kind) == []


def test_comments_can_be_left_alone() -> None:
    raw = RawEvent("messenger", "k", "messenger:x", (FIXTURES / "messenger" / "comment.json").read_bytes(), RECEIVED)
    assert channel("messenger", comments=False).parse(raw) == [Unknown("feed_comment", at=RECEIVED)]


def test_what_the_platform_says_about_the_page_itself_is_an_alert() -> None:
    assert heard("template_paused") == AccountAlert("template", "order_update: paused", RECEIVED)
    assert heard("policy_enforcement") == AccountAlert("policy", "The page sent what nobody asked for.", SAID)


def test_handovers_standby_other_pages_and_new_kinds_are_only_counted() -> None:
    found = [heard(name) for name in ("thread_passed_on", "standby", "of_another_page", "never_seen_kind", "post_liked", "comment_hidden")]
    assert [event.kind for event in found if isinstance(event, Unknown)] == [
        "pass_thread_control", "standby", "another_page", "telepathy", "feed_reaction", "feed_comment",
    ]  # fmt: skip
    assert all(event.sender is None for event in found)


@pytest.mark.parametrize(
    ("said", "read"), [(1_767_000_000, 1_767_000_000_000), ("1767000000123", SAID), (RECEIVED + 1, RECEIVED), (-5, RECEIVED), (None, RECEIVED)]
)
def test_a_time_in_seconds_or_text_is_read_and_one_that_cannot_be_is_the_time_of_receipt(said: object, read: int) -> None:
    envelope = json.loads((FIXTURES / "messenger" / "text.json").read_bytes())
    envelope["entry"][0]["messaging"][0]["timestamp"] = said
    (event,) = understood("messenger", json.dumps(envelope).encode())
    assert isinstance(event, Message)
    assert event.at == read


def test_each_element_of_a_batch_is_kept_by_itself_in_the_lane_of_its_person() -> None:
    found = split("messenger:shop", (FIXTURES / "messenger" / "batch.json").read_bytes(), RECEIVED)
    assert [(raw.key, raw.lane) for raw in found] == [
        ("message:m_batch-1", "messenger:shop:25381719828140932"),
        ("message:m_batch-2", "messenger:shop:25381719828140932"),
        ("message:m_batch-3", "messenger:shop:25381719828140999"),
        (f"read:25381719828140932:{SAID - 5}", "messenger:shop:25381719828140932"),
    ]
    texts = [event.text for raw in found for event in CHANNELS["messenger"].parse(raw) if isinstance(event, Message)]
    assert texts == ["one", "two", "three"]


def test_an_element_that_comes_again_in_another_envelope_is_the_same() -> None:
    first = (FIXTURES / "messenger" / "text.json").read_bytes()
    later = json.loads(first)
    later["entry"][0]["time"] += 60_000
    later["entry"][0]["messaging"].append({"sender": {"id": "1"}, "message": {"mid": "m_more", "text": "more"}})
    (one,), (again, _) = split("messenger", first, 1), split("messenger", json.dumps(later).encode(), 2)
    assert (one.key, one.lane) == (again.key, again.lane)
    assert again.same in one.body


def test_a_comment_told_twice_because_of_an_ad_is_one() -> None:
    (plain,) = split("instagram", (FIXTURES / "instagram" / "comment.json").read_bytes(), 1)
    (told_again,) = split("instagram", (FIXTURES / "instagram" / "comment_under_an_ad.json").read_bytes(), 2)
    assert plain.key == told_again.key
    assert told_again.same in plain.body


def test_every_captured_element_has_a_key_of_its_own() -> None:
    for kind in ("messenger", "instagram"):
        found = [(raw.key, path.stem) for path in CAPTURED if path.parent.name == kind for raw in split(kind, path.read_bytes(), 1)]
        twice = {key for key, _ in found if sum(key == other for other, _ in found) > 1}
        assert {name for key, name in found if key in twice} <= {name for _, name in found if name.startswith(("echo_", "comment"))}


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"\xff\xfe", b'{"entry": 7}', b'{"entry": [7]}', b'{"a": NaN}', b"[" * 5000, b'{"entry": [{"messaging": [null]}]}']
)
def test_a_body_that_will_not_split_is_kept_whole_and_parked_as_unread(body: bytes) -> None:
    (raw,) = split("messenger", body, RECEIVED)
    assert raw.body == body
    assert all(isinstance(event, Unknown) for event in CHANNELS["messenger"].parse(raw))


def test_an_element_that_stands_twice_in_an_envelope_is_read_once_and_in_its_place() -> None:
    envelope = json.loads((FIXTURES / "messenger" / "batch.json").read_bytes())
    elements = envelope["entry"][0]["messaging"]
    elements.append(elements[0])
    assert [event.text for event in understood("messenger", json.dumps(envelope).encode()) if isinstance(event, Message)] == ["one", "two", "three"]


def test_half_an_envelope_that_splits_is_split_and_kept_whole_besides() -> None:
    envelope = json.loads((FIXTURES / "messenger" / "text.json").read_bytes())
    envelope["entry"].append("damaged")
    found = split("messenger", json.dumps(envelope).encode(), RECEIVED)
    assert [raw.key.partition(":")[0] for raw in found] == ["message", "body"]
    assert [type(event) for raw in found for event in CHANNELS["messenger"].parse(raw)] == [Message, Unknown]


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, child in inner for place in places(child, (*at, key)))]


HOSTILE: list[Any] = [None, True, 0, -1, 2**70, 1.5, "", "\x00\ud800", "x" * 9000, [], {}, [[]], {"id": {"id": []}}, ["a", 1], {"mid": 7}]


def changed(envelope: Any, place: tuple[Any, ...], how: str, value: Any) -> Any:
    """An envelope with one thing in it dropped, retyped, nested or doubled."""
    copied = copy.deepcopy(envelope)
    *way, last = place
    holder = copied
    for key in way:
        holder = holder[key]
    match how:
        case "drop":
            del holder[last]
        case "retype":
            holder[last] = value
        case "nest":
            holder[last] = {"inner": [holder[last]]}
        case _:
            holder[last] = [holder[last], holder[last]]
    return copied


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_damaged_envelopes_are_read_all_the_same_and_never_make_two_messages_of_one_id(data: st.DataObject) -> None:
    path: Path = data.draw(st.sampled_from(CAPTURED))
    kind, envelope = path.parent.name, json.loads(path.read_bytes())
    place = data.draw(st.sampled_from([place for place in places(envelope) if place]))
    how, value = data.draw(st.sampled_from(["drop", "retype", "nest", "double"])), data.draw(st.sampled_from(HOSTILE))
    body = json.dumps(changed(envelope, place, how, value)).encode()
    raws = split(kind, body, RECEIVED)
    assert raws
    by_key: dict[str, RawEvent] = {}
    for raw in raws:
        by_key.setdefault(raw.key, raw)
        assert CHANNELS[kind].parse(raw) == CHANNELS[kind].parse(raw)
    kept = [event for raw in by_key.values() for event in CHANNELS[kind].parse(raw)]
    for events in (kept, understood(kind, body)):
        assert all(isinstance(event, EVENTS) for event in events)
        ids = [(event.sender.external_id, event.external_id) for event in events if isinstance(event, Message)]
        assert len(ids) == len(set(ids))


def test_the_numbers_of_page_and_account_are_those_of_the_fixtures() -> None:
    assert {json.loads(path.read_bytes())["entry"][0]["id"] for path in CAPTURED} == {PAGE, ACCOUNT, "555000111222"}
