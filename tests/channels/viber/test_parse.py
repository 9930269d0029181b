"""What Viber brings is read as what it is."""

import json
from collections.abc import Sequence

import pytest

from channels.viber.seals import Seals
from crm.base.events import (
    Arrival,
    ContactShared,
    Event,
    MediaKind,
    Message,
    OptIn,
    OptOut,
    Postback,
    RawEvent,
    Scope,
    SessionStarted,
    Status,
    Unknown,
)
from crm.base.outbound import Button
from tests.channels.viber.stand import ANI, FIXTURES, bot, firm

SEALS = Seals(firm().derived("viber", "viber"))
RECEIVED = 1_764_072_000_000


def read(body: object) -> Sequence[Event]:
    return bot().parse(RawEvent("viber", "k", "viber:x", json.dumps(body).encode(), RECEIVED))


def captured(name: str) -> Event:
    """The one event of a captured body."""
    (event,) = read(json.loads((FIXTURES / f"{name}.json").read_text()))
    return event


def message(body: dict[str, object]) -> dict[str, object]:
    """A message as a callback."""
    return {"event": "message", "timestamp": RECEIVED - 1, "message_token": 49, "sender": {"id": ANI, "name": "Ani"}, "message": body}


def test_words_come_with_who_wrote_them_and_when() -> None:
    event = captured("text")
    assert isinstance(event, Message)
    assert (event.text, event.external_id, event.at) == ("Բարև, ունե՞ք դարակներ", "4912661846655238145", 1_764_071_990_123)
    assert (event.sender.external_id, event.sender.name, event.sender.language) == (ANI, "Անի Պետրոսյան", "hy")


@pytest.mark.parametrize(
    ("name", "kind", "called", "mime"),
    [
        ("picture", MediaKind.PHOTO, "photo_2026-11-25.jpg", "image/jpeg"),
        ("video", MediaKind.VIDEO, "video.mp4", "video/mp4"),
        ("file", MediaKind.DOCUMENT, "kitchen plan.pdf", "application/pdf"),
        ("sound_file", MediaKind.AUDIO, "word.mp3", "audio/mpeg"),
        ("sticker", MediaKind.STICKER, "", ""),
    ],
)
def test_each_sort_of_file_is_known(name: str, kind: MediaKind, called: str, mime: str) -> None:
    event = captured(name)
    assert isinstance(event, Message)
    (file,) = event.media
    assert (file.kind, file.name, file.mime, file.ref[:8]) == (kind, called, mime, "https://")


def test_a_picture_keeps_the_words_below_it() -> None:
    event = captured("picture")
    assert isinstance(event, Message)
    assert event.text == "like this one"


def test_a_place_is_a_link_on_a_map_and_a_link_is_a_link() -> None:
    place, link = captured("location"), captured("url")
    assert isinstance(place, Message)
    assert place.text == "Republic Square, Yerevan\n📍 40.177200, 44.503490\nhttps://maps.google.com/?q=40.177200,44.503490"
    assert isinstance(link, Message)
    assert link.text == "https://shop.example/shelves"


@pytest.mark.parametrize("name", ["contact_from_the_address_book", "number_shared_by_a_foreign_button"])
def test_a_card_that_anybody_could_hand_over_is_not_their_own(name: str) -> None:
    event = captured(name)
    assert isinstance(event, ContactShared)
    assert not event.own


def test_a_number_shared_by_our_button_is_their_own() -> None:
    (event,) = read(message({"type": "contact", "text": SEALS.phone(ANI), "contact": {"phone_number": "37491000004"}}))
    assert isinstance(event, ContactShared)
    assert (event.own, event.phone) == (True, "+37491000004")


@pytest.mark.parametrize("words", [SEALS.phone("somebody else="), SEALS.phone(ANI)[:-1], "phone:", "", "reply"])
def test_another_ones_mark_proves_nothing(words: str) -> None:
    (event,) = read(message({"type": "contact", "text": words, "contact": {"phone_number": "+37491000004"}}))
    assert isinstance(event, ContactShared)
    assert not event.own


def test_what_came_back_with_an_answer_proves_no_number() -> None:
    """Tracking data comes with whatever is written next, a card from the address book as well."""
    events = read(message({"type": "contact", "tracking_data": SEALS.answer(ANI, "r1"), "contact": {"name": "Davit", "phone_number": "+37491999999"}}))
    assert [isinstance(event, ContactShared) and event.own for event in events] == [False, False]


def test_a_pressed_button_says_what_it_carries_and_what_it_showed() -> None:
    (event,) = read(message({"type": "text", "text": SEALS.press(ANI, Button("Yes: please", "offers:yes"))}))
    assert isinstance(event, Postback)
    assert (event.value, event.label, event.external_id) == ("offers:yes", "Yes: please", "49")


@pytest.mark.parametrize("typed", ["press:x:yes\nYes", SEALS.press("somebody else=", Button("Yes", "yes")), "press:", "press"])
def test_what_only_looks_like_a_press_is_words(typed: str) -> None:
    (event,) = read(message({"type": "text", "text": typed}))
    assert isinstance(event, Message)
    assert event.text == typed


def test_a_button_sent_before_the_key_was_changed_is_still_one() -> None:
    older = Seals(firm(key=b"o" * 32).derived("viber", "viber"))
    (event,) = read(message({"type": "text", "text": older.press(ANI, Button("Yes", "yes"))}))
    assert isinstance(event, Postback)


def test_an_answer_proves_that_what_it_answers_was_read() -> None:
    status, said = read(message({"type": "text", "text": "yes", "tracking_data": SEALS.answer(ANI, "d17")}))
    assert isinstance(status, Status)
    assert (status.arrival, status.ref, status.ids) == (Arrival.READ, "d17", ())
    assert isinstance(said, Message)


def test_tracking_data_of_somebody_else_says_nothing() -> None:
    assert isinstance(captured("answer_with_tracking"), Message)


def test_an_opened_chat_brings_what_the_link_carried_and_is_no_more_than_a_look() -> None:
    event = captured("conversation_started")
    assert isinstance(event, SessionStarted)
    assert (event.source.payload, event.looking) == ("shelf-oak", True)


def test_a_subscriber_who_looks_something_up_is_not_greeted_anew() -> None:
    event = captured("conversation_started_by_a_subscriber")
    assert isinstance(event, Unknown)
    assert event.sender is None


def test_who_leaves_wants_nothing_more_and_who_comes_wants_it_again() -> None:
    gone, back = captured("unsubscribed"), captured("subscribed")
    assert isinstance(gone, OptOut)
    assert isinstance(back, OptIn)
    assert (gone.scope, back.scope) == (Scope.ALL, Scope.ALL)
    assert (gone.sender.external_id, back.sender.external_id) == (ANI, ANI)


@pytest.mark.parametrize(
    ("name", "arrival", "reason", "detail"),
    [
        ("delivered", Arrival.DELIVERED, "", ""),
        ("seen", Arrival.READ, "", ""),
        ("failed", Arrival.FAILED, "rejected", "failure description"),
    ],
)
def test_receipts_tell_how_far_a_message_came(name: str, arrival: Arrival, reason: str, detail: str) -> None:
    event = captured(name)
    assert isinstance(event, Status)
    assert (event.arrival, event.ids, event.reason, event.detail) == (arrival, ("5741311803571721087",), reason, detail)


@pytest.mark.parametrize(("name", "kind"), [("never_seen_kind", "hologram"), ("sticker_without_picture", "sticker"), ("webhook", "webhook")])
def test_what_is_not_known_is_kept_by_its_kind(name: str, kind: str) -> None:
    event = captured(name)
    assert isinstance(event, Unknown)
    assert event.kind == kind


def test_a_time_that_lies_ahead_is_the_time_of_receipt() -> None:
    (event,) = read({**message({"type": "text", "text": "hi"}), "timestamp": RECEIVED + 1})
    assert isinstance(event, Message)
    assert event.at == RECEIVED
