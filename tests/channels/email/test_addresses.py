"""Who wrote a mail is read strictly, and never from a name that is only shown."""

import pytest

from channels.email.addresses import addresses, authors, email, path
from channels.email.headers import decode_words, parameters, split
from tests.channels.email.letters import read


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("Anna <ANNA@Shop.Example>", [("anna@shop.example", "Anna")]),
        ('"Петросян, Анна" <p@x.am>', [("p@x.am", "Петросян, Анна")]),
        ("p@x.am (Анна)", [("p@x.am", "Анна")]),
        ("Team: a@b.am, c@d.am;", [("a@b.am", ""), ("c@d.am", "")]),
        ("undisclosed-recipients:;", []),
        ('"evil@x.com" <real@y.com>', [("real@y.com", "evil@x.com")]),
        ("=?utf-8?b?PGV2aWxAeD4=?= <real@y.com>", [("real@y.com", "<evil@x>")]),
        ("=?utf-8?q?a=2C_b=40c?= <real@y.com>", [("real@y.com", "a, b@c")]),
        ("anna@пример.рф", [("anna@xn--e1afmkfd.xn--p1ai", "")]),
        ("anna+tour@x.am", [("anna+tour@x.am", "")]),
        ("<a@b.am> <c@d.am>", []),
        ("a b@c.am", []),
        ("a@[1.2.3", []),
        ("", []),
        ("\x00", []),
    ],
)
def test_addresses_are_told_from_names(value: str, found: list[tuple[str, str]]) -> None:
    assert [(one.email, one.name) for one in addresses(value)] == found


@pytest.mark.parametrize("value", ["alice@good.example)bob@evil.example", "a@b.am, c@d@e", "a@b.am <", "Anna <anna@x.am> (x@y.am"])
def test_a_doubtful_author_is_nobody(value: str) -> None:
    assert len(authors(value)) == 0


def test_rubbish_beside_the_author_does_no_harm() -> None:
    assert [one.email for one in authors('"a" <a@mail.example>, <')] == ["a@mail.example"]


@pytest.mark.parametrize("name", ["from_two", "from_trick", "from_literal"])
def test_where_from_says_nothing_sure_the_envelope_counts(name: str) -> None:
    author = read(name).author
    assert author
    assert (author.email, author.name) == ("anna@mail.example", "")


@pytest.mark.parametrize("value", ["a@b\r\nBcc: x@y", "a b@c", "@", "a@", "@b", "a" * 65 + "@b", "a@-b-", "a@b..c", "<a@b>"])
def test_what_is_no_address_is_none(value: str) -> None:
    assert email(value) == ""


def test_the_null_sender_is_told_from_no_sender() -> None:
    assert (path("<>"), path(""), path("<Anna@X.am>"), path("rubbish")) == ("", None, "anna@x.am", None)


def test_parameters_in_pieces_are_joined() -> None:
    assert parameters('a/b; name*0*=UTF-8\'\'%D0%9F%D1%80; name*1=ivet; x="a;b\\"c"; charset=utf-8') == (
        "a/b",
        {"name": "Прivet", "x": 'a;b"c', "charset": "utf-8"},
    )


@pytest.mark.parametrize("value", ["=?utf-8?b?////?=", "=?x?q?=ZZ?=", "=?utf-7?q?+2D0-?=", "=?idna?b?YQ==?=", "=?utf-8?b?a?=", "=??b?a?="])
def test_broken_words_break_nothing(value: str) -> None:
    assert isinstance(decode_words(value), str)


def test_bytes_without_headers_are_all_body() -> None:
    assert split(b"hello\r\n\r\nthere")[1] == b"hello\r\n\r\nthere"
    assert split(b"\r\nhello")[1] == b"hello"


def test_headers_that_no_empty_line_ends_end_where_words_begin() -> None:
    headers, body = split(b"From: a@b.am\nSubject: one\n two\nhere are the words\n")
    assert (headers.first("subject"), body) == ("one two", b"here are the words\n")


def test_half_a_line_end_makes_no_header() -> None:
    headers, _ = split(b"Subject: one\rFrom: a@b.am\n\n")
    assert not headers.has("from")
