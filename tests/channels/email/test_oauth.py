"""Tokens instead of passwords: asked for once, renewed before they end, and never said aloud."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from channels.email.oauth import Access, Keyring, Unanswered, Ungranted, judged
from channels.email.options import EmailOptions
from crm.base.outbound import Reason, RetryLater, Say, Undeliverable
from sandbox.mail.human import MailHuman
from tests.channels.email.stand import ANAHIT, SHOP, Stand, digest, standing

REFRESH = "refresh-token-of-the-shop"


@asynccontextmanager
async def granting(folder: Path, **settings: object) -> AsyncIterator[Stand]:
    """A mailbox without a password, and the provider that gives tokens for it."""
    async with standing(folder) as plain:
        app = web.Application()
        MailHuman(plain.world).mount(app)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        plain.world.refreshes[REFRESH] = SHOP
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/play/mail/token"
        token = {"password": None, "oauth_url": url, "oauth_client": "client", "oauth_refresh": REFRESH, "oauth_secret": "client-secret"}
        stand = Stand(plain.world, plain.server, folder, **{**token, **settings})
        try:
            yield stand
        finally:
            await stand.email.close()
            await runner.cleanup()


async def test_a_token_opens_both_ways(tmp_path: Path) -> None:
    async with granting(tmp_path) as stand:
        stand.write("first")
        async with stand.listening():
            assert await stand.offsets.have(1)
            await stand.send(Say("Hello", subject="Wine"))
        assert len(stand.got()) == 1
        assert len(stand.world.tokens) == 1


async def test_a_token_that_ends_before_its_time_is_asked_for_anew(tmp_path: Path) -> None:
    async with granting(tmp_path) as stand:
        async with stand.listening():
            await stand.idle()
            stand.world.expire_tokens()
            stand.write("after")
            [kept] = await stand.offsets.have(1)
        assert digest(kept).text == "after"


async def test_sending_asks_for_another_token_when_one_is_refused(tmp_path: Path) -> None:
    async with granting(tmp_path) as stand:
        await stand.send(Say("first", subject="Wine"))
        stand.world.expire_tokens()
        await stand.send(Say("second", subject="Wine"))
        assert len(stand.got()) == 2


async def test_a_grant_taken_back_is_the_accounts_trouble_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with granting(tmp_path) as stand:
        stand.world.refreshes.clear()
        with pytest.raises(Undeliverable) as told:
            await stand.send(Say("Hello", subject="Wine"))
        async with stand.listening():
            async with asyncio.timeout(60):
                while "invalid_grant" not in (await stand.email.health()).words:
                    await asyncio.sleep(0.01)
        assert told.value.reason is Reason.ACCOUNT_PROBLEM
        assert REFRESH not in caplog.text + str(told.value)
        assert "client-secret" not in caplog.text


async def test_a_provider_that_is_not_there_is_asked_later(tmp_path: Path) -> None:
    async with granting(tmp_path, oauth_url="http://127.0.0.1:9/token") as stand:
        with pytest.raises(RetryLater) as told:
            await stand.send(Say("Hello", subject="Wine"), ANAHIT)
        assert told.value.account


class Asked(Keyring):
    """A keyring on a clock of its own, whose provider is a list of answers."""

    def __init__(self, *answers: dict[str, object]) -> None:
        self.now = 0.0
        super().__init__(EmailOptions(SHOP, oauth_url="http://127.0.0.1:9/", oauth_client="c", oauth_refresh="r0"), lambda: self.now)
        self.answers, self.count = list(answers), 0

    async def _asked(self) -> dict[str, object]:
        self.count += 1
        await asyncio.sleep(0)
        return self.answers.pop(0)


async def test_a_token_is_renewed_before_it_ends() -> None:
    keyring = Asked({"access_token": "one", "expires_in": 3600}, {"access_token": "two", "expires_in": "3600"})
    assert (await keyring.access()).secret == "one"
    keyring.now = 3299.0
    assert (await keyring.access()).secret == "one"
    keyring.now = 3300.0
    assert (await keyring.access()).secret == "two"


async def test_many_who_ask_at_once_cause_one_question() -> None:
    keyring = Asked({"access_token": "one", "expires_in": 3600})
    found = await asyncio.gather(*(keyring.access() for _ in range(20)))
    assert (keyring.count, len(set(found))) == (1, 1)


@pytest.mark.parametrize(
    ("lasts", "until"), [(100, 50.0), (0, 5.0), (-5, 3300.0), ("soon", 3300.0), (None, 3300.0), (10**12, 86_100.0), (float("nan"), 3300.0)]
)
async def test_a_strange_length_of_life_does_no_harm(lasts: object, until: float) -> None:
    keyring = Asked({"access_token": "one", "expires_in": lasts})
    assert await keyring.access() == Access("one", until)


@pytest.mark.parametrize("answer", [{}, {"access_token": 5}, {"access_token": ""}])
async def test_an_answer_without_a_token_is_none(answer: dict[str, object]) -> None:
    with pytest.raises(Unanswered):
        await Asked(answer).access()


@pytest.mark.parametrize(("status", "body", "kind"), [
    (400, b'{"error":"invalid_grant"}', Ungranted),
    (401, b'{"error":"invalid_client"}', Ungranted),
    (400, b'{"error":"<b>secret words</b>"}', Ungranted),
    (429, b"{}", Unanswered),
    (503, b"{}", Unanswered),
    (200, b"<html>", Unanswered),
    (200, b"[]", Unanswered),
    (200, b"[" * 100_000, Unanswered),
    (302, b"{}", Unanswered),
])  # fmt: skip
def test_what_a_provider_answers(status: int, body: bytes, kind: type[Exception]) -> None:
    with pytest.raises(kind) as told:
        judged(status, body)
    assert "secret" not in str(told.value)


async def test_a_password_is_given_as_it_is() -> None:
    assert await Keyring(EmailOptions(SHOP, password="x")).access() == Access("x")
    assert "x" not in repr(Access("x"))[len("Access") :].replace("until", "")
