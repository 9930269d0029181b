"""Backup: a copy of an installation taken while it runs, proven before it counts: opened, checked, counted against what the source held.

A copy is a folder `dragoman-<UTC instant>`: the database, `media/`, `uploads/`, `mail/`, `link.key` (a secret, 0600) and `manifest.json`. A folder and no
archive, because files never change under their names: each copy links those that the one before has, so a further day costs what the day brought.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from crm.base.db import file_of
from crm.base.errors import DragomanError, Misconfigured
from crm.base.installation import sync_folder
from crm.base.time import DAY, HOUR

MANIFEST, DATABASE, DUMP, KEY = "manifest.json", "dragoman.db", "dragoman.dump", "link.key"
FOLDERS = ("media", "uploads", "mail")
NAMED = re.compile(r"dragoman-\d{8}-\d{6}(\.bad)?")
# Nothing is ever deleted from these, so that a copy made while the product runs lies between two counts.
MAIN = ("raw_events", "messages", "conversations", "contacts", "identities", "leads", "deliveries", "domain_events")
_COUNTS = " UNION ALL ".join(f"SELECT '{name}', count(*), coalesce(max(id), 0) FROM {name}" for name in MAIN)
_TABLE = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
STEP = 256  # pages, 2 MB: after each the disk is given back for a moment
RETRY = HOUR


class BadCopy(DragomanError):
    """The copy is not what it should be."""


class Stopped(Exception):
    """The product stops; a copy that is not finished is swept away by the next one."""


Progress = Callable[[str, int, int], None]
"""Hears what is being done, how much of it is done, and of how much; may raise `Stopped`."""
Counts = dict[str, tuple[int, int]]
"""Per main table how many rows there are, and the highest id."""


def quiet(what: str, done: int, of: int) -> None:
    """A progress nobody watches."""


@dataclass(frozen=True, slots=True)
class Source:
    """What is copied: the database an address names, and the folder of files and keys beside it."""

    url: str
    folder: Path


@dataclass(frozen=True, slots=True)
class Plan:
    """Where copies go, how often one is taken (milliseconds; 0 = never), and how many days' and weeks' newest are kept."""

    into: Path
    every: int = DAY
    daily: int = 7
    weekly: int = 4


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy as its manifest tells it; `fault` says why a bad one is bad, `missing` counts files the source did not have either."""

    folder: Path
    at: int
    schema: str = ""
    database: str = DATABASE
    size: int = 0
    sha256: str = ""
    epochs: tuple[str, ...] = ()
    counts: Counts = field(default_factory=dict)
    files: int = 0
    missing: int = 0
    fault: str = ""

    @property
    def good(self) -> bool:
        """Whether it may be restored."""
        return not self.fault


def back_up(source: Source, into: Path, *, now: int, progress: Progress = quiet) -> Copy:
    """Take a copy, prove it, then put it in place under its name; raises `BadCopy` and leaves the reason where the copy would be."""
    file = file_of(source.url)
    if file is not None and not file.exists():
        raise Misconfigured(f"there is no database at {file} yet: start the product once, or set DATABASE_URL")
    into.mkdir(parents=True, exist_ok=True, mode=0o700)
    with alone(into):
        name = f"dragoman-{datetime.fromtimestamp(now / 1000, UTC):%Y%m%d-%H%M%S}"
        if (into / name).exists():
            raise BadCopy(f"{name} is there already")
        part = into / f"{name}.part"
        part.mkdir(mode=0o700)
        try:
            copy = _fill(part, source, newest(into), now, progress)
        except (DragomanError, OSError, sqlite3.Error) as error:
            _condemn(into / f"{name}.bad", part, now, str(error))
            if isinstance(error, Misconfigured):
                raise
            raise BadCopy(f"the backup {name} is bad: {error}") from error
        part.rename(into / name)
        sync_folder(into)
    return replace(copy, folder=into / name)


@contextmanager
def alone(into: Path) -> Iterator[None]:
    """Keep others from copying into the same folder; what a killed one left behind is swept away."""
    handle = os.open(into / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for left in into.glob("dragoman-*.part"):
            shutil.rmtree(left)
        yield
    except BlockingIOError as error:
        raise Misconfigured(f"another backup into {into} is being taken: wait until it is done") from error
    finally:
        os.close(handle)


def _fill(part: Path, source: Source, earlier: Copy | None, now: int, progress: Progress) -> Copy:
    """Copy and prove everything; the database first, because files are only ever added."""
    file = file_of(source.url)
    if file is None:
        from crm.base.dump import dump

        if fault := dump(source.url, part / DUMP, progress):
            raise BadCopy(fault)
        copy = Copy(part, now, database=DUMP)
    else:
        copy = _copied(file, part, now, progress)
    copy = replace(copy, size=(part / copy.database).stat().st_size, sha256=digest(part / copy.database))
    if (source.folder / KEY).exists():
        write(part / KEY, (source.folder / KEY).read_bytes())
    files = sum(_take_files(source.folder / name, part / name, earlier.folder / name if earlier else None, progress) for name in FOLDERS)
    missing = 0 if file is None else _missing(part)
    copy = replace(copy, files=files, missing=missing)
    write(part / MANIFEST, json.dumps({**asdict(copy), "folder": ""}, indent=1, default=str).encode())
    sync_folder(part)
    return copy


def _copied(file: Path, part: Path, now: int, progress: Progress) -> Copy:
    """The copy of a file: one snapshot, so that writers neither wait nor disturb it, proven and counted against the source before and after."""
    write(part / DATABASE, b"")
    with closing(_opened(file)) as live, closing(sqlite3.connect(part / DATABASE, isolation_level=None)) as copy:
        live.execute("BEGIN")
        before, schema, epochs = counts(live), schema_of(live), _epochs(live)
        live.backup(copy, pages=STEP, progress=lambda _, left, pages: progress("database", pages - left, pages))
        live.execute("COMMIT")
        after = counts(live)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, that no log beside it can change
        if copy.execute(_TABLE, ("installations",)).fetchone():
            copy.execute("DELETE FROM installations")  # whatever is made of a copy must ask before it sends
    sync(part / DATABASE)
    found = prove(part / DATABASE, progress)
    wrong = [name for name in MAIN if not all(low <= here <= high for low, here, high in zip(before[name], found[name], after[name], strict=True))]
    if wrong:
        raise BadCopy(f"it does not lie between what the source held before and after: {', '.join(wrong)}")
    return Copy(part, now, schema, epochs=epochs, counts=found)


def prove(file: Path, progress: Progress = quiet) -> Counts:
    """Open a copied file, check every page and every reference, and count it; raises `BadCopy`."""
    try:
        progress("check", 0, 0)
        with closing(_opened(file, "&immutable=1")) as copy:
            copy.set_progress_handler(lambda: progress("check", 0, 0), 1_000_000)
            told = [row[0] for row in copy.execute("PRAGMA integrity_check(3)")]
            if told != ["ok"]:
                raise BadCopy("; ".join(told))
            if orphan := copy.execute("PRAGMA foreign_key_check").fetchone():
                raise BadCopy(f"a row of {orphan[0]} belongs to a row of {orphan[2]} that is not there")
            return counts(copy)
    except sqlite3.DatabaseError as error:
        progress("check", 0, 0)  # what stops the check comes out of SQLite as an error of its own
        raise BadCopy(f"{file.name} cannot be read: {error}") from error


def _opened(file: Path, how: str = "") -> sqlite3.Connection:
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro{how}", uri=True, isolation_level=None)


def counts(connection: sqlite3.Connection) -> Counts:
    """How many rows the main tables have, and their highest ids."""
    return {name: (count, highest) for name, count, highest in connection.execute(_COUNTS)}


def schema_of(connection: sqlite3.Connection) -> str:
    """The schema version ("" = none)."""
    there = connection.execute(_TABLE, ("alembic_version",)).fetchone()
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if there else None
    return str(row[0]) if row else ""


def _epochs(connection: sqlite3.Connection) -> tuple[str, ...]:
    there = connection.execute(_TABLE, ("installations",)).fetchone()
    return tuple(row[0] for row in connection.execute("SELECT epoch FROM installations ORDER BY epoch")) if there else ()


def _take_files(source: Path, target: Path, earlier: Path | None, progress: Progress) -> int:
    """Copy a folder of files that never change; what the copy before has is linked. Answers how many there are."""
    if not source.is_dir():
        return 0
    target.mkdir(mode=0o700)
    files = [entry for entry in os.scandir(source) if entry.is_file() and not entry.name.endswith(".part")]
    for place, entry in enumerate(files, 1):
        try:
            _take_file(Path(entry), target / entry.name, earlier / entry.name if earlier else None)
        except FileNotFoundError:
            continue  # an upload that was taken in meanwhile
        progress(source.name, place, len(files))
    sync_folder(target)
    return len(files)


def _take_file(source: Path, target: Path, earlier: Path | None) -> None:
    if earlier and earlier.exists() and earlier.stat().st_size == source.stat().st_size and source.suffix == "":
        os.link(earlier, target)
        return
    with source.open("rb") as reading, os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as writing:
        shutil.copyfileobj(reading, writing, 1 << 20)
        writing.flush()
        os.fsync(writing.fileno())


def _missing(part: Path) -> int:
    """How many files the database names that are not in the copy."""
    with closing(_opened(part / DATABASE, "&immutable=1")) as copy:
        named = copy.execute("SELECT path FROM attachments WHERE state = 'ready'")
        return sum(not (part / "media" / path).exists() for (path,) in named)


def _condemn(bad: Path, part: Path, now: int, fault: str) -> None:
    """Leave the reason and no bytes: a copy that fails on a full disk must not keep it full; of bad ones only the newest is kept."""
    shutil.rmtree(part)
    for older in bad.parent.glob("dragoman-*.bad"):
        shutil.rmtree(older)
    bad.mkdir(mode=0o700)
    (bad / MANIFEST).write_text(json.dumps({"at": now, "fault": fault}), encoding="utf-8")


def read(folder: Path) -> Copy:
    """A copy as its manifest tells it; raises `BadCopy` where there is none that can be read."""
    try:
        told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        pairs = {name: (int(count), int(highest)) for name, (count, highest) in told.get("counts", {}).items()}
        rest = {name: told[name] for name in ("at", "schema", "database", "size", "sha256", "files", "missing", "fault") if name in told}
        return Copy(folder, counts=pairs, epochs=tuple(told.get("epochs", ())), **rest)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadCopy(f"{folder} is no backup: its {MANIFEST} cannot be read") from error


def examine(folder: Path, progress: Progress = quiet) -> Copy:
    """Prove a copy again, as before a restore: its bytes are those that were proven when it was made. Raises `BadCopy`."""
    copy = read(folder)
    if not copy.good:
        raise BadCopy(f"{folder.name} is bad: {copy.fault}")
    file = folder / copy.database
    if not file.exists() or digest(file) != copy.sha256:
        raise BadCopy(f"{file} is not what was copied: its bytes have changed")
    if copy.database == DATABASE and prove(file, progress) != copy.counts:
        raise BadCopy(f"{file} does not hold what its manifest says")
    return copy


def copies(into: Path) -> list[Copy]:
    """Every copy in a folder, good and bad, newest first."""
    found: list[Copy] = []
    for folder in into.iterdir() if into.is_dir() else ():
        if NAMED.fullmatch(folder.name):
            try:
                found.append(read(folder))
            except BadCopy as error:
                found.append(Copy(folder, 0, fault=str(error)))
    return sorted(found, key=lambda copy: copy.at, reverse=True)


def newest(into: Path) -> Copy | None:
    """The newest good copy."""
    return next((copy for copy in copies(into) if copy.good), None)


def due(plan: Plan, *, now: int) -> bool:
    """Whether it is time for a copy; after a bad one in an hour again, and a date in the future counts for nothing."""
    if not plan.every:
        return False
    waits = {True: plan.every, False: min(RETRY, plan.every)}
    return not any(0 <= now - copy.at < waits[copy.good] for copy in copies(plan.into))


def spared(instants: Sequence[int], daily: int, weekly: int) -> set[int]:
    """Which copies are kept: the newest of each of the last days and weeks that have one (days and weeks of UTC); pure."""
    kept: set[int] = set()
    for most, span in ((daily, DAY), (weekly, 7 * DAY)):
        last = {at // span: at for at in sorted(instants)}
        kept |= {last[number] for number in sorted(last, reverse=True)[:most]}
    return kept


def prune(plan: Plan) -> int:
    """Delete the good copies that are not kept; answers how many. Killed half-way, what is left has a name that no restore takes."""
    with alone(plan.into):
        good = [copy for copy in copies(plan.into) if copy.good]
        kept = spared([copy.at for copy in good], plan.daily, plan.weekly)
        gone = [copy for copy in good if copy.at not in kept]
        for copy in gone:
            doomed = copy.folder.rename(copy.folder.with_name(f"{copy.folder.name}.part"))
            shutil.rmtree(doomed)
    return len(gone)


def digest(file: Path) -> str:
    """The SHA-256 of a file."""
    with file.open("rb") as reading:
        return hashlib.file_digest(reading, "sha256").hexdigest()


def write(file: Path, words: bytes) -> None:
    """Write a new file that only its owner may read, durably."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as writing:
        writing.write(words)
        writing.flush()
        os.fsync(writing.fileno())


def sync(file: Path) -> None:
    """Make a file durable that something else wrote."""
    handle = os.open(file, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
