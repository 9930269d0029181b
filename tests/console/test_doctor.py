"""The doctor: names every fault with its mend, in one line each, and no secret."""

import os
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from console import doctor, environment, machine
from console.environment import Environment
from console.finding import Finding, Level, fault, fine, shown, warning
from console.tokens import BotFacts
from crm.base.db import hold
from crm.schema import bring_up_to_date
from tests.console.screen import DESK, FOREIGN, HOOKED, SHOP, Telegram

GOOD = {
    "COMPANY_LANGUAGES": "hy,ru",
    "CUSTOMER_BOT_TOKEN": SHOP,
    "CUSTOMER_BOT_USERNAME": "marani_bot",
    "STAFF_BOT_TOKEN": DESK,
    "STAFF_BOT_USERNAME": "Marani_desk_bot",
    "HTTP_PORT": "0",
}


@pytest.fixture(autouse=True)
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A whole installation in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    for name in Environment.__dataclass_fields__:
        monkeypatch.delenv(name.upper(), raising=False)
    settings({})
    environment.company(environment.read(file=Path(".env")))
    bring_up_to_date(Path("data/dragoman.db"))
    return tmp_path


def settings(changes: dict[str, str]) -> None:
    Path(".env").write_text("".join(f"{name}={value}\n" for name, value in {**GOOD, **changes}.items()))
    Path(".env").chmod(0o600)


def found(level: Level = Level.FAULT) -> list[Finding]:
    return [one for one in doctor.examine(Path(".env"), Telegram().check, lambda: True) if one.level is level]


def test_a_whole_installation_has_no_fault(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.run(Path(".env"), Telegram().check, lambda: True) == 0
    told = capsys.readouterr().out
    assert "✓ staff bot     @marani_desk_bot\n" in told
    assert told.splitlines()[-1].startswith("No fault, ")


@pytest.mark.parametrize(
    ("changes", "words", "mend"),
    [
        ({"COMPANY_LANGUAGES": "hy,xx"}, "'xx' is no language of ours", "codes such as"),
        ({"COMPANY_LANGUAGES": ","}, "no language is set", "codes such as"),
        ({"COMPANY_ZONE": "Asia/Erevan"}, "Asia/Erevan", "Asia/Yerevan"),
        ({"COMPANY_ZONE": "yerevan"}, "is not the name of a time zone", "Asia/Yerevan"),
        ({"WORKING_HOURS": "'mon 9'"}, "cannot read the hours 'mon 9'", "mon-fri 09:00-18:00"),
        ({"COMPANY_CURRENCY": "dram"}, "COMPANY_CURRENCY", "AMD"),
        ({"COMPANY_REGION": "ARM"}, "COMPANY_REGION", "AM"),
        ({"FOLLOW_UP_SECONDS": "nan"}, "FOLLOW_UP_SECONDS", "10"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL", "INFO"),
        ({"HTTP_PORT": "eighty"}, "HTTP_PORT must be a whole number", ".env.example"),
        ({"HTTP_PORT": "8080", "HTTP_HOST": "192.0.2.1"}, "no address of this machine", "HTTP_HOST=127.0.0.1"),
        ({"DATABASE_URL": "postgresql://user:canary@host/db"}, "DATABASE_URL must be sqlite", ".env.example"),
        ({"PUBLIC_URL": "crm.example"}, "PUBLIC_URL", "https://name.example"),
        ({"PUBLIC_URL": "https://crm.example/path"}, "only the beginning", "https://name.example"),
        ({"SITE_ORIGINS": "https://shop.example,shop.example"}, "'shop.example'", "with commas"),
        ({"TELEGRAM_API_BASE": "api.example"}, "TELEGRAM_API_BASE", "https://"),
        ({"TELEGRAM_PROXY": "ftp://127.0.0.1"}, "TELEGRAM_PROXY", "socks5://"),
        ({"STAFF_BOT_TOKEN": ""}, "nobody can answer", "main.py init"),
        ({"STAFF_BOT_TOKEN": "canary"}, "does not look like a token", "BotFather"),
        ({"STAFF_BOT_TOKEN": FOREIGN}, "Telegram does not know this token", "STAFF_BOT_TOKEN"),
        ({"STAFF_BOT_TOKEN": SHOP}, "both tokens are of one bot", "second one"),
        ({"STAFF_BOT_TOKEN": HOOKED}, "https://elsewhere.example", "delete its webhook"),
        ({"CUSTOMER_BOT_USERNAME": "other_bot"}, "links lead elsewhere", "CUSTOMER_BOT_USERNAME=marani_bot"),
    ],
)
def test_a_wrong_setting_is_named_with_its_mend(changes: dict[str, str], words: str, mend: str) -> None:
    settings(changes)
    named = [one for one in found() if words in one.words]
    assert len(named) == 1
    assert mend in named[0].mend


def test_no_secret_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    for changes in ({}, {"STAFF_BOT_TOKEN": FOREIGN}, {"STAFF_BOT_TOKEN": "kettle canary"}, {"TELEGRAM_PROXY": "http://u:canary@127.0.0.1:1"}):
        settings(changes)
        doctor.run(Path(".env"), Telegram().check, lambda: True)
    told = capsys.readouterr().out
    assert not [secret for secret in ("canary", "teapot", "kettle", "nobody-nobody") if secret in told]


def test_an_installation_without_settings_is_told_to_begin() -> None:
    Path(".env").unlink()
    assert ("settings", "run `python main.py init`") in [(one.subject, one.mend) for one in found(Level.WARNING)]


def test_a_line_that_cannot_be_read_and_a_name_misspelt_are_named() -> None:
    settings({"COMPANY_NAMES": "x"})
    with Path(".env").open("a") as file:
        file.write("this is no setting\n")
    assert "line 8 of .env cannot be read" in [one.words for one in found()]
    assert "write COMPANY_NAME" in [one.mend for one in found(Level.WARNING)]


def test_settings_that_are_no_text_are_named() -> None:
    Path(".env").write_bytes(b"COMPANY_NAME=\xff\n")
    assert [one.words for one in found() if one.subject == "settings"] == [".env is not UTF-8 text: save it again as UTF-8"]


def test_a_setting_that_the_environment_replaces_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAFF_BOT_USERNAME", "Other_bot")
    assert "STAFF_BOT_USERNAME is also set in the environment, and that one is used" in [one.words for one in found(Level.WARNING)]


@pytest.mark.parametrize(
    ("path", "mode", "mend"), [(".env", 0o644, "chmod 600 .env"), ("data", 0o755, "chmod 700 data"), ("data/link.key", 0o640, "chmod 600 data/link.key")]
)
def test_what_others_may_read_is_named(path: str, mode: int, mend: str) -> None:
    Path(path).chmod(mode)
    assert [one.mend for one in found()] == [mend]


def test_a_damaged_link_key_is_named() -> None:
    Path("data/link.key").write_bytes(b"short")
    assert [one.words for one in found()] == ["data/link.key is damaged"]


def database_faults() -> list[str]:
    return [one.words for one in found() if one.subject == "database"]


def test_a_newer_database_is_named() -> None:
    connection = sqlite3.connect("data/dragoman.db")
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    assert database_faults() == ["data/dragoman.db has schema 9999, this program knows 0001"]


def test_a_file_that_is_no_database_is_named() -> None:
    Path("data/dragoman.db").write_bytes(b"GIF89a" * 2000)
    assert database_faults() == ["data/dragoman.db is no database (DatabaseError)"]


def test_a_log_that_is_off_is_named() -> None:
    connection = sqlite3.connect("data/dragoman.db")
    connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()
    told = [one.words for one in found(Level.WARNING) if one.subject == "database"]
    assert told == ["the write-ahead log of dragoman.db is off, so readers wait for writers"]


def test_a_database_on_a_network_disk_is_warned_about(tmp_path: Path) -> None:
    folder = tmp_path / "far away"
    mounts = f"/dev/sda1 / ext4 rw 0 0\nserver:/x {str(folder).replace(' ', chr(92) + '040')} nfs4 rw 0 0\n"
    assert [one.level for one in machine.disk(folder / "x.db", mounts)] == [Level.WARNING]
    assert list(machine.disk(tmp_path / "x.db", mounts)) == []


def test_a_running_product_is_seen_and_its_port_is_its_own() -> None:
    held = hold(Path("data/dragoman.db"))
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        settings({"HTTP_PORT": str(server.getsockname()[1])})
        words = [one.words for one in found(Level.FINE)]
    os.close(held)
    assert "is running" in words
    assert any(one.endswith("is used by the product") for one in words)
    assert "is not running" in [one.words for one in found(Level.FINE)]


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_taken_port_is_named(taken: int) -> None:
    told = machine.port("127.0.0.1", taken, product_runs=False)
    assert (told.level, "HTTP_PORT" in told.mend) == (Level.FAULT, True)


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    assert machine.room(tmp_path, least=2**60).level is Level.FAULT
    assert machine.room(tmp_path / "later", least=1).level is Level.FINE


def test_a_clock_that_stands_in_the_past_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    written = (tmp_path / "file").stat().st_mtime
    assert machine.clock([tmp_path / "file"], written).level is Level.FINE
    assert machine.clock([tmp_path / "file"], written - 2 * machine.DAY).level is Level.FAULT
    assert machine.clock([], 0.0).level is Level.FAULT


def test_an_old_python_is_a_fault_and_an_unguarded_one_a_warning() -> None:
    assert [one.level for one in machine.python((3, 10, 4), True)] == [Level.FAULT]
    assert [one.level for one in machine.python((3, 11, 7), False)] == [Level.FINE, Level.WARNING]
    assert [one.level for one in machine.python((3, 13, 1), True)] == [Level.FINE]


def test_a_slow_parser_is_warned_about() -> None:
    assert machine.http_parser(False).level is Level.WARNING


def test_what_telegram_says_of_a_token_is_judged() -> None:
    assert doctor.known("bot", "STAFF_BOT", "desk", BotFacts("desk")).level is Level.FINE
    assert doctor.known("bot", "STAFF_BOT", "", BotFacts("desk")).mend == "write STAFF_BOT_USERNAME=desk"


def test_findings_stand_in_columns_one_line_each() -> None:
    told = shown([fine("a", "well"), warning("longer", "so\nso", "look"), fault("b", "bad", "mend it")])
    assert told == "✓ a       well\n! longer  so so: look\n✗ b       bad: mend it\n\n1 fault, 1 warning."
