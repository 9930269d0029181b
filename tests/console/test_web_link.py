"""`web-link`: a way into the inbox from the machine, while the product runs."""

import asyncio
import re
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import text

from console import web_link
from console.environment import Environment
from crm.base.db import Store
from crm.base.errors import Misconfigured
from crm.people.logins import Letterbox, good
from crm.schema import HEAD
from tests.console.test_nodes import command, url
from tests.crm.fake import hire

__all__ = ["url"]


@pytest_asyncio.fixture
async def env(request: pytest.FixtureRequest, engine: str, tmp_path: Path, store: Store) -> Environment:
    """The settings of an installation whose product holds its database."""
    await store.write(lambda session: session.execute(text("CREATE TABLE alembic_version (version_num TEXT)")) and None)
    await store.write(lambda session: session.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD}) and None)
    url = request.getfixturevalue("server_database") if engine == "postgres" else f"sqlite:///{request.getfixturevalue('database')}"
    return Environment(database_url=url, data_dir=str(tmp_path), public_url="https://crm.example/")


async def link(env: Environment, who: str) -> None:
    await asyncio.to_thread(web_link.run, env, who)


async def test_it_prints_a_link_that_is_good_while_the_product_runs(store: Store, env: Environment, engine: str, capsys: pytest.CaptureFixture[str]) -> None:
    rep = await hire(store)
    await link(env, "TIGRAN")
    found = re.search(r"https://crm\.example/desk/login/([\w-]{32})\s", capsys.readouterr().out)
    assert found
    letter, written = Letterbox(env.folder / web_link.FOLDER).find(found[1], now=0), await store.read(lambda session: good(session, found[1], now=0))
    assert (letter.rep_id if letter else None, written) == ((None, True) if engine == "postgres" else (rep.id, False))


async def test_a_member_is_meant_by_name_or_by_number(store: Store, env: Environment, capsys: pytest.CaptureFixture[str]) -> None:
    rep = await hire(store)
    for who in (str(rep.id), rep.address, "Tigran"):
        await link(env, who)
        assert "For Tigran, once, within 5 minutes" in capsys.readouterr().out


async def test_who_is_not_one_of_the_staff_gets_the_list(store: Store, env: Environment) -> None:
    await hire(store)
    await hire(store, "mariam")
    with pytest.raises(Misconfigured, match=r"not one of the staff; there is Tigran \(\d+\), Mariam \(\d+\)"):
        await link(env, "nobody")


async def test_a_name_that_two_have_is_not_clear(store: Store, env: Environment) -> None:
    await hire(store)
    await hire(store, "TIGRAN")
    with pytest.raises(Misconfigured, match="more than one"):
        await link(env, "tiGRan")


def test_without_a_public_address_it_leads_to_this_machine() -> None:
    assert web_link.address(Environment(http_host="0.0.0.0", http_port="8123")) == "http://127.0.0.1:8123/desk"


def test_without_a_database_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="start the product once"):
        web_link.run(Environment(database_url=f"sqlite:///{tmp_path}/none.db"), "tigran")


WITHOUT_TABLES = f"dragoman: the database has schema none, this program knows {HEAD}: start the product once, or install the newer program\n"


def test_a_file_without_tables_is_refused_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "new.db").touch()
    told = command(tmp_path, "web-link", "tigran", DATABASE_URL=f"sqlite:///{tmp_path}/new.db")
    assert (told.returncode, told.stdout, told.stderr) == (2, "", WITHOUT_TABLES)


def test_a_server_without_tables_is_refused_with_one_line(tmp_path: Path, url: str) -> None:
    told = command(tmp_path, "web-link", "tigran", DATABASE_URL=url)
    assert (told.returncode, told.stdout, told.stderr) == (2, "", WITHOUT_TABLES)
