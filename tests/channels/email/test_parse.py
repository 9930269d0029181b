"""What a mail means to the product."""

from dataclasses import replace
from pathlib import Path

import pytest

from channels.email.digest import digest
from channels.email.mail import Folder, Mail, Trouble, write
from channels.email.parse import Reading, parse
from crm.base.events import MediaKind, Message, OptOut, Sender, Unknown
from tests.channels.email.letters import KEY, NAMES, NOW, READING, STORED, letter, read, told

CAPTURED = Path(__file__).parent.parent / "fixtures" / "email"
KINDS = {
    "message": "stranger",
    "reply": "gmail_ru",
    "files": "inline_images",
    "invitation": "calendar",
    "forwarded": "forward_alone",
    "vacation": "vacation_hy",
    "list": "list_mail",
    "bounce": "bounce",
    "delayed": "bounce_delayed",
    "bounce_by_id": "bounce_unknown_id",
    "complaint": "complaint",
    "opened": "opened",
    "unsubscribe": "unsubscribe",
    "own": "own_mail",
    "nobody": "from_two",
    "sent": "sent_by_phone",
    "too_big": "winmail",
    "empty": "subject_alone",
}


def captured(name: str) -> bytes:
    """The digest of one kind, as it would be kept."""
    trouble = Trouble.TOO_BIG if name == "too_big" else Trouble.NONE
    folder = Folder.SENT if name == "sent" else Folder.INBOX
    data = letter(KINDS[name])
    if name == "nobody":
        data = data.replace(b"Return-Path: <anna@mail.example>", b"X-Nothing: 1")
    return write(replace(digest(data, trouble), stored=STORED, folder=folder))


@pytest.mark.parametrize("name", KINDS)
def test_the_captured_digests_are_what_their_mails_give(name: str) -> None:
    assert (CAPTURED / f"{name}.json").read_bytes() == captured(name)


def test_a_strangers_mail_is_a_message() -> None:
    sender = Sender("anna@mail.example", "Анна Петросян", email="anna@mail.example", proven=True)
    assert told("stranger") == Message(sender, "stranger@mail.example", "Здравствуйте! Сколько стоит чайник?", 1_791_188_100_000, subject="Чайник")


def test_a_letter_without_a_subject_is_a_letter_too() -> None:
    (event,) = parse(write(replace(read("stranger"), subject="")), READING, NOW)
    assert isinstance(event, Message)
    assert (event.subject, event.full) == ("", event.text)


def test_a_reply_names_its_thread_and_what_it_answers() -> None:
    event = told("gmail_ru")
    assert isinstance(event, Message)
    assert (event.thread, event.answers[1:]) == ("c123", ("first-0@mail.example",))
    assert event.answers[0].startswith("d456.")
    assert event.reply_to == event.answers[0]
    assert "5000" in event.full


def test_a_token_of_another_house_names_no_thread() -> None:
    event = told("gmail_ru", reading=Reading(frozenset({"sales@shop.example"}), keys=(b"another key",)))
    assert isinstance(event, Message)
    assert event.thread == ""


def test_files_are_named_by_mail_and_number() -> None:
    event = told("inline_images")
    assert isinstance(event, Message)
    (picture,) = event.media
    assert (picture.kind, picture.ref, picture.name, picture.mime) == (MediaKind.PHOTO, f"{STORED}/1", "a.png", "image/png")


def test_a_mail_whose_bytes_were_not_kept_has_no_files() -> None:
    (event,) = parse(write(replace(read("inline_images"), stored="")), READING, NOW)
    assert isinstance(event, Message)
    assert event.media == ()


@pytest.mark.parametrize("name", ["vacation_en", "vacation_ru", "vacation_hy", "vacation_ka", "vacation_marked", "list_mail", "no_reply"])
def test_a_machines_mail_is_marked(name: str) -> None:
    event = told(name)
    assert isinstance(event, Message)
    assert event.auto


@pytest.mark.parametrize("name", ["gmail_en", "stranger", "from_dangling", "sent_by_phone"])
def test_a_persons_mail_is_not(name: str) -> None:
    event = told(name)
    assert isinstance(event, Message | Unknown)
    assert not getattr(event, "auto", False)


def test_what_somebody_of_the_firm_sent_elsewhere_is_an_echo() -> None:
    event = told("sent_by_phone", Folder.SENT)
    assert isinstance(event, Message)
    assert (event.echo, event.sender.external_id, event.text) == (True, "anna@mail.example", "Да, есть красные.")


def test_our_own_mail_coming_back_is_only_counted() -> None:
    assert told("own_mail") == Unknown("own_mail", at=1_791_188_100_000)
    assert told("own_mail", reading=Reading(frozenset(), keys=(KEY,))) == told("own_mail")
    assert told("sent_by_phone") == Unknown("own_mail", at=1_791_188_100_000)


def test_a_mail_to_the_unsubscribe_token_is_an_opt_out() -> None:
    event = told("unsubscribe")
    assert isinstance(event, OptOut)
    assert (event.sender.external_id, event.ref, event.shown) == ("anna@mail.example", "d456", "unsubscribe")


def test_an_unsubscribe_token_of_another_house_is_a_message() -> None:
    assert isinstance(told("unsubscribe", reading=Reading(frozenset({"sales@shop.example"}))), Message)


@pytest.mark.parametrize("name", ["dmarc_forged", "dmarc_foreign", "gmail_en"])
def test_an_author_is_proven_only_by_our_own_server(name: str) -> None:
    event = told(name)
    assert isinstance(event, Message)
    assert not event.sender.proven


def test_without_a_server_of_ours_nobody_is_proven() -> None:
    event = told("stranger", reading=Reading(frozenset({"sales@shop.example"}), keys=(KEY,)))
    assert isinstance(event, Message)
    assert not event.sender.proven


def test_a_subject_alone_is_what_was_said() -> None:
    event = told("subject_alone")
    assert isinstance(event, Message)
    assert event.text == "Перезвоните мне"


def test_a_mail_that_could_not_be_read_is_shown_as_that() -> None:
    message, unread = parse(captured("too_big"), READING, NOW)
    assert isinstance(message, Message)
    assert message.text == "Re: Чайник"
    assert unread == Unknown("mail_too_big", message.sender, "", message.at)


def test_nothing_at_all_is_still_somebodys() -> None:
    (event,) = parse(write(Mail(authors=read("stranger").authors, message_id="x@y")), READING, NOW)
    assert isinstance(event, Unknown)
    assert (event.kind, event.external_id) == ("empty_mail", "x@y")


def test_a_date_to_come_is_the_time_of_receipt() -> None:
    (event,) = parse(write(replace(read("stranger"), date=NOW + 1)), READING, NOW)
    assert event.at == NOW


def test_a_mail_without_an_id_goes_by_the_mark_of_its_bytes() -> None:
    event = told("id_empty")
    assert isinstance(event, Message)
    assert event.external_id == read("id_empty").mark


@pytest.mark.parametrize("name", NAMES)
def test_every_captured_mail_is_read_the_same_twice(name: str) -> None:
    assert told(name) == told(name)
    assert "\ufffd" not in repr(told(name))
