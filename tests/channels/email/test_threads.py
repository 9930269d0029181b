"""A thread is known again by what only we could have signed."""

import pytest

from channels.email import threads
from channels.email.threads import Purpose, Token, ids
from crm.base.subjects import bare_subject

KEY, OLD = b"new key", b"old key"
TOKEN = Token("c123", "d456")


def test_a_token_comes_back_whatever_the_case() -> None:
    address = threads.address("Sales@shop.example", TOKEN, KEY)
    assert len(address.partition("@")[0]) <= 64
    assert threads.read(address, [KEY]) == TOKEN
    assert threads.read(address.upper(), [KEY]) == TOKEN


def test_an_old_key_still_reads_and_another_does_not() -> None:
    address = threads.address("sales@shop.example", TOKEN, OLD)
    assert threads.read(address, [KEY, OLD]) == TOKEN
    assert threads.read(address, [KEY]) is None


def test_a_changed_token_is_none() -> None:
    address = threads.address("sales@shop.example", TOKEN, KEY)
    assert threads.read(address.replace("c123", "c124"), [KEY]) is None
    assert threads.read(address.replace("+t-", "+u-"), [KEY]) is None
    assert threads.read(address.replace("d456-", "d45-6"), [KEY]) is None


def test_the_purpose_is_signed_with_it() -> None:
    token = Token("c123", "d456", Purpose.UNSUBSCRIBE)
    assert threads.read(threads.address("sales@shop.example", token, KEY), [KEY]) == token


def test_a_plus_part_that_a_forwarder_added_does_no_harm() -> None:
    local, _, domain = threads.address("sales@shop.example", TOKEN, KEY).partition("@")
    assert threads.read(f"{local}+caf_=x@{domain}", [KEY]) == TOKEN


def test_the_first_token_counts() -> None:
    mine = threads.address("sales@shop.example", TOKEN, KEY)
    assert threads.first(["anna@mail.example", mine], [KEY]) == TOKEN
    assert threads.first(["anna@mail.example"], [KEY]) is None


@pytest.mark.parametrize("name", ["C123", "c 1", "c" * 17, "č"])
def test_a_name_that_would_not_come_back_is_refused(name: str) -> None:
    with pytest.raises(ValueError):
        threads.make(Token(name, "d1"), KEY)
    with pytest.raises(ValueError):
        threads.message_id(name, "shop.example", KEY)


def test_a_delivery_always_gets_the_same_id_and_is_known_by_it() -> None:
    id_ = threads.message_id("d456", "shop.example", KEY)
    assert id_ == threads.message_id("d456", "shop.example", KEY)
    assert threads.read_id(f"<{id_.upper()}>", [OLD, KEY]) == "d456"
    assert threads.read_id(id_.replace("d456", "d457"), [KEY]) == ""
    assert threads.read_id("x@y", [KEY]) == ""


def test_our_token_is_taken_off_and_a_customers_plus_stays() -> None:
    assert threads.plain(threads.address("sales@shop.example", TOKEN, KEY)) == "sales@shop.example"
    assert threads.plain("Anna+Tour@Mail.example") == "anna+tour@mail.example"


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("<a@b> <c@d>\t<a@b>", ("a@b", "c@d")),
        ("a@b", ("a@b",)),
        ("<[abc]>", ("[abc]",)),
        ("<>", ()),
        ("", ()),
        ("<a\r\nBcc: x@y>", ()),
        ("<a\x07b@c>", ("ab@c",)),
    ],
)
def test_ids_are_read(header: str, found: tuple[str, ...]) -> None:
    assert ids(header) == found


def test_of_too_many_ids_the_newest_are_kept() -> None:
    assert ids(" ".join(f"<{number}@x>" for number in range(500)))[-1] == "499@x"
    assert len(ids(" ".join(f"<{number}@x>" for number in range(500)))) == 100


@pytest.mark.parametrize(
    "subject",
    [
        "Чайник",
        "Re: Чайник",
        "RE[2]: Чайник",
        "Отв: Fwd: чайник",
        "Ответ:  Чайник ",
        "Պատ՝ Чайник",
        "პას: Чайник",
        "መልስ፦ Чайник",
        "AW: WG: SV: Чайник",
        "Re: Re: Re : Чайник",
        "FW：Чайник",
    ],
)
def test_a_subject_is_known_whatever_was_put_before_it(subject: str) -> None:
    assert bare_subject(subject) == "чайник"


@pytest.mark.parametrize("subject", ["Reduction", "Review: teapots", "Теперь: чайник", "i", "12:30"])
def test_a_word_that_only_begins_like_a_prefix_stays(subject: str) -> None:
    assert bare_subject(subject) == subject.lower()


def test_a_subject_of_prefixes_alone_is_empty() -> None:
    assert bare_subject("Re: Fwd:") == ""
    assert bare_subject("Re: " * 1_000).startswith("re:")
