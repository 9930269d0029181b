"""`channels` prints what has to be entered at the platforms, and `doctor` what is wrong in the file."""

from pathlib import Path

import pytest

from console import channels, doctor
from console.environment import Environment
from console.finding import Level
from console.log import of_channels
from crm.base.errors import Misconfigured
from main import accounts

SMS = '[sms]\nurl = "https://gate.example/send"\nfields = { to = "{to}", text = "{text}" }\ninbound = { id = "id", number = "from", text = "text" }\n'


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """Settings with a channels' file beside them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "channels.toml").write_text(SMS, "utf-8")
    return Environment(data_dir=str(tmp_path / "data"), public_url="https://crm.example/")


def test_each_account_is_printed_with_the_addresses_to_enter(env: Environment, capsys: pytest.CaptureFixture[str]) -> None:
    assert channels.run(env, accounts) == 0
    title, address = capsys.readouterr().out.splitlines()
    assert title.startswith("sms")
    assert address.strip().startswith("https://crm.example/in/sms/")
    assert len(address.strip()) > len("https://crm.example/in/sms/") + 40


def test_the_addresses_are_the_same_every_time(env: Environment, capsys: pytest.CaptureFixture[str]) -> None:
    assert len({(channels.run(env, accounts), capsys.readouterr().out) for _ in range(2)}) == 1


def test_without_a_public_address_it_says_so(tmp_path: Path, env: Environment, capsys: pytest.CaptureFixture[str]) -> None:
    channels.run(Environment(data_dir=str(tmp_path / "data")), accounts)
    assert "PUBLIC_URL is empty" in capsys.readouterr().out


def test_without_a_file_it_says_where_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert channels.run(Environment(data_dir=str(tmp_path)), accounts) == 1
    assert "docs/channels.md" in capsys.readouterr().out


def test_a_mistake_in_the_file_is_a_fault_with_its_mend(tmp_path: Path, env: Environment) -> None:
    (tmp_path / "channels.toml").write_text("[sms]\nurl = 5\n", "utf-8")
    with pytest.raises(Misconfigured, match="url of sms"):
        accounts(env)
    [finding] = doctor.channels(env, accounts)
    assert finding.level is Level.FAULT
    assert "url of sms" in finding.words


def test_what_the_file_keeps_secret_is_known_to_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PAGE_TOKEN", "canary-of-the-page")
    file = tmp_path / "channels.toml"
    file.write_text('[messenger]\nid = "1"\ntoken = "env:PAGE_TOKEN"\napp_secrets = ["canary-new", "canary-old"]\n[email]\npassword = "canary-word"\n', "utf-8")
    assert set(of_channels(file)) == {"canary-of-the-page", "canary-new", "canary-old", "canary-word"}
    assert of_channels(tmp_path / "nothing.toml") == []


def test_a_mailbox_is_followed_and_waits_for_nobody(tmp_path: Path, env: Environment) -> None:
    mail = '[email]\naddress = "a@b.example"\npassword = "word"\nimap_host = "imap.b.example"\nsmtp_host = "smtp.b.example"\n'
    (tmp_path / "channels.toml").write_text(mail, "utf-8")
    assert accounts(env) == [("email", "E-mail", [])]
    [finding] = doctor.channels(Environment(data_dir=env.data_dir), accounts)
    assert finding.level is Level.FINE
