"""DKIM, where the owner asks for it: the signature holds, and holds no more when a word is changed."""

import base64
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from channels.email.options import EmailOptions
from channels.email.signing import key_of, signed
from crm.base.errors import Misconfigured
from crm.base.outbound import Reason, Say, Undeliverable
from tests.channels.email.stand import PDF, SHOP, Stand, letter, standing

OFFER = Say("Նոր գինի", PDF, subject="Նորություն", unsubscribe="https://shop.example/leave", thread="c1", ref="d1")


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key of this run; the machine's openssl makes it."""
    path = tmp_path_factory.mktemp("dkim") / "key.pem"
    subprocess.run(["openssl", "genrsa", "-traditional", "-out", str(path), "2048"], check=True, capture_output=True)
    return path


@pytest.fixture(scope="module")
def record(key: Path) -> bytes:
    """What stands in the domain's DNS."""
    public = subprocess.run(["openssl", "rsa", "-in", str(key), "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)


@pytest_asyncio.fixture
async def stand(tmp_path: Path, key: Path) -> AsyncIterator[Stand]:
    async with standing(tmp_path, dkim_selector="s1", dkim_key=str(key)) as made:
        yield made


def holds(raw: bytes, record: bytes) -> bool:
    import dkim  # type: ignore[import-untyped]

    return bool(dkim.verify(raw, dnsfunc=lambda name, timeout=5: record if name == b"s1._domainkey.shop.example." else b""))


async def test_what_is_sent_carries_a_signature_that_holds(stand: Stand, record: bytes) -> None:
    await stand.send(OFFER)
    [taken] = stand.world.taken
    assert holds(taken.raw, record)
    for change in ((b"One-Click", b"Two-Click"), (b"sales@shop.example>", b"evil@shop.example>"), (b"Y29udGVudA==", b"Y29udGVudB==")):
        assert change[0] in taken.raw
        assert not holds(taken.raw.replace(*change), record)


async def test_the_headers_for_leaving_stand_under_the_signature(stand: Stand) -> None:
    await stand.send(OFFER)
    signature = stand.world.taken[0].raw.partition(b"\r\nFrom:")[0].replace(b"\r\n ", b"").replace(b"\r\n\t", b"").lower()
    assert b"list-unsubscribe " in signature.replace(b":", b" ")
    assert b"list-unsubscribe-post" in signature
    assert b"c=relaxed/relaxed" in signature


async def test_without_a_key_nothing_is_signed(tmp_path: Path) -> None:
    async with standing(tmp_path) as stand:
        await stand.send(OFFER)
        assert b"DKIM-Signature" not in stand.world.taken[0].raw


async def test_a_key_that_cannot_be_used_is_the_accounts_trouble(tmp_path: Path) -> None:
    async with standing(tmp_path, dkim_selector="s1", dkim_key="-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n") as stand:
        with pytest.raises(Undeliverable) as told:
            await stand.send(OFFER)
    assert told.value.reason is Reason.ACCOUNT_PROBLEM
    assert not stand.world.taken


def test_a_key_that_is_nowhere_is_said(key: Path) -> None:
    with pytest.raises(Misconfigured):
        key_of(EmailOptions(SHOP, dkim_key="/nowhere/key.pem"))
    options = EmailOptions(SHOP, dkim_selector="s1", dkim_domain="shop.example", dkim_key=key.read_text())
    assert signed(letter("x"), options, key_of(options)).startswith(b"DKIM-Signature:")
