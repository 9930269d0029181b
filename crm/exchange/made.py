"""MadeFile: a file the house made for a member of staff: a report, an export, a certificate. It lies in a folder of its own for seven days."""

import os
import secrets
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.orm import Mapped, Session

from crm.base.db import Store
from crm.base.errors import NotFound
from crm.base.events import MediaKind
from crm.base.outbound import Media
from crm.base.rows import add, take_ids
from crm.base.table import Row
from crm.base.time import DAY

LASTS = 7 * DAY
PIECE = 256 * 1024
MOST_BY_TELEGRAM = 50 * 1024 * 1024
Open = Callable[[int], AbstractAsyncContextManager[AsyncIterator[bytes]]]


class MadeFile(Row):
    """A file made for somebody; `path` is its random name in the folder, `name` what the reader sees; gone after `expires_at`."""

    __tablename__ = "made_files"
    rep_id: Mapped[int | None]
    name: Mapped[str]
    mime: Mapped[str]
    path: Mapped[str]
    size: Mapped[int]
    made_at: Mapped[int]
    expires_at: Mapped[int]


class MadeFiles:
    """The folder of what the house made; nobody else may read it."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.folder, self._store = folder, store

    def fresh(self) -> Path:
        """A file to write to, empty and unguessable."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.folder / secrets.token_hex(16)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        return path

    @contextmanager
    def making(self) -> Iterator[Path]:
        """A fresh file to write to; it goes again where the work on it breaks, or is in other hands by now."""
        path = self.fresh()
        try:
            yield path
        except Exception:
            path.unlink(missing_ok=True)
            raise

    @contextmanager
    def room(self) -> Iterator[Path]:
        """A fresh folder that goes when the work in it is over."""
        room = self.fresh()
        room.unlink()
        room.mkdir(mode=0o700)
        try:
            yield room
        finally:
            shutil.rmtree(room, ignore_errors=True)

    def opening(self, otherwise: Open) -> Open:
        """What opens files for a carrier: those of the house by numbers below zero, all others as `otherwise` does."""

        @asynccontextmanager
        async def opened(number: int) -> AsyncIterator[AsyncIterator[bytes]]:
            if number >= 0:
                async with otherwise(number) as chunks:
                    yield chunks
                return
            path = await self._store.read(lambda session: path_of(session, -number))
            with (self.folder / path).open("rb") as file:
                yield _pieces(file.read)

        return opened

    async def tidy(self, *, now: int) -> int:
        """Take away what is older than seven days, and what no row knows; answers how many."""
        gone = await self._store.write(lambda session: expire(session, now=now))
        known = await self._store.read(lambda session: set(session.scalars(select(MadeFile.path))))
        old = (now - DAY) / 1000
        lost = [path for path in self.folder.glob("*") if path.is_file() and path.name not in known and path.stat().st_mtime < old]
        for path in [*(self.folder / name for name in gone), *lost]:
            path.unlink(missing_ok=True)
        for room in [path for path in self.folder.glob("*") if path.is_dir() and path.stat().st_mtime < old]:  # a process was killed in it
            shutil.rmtree(room, ignore_errors=True)
        return len(gone) + len(lost)


async def _pieces(read: Callable[[int], bytes]) -> AsyncIterator[bytes]:
    while piece := read(PIECE):
        yield piece


def write_down(session: Session, rep_id: int | None, path: Path, name: str, mime: str, *, now: int, lasts: int = LASTS) -> int:
    """Write a file down that stands in the folder, for so many milliseconds; answers its number."""
    number = next(take_ids(session, 1))
    row = {"id": number, "rep_id": rep_id, "name": name, "mime": mime, "path": path.name, "size": path.stat().st_size, "made_at": now}
    add(session, MadeFile, [{**row, "expires_at": now + lasts}])
    return number


def path_of(session: Session, number: int) -> str:
    """Where a file lies; raises `NotFound` when its time is over."""
    found = session.get(MadeFile, number)
    if found is None:
        raise NotFound("the file is not there any more")
    return found.path


def media_of(session: Session, number: int | None) -> Media | None:
    """A file as a post carries it; None when it is not there any more, or too big for Telegram."""
    found = session.get(MadeFile, number) if number else None
    if found is None or found.size > MOST_BY_TELEGRAM:
        return None
    return Media(-found.id, MediaKind.DOCUMENT, found.name, found.mime, found.size)


def expire(session: Session, *, now: int) -> list[str]:
    """Forget the files whose time is over; answers where they lie."""
    return list(session.scalars(delete(MadeFile).where(MadeFile.expires_at <= now).returning(MadeFile.path)))
