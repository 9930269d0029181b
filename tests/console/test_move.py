"""`move` as people run it: progress, words and exit codes; killed in the middle of a table it goes on, and no password is shown."""

import asyncio
import contextlib
import signal
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from crm import move as moving
from crm.base.db import SqliteStore, look, open_store
from crm.base.postgres import place
from crm.base.settings import Company
from crm.reports.books import check
from crm.schema import bring_up_to_date, prepare
from crm.tables import metadata
from tests.cluster import Cluster
from tests.console.test_nodes import SECRET, arguments, command, url
from tests.crm.fake import hear, said
from tests.walks.house import PATIENCE, asked, open_house

__all__ = ["url"]
TALK, COPIES = 120, 40
MIDDLE = moving.CHUNK + 700
"""A row in the second of three chunks."""
NO_SERVER = "a company moves to a server: python main.py move postgresql://user:password@host/database"
WAITS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'dragoman-move' AND wait_event_type = 'Lock'"
MOVERS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'dragoman-move'"


@pytest_asyncio.fixture
async def file(tmp_path: Path, company: Company) -> Path:
    """A company in a file, with more messages than go in two chunks."""
    path = tmp_path / "company.db"
    bring_up_to_date(path)
    store = SqliteStore(path)
    await hear(store, company, *(said(number, f"who{number % 9}", f"word {number} ԱԲ አማ") for number in range(TALK)))
    await store.close()
    multiply(path)
    return path


def multiply(path: Path) -> None:
    """Years of talk, made of a few messages."""
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(messages)")]
        fresh = {"id": "id + 100000 * n", "once": "NULL"}
        taken = ", ".join(fresh.get(name, name) for name in columns)
        numbers = f"WITH RECURSIVE many(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < {COPIES})"
        connection.execute(f"{numbers} INSERT INTO messages ({', '.join(columns)}) SELECT {taken} FROM messages, many")
        connection.execute("UPDATE counters SET next = 100000 * 100 WHERE name = 'ids'")
        [(amount,)] = connection.execute("SELECT count(*) FROM messages")
        assert 2 * moving.CHUNK < amount < 3 * moving.CHUNK


def counts_in(path: Path) -> dict[str, int]:
    """How many rows each table of a file has."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in metadata.tables if name not in moving.LEFT_OUT}


async def counts_at(url: str) -> dict[str, int]:
    """How many rows each table of a server has."""
    return {name: (await asked(url, f"SELECT count(*) FROM {name}", ()))[0][0] for name in metadata.tables if name not in moving.LEFT_OUT}


def moved(folder: Path, file: Path, to: str) -> tuple[int, str, str]:
    """What the command answers and says."""
    done = command(folder, "move", to, DATABASE_URL=f"sqlite:///{file}")
    assert SECRET not in done.stdout + done.stderr
    return done.returncode, done.stdout, done.stderr


def messages(database: Path | str) -> list[tuple[int, str, str | None]]:
    """The words of a company, wherever it is."""
    table = metadata.tables["messages"]
    return look(database, lambda session: [tuple(row) for row in session.query(table.c.id, table.c.text, table.c.once).order_by(table.c.id)])


async def until(url: str, question: str, want: int) -> None:
    """Wait until the server answers a number."""
    async with asyncio.timeout(PATIENCE):
        while await asked(url, question, ()) != [(want,)]:
            await asyncio.sleep(0.02)


async def test_a_company_moves_with_progress_and_hears_what_comes_next(file: Path, url: str, tmp_path: Path, cluster: Cluster) -> None:
    before = file.read_bytes()
    code, out, progress = await asyncio.to_thread(moved, tmp_path, file, url)
    there, here = counts_in(file), await counts_at(url)
    assert code == 0
    assert here == there
    assert f"\n{sum(there.values())} rows stand in postgresql://postgres:***@127.0.0.1:{cluster.port}/commands, counted on both sides.\n" in out
    assert "Next: set DATABASE_URL to that address" in out
    assert [line.split() for line in progress.splitlines() if "messages" in line and "rep_" not in line] == [
        ["messages", str(done), "of", str(there["messages"])] for done in (moving.CHUNK, 2 * moving.CHUNK, there["messages"], there["messages"])
    ]
    assert await asyncio.to_thread(messages, url) == await asyncio.to_thread(messages, file)
    assert file.read_bytes() == before


@contextlib.asynccontextmanager
async def somebody_in_the_way(url: str, file: Path) -> AsyncIterator[None]:
    """Somebody who has begun to write one message that the move is to write, and neither ends nor gives up."""
    number = (await asyncio.to_thread(messages, file))[MIDDLE][0]
    connection = await asyncpg.connect(**place(url))
    try:
        await connection.execute("SET session_replication_role = replica")  # the conversation of this message is not there yet
        await connection.execute("BEGIN")
        columns = "id, conversation_id, author, text, at"
        await connection.execute(f"INSERT INTO messages ({columns}) VALUES ($1, 1, 'bot', '', 0)".replace("$1", str(number)))
        yield
    finally:
        await connection.close()


async def test_killed_in_the_middle_of_a_table_it_goes_on_there_and_ends_complete(file: Path, url: str, tmp_path: Path) -> None:
    await prepare(url)
    async with somebody_in_the_way(url, file):
        environment = {"DATABASE_URL": f"sqlite:///{file}"}
        first = await asyncio.create_subprocess_exec(*arguments("move", url), cwd=tmp_path, env=environment, stderr=asyncio.subprocess.DEVNULL)
        await until(url, WAITS, 1)
        assert await counts_at(url) | {"messages": moving.CHUNK} == await counts_at(url)
        first.send_signal(signal.SIGKILL)
        assert await first.wait() == -signal.SIGKILL
    await until(url, MOVERS, 0)
    code, _, progress = await asyncio.to_thread(moved, tmp_path, file, url)
    assert code == 0
    assert f"  messages         {2 * moving.CHUNK:>9} of " in progress
    assert f"  messages         {moving.CHUNK:>9} of " not in progress
    assert await counts_at(url) == counts_in(file)
    assert await asyncio.to_thread(messages, url) == await asyncio.to_thread(messages, file)
    books = await asyncio.to_thread(look, url, check)
    assert books.problems == (await asyncio.to_thread(look, file, check)).problems


async def test_stopped_by_ctrl_c_it_says_nothing_ugly(file: Path, url: str, tmp_path: Path) -> None:
    await prepare(url)
    async with somebody_in_the_way(url, file):
        environment = {"DATABASE_URL": f"sqlite:///{file}"}
        running = await asyncio.create_subprocess_exec(*arguments("move", url), cwd=tmp_path, env=environment, stderr=asyncio.subprocess.PIPE)
        await until(url, WAITS, 1)
        running.send_signal(signal.SIGINT)
        assert running.stderr
        said = (await running.stderr.read()).decode()
        assert await running.wait() == 130
    assert "Traceback" not in said
    assert SECRET not in said


async def test_a_living_company_is_not_written_over(file: Path, url: str, tmp_path: Path, company: Company) -> None:
    await prepare(url)
    store = open_store(url)
    await hear(store, company, said(1, "who1", "I was here first"))
    await store.close()
    before = await counts_at(url)
    code, out, refusal = await asyncio.to_thread(moved, tmp_path, file, url)
    words = "the database on the server holds rows that are not of this file as it is now: name an empty one"
    assert (code, out, refusal) == (2, "", f"dragoman: {words}\n")
    assert await counts_at(url) == before


@pytest.mark.parametrize("who", ["who1", "a stranger"])
async def test_where_somebody_has_written_behind_a_stopped_move_it_does_not_go_on(file: Path, url: str, tmp_path: Path, company: Company, who: str) -> None:
    def stop(table: str, done: int, wanted: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await moving.move(file, url, stop)
    store = SqliteStore(file)
    await hear(store, company, said("late", who, "hello"))
    await store.close()
    code, _, refusal = await asyncio.to_thread(moved, tmp_path, file, url)
    assert code == 2
    assert "name an empty one" in refusal


async def test_while_the_product_runs_nothing_moves_and_once_it_has_stopped_everything_does(url: str, tmp_path: Path) -> None:
    async with open_house(tmp_path / "house", DATABASE_URL=f"sqlite:///{tmp_path / 'house' / 'dragoman.db'}") as house:
        house.url = f"sqlite:///{house.database}"
        await house.start()
        refused = await asyncio.to_thread(moved, tmp_path, house.database, url)
        assert refused == (2, "", "dragoman: another process works on dragoman.db: stop it first, or set another DATABASE_URL\n")
        assert await asked(url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", ()) == [(0,)]
        assert await house.stop() == 0
        code, _, _ = await asyncio.to_thread(moved, tmp_path, house.database, url)
        assert code == 0
        assert await counts_at(url) == counts_in(house.database)
        house.vary(DATABASE_URL=url)
        await house.start()
        assert await house.stop() == 0


def test_a_database_that_is_not_there_is_refused_with_one_line(tmp_path: Path, cluster: Cluster) -> None:
    bring_up_to_date(tmp_path / "company.db")
    code, out, refusal = moved(tmp_path, tmp_path / "company.db", f"postgresql://postgres:{SECRET}@127.0.0.1:{cluster.port}/nosuch")
    words = 'the database server refused: database "nosuch" does not exist: look at the address to move to'
    assert (code, out, refusal) == (2, "", f"dragoman: {words}\n")


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("sqlite:///other.db", NO_SERVER),
        (f"mysql://root:{SECRET}@127.0.0.1/x", NO_SERVER),
        (f"postgresql://root:{SECRET}@127.0.0.1", NO_SERVER),
        ("the new server", NO_SERVER),
        (f"postgresql://postgres:{SECRET}@127.0.0.1:1/x", "look at the address to move to, and whether the server runs"),
    ],
)
def test_what_is_no_place_to_move_to_is_refused_with_one_line(tmp_path: Path, to: str, words: str) -> None:
    bring_up_to_date(tmp_path / "company.db")
    code, out, refusal = moved(tmp_path, tmp_path / "company.db", to)
    assert (code, out, len(refusal.splitlines())) == (2, "", 1)
    assert words in refusal
    assert "DATABASE_URL" not in refusal


def test_what_is_no_file_to_move_is_refused_with_one_line(tmp_path: Path) -> None:
    code, _, refusal = moved(tmp_path, tmp_path / "none.db", f"postgresql://postgres:{SECRET}@127.0.0.1/x")
    assert (code, refusal) == (2, f"dragoman: there is no database at {tmp_path / 'none.db'} to move\n")
    assert list(tmp_path.iterdir()) == []
    server = f"postgresql://postgres:{SECRET}@127.0.0.1/x"
    there = command(tmp_path, "move", server, DATABASE_URL=server)
    assert (there.returncode, there.stderr) == (2, "dragoman: this is for a database in a file: DATABASE_URL names a server\n")
