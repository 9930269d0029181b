"""A link into the staff, and the books: both refuse with words that say what to do."""

import asyncio
import os
import re
from pathlib import Path

import pytest

from console import check, invite, pin
from console.environment import Environment
from crm.base.actors import Role
from crm.base.db import SqliteStore, look
from crm.base.errors import Misconfigured
from crm.base.tallies import Count, Tally
from crm.people.reps import Invite, digest
from crm.people.steps import Pin
from crm.reports.books import AccountBooks, Books
from crm.schema import bring_up_to_date
from tests.console.screen import DESK
from tests.crm.fake import hire, step_up


@pytest.fixture
def env(tmp_path: Path) -> Environment:
    database = tmp_path / "our data" / "dragoman.db"
    bring_up_to_date(database)
    return Environment(database_url=f"sqlite:///{database}", data_dir=str(database.parent), staff_bot_token=DESK, staff_bot_username="marani_desk_bot")


@pytest.mark.parametrize("role", Role)
def test_a_link_is_printed_for_one_role(env: Environment, role: Role, capsys: pytest.CaptureFixture[str]) -> None:
    assert invite.run(env, role) == 0
    found = re.search(r"https://t\.me/marani_desk_bot\?start=([\w-]{22})\n", capsys.readouterr().out)
    assert found is not None
    assert [(one.digest, one.role) for one in look(env.database, lambda session: session.query(Invite).all())] == [(digest(found[1]), role.value)]


def test_without_a_staff_bot_there_is_nothing_to_link_to(env: Environment) -> None:
    with pytest.raises(Misconfigured, match=r"run `python main\.py init`"):
        invite.run(Environment(database_url=env.database_url), Role.REP)


def test_without_a_username_the_command_to_send_is_printed(env: Environment, capsys: pytest.CaptureFixture[str]) -> None:
    invite.run(Environment(database_url=env.database_url, staff_bot_token=DESK), Role.MANAGER)
    assert re.search(r"send the bot /start [\w-]{22}\)", capsys.readouterr().out)


async def test_while_the_product_runs_the_bot_gives_the_link(env: Environment) -> None:
    store = SqliteStore(env.database)
    with pytest.raises(Misconfigured, match="/invite rep to the staff bot"):
        invite.run(env, Role.REP)
    await store.close()


async def test_a_forgotten_pin_is_taken_away_at_the_machine(env: Environment, capsys: pytest.CaptureFixture[str]) -> None:
    store = SqliteStore(env.database)
    boss = await hire(store, "mariam", Role.MANAGER)
    await step_up(store, boss)
    with pytest.raises(Misconfigured, match="stop it first"):
        pin.run(env, "Mariam")
    await store.close()
    assert await asyncio.to_thread(pin.run, env, "Mariam") == 0
    assert "Mariam has no PIN now" in capsys.readouterr().out
    assert look(env.database, lambda session: session.query(Pin).all()) == []


async def test_the_books_are_read_while_the_product_runs(env: Environment, capsys: pytest.CaptureFixture[str]) -> None:
    store = SqliteStore(env.database)
    assert check.run(env) == 0
    await store.write(lambda session: session.add(Tally(account="telegram", day=1, kind=Count.KEPT.value, amount=3)))
    assert check.run(env) == 1
    await store.close()
    told = capsys.readouterr().out
    assert "The books balance.\n" in told
    assert "✗ telegram: 3 events were kept, 0 are there" in told
    assert "do NOT balance" in told


def test_the_books_say_what_became_of_everything() -> None:
    told = check.lines(Books((AccountBooks("telegram", 7, 1, 1, 3, 1, 1, 5, (("failed", 1), ("sent", 4))), AccountBooks("form", 0)), ()))
    assert told == [
        "telegram  kept 7 = 1 waiting + 3 done + 1 parked + 1 ignored + 1 dropped; deliveries 5 = 1 failed + 4 sent",
        "form      kept 0 = 0 waiting + 0 done + 0 parked + 0 ignored + 0 dropped; deliveries 0 = 0",
        "The books balance.",
    ]


def test_a_look_changes_nothing(env: Environment) -> None:
    with pytest.raises(Exception, match="readonly"):
        look(env.database, lambda session: session.query(Invite).delete())


def test_no_database_is_made_by_looking(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="there is no database"):
        check.run(Environment(database_url=f"sqlite:///{tmp_path / 'none.db'}"))
    assert os.listdir(tmp_path) == []


def test_an_old_or_newer_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    with pytest.raises(Misconfigured, match="has schema none"):
        check.run(Environment(database_url=f"sqlite:///{tmp_path / 'empty.db'}"))
