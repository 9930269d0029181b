"""Whom the connections of this account trust, and that nobody else's trust them."""

import ssl
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from channels.max import Max
from crm.base.errors import Misconfigured
from crm.base.events import MediaKind, MediaRef
from crm.base.outbound import RetryLater, Say
from sandbox.max.human import MaxHuman
from sandbox.max.server import MaxApi
from sandbox.max.world import World
from tests.channels.max.stand import ANI, NOW, OPTIONS, channel, firm
from tests.channels.vk.stand import Files

SHORT = ("-newkey", "rsa:2048", "-nodes", "-days", "2")


def openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority nobody knows, and a server's certificate that it signed."""
    folder = tmp_path_factory.mktemp("papers")
    openssl(
        folder, "req", "-x509", *SHORT, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Ministry of nothing", "-addext", "keyUsage=critical,keyCertSign"
    )
    openssl(folder, "req", *SHORT[:3], "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names")
    openssl(folder, "x509", "-req", "-in", "server.csr", "-out", "server.pem", *signed)
    return folder


@pytest.fixture
async def secured(papers: Path) -> AsyncIterator[tuple[World, str]]:
    """The pretended MAX behind that certificate, with Ani there."""
    world = World(lambda: NOW / 1000)
    world.person(ANI).started = True
    app, tls = web.Application(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(papers / "server.pem", papers / "server.key")
    for part in (MaxApi(world), MaxHuman(world)):
        part.mount(app)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    yield world, f"https://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_an_authority_nobody_knows_is_trusted_where_the_settings_say_so(secured: tuple[World, str], papers: Path) -> None:
    world, url = secured
    trusting = Max(replace(OPTIONS, api_base=url, ca_file=str(papers / "ca.pem")), firm())
    assert (await trusting.send(str(ANI), Say("Да"), Files().open)).ids
    await trusting.close()
    assert [line.body["text"] for line in world.people[ANI].lines] == ["Да"]


async def test_without_that_setting_nothing_leaves(secured: tuple[World, str]) -> None:
    world, url = secured
    usual = Max(replace(OPTIONS, api_base=url), firm())
    with pytest.raises(RetryLater):
        await usual.send(str(ANI), Say("Да"), Files().open)
    await usual.close()
    assert world.people[ANI].lines == []


async def test_files_are_fetched_with_the_same_trust(secured: tuple[World, str], papers: Path) -> None:
    world, url = secured
    world.files["w"] = b"shelf"
    ref = MediaRef(MediaKind.PHOTO, f"{url}/files/w")
    settings = replace(OPTIONS, api_base=url, media_hosts=(url.removeprefix("https://"),))
    trusting, usual = Max(replace(settings, ca_file=str(papers / "ca.pem")), firm()), Max(settings, firm())
    assert b"".join([chunk async for chunk in trusting.fetch_media(ref)]) == b"shelf"
    with pytest.raises(RetryLater):
        [chunk async for chunk in usual.fetch_media(ref)]


async def test_everybody_else_goes_on_trusting_whom_they_trusted(secured: tuple[World, str], papers: Path) -> None:
    _, url = secured
    trusting = Max(replace(OPTIONS, api_base=url, ca_file=str(papers / "ca.pem")), firm())
    assert (await trusting.send(str(ANI), Say("Да"), Files().open)).ids
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(f"{url}/me")
    await trusting.close()


@pytest.mark.parametrize("name", ["nowhere.pem", "server.key", "names"])
def test_a_file_that_holds_no_certificates_is_refused_at_the_start(papers: Path, name: str) -> None:
    with pytest.raises(Misconfigured, match="ca_file"):
        channel(ca_file=str(papers / name))
