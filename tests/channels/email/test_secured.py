"""The pretended provider under TLS, from the first byte and later: the same thread as without."""

import ssl
import subprocess
from pathlib import Path

import pytest

from crm.base.outbound import RetryLater, Say
from sandbox.mail.server import serve_mail
from sandbox.mail.world import MailWorld
from tests.channels.email.stand import Stand, digest


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ssl.SSLContext]:
    """A certificate of this run's own."""
    folder = tmp_path_factory.mktemp("tls")
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    where = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", *where, *names]
    subprocess.run(made, check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return str(folder / "cert.pem"), context


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_a_mail_comes_and_its_answer_goes(tmp_path: Path, certificate: tuple[str, ssl.SSLContext], security: str) -> None:
    file, context = certificate
    async with await serve_mail(MailWorld(), context) as server:
        ports = {"imap_port": server.imaps, "smtp_port": server.smtps} if security == "tls" else {}
        stand = Stand(server.world, server, tmp_path, ca_file=file, imap_security=security, smtp_security=security, **ports)
        async with stand.listening():
            await stand.idle()
            stand.write("How much?")
            [kept] = await stand.offsets.have(1)
            await stand.send(Say("9,000", subject="Wine"))
        assert (digest(kept).text, len(stand.got())) == ("How much?", 1)
        await stand.email.close()


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_nothing_is_said_to_a_server_nobody_vouches_for(tmp_path: Path, certificate: tuple[str, ssl.SSLContext], security: str) -> None:
    async with await serve_mail(MailWorld(), certificate[1]) as server:
        ports = {"smtp_port": server.smtps} if security == "tls" else {}
        stand = Stand(server.world, server, tmp_path, smtp_security=security, **ports)
        with pytest.raises(RetryLater) as told:
            await stand.send(Say("9,000", subject="Wine"))
        assert told.value.account
        assert not server.world.taken
