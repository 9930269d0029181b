"""`restore`: a copy takes the place of the database; what was there is put aside, never deleted, and nothing is sent before a manager releases it."""

import os
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

from console.backup import Line
from console.environment import Environment
from console.lock import running
from crm.base.backup import DUMP, FOLDERS, KEY, MANIFEST, BadCopy, Copy, examine, sync
from crm.base.db import file_of, hold
from crm.base.dump import name_of, undump
from crm.base.errors import Misconfigured
from crm.base.installation import sync_folder
from crm.schema import HEAD

BESIDE = ("-wal", "-shm")


def run(env: Environment, given: str) -> int:
    """Prove the copy, put it in place, and say what was put aside and what comes next."""
    line = Line()
    try:
        copy = examine(folder_of(Path(given)), line)
    finally:
        line.clear()
    if copy.schema > HEAD:
        raise Misconfigured(f"the backup has schema {copy.schema}, this program knows {HEAD}: install the newer program")
    try:
        aside = put_back(copy, env.database_url, env.folder, now=time.time_ns() // 1_000_000)
    except OSError as error:
        raise Misconfigured(f"the copy cannot be put in place: {error}. Mend that and run this again: nothing was deleted") from error
    when = datetime.fromtimestamp(copy.at / 1000, UTC)
    print(f"Restored what stood in the backup of {when:%Y-%m-%d %H:%M} UTC.")
    if aside:
        print(f"What was there before is in {aside}; delete it when you are sure.")
    print("Start the product. It takes in what customers write, and sends them nothing until a manager presses Release in the staff bot (/release).")
    return 0


def folder_of(given: Path) -> Path:
    """The copy's folder, whichever of its files was named."""
    folder = given if given.is_dir() else given.parent
    if not (folder / MANIFEST).exists():
        raise BadCopy(f"{given} is no backup: name a folder dragoman-… that holds a {MANIFEST}")
    return folder


def put_back(copy: Copy, url: str, folder: Path, *, now: int) -> Path | None:
    """Put a proven copy in place; answers where the old data went (None = there was none)."""
    file = file_of(url)
    if (file is None) != (copy.database == DUMP):
        raise Misconfigured(f"the backup holds {copy.database}, and DATABASE_URL names another kind of database")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    aside = folder / f"before-restore-{datetime.fromtimestamp(now / 1000, UTC):%Y%m%d-%H%M%S}"
    if file is None:
        undump(url, copy.folder / copy.database)
        print(f"The dump is in the database {name_of(url)}.")
    else:
        put_database(copy, file, aside)
    _put_aside(list(folder.glob("epoch-*")), aside)
    if (copy.folder / KEY).exists():
        _put_aside([folder / KEY], aside)
        _bring(copy.folder / KEY, folder / KEY)
    for name in FOLDERS:
        _bring_files(copy.folder / name, folder / name)
    sync_folder(folder)
    return aside if aside.exists() else None


def put_database(copy: Copy, file: Path, aside: Path) -> None:
    """The new file is whole beside the old one before the old one moves; the log moves first, so that it never meets another database."""
    if running(file):
        raise Misconfigured(f"the product runs on {file}: stop it first")
    lock = hold(file)
    try:
        fresh = file.with_name(f"{file.name}.restoring")
        fresh.unlink(missing_ok=True)
        _bring(copy.folder / copy.database, fresh)
        _put_aside([file.with_name(file.name + end) for end in BESIDE] + [file], aside)
        fresh.rename(file)
        sync_folder(file.parent)
    finally:
        os.close(lock)


def _put_aside(files: list[Path], aside: Path) -> None:
    for file in files:
        if file.exists():
            aside.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.move(file, aside / file.name)


def _bring(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    target.chmod(0o600)
    sync(target)


def _bring_files(source: Path, target: Path) -> None:
    """Add the files that are not there; those that are stay, because a file never changes under its name."""
    for file in source.iterdir() if source.is_dir() else ():
        target.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (target / file.name).exists():
            _bring(file, target / f"{file.name}.part")
            (target / f"{file.name}.part").rename(target / file.name)
