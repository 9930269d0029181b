"""The doctor: names every fault with its mend, in one line each, and no secret."""

import os
import socket
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from console import clock, doctor, environment, machine
from console.environment import Environment
from console.finding import Finding, Level, fault, fine, shown, warning
from console.server import ServerFacts, judged, server
from console.tokens import BotFacts
from crm.base.db import hold
from crm.schema import HEAD, bring_up_to_date
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


def on_time(server: str, proxy: str) -> tuple[float, float]:
    """A Telegram whose clock goes with ours."""
    return 1000.0, 1000.0


def found(level: Level = Level.FAULT, hear: doctor.Hear = on_time) -> list[Finding]:
    return [one for one in doctor.examine(Path(".env"), Telegram().check, lambda: True, hear) if one.level is level]


def examined() -> int:
    return doctor.run(Path(".env"), Telegram().check, lambda: True, on_time)


def test_a_whole_installation_has_no_fault(capsys: pytest.CaptureFixture[str]) -> None:
    assert examined() == 0
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
        ({"DATABASE_URL": "mysql://user:canary@host/db"}, "DATABASE_URL must be", ".env.example"),
        ({"DATABASE_URL": "postgresql://user:canary@127.0.0.1:1/db"}, "127.0.0.1:1/db does not answer", "start the server"),
        ({"LOG_FORMAT": "xml"}, "LOG_FORMAT is 'xml'", "text or json"),
        ({"PUBLIC_URL": "crm.example"}, "PUBLIC_URL", "https://name.example"),
        ({"PUBLIC_URL": "https://10.0.0.7"}, "nobody outside reaches 10.0.0.7", "of the internet"),
        ({"PUBLIC_URL": "https://shop.local"}, "nobody outside reaches shop.local", "of the internet"),
        ({"PUBLIC_URL": "https://shop"}, "nobody outside reaches shop", "of the internet"),
        ({"PUBLIC_URL": "https://[::1]"}, "nobody outside reaches ::1", "of the internet"),
        ({"PUBLIC_URL": "https://crm.example:8080"}, "Telegram delivers to no port 8080", "443"),
        ({"PUBLIC_URL": "https://crm.example/path"}, "only the beginning", "https://name.example"),
        ({"SITE_ORIGINS": "https://shop.example,shop.example"}, "'shop.example'", "with commas"),
        ({"SITE_SECRET": "canary"}, "SITE_SECRET is shorter than 32 letters", "openssl rand"),
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


def test_a_webhook_of_our_own_is_no_fault() -> None:
    settings({"STAFF_BOT_TOKEN": HOOKED, "STAFF_BOT_USERNAME": "marani_old_bot", "PUBLIC_URL": "https://Elsewhere.example:443"})
    assert [one for one in found() if one.subject == "staff bot"] == []
    assert [one.words for one in found(Level.FINE) if one.subject == "staff bot"] == ["@marani_old_bot, its messages come to https://elsewhere.example"]


def test_no_secret_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    for changes in (
        {},
        {"STAFF_BOT_TOKEN": FOREIGN},
        {"STAFF_BOT_TOKEN": "kettle canary"},
        {"TELEGRAM_PROXY": "http://u:canary@127.0.0.1:1"},
        {"DATABASE_URL": "postgresql://u:canary@127.0.0.1:1/d"},
        {"METRICS_TOKEN": "canary"},
    ):
        settings(changes)
        examined()
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
    assert database_faults() == [f"data/dragoman.db has schema 9999, this program knows {HEAD}"]


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


def test_a_disk_without_room_for_more_files_is_a_fault_of_its_own(tmp_path: Path) -> None:
    assert machine.room(tmp_path, least_files=2**60).words.endswith("more files fit")


def test_a_clock_that_stands_in_the_past_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    written = (tmp_path / "file").stat().st_mtime
    assert clock.clock([tmp_path / "file"], written).level is Level.FINE
    assert clock.clock([tmp_path / "file"], written - 2 * clock.DAY).level is Level.FAULT
    assert clock.clock([], 0.0).level is Level.FAULT


@pytest.mark.parametrize(
    ("ours", "level", "words"),
    [
        (1000.0, Level.FINE, "goes with Telegram's"),
        (1004.0, Level.FINE, "goes with Telegram's"),
        (990.0, Level.WARNING, "the machine is 10 s behind Telegram's"),
        (1240.0, Level.FAULT, "the machine is 4 min ahead of Telegram's, so follow-ups leave at the wrong time"),
        (1000.0 + 30 * clock.DAY, Level.FAULT, "the machine is 30 days ahead of Telegram's, so follow-ups leave at the wrong time"),
    ],
)
def test_a_clock_that_goes_wrong_is_told_in_words(ours: float, level: Level, words: str) -> None:
    told = clock.skew(1000.0, ours, "Telegram's")
    assert (told.level, told.words) == (level, words)


def test_the_machines_clock_is_held_against_telegrams() -> None:
    assert [one.words for one in found(hear=lambda server, proxy: (1000.0, 100_000.0))] == [
        "the machine is 28 h ahead of Telegram's, so follow-ups leave at the wrong time"
    ]
    assert found(hear=lambda server, proxy: None) == []


def test_a_database_that_is_ahead_of_the_clock_is_named() -> None:
    assert clock.noted(1000.0, 1030.0).level is Level.FINE
    assert "is 10 min ahead of the machine's clock" in clock.noted(1600.0, 1000.0).words
    connection = sqlite3.connect("data/dragoman.db")
    connection.execute("INSERT INTO raw_events(id, account, key, received_at) VALUES (1, 'telegram', 'x', 4000000000000)")
    connection.commit()
    connection.close()
    assert [one.subject for one in found() if "the newest event is" in one.words] == ["clock"]


class Dated(BaseHTTPRequestHandler):
    """A server that says what time it is, and remembers by which words it was asked."""

    asked: ClassVar[list[tuple[str, str, str]]] = []

    def do_HEAD(self) -> None:
        self.asked.append((self.command, self.path, self.headers.get("Proxy-Authorization", "")))
        self.send_response_only(302)
        self.send_header("Date", "Tue, 25 Nov 2025 12:00:00 GMT")
        self.end_headers()

    do_CONNECT = do_HEAD


@pytest.fixture
def dated() -> Iterator[str]:
    Dated.asked.clear()
    with HTTPServer(("127.0.0.1", 0), Dated) as made:
        threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
        yield f"127.0.0.1:{made.server_port}"
        made.shutdown()


def test_a_servers_clock_is_heard_also_through_a_proxy(dated: str) -> None:
    direct, through = clock.told_by(f"http://{dated}"), clock.told_by("http://api.example", f"http://me:s%20x@{dated}")
    assert direct
    assert through
    assert direct[0] == through[0] == 1_764_072_000.5
    assert Dated.asked == [("HEAD", "/", ""), ("HEAD", "http://api.example/", "Basic bWU6cyB4")]


def test_an_encrypted_way_through_a_proxy_asks_the_proxy_for_it(dated: str) -> None:
    assert clock.told_by("https://api.example", f"http://{dated}") is None
    assert Dated.asked == [("CONNECT", "api.example:443", "")]


def test_who_does_not_say_what_time_it_is_is_let_be(taken: int) -> None:
    assert clock.told_by("http://api.example", "socks5://127.0.0.1:1") is None
    assert clock.told_by(f"http://127.0.0.1:{taken}", seconds=0.05) is None


def test_what_somebody_else_owns_in_the_folder_is_named() -> None:
    if os.geteuid():
        pytest.skip("needs root to give a file away")
    os.chown("data/link.key", 12345, -1)
    assert [one.mend for one in found()] == ["chown -R root data"]


def test_a_database_outside_the_folder_must_be_private_itself() -> None:
    Path("elsewhere.db").touch(mode=0o644)
    settings({"DATABASE_URL": "sqlite:///elsewhere.db"})
    assert "chmod 600 elsewhere.db" in [one.mend for one in found()]


def test_a_log_that_grows_without_end_is_warned_about() -> None:
    with open("data/dragoman.db-wal", "wb") as file:
        file.truncate(machine.LARGEST_LOG + 1)
    assert [one.words for one in machine.mode(Path("data/dragoman.db")) if one.level is Level.WARNING] == [
        "dragoman.db-wal has 512 MB: somebody reads an old state and holds it"
    ]


def test_a_file_that_keeps_what_was_committed_says_so() -> None:
    assert any(one.words.startswith("write-ahead log on, each commit reaches the disk") for one in found(Level.FINE))


def test_a_token_that_can_be_guessed_and_an_address_without_encryption_are_warned_about() -> None:
    settings({"METRICS_TOKEN": "short", "PUBLIC_URL": "http://crm.example"})
    assert {"metrics", "address"} <= {one.subject for one in found(Level.WARNING)}


GOOD_SERVER = ServerFacts(180_006, "UTF8", folds=True, durable=True, copy=False, connections=100, at=0, schema=HEAD)


@pytest.mark.parametrize(
    ("change", "level", "words"),
    [
        ({"version": 140_002}, Level.FAULT, "PostgreSQL 14 is too old"),
        ({"version": 190_000}, Level.WARNING, "PostgreSQL 19 is newer"),
        ({"encoding": "SQL_ASCII"}, Level.FAULT, "it keeps letters as SQL_ASCII"),
        ({"folds": False}, Level.WARNING, "capital letters of our scripts"),
        ({"copy": True}, Level.FAULT, "a copy for reading"),
        ({"durable": False}, Level.FAULT, "a power cut loses"),
        ({"connections": 20}, Level.WARNING, "20 connections are few"),
        ({"schema": "9999"}, Level.FAULT, "its schema is 9999"),
    ],
)
def test_what_a_server_says_of_itself_is_judged(change: dict[str, Any], level: Level, words: str) -> None:
    told = list(judged(replace(GOOD_SERVER, **change)))
    assert [one.level for one in told if words in one.words] == [level]


def test_a_good_server_is_one_good_line() -> None:
    assert [(one.level, one.words) for one in judged(GOOD_SERVER)] == [(Level.FINE, "PostgreSQL 18.6 answers, UTF8, 100 connections at most")]


def test_a_real_server_is_asked(server_database: str) -> None:
    told = list(server(server_database))
    assert told[0].words.startswith("PostgreSQL 1")
    assert [one.words for one in told if one.level is not Level.FINE] == [
        "it says yes before its disk has it: a power cut loses what customers were told we have"
    ]
    assert "goes with the database's server" in [one.words for one in told]


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
