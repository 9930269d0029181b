"""What was captured of Matrix, and what the channel reads in it."""

import json

import pytest

from channels.matrix.kept import Spot, of_event
from crm.base.events import Arrival, Delete, Edit, IdentityChanged, MediaKind, MediaRef, Message, RawEvent, Reaction, Status, Unknown
from crm.inbox.log import alike
from tests.channels.matrix.stand import FIXTURES, NOW, channel, seal, told

ROOM, ANI = "!dTPjQkbGXmQcLZbVkS:marani.example", "@ani:matrix.example"
AT = 1_764_071_990_000


def id_of(letter: str) -> str:
    """An event's id in the captured payloads."""
    return "$" + letter * 43


def said(name: str) -> Message:
    """The one message in a payload."""
    (found,) = told(name)
    assert isinstance(found, Message)
    return found


def test_a_person_is_the_room_they_talk_in_and_their_id_goes_along() -> None:
    message = said("text")
    assert (message.text, message.at) == ("Здравствуйте, делаете полки?", AT)
    sender = message.sender
    assert (sender.external_id, sender.name, sender.username, sender.aliases) == (ROOM, "Ани Петросян", "ani:matrix.example", (ANI,))
    assert not sender.proven


def test_words_that_stand_in_the_markup_alone_are_read_there() -> None:
    assert said("marked_up").text == "Нужны две\nдуб & сосна"


def test_an_answer_is_its_own_words_and_names_what_it_answers() -> None:
    message = said("reply")
    assert (message.text, message.reply_to) == ("Эту", id_of("q"))


def test_in_a_thread_only_a_chosen_message_is_answered() -> None:
    assert (said("in_a_thread").text, said("in_a_thread").reply_to) == ("и ещё", "")


def test_a_machines_notice_is_no_lead_and_a_gesture_is_words() -> None:
    assert said("notice").auto
    assert (said("emote").text, said("emote").auto) == ("машет рукой", False)


@pytest.mark.parametrize(
    ("name", "kind", "called", "mime", "size", "words"),
    [
        ("image", MediaKind.PHOTO, "wall.jpg", "image/jpeg", 31037, ""),
        ("image_with_words", MediaKind.PHOTO, "wall.jpg", "image/jpeg", 31037, "вот эта стена"),
        ("voice", MediaKind.VOICE, "Voice message.ogg", "audio/ogg", 11521, ""),
        ("audio", MediaKind.AUDIO, "song.mp3", "audio/mpeg", 1563685, ""),
        ("video", MediaKind.VIDEO, "room.mp4", "video/mp4", 1563685, ""),
        ("file", MediaKind.DOCUMENT, "something-important.doc", "application/msword", 46144, ""),
        ("sticker", MediaKind.STICKER, "Landing", "image/png", 73602, ""),
    ],
)
def test_files_are_known_by_their_address(name: str, kind: MediaKind, called: str, mime: str, size: int, words: str) -> None:
    message = said(name)
    (file,) = message.media
    assert (file, message.text) == (MediaRef(kind, file.ref, called, mime, size), words)
    assert file.ref.startswith("mxc://matrix.example/")


def test_a_place_is_a_line_with_a_map() -> None:
    assert said("location").text == "📍 40.177600, 44.512600\nhttps://maps.google.com/?q=40.177600,44.512600"


def test_changes_are_read_and_name_what_they_change() -> None:
    (edit,), (gone,) = told("edit"), told("redaction")
    assert isinstance(edit, Edit)
    assert (edit.external_id, edit.text) == (id_of("b"), "Три полки")
    assert isinstance(gone, Delete)
    assert gone.external_id == id_of("b")


def test_an_emoji_is_put_on_and_taken_away() -> None:
    (put,), (taken,) = told("reaction"), told("redaction_of_a_reaction")
    assert isinstance(put, Reaction)
    assert isinstance(taken, Reaction)
    assert (put.message, put.emoji) == (id_of("q"), "👍️")
    assert (taken.message, taken.emoji) == (id_of("q"), "")


@pytest.mark.parametrize(
    ("name", "kind"),
    [("encrypted", "encrypted"), ("call", "call"), ("poll", "poll"), ("verification_request", "key_verification_request"), ("encrypted_file", "file")],
)
def test_what_cannot_be_shown_stands_in_the_thread(name: str, kind: str) -> None:
    (found,) = told(name)
    assert isinstance(found, Unknown)
    assert (found.kind, found.sender and found.sender.external_id, bool(found.external_id)) == (kind, ROOM, True)


def test_what_was_taken_back_before_it_was_read_is_only_counted() -> None:
    (found,) = told("redacted")
    assert isinstance(found, Unknown)
    assert (found.kind, found.sender) == ("taken_back", None)


def test_a_receipt_is_of_the_message_and_of_all_before_it() -> None:
    one, before = told("read")
    assert isinstance(one, Status)
    assert isinstance(before, Status)
    assert (one.arrival, one.ids, one.ref) == (Arrival.READ, (id_of("q"),), "d17")
    assert (before.arrival, before.address, before.until) == (Arrival.READ, ROOM, AT - 50)
    (only,) = told("read_their_own")
    assert isinstance(only, Status)
    assert (only.ids, only.address) == ((), ROOM)


def test_a_room_we_came_into_is_where_the_person_is_met() -> None:
    (found,) = told("we_came")
    assert isinstance(found, IdentityChanged)
    assert (found.sender.external_id, found.reachable, found.new_id) == (ANI, True, ROOM)


@pytest.mark.parametrize(("name", "reachable"), [("person_left", False), ("we_were_banned", False), ("person_came_back", True)])
def test_who_has_gone_cannot_be_written_to(name: str, reachable: bool) -> None:
    (found,) = told(name)
    assert isinstance(found, IdentityChanged)
    assert (found.sender.external_id, found.reachable, found.new_id) == (ROOM, reachable, "")


def test_what_our_account_says_elsewhere_is_the_firms_and_what_we_sent_is_a_status() -> None:
    echo = said("echo_from_another_device")
    assert (echo.echo, echo.sender.external_id, echo.text) == (True, ROOM, "Да, делаем")
    (sent,) = told("sent_by_us")
    assert isinstance(sent, Status)
    assert (sent.arrival, sent.ids, sent.ref) == (Arrival.SENT, (id_of("q"),), "d17")


def test_the_mark_of_an_older_key_is_known_and_of_another_house_is_not() -> None:
    body = (FIXTURES / "sent_by_us.json").read_bytes()
    older, other = body.replace(b"SEAL", seal(older=True).encode()), body.replace(b"SEAL", b"0" * 16)
    (known,), (unknown,) = (list(channel().parse(RawEvent("matrix", "k", "l", one, NOW))) for one in (older, other))
    assert isinstance(known, Status)
    assert isinstance(unknown, Message)
    assert unknown.echo


def test_nobody_else_can_pretend_that_we_sent_something() -> None:
    held = json.loads((FIXTURES / "sent_by_us.json").read_bytes().replace(b"SEAL", seal().encode()))
    held["event"]["sender"] = ANI
    (found,) = channel().parse(RawEvent("matrix", "k", "l", json.dumps(held).encode(), NOW))
    assert isinstance(found, Message)
    assert not found.echo


def test_an_event_that_is_told_again_is_the_same_though_it_is_older_and_their_name_another() -> None:
    event = json.loads((FIXTURES / "text.json").read_bytes())["event"]
    first = of_event(Spot("matrix", ROOM, "@shop:marani.example", ANI, "Ani"), event, NOW)
    later = of_event(Spot("matrix", ROOM, "@shop:marani.example", ANI, "Anahit"), {**event, "unsigned": {"age": 99}}, NOW + 1)
    assert first.key == later.key == event["event_id"]
    assert alike(first.body, later)
