"""`nodes` as people run it: which processes work on the database, who holds what, and what an exit code tells a script."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from console import nodes
from console.environment import Environment
from crm.base.db import SqliteStore, Store, open_store
from crm.base.leases import Seat, found_shards, take
from crm.base.nodes import Node, beat
from crm.schema import prepare
from tests.cluster import Cluster
from tests.ports import free_port
from tests.walks.house import ROOT, open_house

SECRET = "sesame-open-canary"
HOLD_SHARDS = "UPDATE leases SET holder = 'node-a', until = 9e15 WHERE pool = 'inbox' AND shard < 9 OR pool = 'desk' AND shard < 2"


def command(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run `python main.py` as a person does, in an empty folder."""
    return subprocess.run(arguments(*words), cwd=folder, env={"PATH": os.environ["PATH"], **settings}, capture_output=True, text=True, check=False)


def arguments(*words: str) -> list[str]:
    """The words of a command line."""
    return [sys.executable, str(ROOT / "main.py"), *words]


def with_password(url: str) -> str:
    """The same address with a password in it, which this server does not ask for."""
    return url.replace("postgres@", f"postgres:{SECRET}@")


@pytest.fixture
def url(cluster: Cluster) -> Iterator[str]:
    """The address of a database with nothing in it, with a password."""
    yield with_password(cluster.database("commands"))
    cluster.drop("commands")


@pytest_asyncio.fixture
async def company(url: str) -> AsyncIterator[Store]:
    """A company on the server, where two nodes have been heard of."""
    await prepare(url)
    store = open_store(url)
    for node, address in (("node-a", "http://10.0.0.1:8080"), ("node-b", "")):
        await store.write(lambda session: beat(session, Seat(node), address=address, version="1.2", now=0))  # noqa: B023
    await store.write(lambda session: take(session, "send:telegram", "node-a", now=0))
    await store.write(lambda session: found_shards(session, ["inbox", "desk"]))
    yield store
    await store.close()


def env_of(url: str, lease: str = "3600") -> Environment:
    """An installation whose nodes may be silent for an hour, which no test takes."""
    return Environment(database_url=url, lease_seconds=lease)


async def silent(store: Store, *names: str) -> None:
    """Nothing has been heard of some nodes for two hours."""
    await store.write(lambda session: session.query(Node).filter(Node.name.in_(names)).update({Node.seen_at: Node.seen_at - 7_200_000}))


async def told(url: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    """What the command answers and prints."""
    code = await asyncio.to_thread(nodes.run, env_of(url))
    return code, capsys.readouterr().out.splitlines()


async def test_each_node_has_a_line_and_what_it_holds_another(url: str, company: Store, cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    await asyncio.to_thread(cluster.execute, HOLD_SHARDS, "commands")
    code, lines = await told(url, capsys)
    assert code == 0
    assert lines[0].startswith("node-a  works, heard of ")
    assert lines[0].endswith(" s ago at http://10.0.0.1:8080, version 1.2")
    assert lines[1:2] == ["    holds send:telegram, 9 shards of the inbox, 2 shards of the desk"]
    assert lines[2].startswith("node-b  works, heard of ")
    assert " at ?, " in lines[2]
    assert lines[3:] == ["    holds nothing"]


async def test_a_node_that_fell_silent_says_so_and_another_still_works(url: str, company: Store, capsys: pytest.CaptureFixture[str]) -> None:
    await silent(company, "node-b")
    code, lines = await told(url, capsys)
    assert code == 0
    assert [line.split(",")[0] for line in lines if not line.startswith(" ")] == ["node-a  works", "node-b  SILENT"]


async def test_where_every_node_is_silent_nobody_works(url: str, company: Store, capsys: pytest.CaptureFixture[str]) -> None:
    await silent(company, "node-a", "node-b")
    code, lines = await told(url, capsys)
    assert code == 1
    assert sum("SILENT" in line for line in lines) == 2


async def test_how_long_silence_is_goes_by_the_lease(url: str, company: Store) -> None:
    await silent(company, "node-a", "node-b")
    assert await asyncio.to_thread(nodes.run, env_of(url, lease="36000")) == 0


@pytest.mark.parametrize("schema", ["", "0001"])
async def test_where_the_product_was_never_started_no_node_is_heard_of(url: str, cluster: Cluster, schema: str, capsys: pytest.CaptureFixture[str]) -> None:
    if schema:
        await asyncio.to_thread(cluster.execute, f"CREATE TABLE alembic_version AS SELECT '{schema}' AS version_num", "commands")
    assert await told(url, capsys) == (1, ["No node is heard of: start one with `python main.py run`."])


async def test_a_file_is_worked_on_by_one_process(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    of_a_file = f"sqlite:///{database}"
    assert await told(of_a_file, capsys) == (1, [f"{database} is a file, so one process works on it: it does not run."])
    store = SqliteStore(database)
    assert await told(of_a_file, capsys) == (0, [f"{database} is a file, so one process works on it: it runs."])
    await store.close()


def test_no_refusal_shows_the_password(tmp_path: Path) -> None:
    nowhere = f"postgresql://postgres:{SECRET}@127.0.0.1:{free_port()}/none"
    for address, words in ((nowhere, "does not answer"), (f"mysql://root:{SECRET}@127.0.0.1/none", "must be sqlite:///path/to/file.db or postgresql://")):
        done = command(tmp_path, "nodes", DATABASE_URL=address)
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
        assert done.stderr.startswith("dragoman: ")
        assert words in done.stderr
        assert SECRET not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_is_not_there_is_refused_with_one_line(tmp_path: Path, cluster: Cluster) -> None:
    done = command(tmp_path, "nodes", DATABASE_URL=f"postgresql://postgres:{SECRET}@127.0.0.1:{cluster.port}/nosuch")
    assert (done.returncode, done.stderr) == (2, 'dragoman: the database refused: database "nosuch" does not exist\n')


async def test_a_node_that_runs_is_seen_and_is_gone_once_it_has_stopped(url: str, tmp_path: Path) -> None:
    async with open_house(tmp_path / "house", DATABASE_URL=url) as house:
        house.url = url
        await house.start()
        await house.until("SELECT name FROM leases WHERE name = 'poll:telegram' AND holder <> ''")
        await house.until("SELECT name FROM nodes WHERE address <> ''")
        seen = await asyncio.to_thread(command, tmp_path, "nodes", DATABASE_URL=url, LEASE_SECONDS="3600")
        assert (seen.returncode, seen.stderr, len(seen.stdout.splitlines())) == (0, "", 2)
        assert "  works, heard of " in seen.stdout
        assert f" at {house.shop}" in seen.stdout
        assert "poll:telegram" in seen.stdout
        assert SECRET not in seen.stdout
        assert await house.stop() == 0
        gone = await asyncio.to_thread(command, tmp_path, "nodes", DATABASE_URL=url, LEASE_SECONDS="3600")
        assert (gone.returncode, gone.stdout) == (1, "No node is heard of: start one with `python main.py run`.\n")


__all__ = ["SECRET", "arguments", "command", "with_password"]
