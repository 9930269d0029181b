"""The e-mail channel against real servers: Dovecot holds the mailboxes and takes submissions, Exim carries and returns."""

import asyncio
import imaplib
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from channels.email.box import Denied
from channels.email.channel import Email
from channels.email.line import enter
from channels.email.options import EmailOptions, settled
from crm.base.events import Arrival, Message, Status
from crm.base.outbound import Reason, Say, Undeliverable
from tests.channels.email.rig import PASSWORD, Rig, missing, rigged
from tests.channels.email.stand import ANAHIT, SHOP, Recorder, a_file, digest, firm, letter, opened


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    """Dovecot and Exim; without them the test is skipped, and CI's fails."""
    package = missing()
    if package and os.environ.get("REQUIRE_ALL"):
        pytest.fail(f"the Debian package {package} is not installed")
    if package:
        pytest.skip(f"the Debian package {package} is not installed")
    with rigged(SHOP, ANAHIT) as made:
        yield made


def secured(rig: Rig, security: str, **settings: object) -> EmailOptions:
    """The shop's mailbox, reached one of the three ways."""
    ports = {"tls": ("imaps", "submissions"), "starttls": ("imap", "submission"), "plain": ("imap", "submission")}[security]
    given: dict[str, object] = {
        "address": SHOP,
        "password": PASSWORD,
        "imap_host": "127.0.0.1",
        "smtp_host": "127.0.0.1",
        "imap_port": rig.ports[ports[0]],
        "smtp_port": rig.ports[ports[1]],
        "imap_security": security,
        "smtp_security": security,
        "ca_file": rig.certificate,
        "first_wait": 0.01,
        **settings,
    }
    return EmailOptions(**given)  # type: ignore[arg-type]


class Followed:
    """A channel that follows its mailbox, and what it brought."""

    def __init__(self, email: Email, offsets: Recorder) -> None:
        self.email, self.offsets = email, offsets

    async def message(self, text: str) -> Message:
        """The message that says this, once it has come."""
        return await self._event(lambda event: isinstance(event, Message) and event.text == text)  # type: ignore[return-value]

    async def status(self, ref: str) -> Status:
        """What became of a delivery, once it is told."""
        return await self._event(lambda event: isinstance(event, Status) and event.ref == ref)  # type: ignore[return-value]

    async def _event(self, fits: Callable[[object], bool]) -> object:
        count = 0
        while True:
            kept = await self.offsets.have(count)
            count = len(kept) + 1
            for event in (event for raw in kept for event in self.email.parse(raw)):
                if fits(event):
                    return event


@asynccontextmanager
async def followed(options: EmailOptions, folder: Path) -> AsyncIterator[Followed]:
    email, offsets = Email(options, firm(folder)), Recorder()
    task = asyncio.create_task(email.listen(offsets))
    try:
        yield Followed(email, offsets)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await email.close()


def asked(text: str) -> bytes:
    """A question that no other test asks."""
    return letter(text, Message_ID=f"<{time.monotonic_ns()}@home.example>")


async def arrived(rig: Rig, address: str, words: str) -> bytes:
    """The mail with these words, once it lies in the mailbox."""
    async with asyncio.timeout(60):
        while True:
            if found := [raw for raw in rig.mails(address) if words.encode() in raw]:
                return found[0]
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("security", ["tls", "starttls", "plain"])
async def test_a_question_comes_and_its_answer_arrives(rig: Rig, tmp_path: Path, security: str) -> None:
    async with followed(secured(rig, security), tmp_path) as shop:
        await asyncio.to_thread(rig.write, ANAHIT, SHOP, asked(f"How much, by {security}?"))
        question = await shop.message(f"How much, by {security}?")
        say = Say(f"9,000, by {security}.", reply_to=question.external_id, subject=question.subject, thread="c7", ref="d9")
        await shop.email.send(ANAHIT, say, a_file)
        mail = opened(await arrived(rig, ANAHIT, f"9,000, by {security}."))
        assert (mail["Subject"], mail["In-Reply-To"]) == ("Re: Wine", f"<{question.external_id}>")
        to = str(mail["Reply-To"])
        await asyncio.to_thread(rig.write, ANAHIT, to, letter(f"Two, by {security}.", to=to))
        assert (await shop.message(f"Two, by {security}.")).thread == "c7"


async def test_a_real_bounce_names_the_delivery(rig: Rig, tmp_path: Path) -> None:
    async with followed(secured(rig, "tls"), tmp_path) as shop:
        await shop.email.send("nobody@home.example", Say("Hello", subject="Wine", thread="c7", ref="d77"), a_file)
        status = await shop.status("d77")
    assert (status.arrival, status.reason) == (Arrival.FAILED, Reason.BAD_ADDRESS)


async def test_a_token_opens_both_ways(rig: Rig, tmp_path: Path) -> None:
    async with followed(secured(rig, "tls"), tmp_path) as shop:
        token = rig.token(SHOP)
        line = await enter(settled(secured(rig, "tls")), token, token=True)
        await line.leave()
        from aiosmtplib import SMTP

        from channels.email.line import tls

        client = SMTP(hostname="127.0.0.1", port=rig.ports["submissions"], use_tls=True, tls_context=tls(shop.email.options))
        await client.connect()
        await client.auth_xoauth2(SHOP, token)
        client.close()


async def test_a_token_that_has_ended_opens_nothing(rig: Rig) -> None:
    with pytest.raises(Denied):
        await enter(settled(secured(rig, "tls")), rig.token(SHOP, -60), token=True)


async def test_a_wrong_password_opens_nothing(rig: Rig, tmp_path: Path) -> None:
    email = Email(secured(rig, "tls", password="teapot"), firm(tmp_path))
    with pytest.raises(Undeliverable) as told:
        await email.send(ANAHIT, Say("Hello", subject="Wine"), a_file)
    assert told.value.reason is Reason.ACCOUNT_PROBLEM
    with pytest.raises(Denied):
        await enter(settled(email.options), "teapot", token=False)


async def test_a_server_that_others_vouch_for_is_not_believed(rig: Rig, tmp_path: Path) -> None:
    email = Email(secured(rig, "tls", ca_file=""), firm(tmp_path))
    assert "cannot be reached" in (await email.health()).words


async def test_who_serves_the_mailbox_may_die_while_we_wait(rig: Rig, tmp_path: Path) -> None:
    async with followed(secured(rig, "tls"), tmp_path) as shop:
        await asyncio.to_thread(rig.write, ANAHIT, SHOP, asked("Before?"))
        await shop.message("Before?")
        await asyncio.to_thread(rig.kick, SHOP)
        await asyncio.to_thread(rig.write, ANAHIT, SHOP, asked("After?"))
        assert await shop.message("After?")


def written_elsewhere(rig: Rig, raw: bytes) -> None:
    """Put a mail where the owner's own program puts what it sent."""
    with imaplib.IMAP4("127.0.0.1", rig.ports["imap"]) as mailbox:
        mailbox.login(SHOP, PASSWORD)
        mailbox.append("Sent", "", imaplib.Time2Internaldate(time.time()), raw)


async def test_what_the_owner_sent_from_elsewhere_is_an_echo(rig: Rig, tmp_path: Path) -> None:
    raw = letter("We have it", to=ANAHIT, sender=SHOP, Message_ID=f"<{time.monotonic_ns()}@shop.example>")
    await asyncio.to_thread(written_elsewhere, rig, raw)
    async with followed(secured(rig, "tls"), tmp_path) as shop:
        message = await shop.message("We have it")
    assert (message.echo, message.sender.external_id) == (True, ANAHIT)


def numbered_anew(rig: Rig, folder: str, raw: bytes) -> None:
    """Delete a folder and make it again with the same mail in it: its numbers begin anew under another UIDVALIDITY."""
    with imaplib.IMAP4("127.0.0.1", rig.ports["imap"]) as mailbox:
        mailbox.login(SHOP, PASSWORD)
        mailbox.delete(folder)
        mailbox.create(folder)
        mailbox.append(folder, "", imaplib.Time2Internaldate(time.time()), raw)


async def test_a_folder_numbered_anew_brings_nothing_twice(rig: Rig, tmp_path: Path) -> None:
    raw = asked("Only once?")
    await asyncio.to_thread(numbered_anew, rig, "Wine", raw)
    offsets, options = Recorder(), secured(rig, "tls", folders=("Wine",), read_sent=False)
    for _ in range(2):
        email = Email(options, firm(tmp_path))
        task = asyncio.create_task(email.listen(offsets))
        await offsets.have(1)
        async with asyncio.timeout(60):
            while offsets.values.get("email:Wine") != await told_validity(options):
                await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.to_thread(numbered_anew, rig, "Wine", raw)
    assert [digest(event).text for event in offsets.events.values()] == ["Only once?"]
    assert len([name for name in offsets.values if name.startswith("email:Wine:")]) == 2


async def told_validity(options: EmailOptions) -> int:
    """The number under which the server's numbers hold now."""
    line = await enter(settled(options), PASSWORD, token=False)
    try:
        return (await line.do(line.box.choose, "Wine"))[0]
    finally:
        await line.leave()
