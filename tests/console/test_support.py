"""`support` as people run it: a file to hand on, with no setting's value, no path and no account's name in it."""

import asyncio
from pathlib import Path

import pytest

from console import support
from console.command_line import Joined, answer
from console.environment import Environment
from console.finding import fault, fine, warning
from console.support import Asked, Built
from crm.base.errors import Misconfigured
from crm.schema import HEAD, prepare
from tests.console.screen import Telegram

CANARY = "arpine"
ACCOUNTS = [(f"email:{CANARY}", f"Mail of {CANARY}", [f"/in/{CANARY}"])]


async def unused(env: Environment) -> None:
    raise Misconfigured("not asked")


@pytest.fixture(autouse=True)
def firm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a database and settings that are all full of a name, and mostly wrong."""
    folder = tmp_path / CANARY
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in Environment.__dataclass_fields__:
        monkeypatch.delenv(name.upper(), raising=False)
    asyncio.run(prepare(f"sqlite:///{folder}/{CANARY}.db"))
    lines = {
        "DATABASE_URL": f"sqlite:///{folder}/{CANARY}.db",
        "COMPANY_NAME": CANARY,
        "COMPANY_ZONE": f"Asia/{CANARY}",
        "TELEGRAM_API_BASE": "http://127.0.0.1:9",
        "PUBLIC_URL": f"ftp://{CANARY}",
        "STAFF_BOT_TOKEN": f"123456:{CANARY}",
        "STAFF_BOT_USERNAME": f"{CANARY}_bot",
        "TELEGRAM_PROXY": f"nonsense://{CANARY}:{CANARY}@{CANARY}",
        "LOG_LEVEL": CANARY,
        "SITE_ORIGINS": f"{CANARY},{CANARY}.example",
        CANARY.upper(): CANARY,
    }
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in lines.items()), "utf-8")


def run(to: str = "support.txt") -> int:
    return answer(Joined(unused, unused, Telegram().check, lambda: True, lambda _: ACCOUNTS, Built("0.1.0", frozenset({"email"}))), ["support", to])


def test_the_file_names_faults_and_settings_and_nothing_that_was_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 0
    words = Path("support.txt").read_text("utf-8")
    assert CANARY not in words.lower()
    assert "@" not in words
    assert "123456" not in words
    assert Path("support.txt").stat().st_mode & 0o077 == 0
    assert {"FAULT: log (LOG_LEVEL)", "FAULT: zone (COMPANY_ZONE)", f"schema {HEAD}", "Dragoman 0.1.0", "STAFF_BOT_TOKEN", "email: set up"} <= {
        one.strip() for one in words.splitlines()
    }
    assert "Written to support.txt" in capsys.readouterr().out


def test_a_file_that_is_there_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.txt").write_text("mine")
    assert run("mine.txt") == 2
    assert Path("mine.txt").read_text() == "mine"
    assert "choose another name" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_to_is_said_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("nowhere/mine.txt") == 2
    assert "nowhere/mine.txt" in capsys.readouterr().err


def test_a_running_product_says_the_same_of_its_machine_without_touching_its_files() -> None:
    asked = Asked(Built("0.1.0", frozenset({"email"})), Telegram().check, lambda: True, lambda _: ACCOUNTS)
    found = support.about(Environment(company_zone=f"Asia/{CANARY}", staff_bot_token=CANARY), asked)
    assert "FAULT: zone (COMPANY_ZONE)" in found.findings
    assert found.settings == ("COMPANY_ZONE", "STAFF_BOT_TOKEN")
    assert found.accounts == (f"email:{CANARY}",)  # told by its kind when it is written
    assert CANARY not in str((found.findings, found.settings)).lower()


def test_of_a_finding_only_the_subject_and_the_names_of_settings_are_told() -> None:
    told = [fault("zone", f"COMPANY_ZONE is {CANARY}", "mend it"), warning(CANARY + "@x", "x", "y"), fine("bot", f"{CANARY} LOG_LEVEL")]
    assert [support.shown(one) for one in told] == ["FAULT: zone (COMPANY_ZONE)", "WARNING: other", "fine: bot"]
