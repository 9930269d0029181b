"""The wizard: each answer checked at once, the settings written whole or not at all, the first manager let in."""

import asyncio
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from console import dotfile, environment, init
from console.environment import Environment
from console.invite import managed, write_invite
from crm.base.actors import Role
from crm.base.db import SqliteStore, hold, look
from crm.base.errors import Misconfigured
from crm.people.reps import Invite, digest, join
from tests.conftest import NOON
from tests.console.screen import DESK, FOREIGN, HOOKED, SHOP, Screen, Telegram

FIRM = ["Մառանի", "1 4 en", "Yerevan", "", "mon-sat 10:00-19:00"]
LINK = re.compile(r"https://t\.me/marani_desk_bot\?start=([\w-]{22})")


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Environment.__dataclass_fields__:
        monkeypatch.delenv(name.upper(), raising=False)


def ask(*answers: str, telegram: Telegram | None = None) -> str:
    screen = Screen(answers)
    assert init.run(Path(".env"), (telegram or Telegram()).check, screen.terminal) == 0
    return screen.text


def refused(*answers: str) -> str:
    """What is shown for answers that end before the questions."""
    screen = Screen(answers)
    with pytest.raises(Misconfigured, match="nothing was written"):
        init.run(Path(".env"), Telegram().check, screen.terminal)
    assert not Path(".env").exists()
    return screen.text


def test_a_few_answers_make_a_whole_installation() -> None:
    shown = ask(*FIRM, "n", SHOP, DESK)
    company = environment.company(environment.read(file=Path(".env")))
    assert (company.name, company.languages, company.zone, company.region, company.currency) == ("Մառանի", ("hy", "ru", "en"), "Asia/Yerevan", "AM", "AMD")
    assert company.continue_at == "https://t.me/marani_bot?start="
    assert dotfile.values(Path(".env"))["STAFF_BOT_USERNAME"] == "marani_desk_bot"
    assert LINK.search(shown)
    assert "make run" in shown


def test_the_link_lets_in_one_manager_for_a_day() -> None:
    shown = ask(*FIRM, "n", SHOP, DESK)
    found = LINK.search(shown)
    assert found is not None
    invites = look(Path("data/dragoman.db"), lambda session: session.query(Invite).all())
    assert [(one.digest, one.role) for one in invites] == [(digest(found[1]), "manager")]


def test_the_file_is_for_its_owner_alone_and_so_is_the_folder() -> None:
    Path(".env").write_text("A=1\n")
    Path(".env").chmod(0o644)
    ask(*FIRM, "n", SHOP, DESK)
    assert stat.S_IMODE(Path(".env").stat().st_mode) == 0o600
    assert stat.S_IMODE(Path("data").stat().st_mode) == 0o700
    assert sorted(os.listdir()) == [".env", "data"]


def test_no_token_is_shown() -> None:
    ask(*FIRM, "n", SHOP, DESK)
    shown = ask("", "", "", "", "", "", "", "")
    assert "••••apot" in shown
    assert not [secret for secret in (SHOP, DESK) if secret in shown or secret.split(":")[1] in shown]


def test_foreign_lines_stay_and_old_values_are_the_defaults() -> None:
    Path(".env").write_text("# ours since 2019\nexport COMPANY_NAME=Teahouse\n\nHTTP_PORT=9999 # behind nginx\nCOMPANY_NAME=Twice\nUNKNOWN='x y'\n")
    ask("", "ru", "Tbilisi", "USD", "", "n", "skip", DESK)
    text = Path(".env").read_text()
    assert text.startswith("# ours since 2019\nexport COMPANY_NAME=Twice\n\nHTTP_PORT=9999 # behind nginx\nUNKNOWN='x y'\n")
    assert text.count("COMPANY_NAME") == 1
    assert dotfile.values(Path(".env"))["COMPANY_CURRENCY"] == "USD"


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        (["", "  "], "something must be written here"),
        (["A\x07b"], "one line of text"),
        (["Marani", "7"], "'7' is none of the languages"),
        (["Marani", "1", "Yerevn"], "did you mean yerevan"),
        (["Marani", "1", "Russia"], "Europe/Moscow"),
        (["Marani", "1", "../../etc/passwd"], "is not a time zone"),
        (["Marani", "1", "Yerevan", "dram"], "is not a currency"),
        (["Marani", "1", "Yerevan", "AMD", "always"], "cannot read the hours 'always'"),
        (["Marani", "1", "Yerevan", "AMD", "mon-fri 18:00-09:00"], "end before they begin"),
        (["Marani", "1", "Yerevan", "AMD", ","], "never be open"),
        ([*FIRM, "maybe"], "answer y or n"),
        ([*FIRM, "y", "api.example"], "begins with http://"),
        ([*FIRM, "n", "not a token"], "does not look like a token"),
        ([*FIRM, "n", FOREIGN], "Telegram does not know this token"),
        ([*FIRM, "n", SHOP, SHOP], "the staff needs a bot of its own"),
        ([*FIRM, "n", SHOP, "111111:another-token-of-it"], "the staff needs a bot of its own"),
    ],
)
def test_a_wrong_answer_is_told_at_once_and_asked_again(answers: list[str], reason: str) -> None:
    assert reason in refused(*answers)


def test_a_bot_may_be_left_out_and_what_is_missed_is_told() -> None:
    shown = ask(*FIRM, "n", "", "")
    assert "by the site widget and the form only" in shown
    assert "nobody can answer" in shown
    assert "?start=" not in shown
    assert environment.read(file=Path(".env")).staff_bot_token == ""


def test_a_token_can_be_kept_unchecked_with_a_username_typed() -> None:
    ask(*FIRM, "n", "", FOREIGN, "keep", "@marani_desk_bot")
    env = environment.read(file=Path(".env"))
    assert (env.staff_bot_token, env.staff_bot_username) == (FOREIGN, "marani_desk_bot")


def test_the_way_to_telegram_can_be_changed_after_a_failure_and_is_used() -> None:
    telegram = Telegram()
    shown = ask(*FIRM, "n", FOREIGN, "way", "https://api.example/", "http://u:secret@127.0.0.1:3128", SHOP, DESK, telegram=telegram)
    assert telegram.asked[-1] == (DESK, "https://api.example", "http://u:secret@127.0.0.1:3128")
    assert environment.read(file=Path(".env")).telegram_api_base == "https://api.example"
    assert "secret" not in shown
    again = ask("", "", "", "", "", "", "", "", "", "", telegram=telegram)
    assert telegram.asked[-1][1:] == ("https://api.example", "http://u:secret@127.0.0.1:3128")
    assert "http://u:••••@127.0.0.1:3128" in again
    assert "secret" not in again


def test_a_webhook_that_takes_the_messages_is_named() -> None:
    assert "https://elsewhere.example" in ask(*FIRM, "n", HOOKED, DESK)


def test_a_webhook_of_our_own_takes_no_messages_away() -> None:
    Path(".env").write_text("PUBLIC_URL=https://elsewhere.example\n")
    assert "stop using it there" not in ask(*FIRM, "n", HOOKED, DESK)


def test_a_setting_of_the_environment_that_wins_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPANY_CURRENCY", "EUR")
    assert "COMPANY_CURRENCY is set in the environment too" in ask(*FIRM, "n", SHOP, DESK)


def test_a_zone_without_a_country_asks_for_it() -> None:
    ask("Marani", "5", "UTC", "xx", "de", "", "", "n", "", "")
    assert (environment.read(file=Path(".env")).company_region, environment.read(file=Path(".env")).company_currency) == ("DE", "EUR")


def test_while_the_product_runs_the_settings_are_written_and_a_restart_asked_for() -> None:
    ask(*FIRM, "n", SHOP, DESK)
    held = hold(Path("data/dragoman.db"))
    shown = ask("Teahouse", *[""] * 7)
    os.close(held)
    assert "stop it and start it again" in shown
    assert environment.read(file=Path(".env")).company_name == "Teahouse"


async def use(database: Path, secret: str) -> None:
    store = SqliteStore(database)
    await store.write(lambda session: join(session, secret, address="7", name="Mariam", language="en", now=NOON + 1))
    await store.close()


def test_once_a_manager_is_in_no_other_link_is_printed() -> None:
    ask(*FIRM, "n", SHOP, DESK)
    database = Path("data/dragoman.db")
    asyncio.run(use(database, asyncio.run(write_invite(f"sqlite:///{database}", Role.MANAGER, now=NOON))))
    assert asyncio.run(managed(f"sqlite:///{database}"))
    shown = ask(*[""] * 8)
    assert "A manager is in already" in shown
    assert "?start=" not in shown


def test_a_settings_file_that_cannot_be_written_is_named() -> None:
    Path(".env").mkdir()
    with pytest.raises(Misconfigured, match=r"\.env cannot be read"):
        ask(*FIRM, "n", SHOP, DESK)


def test_an_old_token_that_moved_to_the_customers_bot_is_no_default_for_the_staff() -> None:
    Path(".env").write_text(f"STAFF_BOT_TOKEN={SHOP}\n")
    ask(*FIRM, "n", SHOP, "keep", DESK)
    assert environment.read(file=Path(".env")).staff_bot_token == DESK


STOPPED = """
import os, signal, sys
from pathlib import Path
from console import init

async def check(token, server, proxy):
    os.kill(os.getpid(), signal.SIGINT)
    return "never"

try:
    init.run(Path(sys.argv[1]), check)
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_ctrl_c_leaves_the_settings_untouched(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("COMPANY_NAME=Teahouse\n")
    answers = "\n".join([*FIRM, "n", SHOP, ""])
    root = Path(__file__).parents[2]
    ended = subprocess.run([sys.executable, "-c", STOPPED, str(file)], input=answers, text=True, cwd=root, capture_output=True, check=False)
    assert ended.returncode == 130, ended.stderr
    assert "Nothing was written." in ended.stdout
    assert file.read_text() == "COMPANY_NAME=Teahouse\n"
