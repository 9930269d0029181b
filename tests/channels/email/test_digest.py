"""What in a mail breaks others does not break the digest."""

import pytest

from channels.email.digest import digest, open_part
from channels.email.mail import Mail, PartKind, Trouble
from channels.email.mime import PARTS, file_name
from tests.channels.email.letters import NAMES, letter, read


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("unknown_charset", "Привет! Чайник ещё есть?"),
        ("hebrew_implicit", "שלום עולם"),
        ("cp1251_as_utf8", "Здравствуйте, чайник ещё есть?"),
        ("no_charset", "Здравствуйте, чайник ещё есть?"),
        ("unterminated", "Не закончено."),
        ("no_boundary", "Просто слова."),
        ("wrong_base64", "Привет"),
        ("apple_mixed", "До снимка.\n\nПосле снимка."),
        ("hostile_page", "Куплю чайник\n\nhttps://bank.example (https://evil.example/login)"),
    ],
)
def test_the_words_are_read_all_the_same(name: str, said: str) -> None:
    assert read(name).text == said


@pytest.mark.parametrize(
    ("name", "subject"), [("subject_split_letters", "Привет"), ("raw_utf8_headers", "Чайник на завтра"), ("raw_cp1251_headers", "Здравствуйте, чайник")]
)
def test_the_subject_is_read_however_it_is_written(name: str, subject: str) -> None:
    assert read(name).subject == subject


def test_nothing_that_may_be_used_in_a_header_again_holds_a_line_break() -> None:
    mail = read("subject_injection")
    assert (mail.subject, mail.message_id) == ("a Bcc: x@y.z", "ab@mail.example")
    assert mail.author
    assert (mail.author.email, mail.author.name) == ("eve@mail.example", "Eve Bcc: x@y.z")


@pytest.mark.parametrize(("name", "id_"), [("id_in_brackets", "[abc]"), ("id_empty", "")])
def test_an_id_that_breaks_the_standard_library_is_read(name: str, id_: str) -> None:
    mail = read(name)
    assert mail.message_id == id_
    assert mail.id == id_ or mail.mark


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("file_with_path", ["passwd"]),
        ("file_cyrillic", ["Договор.pdf"]),
        ("winmail", ["winmail.dat"]),
        ("calendar", ["invitation.ics"]),
        ("forwarded_message", ["Old offer.eml"]),
    ],
)
def test_files_have_names_that_can_be_shown(name: str, names: list[str]) -> None:
    assert [part.name for part in read(name).parts] == names


def test_hostile_file_names_are_made_harmless() -> None:
    trick, reserved, long = (part.name for part in read("file_hostile").parts)
    assert (trick, reserved) == ("xgpj.exe", "_CON.txt")
    assert len(long) <= 120
    assert long.endswith("long.pdf")


@pytest.mark.parametrize("name", ["..", ".", "", "///", "\u202e", "a\nb", "con", "NUL.txt", "..%2f..%2fetc", "a\x00.pdf", ".\u200b."])
def test_no_name_leads_anywhere(name: str) -> None:
    plain = file_name(name)
    assert "/" not in plain
    assert plain.isprintable()
    assert plain.strip(". ") == plain
    assert plain.lower() not in ("con", "nul.txt")


def test_kinds_of_parts_are_told_apart() -> None:
    kinds = {name: [part.kind for part in read(name).parts] for name in ("calendar", "forwarded_message", "winmail", "inline_images")}
    assert kinds == {
        "calendar": [PartKind.CALENDAR],
        "forwarded_message": [PartKind.MAIL],
        "winmail": [PartKind.FILE],
        "inline_images": [PartKind.INLINE, PartKind.INLINE],
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_part_is_opened_by_its_number_and_is_as_long_as_was_told(name: str) -> None:
    for part in read(name).parts:
        data = open_part(letter(name), part.number)
        assert data is not None
        assert len(data) == part.size


def test_a_part_that_is_not_there_is_none() -> None:
    assert open_part(letter("winmail"), 99) is None
    assert open_part(b"", 1) is None


def nested(depth: int) -> bytes:
    """Containers in containers, with words in the innermost."""
    head = "".join(f"Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n" for level in range(depth))
    return f"From: a@mail.example\r\n{head}Content-Type: text/plain\r\n\r\ninside\r\n".encode()


def test_containers_in_containers_are_read_to_a_bound() -> None:
    assert digest(nested(15)).text == "inside"
    assert digest(nested(300)).text == ""
    assert digest(nested(5_000)).author


def test_mails_in_mails_are_files_and_not_opened() -> None:
    inner = b"Content-Type: message/rfc822\r\n\r\n" * 400 + b"\r\nhello"
    (part,) = digest(b"From: a@mail.example\r\n" + inner).parts
    assert part.kind == PartKind.MAIL


def test_parts_are_counted_to_a_bound() -> None:
    body = b"--b\r\nContent-Type: application/pdf\r\n\r\nx\r\n" * 10_000
    assert len(digest(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + body).parts) <= 2 * PARTS


def test_twenty_thousand_addresses_are_not_all_read() -> None:
    mail = digest(b"To: " + b", ".join(b"a%d@mail.example" % number for number in range(20_000)) + b"\r\n\r\nx")
    assert len(mail.to) <= 50


def test_a_header_of_five_megabytes_is_cut() -> None:
    assert len(digest(b"Subject: " + b"x" * 5_000_000 + b"\r\nFrom: a@mail.example\r\n\r\nbody").subject) <= 500


def test_with_a_trouble_only_the_headers_are_read() -> None:
    mail = digest(letter("winmail"), Trouble.TOO_BIG)
    assert (mail.text, mail.full, mail.parts, mail.trouble) == ("", "", (), Trouble.TOO_BIG)
    assert mail.subject == "Re: Чайник"


def test_the_same_bytes_have_the_same_mark() -> None:
    assert digest(letter("winmail")) == digest(letter("winmail"))
    assert digest(letter("winmail")).mark != digest(letter("calendar")).mark


def test_lines_that_end_as_on_an_old_macintosh_are_lines() -> None:
    old = letter("inline_images").replace(b"\r\n", b"\r")
    assert digest(old).text == read("inline_images").text
    assert open_part(old, 1) == open_part(letter("inline_images"), 1)


def test_no_mail_at_all_is_an_empty_one() -> None:
    assert digest(b"") == Mail(mark=digest(b"").mark)
