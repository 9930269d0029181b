"""Runs: an import's long work: read the file, try every row, bring them in, take them back; each chunk is one transaction that also says how far it came."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import select

from crm.base import jobs
from crm.base.db import Order, Session, Store
from crm.base.events import MediaKind, MediaRef
from crm.base.jobs import Progress, Work
from crm.base.policy import Action
from crm.base.rows import add_new, take_ids
from crm.base.settings import Company
from crm.exchange import past
from crm.exchange.bring import Bringing, bring
from crm.exchange.cells import Firm as Reading
from crm.exchange.cells import Person, person_of
from crm.exchange.chats import KINDS
from crm.exchange.chunks import MOST, Pace, Row, actor_of, over, rows_after, timed, until_over, went_on
from crm.exchange.grid import Cells, Unreadable
from crm.exchange.imports import FIELD, READ, RUN, SAMPLES, TRY, UNDO, Import, ImportRow, ImportState, Outcome, counted, guessed, redraw, shape_of, work_of
from crm.exchange.known import known_of
from crm.exchange.made import MadeFiles, write_down
from crm.exchange.plan import Deed, Planner
from crm.exchange.reach import sight_in
from crm.exchange.reading import reading
from crm.exchange.safe import BOM, lines
from crm.exchange.undo import rows_to_undo, take_back
from crm.people.field_words import About
from crm.people.fields import fields_of
from crm.people.reps import authorise

Fetch = Callable[[str, MediaRef], AsyncIterator[bytes]]
Kind = Callable[[Work], Awaitable[None]]
STAFF = "staff"
FILE_MOST = 200 * 1024 * 1024
SMALL = 256 * 1024


@dataclass(frozen=True, slots=True)
class Sense:
    """How a row's cells are understood."""

    mapping: tuple[str, ...]
    reading: Reading

    def people(self, rows: list[Row], now: int) -> list[Person]:
        """What these rows say of people."""
        return [person_of(row.number, row.cells, self.mapping, self.reading, now=now) for row in rows]


class Imports:
    """The four kinds of work of an import; `fetch` brings the bytes of a file that was sent to the staff bot."""

    def __init__(self, store: Store, folder: Path, company: Company, clock: Callable[[], int], fetch: Fetch | None = None) -> None:
        self._store, self._company, self._clock, self._fetch = store, company, clock, fetch
        self._incoming, self.made = folder / "imports", MadeFiles(folder / "exports", store)

    def kinds(self) -> Mapping[str, Kind]:
        """The work by its kind."""
        return {READ: self.read, TRY: self.try_out, RUN: self.run, UNDO: self.undo}

    async def read(self, work: Work) -> None:
        """Read the file into rows; a file that cannot be read says why."""
        self._incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._incoming / str(work.subject_id)
        try:
            await self._fetched(work, path)
            await self._kept(work, path)
        except Unreadable as error:
            await self._store.write(partial(_refused, work=work, why=error.detail, now=self._clock()))
        finally:
            path.unlink(missing_ok=True)

    async def _fetched(self, work: Work, path: Path) -> None:
        facts = work.facts
        with path.open("wb") as file:
            path.chmod(0o600)
            if "text" in facts:
                file.write(str(facts["text"]).encode())
                return
            if "path" in facts:
                await asyncio.to_thread(_copied, Path(str(facts["path"])), path)
                return
            if self._fetch is None:
                raise Unreadable("its bytes are not here")
            ref, seen = facts["ref"], 0
            async for piece in self._fetch(STAFF, MediaRef(MediaKind.DOCUMENT, str(ref["ref"]), str(ref["name"]), "", int(ref["size"]))):
                seen += len(piece)
                if seen > FILE_MOST:
                    raise Unreadable("the file is too big")
                file.write(piece)

    async def _kept(self, work: Work, path: Path) -> None:
        if path.stat().st_size > SMALL:  # a file with too many rows is refused before any of them is kept
            async with reading(path) as table:
                async for _ in table.rows:
                    pass
        async with reading(path) as table:
            heads: list[Cells] = []
            batch: list[tuple[int, Cells]] = []
            count, tally = 0, past.Tally() if table.kind in KINDS else None
            async for row in table.rows:
                count += 1
                if tally:
                    tally.take(row)
                batch.append((count, row))
                heads += [row] if len(heads) < SAMPLES else []
                if len(batch) == MOST:
                    work = await self._store.write(partial(_keep_rows, work=work, rows=batch, now=self._clock()), Order.CHUNK)
                    batch = []
            await self._store.write(partial(_keep_rows, work=work, rows=batch, now=self._clock()), Order.CHUNK)
            if not count:
                raise Unreadable("there is nothing in it")
            about = {"how": table.how, "header": table.header, "samples": heads if tally is None else [], "rows": count, "source": table.kind}
        if tally:
            about["chats"] = await self._store.read(partial(_met, import_id=work.subject_id, tally=tally, region=self._company.region))
        await self._store.write(partial(_asked, work=work, about=about, now=self._clock()))

    async def try_out(self, work: Work) -> None:
        """Tell what each row would do, in a file; nothing is written but that."""
        with self.made.making() as path:
            counts, work = await self._tried_out(work, path)
            await self._store.write(partial(_tried, work=work, path=path, counts=counts, now=self._clock()))

    async def _tried_out(self, work: Work, path: Path) -> tuple[dict[str, int], Work]:
        planner, place = Planner(), 0
        with path.open("w", encoding="utf-8", newline="") as file:
            file.write(BOM + lines([("row", "outcome", "person", "remark", *(await self._header(work)))]))
            counts: dict[str, int] = {}
            while batch := await self._store.read(partial(rows_after, import_id=work.subject_id, after=place, size=MOST)):
                sense = await self._store.read(partial(_sense, import_id=work.subject_id, company=self._company))
                people = await asyncio.to_thread(sense.people, batch, self._clock())
                known = await self._store.read(partial(known_of, people=people, key=self._company.link_key))
                deeds = list(planner.plan(people, known))
                file.write(lines(_told(deed, row) for deed, row in zip(deeds, batch, strict=True)))
                for deed in deeds:
                    counts[deed.outcome.value] = counts.get(deed.outcome.value, 0) + 1
                    counts["troubles"] = counts.get("troubles", 0) + bool(deed.person.troubles)
                place = batch[-1].number
                work = await self._store.write(partial(went_on, work=work, progress=Progress(place, place), now=self._clock()), Order.CHUNK)
        return counts, work

    async def _header(self, work: Work) -> Cells:
        return tuple(json.loads(await self._store.read(lambda session: session.get_one(Import, work.subject_id).header)))

    async def run(self, work: Work) -> None:
        """Bring the rows in that were not yet."""
        pace = Pace()
        while True:
            batch = await self._store.read(partial(rows_after, import_id=work.subject_id, after=work.place, size=pace.size, fresh=True))
            sense = await self._store.read(partial(_sense, import_id=work.subject_id, company=self._company))
            people = await asyncio.to_thread(sense.people, batch, self._clock())
            deed = partial(_brought, work=work, people=people, rows={row.number: row.id for row in batch}, company=self._company, now=self._clock())
            work, seconds = await self._store.write(partial(timed, deed=deed), Order.CHUNK)
            pace.took(seconds)
            if not batch:
                return

    async def undo(self, work: Work) -> None:
        """Take back what it made, the last row first."""
        await until_over(self._store, work, lambda work, size: partial(_taken_back, work=work, size=size, now=self._clock()))


def _copied(source: Path, target: Path) -> None:
    import shutil

    try:
        if source.stat().st_size > FILE_MOST:
            raise Unreadable("the file is too big")
        shutil.copyfile(source, target)
    except OSError as error:
        raise Unreadable(f"the file cannot be opened: {error.strerror}") from error


def _sense(session: Session, import_id: int, company: Company) -> Sense:
    mapping = tuple(json.loads(session.get_one(Import, import_id).mapping))
    wanted = {target.removeprefix(FIELD) for target in mapping if target.startswith(FIELD)}
    own = {field.name: field for field in fields_of(session, About.CONTACT)} if wanted else {}
    return Sense(mapping, Reading(company.region, company.languages[0], company.currency, own))


def _keep_rows(session: Session, work: Work, rows: list[tuple[int, Cells]], *, now: int) -> Work:
    ids = take_ids(session, len(rows))
    kept = [{"id": next(ids), "import_id": work.subject_id, "number": number, "cells": json.dumps(cells, ensure_ascii=False)} for number, cells in rows]
    add_new(session, ImportRow, kept)
    place = rows[-1][0] if rows else work.place
    return went_on(session, work, Progress(place, place), now=now)


def _asked(session: Session, work: Work, about: dict[str, Any], *, now: int) -> None:
    one = session.get_one(Import, work.subject_id)
    one.how, one.header, one.rows = about["how"], json.dumps(about["header"], ensure_ascii=False), about["rows"]
    one.samples = json.dumps([[cell[:60] for cell in row] for row in about["samples"]], ensure_ascii=False)
    one.shape, one.mapping = shape_of(about["header"]), json.dumps(guessed(session, about["header"]))
    if "chats" in about:
        past.asked(one, about["source"], about["chats"])
    one.state = ImportState.ASKED.value
    over(session, work, work.done, now=now)


def _met(session: Session, import_id: int, tally: past.Tally, region: str) -> list[past.Chat]:
    """The chats of an export, with whom each may be with."""
    one = session.get_one(Import, import_id)
    return past.with_people(session, past.with_firm(session, tally.told(one.name)), region, sight_in(session, one.rep_id))


def _refused(session: Session, work: Work, why: str, *, now: int) -> None:
    one = session.get_one(Import, work.subject_id)
    one.state, one.why, one.ended_at = ImportState.UNREADABLE.value, why[:300], now
    over(session, work, work.done, now=now)


def _tried(session: Session, work: Work, path: Path, counts: dict[str, int], *, now: int) -> None:
    one = session.get_one(Import, work.subject_id)
    one.report_id = write_down(session, one.rep_id, path, f"{one.name.rsplit('.', 1)[0]}-check.csv", "text/csv", now=now)
    one.counts, one.state = json.dumps(counts), ImportState.READY.value
    over(session, work, one.rows, now=now)


def _told(deed: Deed, row: Row) -> tuple[object, ...]:
    """A line of the report."""
    whom = "" if deed.contact_id is None else f"row {-deed.contact_id}" if deed.contact_id < 0 else f"#{deed.contact_id}"
    others = [f"#{one}" if one > 0 else f"row {-one}" for one in deed.others]
    return (row.number, deed.outcome.value, whom or " ".join(others), "; ".join(deed.person.troubles), *row.cells)


def _brought(session: Session, work: Work, people: list[Person], rows: dict[int, int], company: Company, *, now: int) -> Work:
    jobs.held(session, work)
    one = session.get_one(Import, work.subject_id)
    actor = actor_of(session, one.rep_id)
    authorise(session, actor, Action.IMPORT)
    if not people:
        one.state, one.ended_at, one.counts = ImportState.DONE.value, now, json.dumps(counted(session, one.id))
        return over(session, work, one.rows, now=now)
    deeds = list(Planner().plan(people, known_of(session, people, company.link_key)))
    bring(session, deeds, rows, Bringing(one.id, actor, company, one.name), now=now)
    place = people[-1].number
    return went_on(session, work, Progress(place, place), now=now)


def _taken_back(session: Session, work: Work, size: int, *, now: int) -> tuple[Work, bool]:
    jobs.held(session, work)
    one = session.get_one(Import, work.subject_id)
    actor = actor_of(session, work.rep_id)
    authorise(session, actor, Action.IMPORT)
    rows = rows_to_undo(session, one.id, work.place, size)
    if not rows:
        one.state, one.ended_at, one.counts = ImportState.UNDONE.value, now, json.dumps(counted(session, one.id))
        return over(session, work, one.rows, now=now), True
    take_back(session, actor, one.id, rows, now=now)
    session.expire_all()
    return went_on(session, work, Progress(rows[-1].number, work.done + len(rows)), now=now), False


def failed(session: Session, work: Work, words: str, *, now: int) -> None:
    """The work of an import broke for good: what is done stays, and can be taken back."""
    one = session.get(Import, work.subject_id)
    if one is None:
        return
    after: Mapping[str, ImportState] = {READ: ImportState.UNREADABLE, TRY: ImportState.ASKED, work_of(one, TRY): ImportState.ASKED}
    one.state, one.why = after.get(work.kind, ImportState.STOPPED).value, words[:300]
    session.flush()
    redraw(session, one.id, now=now, urgent=True)


def kept_rows(session: Session, import_id: int, limit: int = 20) -> Iterator[tuple[int, str, int | None]]:
    """What was not taken back since somebody has changed it: the row, what of it, whom it is about."""
    found = select(ImportRow.number, ImportRow.why, ImportRow.contact_id).where(ImportRow.import_id == import_id, ImportRow.outcome == Outcome.KEPT.value)
    yield from ((row.number, row.why, row.contact_id) for row in session.execute(found.order_by(ImportRow.number).limit(limit)))


__all__ = ["Imports", "Kind", "failed", "kept_rows"]
