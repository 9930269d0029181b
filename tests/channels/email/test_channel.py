"""The channel as the house sees it: a mail in and its answer out, bounces, files, health, settings."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from channels.accounts import filled
from channels.email.channel import Email
from channels.email.options import EmailOptions, settled
from crm.base.errors import Misconfigured, NotFound
from crm.base.events import Arrival, MediaKind, MediaRef, Message, OptOut, Status, Unknown
from crm.base.outbound import Reason, Say, Window
from sandbox.mail.letters import Draft, Upload, answer, written
from tests.channels.email.stand import ANAHIT, SHOP, Stand, firm, standing


@pytest_asyncio.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    async with standing(tmp_path) as made:
        yield made


def answers(stand: Stand, text: str) -> None:
    """Anahit answers the newest mail in her box, the original quoted below."""
    raw = answer(stand.anahit, stand.anahit.folders["INBOX"].letters[-1], text, stand.world.clock())
    stand.world.deliver(ANAHIT, str(stand.got()[-1]["Reply-To"]), raw)


async def test_a_stranger_is_answered_and_answers_in_the_same_thread(stand: Stand) -> None:
    stand.write("How much is the red one?")
    async with stand.listening():
        [question] = stand.parsed(await stand.offsets.have(1))
        assert isinstance(question, Message)
        say = Say("9,000 AMD.", reply_to=question.external_id, subject=question.subject, thread="c7", ref="d9")
        await stand.send(say, question.sender.external_id)
        answers(stand, "I take two.")
        [_, further] = stand.parsed(await stand.offsets.have(2))
    assert isinstance(further, Message)
    assert (further.text, further.thread, further.auto) == ("I take two.", "c7", False)
    assert "9,000 AMD." in further.full


async def test_a_host_is_tried_at_each_of_its_addresses(tmp_path: Path) -> None:
    async with standing(tmp_path, imap_host="localhost", smtp_host="localhost") as stand:  # that is ::1 first on many machines
        stand.write("first")
        async with stand.listening():
            assert await stand.offsets.have(1)
            await stand.send(Say("9,000 AMD.", subject="Wine"))
    assert len(stand.got()) == 1


async def test_what_was_sent_is_known_by_what_answers_it(stand: Stand) -> None:
    receipt = await stand.send(Say("9,000 AMD.", subject="Wine", thread="c7", ref="d9"))
    answers(stand, "I take two.")
    async with stand.listening():
        [further] = stand.parsed(await stand.offsets.have(1))
    assert isinstance(further, Message)
    assert further.answers[:1] == receipt.ids


async def test_our_own_copies_in_sent_are_not_read_again(stand: Stand) -> None:
    await stand.send(Say("9,000 AMD.", subject="Wine", thread="c7", ref="d9"))
    assert len(stand.box.folders["Sent"].letters) == 1
    async with stand.listening():
        await stand.idle()
    assert not stand.offsets.events


async def test_a_provider_that_gives_our_mails_other_ids_confuses_nobody(stand: Stand) -> None:
    stand.world.renames = True
    stand.world.faults.add("drop", "accepted")
    receipt = await stand.send(Say("9,000 AMD.", subject="Wine", thread="c7", ref="d9"))  # found in Sent though the answer was lost
    assert receipt.ids[0] not in stand.got()[0]["Message-ID"]
    answers(stand, "I take two.")
    async with stand.listening():
        [kept] = await stand.offsets.have(1)
        await stand.idle()
    [further] = stand.parsed([kept])
    assert isinstance(further, Message)
    assert (further.thread, len(stand.offsets.events)) == ("c7", 1)


async def test_a_mail_that_comes_back_names_the_delivery(stand: Stand) -> None:
    await stand.send(Say("Hello", subject="Wine", thread="c7", ref="d9"), "nobody@home.example")
    async with stand.listening():
        [status] = stand.parsed(await stand.offsets.have(1))
    assert isinstance(status, Status)
    assert (status.arrival, status.ref, status.reason) == (Arrival.FAILED, "d9", Reason.BAD_ADDRESS)


async def test_a_mail_to_the_leaving_address_ends_offers(stand: Stand) -> None:
    await stand.send(Say("New wine", subject="News", unsubscribe="https://shop.example/x", thread="c7", ref="d9"))
    to = str(stand.got()[-1]["List-Unsubscribe"]).partition("mailto:")[2].partition("?")[0]
    stand.write("", to=to, Subject="unsubscribe")
    async with stand.listening():
        [left] = stand.parsed(await stand.offsets.have(1))
    assert isinstance(left, OptOut)
    assert left.sender.external_id == ANAHIT


async def test_a_file_is_fetched_out_of_the_mail(stand: Stand) -> None:
    draft = Draft(SHOP, "Labels", "Here they are", files=[Upload("պիտակ.png", "image/png", b"\x89PNG picture"), Upload("b.txt", "text/plain", b"words")])
    stand.world.deliver(ANAHIT, SHOP, written(stand.anahit, draft, stand.world.clock()))
    async with stand.listening():
        [message] = stand.parsed(await stand.offsets.have(1))
    assert isinstance(message, Message)
    photo, text = message.media
    assert (photo.kind, photo.name, text.name) == (MediaKind.PHOTO, "պիտակ.png", "b.txt")
    assert b"".join([chunk async for chunk in stand.email.fetch_media(photo)]) == b"\x89PNG picture"


@pytest.mark.parametrize("ref", ["", "../../etc/passwd", "0" * 32 + "/0", "0" * 32, "x/y/z", "0" * 32 + "/../1"])
async def test_a_file_that_no_mail_has_cannot_be_fetched(stand: Stand, ref: str) -> None:
    with pytest.raises(NotFound):
        [chunk async for chunk in stand.email.fetch_media(MediaRef(MediaKind.PHOTO, ref))]


@pytest.mark.parametrize("place", ["greeting", "auth"])
async def test_health_says_what_is_wrong_and_no_secret(tmp_path: Path, place: str) -> None:
    async with standing(tmp_path, look=0.0) as stand:
        assert (await stand.email.health()).ok
        await stand.email.close()
        stand.world.faults.add("refuse", place, code=554, count=0)
        told = await stand.email.health()
    assert not told.ok
    assert "secret" not in told.words


async def test_health_asks_the_server_no_oftener_than_it_is_told(stand: Stand) -> None:
    assert (await stand.email.health()).ok
    await stand.email.close()
    stand.world.faults.add("refuse", "greeting", code=554)
    assert (await stand.email.health()).ok
    assert stand.world.faults.rules


async def test_limits_are_those_of_a_mail(stand: Stand) -> None:
    limits = stand.email.limits(Window(), 0)
    assert (limits.threads, limits.buttons, limits.needs_inbound, limits.knows) == (True, 0, False, frozenset({"sent", "failed"}))


async def test_what_is_no_digest_is_unknown(stand: Stand) -> None:
    stand.write()
    async with stand.listening():
        [kept] = await stand.offsets.have(1)
    object.__setattr__(kept, "body", b"{")
    assert isinstance(stand.email.parse(kept)[0], Unknown)


GOOD = {"address": SHOP, "password": "x", "provider": "gmail"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"address": "shop"}, "address"),
        ({"address": "a@b>\r\n"}, "address"),
        ({"address": "sales+x@shop.example"}, "address"),
        ({"password": ""}, "password"),
        ({"provider": "hotmail"}, "provider"),
        ({"provider": ""}, "imap_host"),
        ({"imap_security": "none"}, "imap_security"),
        ({"imap_security": "plain"}, "in the clear"),
        ({"smtp_security": "plain"}, "in the clear"),
        ({"password": "", "oauth_refresh": "r"}, "oauth_client"),
        ({"password": "", "oauth_refresh": "r", "oauth_client": "c", "oauth_url": "http://elsewhere.example/"}, "https://"),
        ({"dkim_selector": "s1"}, "dkim_key"),
        ({"rate": 0.0}, "rate"),
        ({"poll": float("nan")}, "poll"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_by_name(change: dict[str, object], says: str) -> None:
    with pytest.raises(Misconfigured, match=says):
        settled(EmailOptions(**{**GOOD, **change}))  # type: ignore[arg-type]


def test_a_provider_fills_in_what_is_left_out() -> None:
    gmail, microsoft = (settled(EmailOptions(SHOP, password="x", provider=name)) for name in ("gmail", "microsoft"))
    assert (gmail.imap_host, gmail.imap_port, gmail.smtp_port, gmail.user) == ("imap.gmail.com", 993, 465, SHOP)
    assert (microsoft.smtp_host, microsoft.smtp_port, microsoft.smtp_security) == ("smtp.office365.com", 587, "starttls")


def test_secrets_stand_in_no_print() -> None:
    told = repr(EmailOptions(SHOP, password="hidden1", oauth_refresh="hidden2", oauth_secret="hidden3", dkim_key="hidden4"))
    assert "hidden" not in told


def test_several_mailboxes_are_several_accounts(tmp_path: Path) -> None:
    for account in ("email", "email:sales"):
        table = {"address": SHOP, "password": "x", "imap_host": "127.0.0.1", "smtp_host": "127.0.0.1", "poll": 60, "folders": ["INBOX", "Junk"]}
        made = Email(filled(EmailOptions, {**table, "account": account}, account), firm(tmp_path))
        assert (made.account, made.options.folders) == (account, ("INBOX", "Junk"))
