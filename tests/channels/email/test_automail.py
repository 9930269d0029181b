"""Machines are told from people."""

import pytest

from channels.email.automail import robot, why
from channels.email.headers import read as headers
from tests.channels.email.letters import read


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"Auto-Submitted: auto-replied; x=y", "auto-submitted"),
        (b"Auto-Submitted: auto-generated", "auto-submitted"),
        (b"Auto-Submitted: no", ""),
        (b"Content-Type: multipart/report; boundary=x", "report"),
        (b"Precedence: Bulk", "precedence"),
        (b"Precedence: auto_reply", "precedence"),
        (b"Precedence: first-class", ""),
        (b"X-Auto-Response-Suppress: All", "suppress"),
        (b"X-Autoreply: yes", "autoreply"),
        (b"X-Autorespond: away", "autoreply"),
        (b"List-Id: <x.y>", "list"),
        (b"List-Unsubscribe: <mailto:x@y>", "list"),
        (b"Feedback-ID: 1:2:3", "feedback-id"),
        (b"Received: a\r\n" * 50, "loop"),
        (b"Received: a\r\n" * 12, ""),
    ],
)
def test_headers_of_machines_are_known(head: bytes, reason: str) -> None:
    assert why(headers(head), "anna@mail.example", "anna@mail.example", "Чайник") == reason


def test_the_null_sender_is_a_machine() -> None:
    assert why(headers(b""), "anna@mail.example", "", "") == "null-sender"
    assert why(headers(b""), "anna@mail.example", None, "") == ""


@pytest.mark.parametrize(
    "local", ["MAILER-DAEMON", "postmaster", "no-reply", "noreply", "donotreply", "do_not_reply", "no.reply", "noreply-tickets", "bounces+77", "bounce-1=x"]
)
def test_addresses_nobody_reads_are_known(local: str) -> None:
    assert robot(f"{local}@desk.example")


@pytest.mark.parametrize("local", ["anna", "noreen", "info", "reply", "sales", "postmasters.wife", "bouncer"])
def test_people_are_no_robots(local: str) -> None:
    assert not robot(f"{local}@desk.example")


@pytest.mark.parametrize("name", ["vacation_en", "vacation_ru", "vacation_hy", "vacation_ka"])
def test_an_away_note_is_known_by_its_subject_at_last(name: str) -> None:
    assert read(name).auto == "away"


@pytest.mark.parametrize("subject", ["Re: Автоответ: чайник", "Automatic kettle", "Отпуск в Грузии", "Autonomous heater", "Out of stock?"])
def test_people_write_of_leave_and_automata_too(subject: str) -> None:
    assert why(headers(b""), "anna@mail.example", None, subject) == ""
