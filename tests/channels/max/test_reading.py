"""What each kind of update means."""

import json
from typing import Any

import pytest

from crm.base.events import (
    ContactShared,
    Delete,
    Edit,
    Event,
    IdentityChanged,
    MediaKind,
    Message,
    Postback,
    RawEvent,
    Sender,
    SessionStarted,
    Source,
    Unknown,
)
from tests.channels.max.stand import ANI, FIXTURES, NOW, channel, told

HER, QUIET = Sender(str(ANI), "Ани Петросян", language="ru"), Sender(str(ANI), "Ани Петросян")
AT = NOW - 10_000
MID = "mid.0000000008a53b9b019c44bd612d{:04x}"
WORDS = {
    "text": "Здравствуйте! Делаете полки на заказ?",
    "place": "📍 40.177623, 44.512555\nhttps://maps.google.com/?q=40.177623,44.512555",
    "link": "Вот пример https://shop.example/shelf\nПолка дубовая",
    "forwarded": "Мне писали вот что\n> Полка 120 см\n> дуб\n> 📎 photo.jpg",
    "voice": "Сколько стоит полка?",
    "marked_up": "Очень нужна полка",
    "sticker": "",
}
FILES = {
    "photo": [(MediaKind.PHOTO, "https://i.oneme.ru/i?r=BTGBPUwtwgYUeoFhO7rESmr8FddY", "photo.jpg")],
    "two_photos": [(MediaKind.PHOTO, "https://i.oneme.ru/i?r=BTGBPUwtwgYUeoFhO7rESmr8FddY", "photo.jpg")] * 2,
    "video": [(MediaKind.VIDEO, "video:f9LHodD0cOIvideo", "video.mp4")],
    "voice": [(MediaKind.VOICE, "https://vd592.okcdn.ru/?expires=1&id=2", "voice.mp3")],
    "document": [(MediaKind.DOCUMENT, "https://fd.oneme.ru/getfile?sig=x&id=3", "полка.pdf")],
    "sticker": [(MediaKind.STICKER, "https://i.oneme.ru/getSmile?smileId=1", "sticker.webp")],
}
MEANS: dict[str, list[Event]] = {
    "started": [SessionStarted(HER, f"started:{ANI}:{AT}", AT)],
    "started_from_a_link": [SessionStarted(HER, f"started:{ANI}:{AT}", AT, Source("oak_shelf_spring"))],
    "stopped": [IdentityChanged(QUIET, False, AT)],
    "edit": [Edit(QUIET, MID.format(18), "Здравствуйте! Делаете ПОЛКИ на заказ?", AT + 5000)],
    "removed": [Delete(Sender(str(ANI)), MID.format(1), AT + 6000)],
    "press": [Postback(HER, "f9LHodD0cOIEr0gCxuvowdetqQYLt6YmbfMaYw", "offers:yes", AT, "Да", MID.format(19))],
    "press_under_a_removed_message": [Postback(HER, "f9LHodD0cOIEr0gCxuvowdetqQYLt6Ymbgone", "offers:no", AT)],
    "own_contact": [ContactShared(HER, MID.format(10), "+79161234567", AT, True, "Ани Петросян")],
    "somebodys_contact": [ContactShared(HER, MID.format(11), "+79160000000", AT, False, "Карен")],
    "dialog_cleared": [Unknown("dialog_cleared", QUIET, f"dialog_cleared:{ANI}:{AT}", AT)],
    "dialog_muted": [Unknown("dialog_muted", QUIET, f"dialog_muted:{ANI}:{AT}", AT)],
    "dialog_unmuted": [Unknown("dialog_unmuted", QUIET, f"dialog_unmuted:{ANI}:{AT}", AT)],
    "dialog_removed": [Unknown("dialog_removed", QUIET, f"dialog_removed:{ANI}:{AT}", AT)],
    "empty": [Unknown("nothing", HER, MID.format(16), AT)],
    "from_a_channel": [Unknown("talk_of_several", at=AT)],
    "added_to_a_channel": [Unknown("bot_added", at=AT)],
}


def message(name: str) -> Message:
    """The one message in what was captured."""
    (found,) = told(name)
    assert isinstance(found, Message)
    return found


@pytest.mark.parametrize("name", MEANS)
def test_an_update_means_what_it_says(name: str) -> None:
    assert told(name) == MEANS[name]


@pytest.mark.parametrize("name", WORDS)
def test_a_message_is_read_in_words(name: str) -> None:
    assert message(name).text == WORDS[name]


@pytest.mark.parametrize("name", FILES)
def test_the_files_of_a_message_can_be_fetched(name: str) -> None:
    assert [(one.kind, one.ref, one.name) for one in message(name).media] == FILES[name]


def test_a_message_names_its_writer_and_what_it_answers() -> None:
    assert (message("text").sender, message("text").external_id, message("text").at) == (HER, MID.format(1), AT)
    assert message("reply").reply_to == "mid.theirs"


def changed(name: str, **more: Any) -> list[Event]:
    """What the channel reads in a captured contact with other fields."""
    body = json.loads((FIXTURES / f"{name}.json").read_bytes())
    payload = body["message"]["body"]["attachments"][0]["payload"]
    payload.update(more)
    reader = channel(token="f9LHodD0cOLtoken")
    return list(reader.parse(RawEvent("max", "k1", "max:someone", json.dumps(body).encode(), NOW)))


@pytest.mark.parametrize(
    "forged",
    [
        {"hash": ""},
        {"hash": "00" * 32},
        {"hash": None},
        {"vcf_info": "BEGIN:VCARD\r\nTEL;TYPE=cell:79169999999\r\nEND:VCARD\r\n"},
        {"max_info": None},
        {"max_info": {"user_id": 77777}},
    ],
)
def test_a_number_is_the_senders_own_only_if_max_signed_it_for_them(forged: dict[str, Any]) -> None:
    (shared,) = changed("own_contact", **forged)
    assert isinstance(shared, ContactShared)
    assert not shared.own


def test_a_contact_signed_for_another_bot_proves_nothing() -> None:
    (shared,) = told("own_contact", token="another-bot")
    assert isinstance(shared, ContactShared)
    assert not shared.own


def test_what_a_bot_wrote_is_no_customers() -> None:
    body = json.loads((FIXTURES / "text.json").read_bytes())
    body["message"]["sender"]["is_bot"] = True
    found = channel().parse(RawEvent("max", "k1", "max:someone", json.dumps(body).encode(), NOW))
    assert list(found) == [Unknown("message_created", at=AT)]
