"""A backup is proven: taken while people write, opened, checked, counted; a bad one is called bad and the good ones stay."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from crm.base.actors import Rep, Role, System
from crm.base.backup import BadCopy, Plan, Source, Stopped, back_up, copies, due, examine, newest, prune, spared
from crm.base.db import SqliteStore, look
from crm.base.dump import settings
from crm.base.errors import Forbidden, Misconfigured
from crm.base.history import Change, DomainEvent, record
from crm.base.installation import Installation
from crm.base.outbound import Health
from crm.base.time import DAY, HOUR, SECOND
from crm.outbox.notices import NoticeKind, waiting_notices
from crm.outbox.upkeep import Backups, ask_for, condition
from tests.conftest import NOON

ROOT = Path(__file__).parents[3]


@pytest.fixture
def source(database: Path) -> Source:
    return Source(f"sqlite:///{database}", database.parent)


@pytest.fixture
def into(tmp_path: Path) -> Path:
    return tmp_path / "backups"


def fill(database: Path, rows: int, *, first: int = 1) -> None:
    """Put rows into the audit, enough of them for many pages."""
    with sqlite3.connect(database) as writing:
        made = [(number, NOON, "test", number, "x" * 500, "test") for number in range(first, first + rows)]
        writing.executemany("INSERT INTO domain_events (id, at, subject, subject_id, kind, actor) VALUES (?, ?, ?, ?, ?, ?)", made)


def spoil(file: Path, page: int) -> None:
    """Overwrite one page of a database."""
    with file.open("r+b") as writing:
        writing.seek(page * 8192)
        writing.write(b"\xa5" * 8192)


async def test_a_copy_made_during_writes_is_one_instant_of_them(file_store: SqliteStore, source: Source, into: Path) -> None:
    fill(file_store.path, 4000)
    over, made = threading.Event(), 0

    async def write() -> None:
        nonlocal made
        while not over.is_set():
            await file_store.write(lambda session: record(session, Change("test", 1, "written", System("test")), now=NOON))
            made += 1

    writer = asyncio.create_task(write())
    while made < 5:
        await asyncio.sleep(0)
    before, first = made, counts_now(file_store.path)
    copy = await asyncio.to_thread(back_up, source, into, now=NOON)
    over.set()
    await writer
    last = counts_now(file_store.path)
    assert first <= copy.counts["domain_events"][0] <= last
    assert made > before, "nobody wrote while it was copied"
    assert examine(copy.folder) == copy


def counts_now(database: Path) -> int:
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as reading:
        return int(reading.execute("SELECT count(*) FROM domain_events").fetchone()[0])


async def test_a_copy_is_a_database_that_belongs_to_no_installation(file_store: SqliteStore, source: Source, into: Path) -> None:
    fill(file_store.path, 3)
    await file_store.write(lambda session: session.add(Installation(name="here", epoch="e1")))
    copy = back_up(source, into, now=NOON)
    assert look(copy.folder / "dragoman.db", lambda session: session.query(DomainEvent).count()) == 3
    assert look(copy.folder / "dragoman.db", lambda session: session.query(Installation).count()) == 0
    assert (copy.epochs, copy.good, copy.at) == (("e1",), True, NOON)
    assert newest(into) == copy


def test_the_key_and_the_files_come_along_and_nobody_else_may_read_them(source: Source, into: Path) -> None:
    (source.folder / "link.key").write_bytes(b"k" * 32)
    (source.folder / "media").mkdir()
    for name, words in (("aa", b"cat"), ("bb", b"dog"), ("half.part", b"ca")):
        (source.folder / "media" / name).write_bytes(words)
    (source.folder / "epoch-12345678").write_text("here e1")
    first = back_up(source, into, now=NOON)
    (source.folder / "media" / "cc").write_bytes(b"cow")
    second = back_up(source, into, now=NOON + SECOND)
    assert sorted(path.name for path in (second.folder / "media").iterdir()) == ["aa", "bb", "cc"]
    assert (second.folder / "media" / "aa").samefile(first.folder / "media" / "aa")
    assert not (first.folder / "media" / "aa").samefile(source.folder / "media" / "aa")
    assert {path.name for path in second.folder.iterdir()} == {"dragoman.db", "link.key", "manifest.json", "media"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in (second.folder, *second.folder.rglob("*")) if path.name not in ("aa", "bb", "cc"))


def put(database: Path, table: str, **given: object) -> None:
    """Write one row whose references are all to number one."""
    with sqlite3.connect(database) as writing:
        row = {**{column[1]: 1 for column in writing.execute(f"PRAGMA table_info({table})") if column[3] and column[4] is None}, **given}
        writing.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))


def test_a_row_that_belongs_to_nothing_makes_the_copy_bad(source: Source, into: Path, database: Path) -> None:
    put(database, "attachments", path="aa", state="ready")
    with pytest.raises(BadCopy, match="a row of attachments belongs to a row of messages that is not there"):
        back_up(source, into, now=NOON)


def test_a_file_the_database_names_and_nobody_has_is_counted(source: Source, into: Path, database: Path) -> None:
    for table in ("contacts", "identities", "conversations", "messages"):
        put(database, table)
    for number, name in enumerate(("aa", "gone")):
        put(database, "attachments", id=number, path=name, state="ready")
    (source.folder / "media").mkdir()
    (source.folder / "media" / "aa").write_bytes(b"cat")
    copy = back_up(source, into, now=NOON)
    assert (copy.good, copy.files, copy.missing) == (True, 1, 1)


KILLED = """
import os, signal, sys
from pathlib import Path
from crm.base.backup import Source, back_up
def progress(what, done, of):
    if what == "database" and done:
        os.kill(os.getpid(), signal.SIGKILL)
back_up(Source(sys.argv[1], Path(sys.argv[2])), Path(sys.argv[3]), now=int(sys.argv[4]), progress=progress)
"""


def test_a_kill_in_the_middle_leaves_the_older_copy_and_the_next_one_sweeps_up(source: Source, into: Path, database: Path) -> None:
    fill(database, 4000)
    old = back_up(source, into, now=NOON)
    given = (source.url, str(source.folder), str(into), str(NOON + HOUR))
    died = subprocess.run([sys.executable, "-c", KILLED, *given], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)
    assert died.returncode == -signal.SIGKILL
    assert [path.suffix for path in into.glob("dragoman-*")].count(".part") == 1
    assert newest(into) == examine(old.folder) == old
    new = back_up(source, into, now=NOON + 2 * HOUR)
    assert [one.folder for one in copies(into)] == [new.folder, old.folder]
    assert list(into.glob("*.part")) == []


def test_a_page_that_went_bad_in_the_source_makes_the_copy_bad(source: Source, into: Path, database: Path) -> None:
    fill(database, 4000)
    old = back_up(source, into, now=NOON)
    with sqlite3.connect(database) as reading:
        [pages] = reading.execute("PRAGMA page_count").fetchone()
        reading.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    spoil(database, pages - 2)
    with pytest.raises(BadCopy, match="dragoman-20251125-130000 is bad"):
        back_up(source, into, now=NOON + HOUR)
    bad, good = copies(into)
    assert (bad.folder.name, bad.good, good) == ("dragoman-20251125-130000.bad", False, old)
    assert [path.name for path in bad.folder.iterdir()] == ["manifest.json"]
    with pytest.raises(BadCopy, match="is bad"):
        examine(bad.folder)


def test_one_byte_that_went_bad_in_the_copy_is_noticed(source: Source, into: Path, database: Path) -> None:
    fill(database, 100)
    copy = back_up(source, into, now=NOON)
    file = copy.folder / "dragoman.db"
    words = bytearray(file.read_bytes())
    words[words.index(b"x" * 100) + 50] = ord("y")
    file.write_bytes(words)
    with pytest.raises(BadCopy, match="its bytes have changed"):
        examine(copy.folder)


def test_a_manifest_that_lies_is_noticed(source: Source, into: Path) -> None:
    copy = back_up(source, into, now=NOON)
    told = json.loads((copy.folder / "manifest.json").read_text())
    told["counts"]["messages"] = [5, 5]
    (copy.folder / "manifest.json").write_text(json.dumps(told))
    with pytest.raises(BadCopy, match="does not hold what its manifest says"):
        examine(copy.folder)
    (copy.folder / "manifest.json").write_text("[]")
    assert newest(into) is None


def test_a_full_disk_makes_a_bad_copy_that_takes_no_room(source: Source, into: Path) -> None:
    def full(what: str, done: int, of: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(BadCopy, match="No space left"):
        back_up(source, into, now=NOON, progress=full)
    [bad] = copies(into)
    assert [path.name for path in bad.folder.iterdir()] == ["manifest.json"]


def test_two_do_not_copy_into_one_folder_at_a_time(source: Source, into: Path) -> None:
    def again(what: str, done: int, of: int) -> None:
        back_up(source, into, now=NOON + SECOND)

    with pytest.raises(Misconfigured, match="another backup"):
        back_up(source, into, now=NOON, progress=again)


def test_without_a_database_nothing_is_copied(tmp_path: Path, into: Path) -> None:
    with pytest.raises(Misconfigured, match="there is no database"):
        back_up(Source(f"sqlite:///{tmp_path / 'none.db'}", tmp_path), into, now=NOON)
    assert copies(into) == []


def test_the_newest_of_seven_days_and_four_weeks_are_kept() -> None:
    hourly = [NOON - hours * HOUR for hours in range(0, 24 * 60, 6)]
    kept = sorted(spared(hourly, 7, 4), reverse=True)
    assert kept[0] == NOON
    days = [at // DAY for at in kept]
    assert days[:7] == [NOON // DAY - back for back in range(7)]
    assert len(kept) <= 11
    assert {at // (7 * DAY) for at in kept} == {NOON // (7 * DAY) - back for back in range(4)}
    assert spared([], 7, 4) == set()


def test_what_is_not_kept_is_deleted(source: Source, into: Path) -> None:
    for day in range(4):
        back_up(source, into, now=NOON + day * DAY)
    assert prune(Plan(into, daily=2, weekly=1)) == 2
    assert [copy.at for copy in copies(into)] == [NOON + 3 * DAY, NOON + 2 * DAY]


def test_a_copy_is_due_once_a_day_and_an_hour_after_a_bad_one(source: Source, into: Path) -> None:
    plan = Plan(into)
    assert due(plan, now=NOON)
    assert not due(Plan(into, every=0), now=NOON)
    back_up(source, into, now=NOON)
    assert [due(plan, now=NOON + hours * HOUR) for hours in (-1, 1, 23, 24)] == [True, False, False, True]
    (into / "dragoman-20251126-120000.bad").mkdir()
    (into / "dragoman-20251126-120000.bad" / "manifest.json").write_text(json.dumps({"at": NOON + DAY, "fault": "broken"}))
    assert [due(plan, now=NOON + DAY + minutes * HOUR // 60) for minutes in (5, 59, 60)] == [False, False, True]


async def test_the_schedule_takes_a_copy_and_says_how_it_went(file_store: SqliteStore, source: Source, into: Path) -> None:
    at = [NOON]
    backups = Backups(file_store, source, Plan(into), node="n", clock=lambda: at[0])
    assert await backups.health() == Health(True, "no backup yet", {"every": str(DAY), "folder": str(into)})
    await backups.run()
    await backups.run()
    assert [copy.at for copy in copies(into)] == [NOON]
    health = await backups.health()
    assert (health.ok, health.words, health.facts["last"]) == (True, "the last backup is good", str(NOON))
    assert int(health.facts["size"]) == copies(into)[0].size > 0
    at[0] += 49 * HOUR
    health = await backups.health()
    assert (health.ok, health.words, health.facts["last"]) == (False, "the last good backup is 49 hours old", str(NOON))


async def test_a_copy_that_was_asked_for_is_taken_once_and_its_asker_hears(file_store: SqliteStore, source: Source, into: Path) -> None:
    at = [NOON]
    backups = Backups(file_store, source, Plan(into), node="n", clock=lambda: at[0])
    await backups.run()
    at[0] += HOUR
    await file_store.write(lambda session: ask_for(session, System("test"), now=at[0]))
    for _ in range(3):
        at[0] += 20_000
        await backups.run()
    assert [copy.at for copy in copies(into)] == [NOON + HOUR + 20_000]  # the older one of the day is not kept
    assert [told.kind for told in await file_store.read(waiting_notices)] == [NoticeKind.BACKUP_READY]


async def test_a_wish_of_yesterday_is_forgotten_and_no_rep_may_ask(file_store: SqliteStore, source: Source, into: Path) -> None:
    backups = Backups(file_store, source, Plan(into, every=0), node="n", clock=lambda: NOON)
    await file_store.write(lambda session: ask_for(session, System("test"), now=NOON - 2 * HOUR))
    await backups.run()
    assert copies(into) == []
    with pytest.raises(Forbidden):
        await file_store.write(lambda session: ask_for(session, Rep(1, Role.REP, "Ruben", "en", "1"), now=NOON))


class Shared(SqliteStore):
    """A database of many nodes."""

    many_nodes = True


async def test_of_two_nodes_one_takes_the_copy_and_the_other_one_when_it_is_gone(database: Path, source: Source, tmp_path: Path) -> None:
    store, at = Shared(database), [NOON]
    one, other = (Backups(store, source, Plan(tmp_path / name), node=name, clock=lambda: at[0]) for name in ("one", "other"))
    for _ in range(2):
        await one.run()
        await other.run()
    assert [len(copies(tmp_path / name)) for name in ("one", "other")] == [1, 0]
    at[0] += DAY
    await other.run()
    assert [len(copies(tmp_path / name)) for name in ("one", "other")] == [1, 1]
    await store.close()


async def test_a_backup_that_fails_by_schedule_is_told(file_store: SqliteStore, source: Source, into: Path) -> None:
    backups = Backups(file_store, Source(f"sqlite:///{into / 'none.db'}", into), Plan(into), node="n", clock=lambda: NOON)
    await backups.run()
    [told] = await file_store.read(waiting_notices)
    assert (told.kind, "there is no database" in told.facts["why"]) == (NoticeKind.BACKUP_FAILED, True)
    assert copies(into) == []
    assert condition(Plan(into), now=NOON).ok


def test_a_product_that_stops_stops_its_backup_and_calls_it_neither_good_nor_bad(source: Source, into: Path, database: Path) -> None:
    fill(database, 100)
    for word in ("database", "check"):
        stop = threading.Event()

        def progress(what: str, done: int, of: int, word: str = word, stop: threading.Event = stop) -> None:
            if what == word:
                stop.set()
            if stop.is_set():
                raise Stopped

        with pytest.raises(Stopped):
            back_up(source, into, now=NOON, progress=progress)
    assert copies(into) == []


def test_a_password_goes_to_the_servers_programs_by_the_environment() -> None:
    assert settings("postgresql://anna:p%40ss@db.example:5433/marani?sslmode=require&x=1") == {
        "PGHOST": "db.example",
        "PGPORT": "5433",
        "PGUSER": "anna",
        "PGPASSWORD": "p@ss",
        "PGDATABASE": "marani",
        "PGSSLMODE": "require",
    }


def test_a_copy_without_a_name_of_ours_is_not_looked_at(into: Path) -> None:
    for name in ("dragoman-1", "holiday", "dragoman-20251125-120000.part"):
        (into / name).mkdir(parents=True)
    assert copies(into) == []
