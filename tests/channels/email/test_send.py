"""Writing a mail and handing it over: what stands in it, what can never stand in it, and what each answer of a server means."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.email import threads
from channels.email.answers import Stage, refused
from channels.email.compose import File, Writer, encoded
from channels.email.options import EmailOptions, settled
from channels.email.threads import Purpose, Token
from crm.base.events import MediaKind
from crm.base.outbound import Button, Edit, Media, Reason, Receipt, RetryLater, Say, Typing, Uncertain, Undeliverable
from sandbox.mail.world import SENT
from tests.channels.email.stand import ANAHIT, NOON, PDF, SHOP, Stand, opened, standing

SETTLED = settled(EmailOptions(SHOP, password="secret", provider="gmail"))
KNOWN = frozenset(
    b"From To Reply-To Subject Date Message-ID In-Reply-To References Auto-Submitted X-Auto-Response-Suppress X-Loop List-Unsubscribe "
    b"List-Unsubscribe-Post MIME-Version Content-Type Content-Transfer-Encoding".split()
)
ANSWER = Say("It costs 9,000 AMD.", reply_to="q1@home.example", references=("q0@home.example", "q1@home.example"), subject="Wine", thread="c123", ref="d456")


@pytest_asyncio.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    async with standing(tmp_path, read_sent=False) as made:
        yield made


async def test_an_answer_lies_in_the_customers_mailbox(stand: Stand) -> None:
    receipt = await stand.send(ANSWER)
    [mail] = stand.got()
    assert receipt.ids == (mail["Message-ID"].strip("<>"),)
    assert (mail["From"], mail["To"], mail["Subject"]) == ("Marani <sales@shop.example>", ANAHIT, "Re: Wine")
    assert mail.get_content().strip() == "It costs 9,000 AMD."


async def test_an_answer_stands_in_its_thread(stand: Stand) -> None:
    await stand.send(ANSWER)
    [mail] = stand.got()
    assert mail["In-Reply-To"] == "<q1@home.example>"
    assert mail["References"].split() == ["<q0@home.example>", "<q1@home.example>"]


async def test_what_comes_back_carries_the_thread_and_the_delivery(stand: Stand) -> None:
    await stand.send(ANSWER)
    [mail], [taken] = stand.got(), stand.world.taken
    assert mail["Reply-To"] == taken.sender
    assert threads.read(taken.sender, stand.firm.keys) == Token("c123", "d456")


async def test_a_repeat_has_the_same_id(stand: Stand) -> None:
    first, second = await stand.send(ANSWER), await stand.send(ANSWER)
    assert first == second
    assert threads.read_id(first.ids[0], stand.firm.keys) == "d456"


async def test_without_plus_addresses_answers_come_to_the_mailbox_itself(tmp_path: Path) -> None:
    async with standing(tmp_path, plus=False) as stand:
        await stand.send(ANSWER)
        [mail] = stand.got()
        assert mail["Reply-To"] is None
        assert stand.world.taken[0].sender == SHOP


async def test_a_provider_that_takes_no_other_sender_gets_the_mailbox_itself(stand: Stand) -> None:
    stand.world.faults.add("refuse", "mail", code=550, words="5.7.60 not allowed to send as this sender")
    await stand.send(ANSWER)
    await stand.send(ANSWER)
    assert [taken.sender for taken in stand.world.taken] == [SHOP, SHOP]
    assert threads.read(stand.got()[0]["Reply-To"], stand.firm.keys) == Token("c123", "d456")


async def test_a_machine_says_that_it_is_one(stand: Stand) -> None:
    await stand.send(ANSWER)
    await stand.send(Say("Hello", subject="Wine", thread="c1", ref="d1"))
    answer, first = stand.got()
    assert (answer["Auto-Submitted"], first["Auto-Submitted"]) == ("auto-replied", "auto-generated")
    assert answer["X-Auto-Response-Suppress"] == "All"


async def test_what_a_person_wrote_carries_no_mark_of_a_machine(stand: Stand) -> None:
    await stand.send(Say("Hello", subject="Wine", personal=True, thread="c1", ref="d1"))
    [mail] = stand.got()
    assert mail["Auto-Submitted"] is None
    assert mail["X-Auto-Response-Suppress"] is None
    assert threads.read_id(mail["X-Loop"], stand.firm.keys) == "d1"


async def test_offers_can_be_ended_with_one_click_or_by_mail(stand: Stand) -> None:
    await stand.send(Say("New wine", subject="News", unsubscribe="https://shop.example/leave/x", thread="c1", ref="d1"))
    [mail] = stand.got()
    page, by_mail = mail["List-Unsubscribe"].split(", ")
    assert (page, mail["List-Unsubscribe-Post"]) == ("<https://shop.example/leave/x>", "List-Unsubscribe=One-Click")
    address = by_mail.removeprefix("<mailto:").partition("?")[0]
    token = threads.read(address, stand.firm.keys)
    assert token is not None
    assert token.purpose is Purpose.UNSUBSCRIBE


async def test_a_file_goes_along_under_its_own_name(stand: Stand) -> None:
    await stand.send(Say("The list", PDF, subject="Wine"))
    [mail] = stand.got()
    words, file = mail.iter_parts()
    assert words.get_content().strip() == "The list"
    assert (file.get_filename(), file.get_content_type(), file.get_content()) == ("Գինի_прайс.pdf", "application/pdf", b"content")


@pytest.mark.parametrize("text", ["Բարև ձեզ", "გამარჯობა", "ሰላም", "Здравствуйте", "Dear\n.\n..dots\nFrom here", "x" * 3000, "line\n" * 500])
async def test_words_arrive_as_they_were_written(stand: Stand, text: str) -> None:
    await stand.send(Say(text, subject=text[:50]))
    [mail] = stand.got()
    assert mail.get_content().replace("\r\n", "\n").rstrip() == text.rstrip()


async def test_the_few_tags_become_plain_words(stand: Stand) -> None:
    await stand.send(Say('<b>9,000</b> &amp; <a href="https://shop.example/red">the red one</a> &lt;3', html=True, subject="Wine"))
    [mail] = stand.got()
    assert mail.get_content().strip() == "9,000 & the red one (https://shop.example/red) <3"


async def test_choices_become_lines(stand: Stand) -> None:
    await stand.send(Say("Which?", buttons=((Button("Red", "r"), Button("White", "w")),), subject="Wine"))
    [mail] = stand.got()
    assert mail.get_content().split() == ["Which?", "1.", "Red", "2.", "White"]


INJECTIONS = [
    "=?utf-8?q?a=0D=0ABcc:_x@y.z?=",
    "a\r\nBcc: x@y.z",
    "a\nBcc: x@y.z",
    "a\rBcc: x@y.z",
    "a\x0bBcc: x@y.z",
    "a\x85Bcc: x@y.z",
    "a\u2028Bcc: x@y.z",
    "a\x00b",
    "=?utf-8?b?" + "DQpCY2M6IHhAeS56" + "?=",
    '"><script>\r\n\r\nbody',
    "\ud800",
]


@pytest.mark.parametrize("evil", INJECTIONS)
def test_nothing_people_write_begins_a_header(evil: str) -> None:
    made = Writer(SETTLED, evil, b"k" * 32).letter(
        ANAHIT,
        Say("x", subject=evil, reply_to=evil, references=(evil, "ok@x"), unsubscribe=evil, thread="c1", ref="d1"),
        [File(evil, evil, b"content")],
        NOON,
        "edge",
    )
    head = made.raw.partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0] for line in head.split(b"\r\n") if not line.startswith(b" ")]
    assert b"Bcc" not in names
    assert b"\nBcc" not in made.raw
    assert set(names) <= KNOWN
    assert len(names) == len(set(names))
    assert opened(made.raw)["Bcc"] is None
    assert all(byte in (9, 10, 13) or 32 <= byte < 127 for byte in head)


@pytest.mark.parametrize(
    "address", ["", "a", "a@", "@b", "a b@c.d", "a@b\r\nRCPT TO:<x@y>", "a@b>", "<a@b>", "a,b@c.d", "a@b@c", "ա@b.am", "a" * 70 + "@b.am", "a@" + "b" * 300]
)
async def test_what_is_no_address_never_meets_a_server(stand: Stand, address: str) -> None:
    with pytest.raises(Undeliverable) as told:
        await stand.send(ANSWER, address)
    assert told.value.reason is Reason.BAD_ADDRESS
    assert not stand.world.taken


def test_a_domain_may_be_in_any_script() -> None:
    made = Writer(SETTLED, "Marani", b"k" * 32).letter("info@գինի.հայ", ANSWER, [], NOON, "edge")
    assert made.recipient == "info@xn--09aqa7b.xn--y9a3aq"


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.text(max_size=200), min_size=7, max_size=7))
def test_whatever_is_said_the_mail_has_the_headers_we_wrote_and_no_other(words: list[str]) -> None:
    subject, reply_to, before, page, text, file, name = words
    say = Say(text, subject=subject, reply_to=reply_to, references=(before,), unsubscribe=page, thread="c1", ref="d1")
    made = Writer(SETTLED, name, b"k" * 32).letter(ANAHIT, say, [File(file, file, b"x")], NOON, "=_edge")
    head, _, rest = made.raw.partition(b"\r\n\r\n")
    assert {line.partition(b":")[0] for line in head.split(b"\r\n") if not line.startswith(b" ")} <= KNOWN
    assert all(len(line) <= 998 for line in made.raw.split(b"\r\n"))
    assert b"\n" not in made.raw.replace(b"\r\n", b"")
    assert rest.count(b"--=_edge") == 3


def test_an_encoded_word_holds_whole_characters() -> None:
    words = encoded("Գինու փառատոն Երևանում " * 8).split(" ")
    assert all(len(word) <= 75 for word in words)
    assert str(opened(f"Subject: {' '.join(words)}\r\n\r\n".encode())["Subject"]) == ("Գինու փառատոն Երևանում " * 8).strip()


@pytest.mark.parametrize(
    ("stage", "code", "words", "reason"),
    [
        (Stage.RECIPIENT, 550, "5.1.1 no such user", Reason.BAD_ADDRESS),
        (Stage.RECIPIENT, 550, "5.1.10 recipient not found", Reason.BAD_ADDRESS),
        (Stage.RECIPIENT, 550, "User unknown", Reason.BAD_ADDRESS),
        (Stage.RECIPIENT, 550, "blocked by our list", Reason.REJECTED),
        (Stage.RECIPIENT, 550, "5.7.1 not wanted here", Reason.REJECTED),
        (Stage.BODY, 550, "5.7.26 unauthenticated mail", Reason.REJECTED),
        (Stage.BODY, 554, "5.7.1 spam", Reason.REJECTED),
        (Stage.RECIPIENT, 552, "5.2.2 mailbox full", Reason.REJECTED),
        (Stage.SENDER, 552, "5.3.4 too big", Reason.BAD_CONTENT),
        (Stage.BODY, 554, "5.6.0 bad content", Reason.BAD_CONTENT),
        (Stage.LOGIN, 535, "5.7.8 wrong password", Reason.ACCOUNT_PROBLEM),
        (Stage.LOGIN, 535, "5.7.139 basic authentication is off", Reason.ACCOUNT_PROBLEM),
        (Stage.SENDER, 530, "5.7.30 basic authentication is refused", Reason.ACCOUNT_PROBLEM),
        (Stage.SENDER, 554, "5.7.60 not allowed to send as this sender", Reason.ACCOUNT_PROBLEM),
    ],
)
def test_a_refusal_for_good_says_why(stage: Stage, code: int, words: str, reason: Reason) -> None:
    told = refused(stage, code, words)
    assert isinstance(told, Undeliverable)
    assert told.reason is reason


@pytest.mark.parametrize("code", [421, 450, 451, 452, 454])
def test_a_refusal_for_now_is_tried_later(code: int) -> None:
    told = refused(Stage.RECIPIENT, code, "4.7.1 later")
    assert isinstance(told, RetryLater)
    assert (told.after, told.account, told.answered) == (300.0, False, True)


def test_a_days_number_of_mails_stops_the_account_for_an_hour() -> None:
    told = refused(Stage.SENDER, 550, "5.4.5 Daily user sending limit exceeded")
    assert isinstance(told, RetryLater)
    assert (told.after, told.account) == (3600.0, True)


async def test_where_tls_is_asked_for_nothing_is_said_without_it(tmp_path: Path) -> None:
    async with standing(tmp_path, smtp_security="starttls", imap_security="starttls") as stand:
        with pytest.raises(Undeliverable) as told:
            await stand.send(ANSWER)
        assert told.value.reason is Reason.ACCOUNT_PROBLEM
        assert not stand.world.taken


@pytest.mark.parametrize(
    ("place", "kind", "code"),
    [("greeting", "refuse", 421), ("greeting", "drop", 0), ("auth", "drop", 0), ("mail", "drop", 0), ("rcpt", "refuse", 451), ("data", "drop", 0)],
)
async def test_what_breaks_before_the_last_dot_was_not_sent(stand: Stand, place: str, kind: str, code: int) -> None:
    stand.world.faults.add(kind, place, code=code)
    with pytest.raises(RetryLater):
        await stand.send(ANSWER)
    assert not stand.world.taken
    assert isinstance(await stand.send(ANSWER), Receipt)


async def test_a_greylisted_mail_arrives_at_the_second_try(stand: Stand) -> None:
    stand.world.faults.add("greylist", "rcpt")
    with pytest.raises(RetryLater):
        await stand.send(ANSWER)
    await stand.send(ANSWER)
    assert len(stand.got()) == 1


async def test_one_recipients_refusal_is_not_anothers(stand: Stand) -> None:
    stand.world.faults.add("refuse", "rcpt", "gone@home.example", 550, "5.1.1 no such user")
    with pytest.raises(Undeliverable) as told:
        await stand.send(ANSWER, "gone@home.example")
    assert told.value.reason is Reason.BAD_ADDRESS
    await stand.send(ANSWER)
    assert len(stand.got()) == 1


async def test_a_lost_answer_is_found_among_what_was_sent(stand: Stand) -> None:
    stand.world.faults.add("drop", "accepted")
    assert (await stand.send(ANSWER)).ids
    assert len(stand.got()) == 1


@pytest.mark.parametrize("place", ["greeting", "auth", "rcpt", "data"])
async def test_a_server_that_falls_silent_before_the_last_dot_has_taken_nothing(tmp_path: Path, place: str) -> None:
    async with standing(tmp_path, answer=1.0) as stand:
        stand.world.faults.add("hang", place)
        with pytest.raises(RetryLater):
            await stand.send(ANSWER)
        assert not stand.world.taken


async def test_a_server_that_falls_silent_after_the_last_dot_is_asked_for_what_was_sent(tmp_path: Path) -> None:
    async with standing(tmp_path, answer=3.0) as stand:
        stand.world.faults.add("hang", "accepted")
        assert (await stand.send(ANSWER)).ids
        assert len(stand.got()) == 1


async def test_a_copy_is_laid_into_sent_where_the_provider_lays_none(tmp_path: Path) -> None:
    async with standing(tmp_path, copy_sent=True) as stand:
        stand.box.keeps_sent = False
        await asyncio.gather(*(stand.send(ANSWER) for _ in range(3)))
        async with asyncio.timeout(60):
            while len(stand.box.folders[SENT].letters) < 3:
                await asyncio.sleep(0.01)
        [copy, *_] = stand.box.folders[SENT].letters
        assert opened(copy.raw)["Subject"] == "Re: Wine"
        assert copy.flags == {r"\Seen"}


async def test_a_copy_that_cannot_be_laid_down_harms_nothing(tmp_path: Path) -> None:
    async with standing(tmp_path, copy_sent=True, imap_port=9) as stand:
        assert (await stand.send(ANSWER)).ids
        assert len(stand.got()) == 1


async def test_an_answer_nobody_finds_again_is_uncertain(stand: Stand) -> None:
    stand.world.faults.add("swallow", "accepted")
    stand.world.faults.add("drop", "accepted")
    with pytest.raises(Uncertain):
        await stand.send(ANSWER)


async def test_a_mail_over_the_servers_size_is_not_begun(stand: Stand) -> None:
    stand.world.size = 1000
    with pytest.raises(Undeliverable) as told:
        await stand.send(Say("x" * 2000, subject="Wine"))
    assert told.value.reason is Reason.BAD_CONTENT


async def test_a_file_over_the_option_is_not_opened(stand: Stand) -> None:
    with pytest.raises(Undeliverable) as told:
        await stand.send(Say("x", Media(1, MediaKind.DOCUMENT, "big.zip", "application/zip", 50_000_000)))
    assert told.value.reason is Reason.BAD_CONTENT


async def test_a_wrong_password_is_the_accounts_trouble(stand: Stand) -> None:
    stand.box.password = "another"
    with pytest.raises(Undeliverable) as told:
        await stand.send(ANSWER)
    assert told.value.reason is Reason.ACCOUNT_PROBLEM
    assert "secret" not in str(told.value)


async def test_a_server_that_is_not_there_is_asked_later(stand: Stand) -> None:
    await stand.server.close()
    with pytest.raises(RetryLater) as told:
        await stand.send(ANSWER)
    assert told.value.account


async def test_a_connection_is_used_again_and_survives_its_end(stand: Stand) -> None:
    await stand.send(ANSWER)
    await stand.send(ANSWER)
    assert len(stand.world.lines) == 1
    stand.world.cut()
    await stand.send(ANSWER)
    assert len(stand.got()) == 3


async def test_a_mail_cannot_be_changed_afterwards(stand: Stand) -> None:
    with pytest.raises(Undeliverable) as told:
        await stand.send(Edit("m1", "other words"))
    assert told.value.reason is Reason.UNSUPPORTED
    assert await stand.send(Typing()) == Receipt(())


async def test_two_who_send_at_once_take_turns(stand: Stand) -> None:
    await asyncio.gather(*(stand.send(ANSWER) for _ in range(5)))
    assert len(stand.got()) == 5
