"""Backup, restore and release at the console: each says what it did, what it refuses, and what comes next."""

import asyncio
import os
import sqlite3
from pathlib import Path

import pytest

from console import backup, release, restore
from console.environment import Environment
from crm.base.actors import System
from crm.base.backup import MANIFEST, BadCopy, Copy, newest
from crm.base.db import SqliteStore, look, open_store
from crm.base.errors import Misconfigured
from crm.base.installation import Installation, Why, held
from crm.outbox.hold import Guard, standing
from crm.people.contacts import Contact
from crm.people.reps import Member
from crm.schema import HEAD
from tests.cluster import Cluster
from tests.conftest import NOON
from tests.crm.fake import hire

CONSOLE = System("test")


def installation(folder: Path, database: Path) -> Environment:
    """The settings of an installation in a folder."""
    return Environment(database_url=f"sqlite:///{database}", data_dir=str(folder))


@pytest.fixture
def env(database: Path) -> Environment:
    """An installation that knows one person."""
    found = installation(database.parent, database)
    with sqlite3.connect(database) as writing:
        writing.execute("CREATE TABLE alembic_version (version_num TEXT)")
        writing.execute("INSERT INTO alembic_version VALUES (?)", (HEAD,))
    person(database, 1)
    (found.folder / "link.key").write_bytes(b"old key of 32 bytes, or nearly so")
    return found


@pytest.fixture
def copy(env: Environment) -> Copy:
    """Its backup."""
    assert backup.run(env) == 0
    found = newest(env.folder / "backups")
    assert found
    return found


def person(database: Path, number: int) -> None:
    """Somebody wrote once."""
    with sqlite3.connect(database) as writing:
        for table, given in (
            ("contacts", {"id": number, "root_id": number}),
            ("identities", {"id": number, "contact_id": number, "account": "fake", "external_id": f"p{number}"}),
        ):
            needed = {row[1]: "" if row[2] in ("VARCHAR", "TEXT") else 0 for row in writing.execute(f"PRAGMA table_info({table})") if row[3] and row[4] is None}
            row = {**needed, **given}
            writing.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))


def people(database: Path) -> list[int]:
    return look(database, lambda session: [contact.id for contact in session.query(Contact).order_by(Contact.id)])


async def why(env: Environment) -> Why | None:
    """What a start of the product would find."""
    store = SqliteStore(env.database)
    await Guard(store, env.folder, clock=lambda: NOON).check()
    found = await store.read(lambda session: standing(session, CONSOLE))
    await store.close()
    return found.why


def test_a_backup_is_named_and_counted(env: Environment, capsys: pytest.CaptureFixture[str]) -> None:
    assert backup.run(env) == 0
    told = capsys.readouterr().out
    found = newest(env.folder / "backups")
    assert found
    assert f"Backed up to {found.folder}" in told
    assert "1 contacts" in told
    assert ".env" in told


def test_a_backup_goes_where_it_is_told(env: Environment, tmp_path: Path) -> None:
    assert backup.run(env, str(tmp_path / "disk")) == 0
    assert newest(tmp_path / "disk")
    assert not (env.folder / "backups").exists()


async def test_a_restore_brings_back_what_stood_there_and_puts_the_rest_aside(env: Environment, copy: Copy, capsys: pytest.CaptureFixture[str]) -> None:
    assert await why(env) is Why.NO_SEAL
    person(env.database, 2)
    (env.folder / "link.key").write_bytes(b"new key")
    assert restore.run(env, str(copy.folder)) == 0
    assert people(env.database) == [1]
    [aside] = env.folder.glob("before-restore-*")
    assert people(aside / "dragoman.db") == [1, 2]
    assert (env.folder / "link.key").read_bytes().startswith(b"old key")
    assert (aside / "link.key").read_bytes() == b"new key"
    told = capsys.readouterr().out
    assert str(aside) in told
    assert "/release" in told
    assert await why(env) is not None


async def test_a_restored_installation_is_held_although_the_one_before_was_not(env: Environment, copy: Copy) -> None:
    await why(env)
    assert await asyncio.to_thread(release.run, env) == 0
    assert await why(env) is None
    restore.run(env, str(copy.folder / MANIFEST))
    assert await why(env) is Why.NO_SEAL


async def test_a_copy_put_in_place_by_hand_is_held_too(env: Environment, copy: Copy) -> None:
    await why(env)
    await asyncio.to_thread(release.run, env)
    env.database.write_bytes((copy.folder / "dragoman.db").read_bytes())
    assert await why(env) is Why.OTHER_DATABASE


def test_a_restore_into_an_empty_folder_needs_nothing_else(copy: Copy, tmp_path: Path) -> None:
    (copy.folder / "media").mkdir()
    (copy.folder / "media" / "aa").write_bytes(b"cat")
    fresh = installation(tmp_path / "fresh", tmp_path / "fresh" / "dragoman.db")
    assert restore.run(fresh, str(copy.folder)) == 0
    assert people(fresh.database) == [1]
    assert (fresh.folder / "media" / "aa").read_bytes() == b"cat"
    assert list(fresh.folder.glob("before-restore-*")) == []
    assert fresh.database.stat().st_mode & 0o077 == 0


def test_files_that_came_since_stay(env: Environment, copy: Copy) -> None:
    (env.folder / "media").mkdir()
    (env.folder / "media" / "bb").write_bytes(b"dog")
    restore.run(env, str(copy.folder))
    assert (env.folder / "media" / "bb").read_bytes() == b"dog"


def test_a_damaged_copy_is_not_restored_and_nothing_is_moved(env: Environment, copy: Copy) -> None:
    with (copy.folder / "dragoman.db").open("r+b") as writing:
        writing.seek(20_000)
        writing.write(b"\xa5" * 100)
    with pytest.raises(BadCopy, match="bytes have changed"):
        restore.run(env, str(copy.folder))
    assert people(env.database) == [1]
    assert list(env.folder.glob("before-restore-*")) == []


def test_a_copy_of_a_newer_program_is_refused(env: Environment, copy: Copy) -> None:
    manifest = copy.folder / MANIFEST
    manifest.write_text(manifest.read_text().replace(f'"schema": "{copy.schema}"', '"schema": "9999"'))
    with pytest.raises(Misconfigured, match="install the newer program"):
        restore.run(env, str(copy.folder))


def test_something_else_is_no_backup(env: Environment, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(BadCopy, match="name a folder dragoman-"):
        restore.run(env, str(tmp_path / "notes.txt"))


def test_a_copy_of_a_file_does_not_go_to_a_server(env: Environment, copy: Copy) -> None:
    with pytest.raises(Misconfigured, match="another kind of database"):
        restore.run(Environment(database_url="postgresql://127.0.0.1:1/none", data_dir=env.data_dir), str(copy.folder))


async def test_while_the_product_runs_it_is_copied_and_neither_restored_nor_released(env: Environment, copy: Copy) -> None:
    store = SqliteStore(env.database)
    assert backup.run(env, str(env.folder / "more")) == 0
    with pytest.raises(Misconfigured, match="stop it first"):
        restore.run(env, str(copy.folder))
    with pytest.raises(Misconfigured, match="/release to the staff bot"):
        release.run(env)
    await store.close()
    assert people(env.database) == [1]


def test_a_release_at_the_console_holds_for_the_next_start(env: Environment, capsys: pytest.CaptureFixture[str]) -> None:
    assert release.run(env) == 0
    assert "Nothing waited to be sent.\nReleased" in capsys.readouterr().out
    assert not look(env.database, held)
    assert release.run(env, 1.0) == 0
    assert "not on hold" in capsys.readouterr().out


def test_without_a_database_there_is_nothing_to_release(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="there is no database"):
        release.run(installation(tmp_path, tmp_path / "none.db"))
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def programs(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's own programs, of the server's version."""
    monkeypatch.setenv("PATH", f"{cluster.binaries}{os.pathsep}{os.environ['PATH']}")


async def test_a_server_is_dumped_and_the_dump_goes_into_an_empty_database_only(cluster: Cluster, server_database: str, programs: None, tmp_path: Path) -> None:
    store = open_store(server_database)
    await store.write(lambda session: session.add(Installation(name="here", epoch="e1")))
    await hire(store, "tigran")
    await store.close()
    live = Environment(database_url=server_database, data_dir=str(tmp_path / "live"))
    assert backup.run(live) == 0
    copy = newest(live.folder / "backups")
    assert copy
    cluster.drop("restored")
    fresh = Environment(database_url=cluster.database("restored"), data_dir=str(tmp_path / "fresh"))
    assert restore.run(fresh, str(copy.folder)) == 0
    again = open_store(fresh.database_url)
    assert await again.read(lambda session: (session.query(Member).count(), session.query(Installation).count())) == (1, 0)
    await again.close()
    with pytest.raises(Misconfigured, match="is not empty"):
        restore.run(fresh, str(copy.folder))
    cluster.drop("restored")


def test_a_damaged_dump_is_bad(server_database: str, programs: None, tmp_path: Path) -> None:
    live = Environment(database_url=server_database, data_dir=str(tmp_path))
    backup.run(live)
    copy = newest(tmp_path / "backups")
    assert copy
    file = copy.folder / copy.database
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(BadCopy, match="bytes have changed"):
        restore.run(live, str(copy.folder))


def test_without_the_servers_programs_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Misconfigured, match="apt install postgresql-client"):
        backup.run(Environment(database_url="postgresql://127.0.0.1:1/none", data_dir=str(tmp_path)))


def test_a_server_that_does_not_answer_makes_a_bad_copy(programs: None, tmp_path: Path) -> None:
    with pytest.raises(BadCopy, match="pg_dump"):
        backup.run(Environment(database_url="postgresql://127.0.0.1:1/none", data_dir=str(tmp_path)))
