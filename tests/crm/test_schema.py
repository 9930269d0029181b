"""The schema's steps: they end where the tables are, do nothing twice, refuse what is newer, and leave the old file whole when killed."""

import hashlib
import re
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine

from crm.base import dialect
from crm.base.errors import Misconfigured
from crm.schema import HEAD, bring_up_to_date, version
from crm.tables import TABLES, metadata

# A maker of the tables, on either engine, who dies just before a statement.
KILLED_AT = """
import asyncio, os, signal, sys
from sqlalchemy import Engine, event
from crm.schema import prepare

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def statement(connection, cursor, words, *_):
    if sys.argv[2] in words:
        die()

if sys.argv[2] == "COMMIT":
    event.listen(Engine, "commit", die)
else:
    event.listen(Engine, "before_cursor_execute", statement)
asyncio.run(prepare(sys.argv[1]))
"""


def shape(path: Path) -> dict[str, list[str]]:
    """Every table and index in the engine's own words, lines in order of the alphabet."""
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'alembic%'").fetchall()
    connection.close()
    return {name: sorted(pieces(words)) for name, words in rows}


def pieces(words: str) -> list[str]:
    """The columns and constraints of a statement; a column that was added later stands in another line and means the same."""
    flat = re.sub(r"\s+", " ", words).strip()
    flat = re.sub(r'^CREATE TABLE "(\w+)"', r"CREATE TABLE \1", flat).replace("DEFAULT ('')", "DEFAULT ''")  # as a copied table has it
    return [piece.strip() for piece in re.split(r",(?![^()]*\))", flat.removesuffix(")").replace("(", "( ,", 1) if flat.startswith("CREATE TABLE") else flat)]


def set_version(path: Path, number: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (number,))
    connection.close()


@pytest.fixture
def migrated(tmp_path: Path) -> Path:
    path = tmp_path / "migrated.db"
    bring_up_to_date(path)
    return path


def test_every_table_is_listed() -> None:
    assert {table.__tablename__ for table in TABLES} == set(metadata.tables)


def test_the_migrations_end_where_the_tables_are(migrated: Path) -> None:
    engine = create_engine(f"sqlite:///{migrated}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = compare_metadata(context, metadata)
    engine.dispose()
    ordered = ("conversations_rep", "conversations_taken")  # SQLite does not tell a falling column: their words are compared below
    index = ("findable_words", *(f"findable_words_{part}" for part in ("config", "data", "idx")))  # the search index keeps tables of its own
    assert [one for one in found if getattr(one[1], "name", "") not in (*ordered, *index)] == []


def test_partial_indexes_and_checks_are_the_same_too(migrated: Path, database: Path) -> None:
    assert shape(migrated) == shape(database)


def test_a_migrated_database_has_the_rows_every_store_stands_on(migrated: Path, database: Path) -> None:
    def counters(path: Path) -> list[tuple[str, int]]:
        with sqlite3.connect(path) as connection:
            rows = connection.execute("SELECT name, next FROM counters").fetchall()
        connection.close()
        return rows

    assert counters(migrated) == counters(database) != []


def test_a_second_start_does_nothing(migrated: Path) -> None:
    before = hashlib.sha256(migrated.read_bytes()).hexdigest()
    assert bring_up_to_date(migrated) is False
    assert hashlib.sha256(migrated.read_bytes()).hexdigest() == before
    assert version(migrated) == HEAD


def test_a_newer_database_is_refused_with_words(migrated: Path) -> None:
    set_version(migrated, "9999")
    with pytest.raises(Misconfigured, match=rf"schema 9999.* knows {HEAD}.*newer program"):
        bring_up_to_date(migrated)


def test_a_new_database_makes_its_folder_for_the_owner_alone(tmp_path: Path) -> None:
    assert version(tmp_path / "later" / "x.db") == ""
    bring_up_to_date(tmp_path / "later" / "x.db")
    assert (tmp_path / "later").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("moment", ["CREATE TABLE contacts", "CREATE INDEX", "INSERT INTO alembic_version", "INSERT INTO counters", "COMMIT"])
def test_a_migration_killed_before_its_commit_leaves_the_old_file_whole(tmp_path: Path, moment: str) -> None:
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE heirlooms (what TEXT)")
        connection.execute("INSERT INTO heirlooms VALUES ('teapot')")
    connection.close()
    killed = subprocess.run([sys.executable, "-c", KILLED_AT, f"sqlite:///{path}", moment], cwd=Path(__file__).parents[2], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert list(shape(path)) == ["heirlooms"]
    assert version(path) == ""
    assert bring_up_to_date(path) is True
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT what FROM heirlooms").fetchall() == [("teapot",)]
    connection.close()


def test_the_write_ahead_log_is_on(migrated: Path) -> None:
    assert migrated.read_bytes()[18:20] == b"\x02\x02"
    assert "journal_mode=WAL" in dialect.WRITER
