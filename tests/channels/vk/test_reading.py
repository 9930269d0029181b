"""What each kind of event means."""

import json
from typing import Any

import pytest

from crm.base.events import (
    Arrival,
    Edit,
    Event,
    IdentityChanged,
    LeadForm,
    MediaKind,
    Message,
    OptIn,
    OptOut,
    Postback,
    RawEvent,
    Reaction,
    Scope,
    Sender,
    SessionStarted,
    Source,
    Status,
    Unknown,
)
from tests.channels.vk.stand import ANI, FIXTURES, NOW, channel, told

HER = Sender(str(ANI))
AT = NOW - 10_000
SPRING = Source("oak_shelf_spring", "vk", referrer="vk.me")
WORDS = {
    "text": "Здравствуйте! Делаете полки на заказ?",
    "video": "🎬 Наша кухня\nhttps://vk.com/video51515151_456239017",
    "place": "Мы здесь\nЕреван, Армения\n📍 40.177623, 44.512555\nhttps://maps.google.com/?q=40.177623,44.512555",
    "link": "Вот пример\nПолка дубовая\nhttps://shop.example/shelf?id=7",
    "wall_post": "Новые полки из дуба\nhttps://vk.com/wall-210300400_77",
    "product": "Есть в наличии?\n🛒 Полка дубовая 15 000 ₽\nhttps://vk.com/product-210300400_5001",
    "forwarded": "Мне писали вот что\n> Полка 120 см\n> дуб\n> > Цена 15 000\n> 📎 photo.jpg",
    "voice": "Сколько стоит полка?",
    "sticker": "",
}
FILES = {
    "photo": [(MediaKind.PHOTO, "photo.jpg", "image/jpeg")],
    "two_photos": [(MediaKind.PHOTO, "photo.jpg", "image/jpeg")] * 2,
    "document": [(MediaKind.DOCUMENT, "полка.pdf", "application/pdf")],
    "voice": [(MediaKind.VOICE, "voice.ogg", "audio/ogg")],
    "sticker": [(MediaKind.STICKER, "sticker.png", "image/png")],
}
MEANS: dict[str, list[Event]] = {
    "start": [SessionStarted(HER, f"{ANI}_13", AT)],
    "start_from_a_link": [SessionStarted(HER, f"{ANI}_14", AT, SPRING)],
    "button": [Postback(HER, f"{ANI}_15", "offers:yes", AT, "Да")],
    "button_under_a_message": [Postback(HER, f"{ANI}_16", "offers:no", AT, "Нет", f"{ANI}_9")],
    "press": [Postback(HER, "press:9f0e1d2c3b4a", "offers:yes", NOW, message=f"{ANI}_31")],
    "edit": [Edit(HER, f"{ANI}_11", "Здравствуйте! Делаете ПОЛКИ на заказ?", AT + 5000)],
    "our_own_words": [Status(Arrival.SENT, AT, (f"{ANI}_36",), "d:71:0")],
    "allowed": [OptIn(HER, "allow:k1", NOW, Scope.ALL, "site-banner")],
    "denied": [OptOut(HER, "deny:k1", NOW, Scope.ALL)],
    "blocked": [IdentityChanged(HER, False, NOW)],
    "unblocked": [IdentityChanged(HER, True, NOW)],
    "read": [Status(Arrival.READ, NOW, (f"{ANI}_31",)), Status(Arrival.READ, NOW, address=str(ANI), until=NOW)],
    "reaction": [Reaction(HER, "reaction:k1", f"{ANI}_31", "👍", NOW)],
    "reaction_gone": [Reaction(HER, "reaction:k1", f"{ANI}_31", "", NOW)],
    "gift": [Unknown("gift", HER, f"{ANI}_27", AT)],
    "empty": [Unknown("nothing", HER, f"{ANI}_30", AT)],
    "talk_of_several": [Unknown("talk_of_several", at=AT)],
    "read_by_the_firm": [Unknown("message_read", at=NOW)],
    "edit_by_the_firm": [Unknown("message_edit", at=NOW)],
    "typing": [Unknown("message_typing_state", at=NOW)],
    "somebody_joined": [Unknown("group_join", at=NOW)],
    "wall_comment": [Unknown("wall_reply_new", at=NOW)],
}


def message(name: str) -> Message:
    """The one message in what was captured."""
    (found,) = told(name)
    assert isinstance(found, Message)
    return found


@pytest.mark.parametrize("name", MEANS)
def test_an_event_means_what_it_says(name: str) -> None:
    assert told(name) == MEANS[name]


@pytest.mark.parametrize("name", WORDS)
def test_a_message_is_read_in_words(name: str) -> None:
    assert message(name).text == WORDS[name]


@pytest.mark.parametrize("name", FILES)
def test_the_files_of_a_message_can_be_fetched(name: str) -> None:
    files = message(name).media
    assert [(one.kind, one.name, one.mime) for one in files] == FILES[name]
    assert all(one.ref.startswith("https://") for one in files)


def test_the_largest_size_of_a_picture_is_taken() -> None:
    assert "1600x1200" in message("photo").media[0].ref


def test_a_message_is_known_by_its_number_in_the_dialog_of_its_person() -> None:
    assert (message("text").external_id, message("text").sender, message("text").at) == (f"{ANI}_11", HER, AT)
    assert message("reply").reply_to == f"{ANI}_9"


def test_a_link_that_led_here_is_the_source() -> None:
    assert message("words_from_a_link").source == Source("oak_shelf_spring", "vk", referrer="https://vk.com/wall-210300400_77")
    assert message("text").source is None


@pytest.mark.parametrize("name", ["echo_by_a_person", "echo_by_another_program"])
def test_what_others_write_for_the_community_is_an_answer_made_elsewhere(name: str) -> None:
    assert message(name).echo
    assert message(name).sender == HER


def test_a_filled_in_form_is_a_lead_of_the_person_who_may_write_later() -> None:
    (form,) = told("lead_form")
    assert isinstance(form, LeadForm)
    assert (form.sender.external_id, form.name, form.phone, form.text) == (str(ANI), "Ани", "+7 916 123-45-67", "Размер полки: 120 см")
    assert (form.source.utm_medium, form.source.utm_campaign) == ("lead form", "Замер кухни")


def test_the_numbers_of_reactions_can_be_mended_in_the_settings() -> None:
    (reaction,) = told("reaction", reactions={"4": "🧡"})
    assert isinstance(reaction, Reaction)
    assert reaction.emoji == "🧡"


def test_an_event_of_another_community_is_nobodys() -> None:
    assert told("text", group=5) == [Unknown("another_community", at=NOW)]


def changed(name: str, **more: Any) -> list[Event]:
    """What the channel reads in a captured message with other fields."""
    body = json.loads((FIXTURES / f"{name}.json").read_bytes())
    body["object"]["message"].update(more)
    return list(channel().parse(RawEvent("vk", "k1", "vk:someone", json.dumps(body).encode(), NOW)))


@pytest.mark.parametrize("date", [0, -5, NOW, 10**18, "yesterday", None])
def test_a_time_that_cannot_be_is_the_time_of_receipt(date: object) -> None:
    (found,) = changed("text", date=date)
    assert isinstance(found, Message)
    assert found.at == NOW


@pytest.mark.parametrize("payload", ["", "{", "[]", "7", '{"v": 7}', '{"v": ""}', '{"button": "1"}'])
def test_a_button_of_somebody_else_is_as_if_its_label_had_been_written(payload: str) -> None:
    (found,) = changed("text", payload=payload)
    assert isinstance(found, Message)


def test_a_message_the_community_wrote_to_itself_is_no_customers() -> None:
    assert changed("text", from_id=-210300400) == [Unknown("message_new", at=NOW)]
    assert changed("text", conversation_message_id=0) == [Unknown("message_new", at=NOW)]


def test_forwarded_messages_are_not_followed_without_end() -> None:
    deep: dict[str, Any] = {"text": "bottom"}
    for _ in range(10):
        deep = {"text": "x", "fwd_messages": [deep]}
    (found,) = changed("text", fwd_messages=[deep])
    assert isinstance(found, Message)
    assert "bottom" not in found.text
