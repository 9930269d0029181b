"""The command line: every command is there, and a refusal is one line."""

import re
from pathlib import Path

import pytest

from console.command_line import COMMANDS, Joined, answer
from console.environment import Environment
from crm.base.errors import Misconfigured
from tests.console.screen import Telegram


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Environment.__dataclass_fields__:
        monkeypatch.delenv(name.upper(), raising=False)


async def refuse(env: Environment) -> None:
    raise Misconfigured(f"port {env.port} is taken")


async def stop(env: Environment) -> None:
    raise KeyboardInterrupt


JOINED = Joined(refuse, stop, Telegram().check, lambda: True, lambda _: [("sms", "SMS", ["/in/sms/abc"])])


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        answer(JOINED, ["--help"])
    told = capsys.readouterr().out
    assert [name for name in COMMANDS if not re.search(rf"\n    {name}\s", told)] == []


def test_a_refusal_is_one_line_and_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(JOINED, ["run"]) == 2
    assert capsys.readouterr().err == "dragoman: port 8080 is taken\n"


def test_ctrl_c_is_exit_130() -> None:
    assert answer(JOINED, ["demo"]) == 130


def test_a_log_level_nobody_knows_is_refused_with_words(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("LOG_LEVEL", "loud")
    assert answer(JOINED, ["run"]) == 2
    assert "LOG_LEVEL takes DEBUG, INFO, WARNING, ERROR, not 'loud'" in capsys.readouterr().err


def test_each_command_refuses_an_empty_folder_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(JOINED, ["check"]) == 2
    assert answer(JOINED, ["invite", "manager"]) == 2
    assert answer(JOINED, ["doctor"]) == 1
    told = capsys.readouterr()
    assert [line.split(":")[0] for line in told.err.splitlines()] == ["dragoman", "dragoman"]
    assert "run `python main.py init`" in told.err
    assert "✗ staff bot" in told.out


def test_an_invitation_is_for_a_role_that_exists(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        answer(JOINED, ["invite", "boss"])
    assert "choose from 'owner', 'manager', 'rep', 'trainee', 'guest'" in capsys.readouterr().err
