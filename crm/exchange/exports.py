"""Export: everything the firm has, in files that it can read without us: CSV for people, JSON lines with everything exact; made as a job."""

import asyncio
import json
import os
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select

from crm.base import jobs
from crm.base.actors import Actor, Rep
from crm.base.db import Order, Session, Store
from crm.base.errors import Forbidden
from crm.base.history import Change, record
from crm.base.jobs import Progress, Work
from crm.base.policy import Action
from crm.base.table import Base
from crm.base.time import local
from crm.exchange.chunks import actor_of
from crm.exchange.made import MadeFiles, write_down
from crm.exchange.people_csv import people_header, people_page
from crm.exchange.practised import Things, practised, without
from crm.exchange.safe import BOM, lines
from crm.exchange.sheets import MASKED, SHEETS, cell, columns
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.people.sight import Sight, sight_of
from crm.people.steps import What, require

EXPORT = "export"
PAGE = 1_000
# Keys, hashes of secrets, what a running product notes for itself, and what is made anew from the rest.
LEFT_OUT = frozenset(
    (
        "alembic_version",
        "button_tokens",
        "counters",
        "drawings",
        "findables",
        "handled",
        "import_rows",
        "installations",
        "invites",
        "jobs",
        "leases",
        "link_tokens",
        "logins",
        "made_files",
        "nodes",
        "notices",
        "offsets",
        "pins",
        "raw_bodies",
        "raw_events",
        "rep_messages",
        "search_marks",
        "shares",
        "step_ups",
        "strangers",
        "tombstones",
        "waiting",
        "web_sessions",
        "wizards",
        "word_grams",
    )
)
README = """Everything that Dragoman keeps, as it was on {when}.

people.csv and the other CSV files open in any spreadsheet (UTF-8). A cell that a spreadsheet would take for a formula begins with an apostrophe.
Times are those where the firm is, amounts are in whole money. Whoever is there to practise on is left out, but for what is on record of it.
{more}Keys, passwords and the raw bytes of platforms are not here.
"""
EXACT = """everything/*.jsonl holds every table, a JSON line for each row, exactly as it is kept; instants are milliseconds since 1970 UTC, amounts hundredths.
media/ holds the files people sent, where they were asked for; everything/attachments.jsonl says whose they are.
"""
HIDDEN = "Phones and e-mails are masked, and what may show one anywhere is not here: messages, notes, exact tables, people's files.\n"


def ask(session: Session, actor: Actor, *, files: bool = False, now: int) -> int:
    """Have everything exported; who asked shows once more that it is they. Answers the job."""
    _whole(sight_of(session, actor, Action.EXPORT))
    require(session, actor, What.EXPORT, "everything", now=now)
    record(session, Change("export", actor.id if isinstance(actor, Rep) else 0, "asked", actor, after={"files": files}), now=now)
    return jobs.begin(session, actor, EXPORT, 0, now=now, facts={"files": files})


def _whole(sight: Sight) -> Sight:
    """Everything is for those who see everything."""
    if sight.reps is not None:
        raise Forbidden
    return sight


class Exports:
    """Writes exports into the folder of made files."""

    def __init__(self, store: Store, folder: Path, zone: str, made: MadeFiles, clock: Callable[[], int]) -> None:
        self._store, self._folder, self._zone, self._made, self._clock = store, folder, zone, made, clock

    async def export(self, work: Work) -> None:
        """Export everything; one that was cut off is begun again, since files are made, not changed."""
        actor = await self._store.read(partial(actor_of, rep_id=work.rep_id))
        sight = _whole(await self._store.read(partial(sight_of, actor=actor, action=Action.EXPORT)))
        media = self._folder / "media" if work.facts.get("files") and sight.points else None
        with self._made.making() as path:
            with self._made.room() as room:
                work = await self.written(work, room, sight)
                await asyncio.to_thread(packed, room, path, media)
            await self._store.write(partial(_ready, work=work, path=path, day=self._day(), now=self._clock()))

    def _day(self) -> str:
        return local(self._clock(), self._zone).strftime("%Y-%m-%d")

    async def written(self, work: Work, room: Path, sight: Sight) -> Work:
        """Every file of an export, table by table."""
        tables = [table for table in Base.metadata.sorted_tables if table.name not in LEFT_OUT]
        nobody = await self._store.read(practised)
        (room / "everything").mkdir()
        (room / "README.txt").write_text(README.format(when=self._day(), more=EXACT if sight.points else HIDDEN), encoding="utf-8")
        await self._people(room / "people.csv", sight)
        for place, table in enumerate(tables):
            await self._table(table, room, sight, nobody)
            progress = Progress(place + 1, place + 1, total=len(tables))
            work = await self._store.write(partial(_going, work=work, progress=progress, now=self._clock()), Order.CHUNK)
        return work

    async def _people(self, path: Path, sight: Sight) -> None:
        after = 0
        with opened(path) as file:
            own, fields = await self._store.read(people_header)
            file.write(BOM + lines([own]))
            while page := await self._store.read(partial(people_page, after=after, size=PAGE, fields=fields, sight=sight, zone=self._zone)):
                file.write(lines(row for _, row in page))
                after = page[-1][0]

    async def _table(self, table: Table, room: Path, sight: Sight, nobody: Things) -> None:
        names = [column.name for column in table.columns]
        sheet = opened(room / f"{table.name}.csv") if table.name in (SHEETS if sight.points else MASKED) else None
        exact = opened(room / "everything" / f"{table.name}.jsonl") if sight.points else None
        told = columns(table.name, names)
        try:
            if sheet:
                sheet.write(BOM + lines([told]))
            async for page in pages(self._store, table):
                rows = [dict(zip(names, row, strict=True)) for row in without(table.name, page, nobody)]
                if exact:
                    exact.writelines(json.dumps(row, ensure_ascii=False, default=_plain) + "\n" for row in rows)
                if sheet:
                    sheet.write(lines([cell(table.name, name, row[name], self._zone, sight) for name in told] for row in rows))
        finally:
            for file in (sheet, exact):
                if file:
                    file.close()


def opened(path: Path) -> Any:
    """A file of an export, open to be written; others cannot read it."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    return os.fdopen(handle, "w", encoding="utf-8", newline="")


async def pages(store: Store, table: Table) -> Any:
    """The rows of a table, a thousand at a time, in the order of their keys."""
    keys = list(table.primary_key.columns)
    if len(keys) != 1:
        yield await store.read(lambda session: session.execute(select(table).order_by(*keys)).all())
        return
    [key], last = keys, None
    place = list(table.columns).index(key)
    while True:
        question = select(table).order_by(key).limit(PAGE)
        question = question if last is None else question.where(key > last)
        rows: Sequence[Any] = await store.read(lambda session: session.execute(question).all())  # noqa: B023 - awaited in this round
        if not rows:
            return
        yield rows
        last = rows[-1][place]


def _plain(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def packed(room: Path, target: Path, media: Path | None) -> None:
    """Pack a folder into one file."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as book:
        for path in _files(room):
            book.write(path, path.relative_to(room))
        for path in _files(media) if media and media.exists() else ():
            if "." not in path.name:
                book.write(path, Path("media") / path.name, compress_type=zipfile.ZIP_STORED)


def _files(folder: Path) -> Iterator[Path]:
    yield from (path for path in sorted(folder.rglob("*")) if path.is_file())


def _going(session: Session, work: Work, progress: Progress, *, now: int) -> Work:
    return jobs.keep_on(session, work, progress, now=now)


def _ready(session: Session, work: Work, path: Path, day: str, *, now: int) -> None:
    number = write_down(session, work.rep_id, path, f"export-{day}.zip", "application/zip", now=now)
    jobs.keep_on(session, work, Progress(work.place, work.done, over=True, file=number), now=now)
    record(session, Change("export", number, "made", actor_of(session, work.rep_id), after={"size": path.stat().st_size}), now=now)
    hand_over(session, work.rep_id, number, now=now)


def hand_over(session: Session, rep_id: int | None, number: int, *, now: int) -> None:
    """Have a made file sent to who asked for it, into their own chat and nowhere else."""
    if rep_id is not None:
        tell(session, [Notice(NoticeKind.MADE, number, f"made:{number}")], now=now)


def stamp(now: int) -> str:
    """An instant as words, in UTC."""
    return datetime.fromtimestamp(now / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
