"""Carding: reads what was captured as a file, the photo of a card or contacts of a phone, outside any transaction; its owner looks at it before it is kept."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from crm.base import jobs
from crm.base.db import Session, Store
from crm.base.events import MediaRef
from crm.base.jobs import Progress, Work
from crm.base.policy import Action, may
from crm.base.settings import Company
from crm.base.time import DAY
from crm.exchange import imports
from crm.exchange.captures import OPEN, Capture, CaptureKind, CaptureState
from crm.exchange.capturing import READ, redraw
from crm.exchange.cards import Draft, of_lines, of_vcards
from crm.exchange.chunks import actor_of
from crm.exchange.delimited import codec_of
from crm.exchange.grid import Unreadable
from crm.exchange.keeping import STAFF, media_of
from crm.exchange.ocr import read_card
from crm.exchange.runs import Fetch, Kind

SIZE_MOST = 10 * 1024 * 1024
KEPT = 7 * DAY
SEVERAL = "several people"
TIDIED = 50


class Carding:
    """Reads captured files; `folder` is the data folder, `fetch` brings the bytes of a file that was sent to the staff bot."""

    def __init__(self, store: Store, folder: Path, company: Company, clock: Callable[[], int], fetch: Fetch | None = None) -> None:
        self._store, self._folder, self._company, self._clock, self._fetch = store, folder, company, clock, fetch

    def kinds(self) -> Mapping[str, Kind]:
        """The work by its kind."""
        return {READ: self.read}

    async def read(self, work: Work) -> None:
        """Read a file into drafts; one that cannot be read says why."""
        ref = media_of(work.facts["ref"])
        incoming = self._folder / "imports"
        incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = incoming / f"capture-{work.subject_id}"
        try:
            await self._fetched(ref, path)
            drafts = await self._drafts(work, path)
        except Unreadable as error:
            await self._store.write(partial(_refused, work=work, why=error.detail, now=self._clock()))
        else:
            await self._store.write(partial(_drafted, work=work, drafts=drafts, now=self._clock()))
        finally:
            path.unlink(missing_ok=True)

    async def _fetched(self, ref: MediaRef, path: Path) -> None:
        if self._fetch is None:
            raise Unreadable("its bytes are not here")
        seen = 0
        with path.open("wb") as file:
            path.chmod(0o600)
            async for piece in self._fetch(STAFF, ref):
                seen += len(piece)
                if seen > SIZE_MOST:
                    raise Unreadable("the file is too big")
                file.write(piece)

    async def _drafts(self, work: Work, path: Path) -> Sequence[Draft]:
        kind = await self._store.read(lambda session: session.get_one(Capture, work.subject_id).kind)
        region = self._company.region
        if kind == CaptureKind.CARD:
            return [await _card(path, region)]
        raw = await asyncio.to_thread(path.read_bytes)
        codec = codec_of(raw[:65_536])
        text = raw.decode(codec, "replace" if codec.startswith("utf-16") else "surrogateescape")  # a card may name an encoding of its own
        found = await asyncio.to_thread(of_vcards, text, region)
        if not found:
            raise Unreadable("there is nothing in it")
        return found

    async def tidy(self, *, now: int) -> None:
        """Take away the bytes of what was taken back, and leave what nobody has decided for a week."""
        undone = await self._store.read(_gone)
        for name in (name for names in undone.values() for name in names):
            (self._folder / "media" / name).unlink(missing_ok=True)
        await self._store.write(partial(_tidied, undone=list(undone), now=now))


async def _card(path: Path, region: str) -> Draft:
    """What a photographed card says; where that leads to nobody, it is looked at once more, as it may have been taken from any side."""
    draft = of_lines(await read_card(path), region)
    if draft.points:
        return draft
    again = of_lines(await read_card(path, anew=True), region)
    if not again.lines:
        raise Unreadable("it cannot be read")
    return again if again.points else draft


def _gone(session: Session) -> dict[int, list[str]]:
    undone = session.query(Capture).where(Capture.state == CaptureState.UNDONE.value, Capture.data != "{}").limit(TIDIED)
    return {one.id: json.loads(one.data).get("files", []) for one in undone}


def _tidied(session: Session, *, undone: Sequence[int], now: int) -> None:
    for one in session.query(Capture).where(Capture.id.in_(undone)):  # these alone: the bytes of what was taken back since are still there
        one.data = "{}"
    for one in session.query(Capture).where(Capture.state.in_(OPEN), Capture.created_at < now - KEPT).limit(TIDIED):
        one.state, one.data, one.settled_at = CaptureState.LEFT.value, "{}", now
    session.flush()


def _drafted(session: Session, work: Work, drafts: Sequence[Draft], *, now: int) -> None:
    one = session.get_one(Capture, work.subject_id)
    if one.state == CaptureState.READING:
        if len(drafts) > 1:
            _listed(session, work, one, now=now)
        else:
            one.data = json.dumps({**json.loads(one.data), "draft": asdict(drafts[0])}, ensure_ascii=False)
            one.state = CaptureState.ASKED.value
    _over(session, work, now=now)


def _listed(session: Session, work: Work, one: Capture, *, now: int) -> None:
    """A whole address book is a list: whoever may bring lists in goes on there."""
    one.state, one.why = CaptureState.UNREADABLE.value, SEVERAL
    actor, ref = actor_of(session, work.rep_id), media_of(work.facts["ref"])
    if may(actor.role, Action.IMPORT):  # type: ignore[union-attr]
        one.state = CaptureState.LEFT.value
        number = imports.receive(session, actor, ref.name, {"ref": {"ref": ref.ref, "name": ref.name, "size": ref.size}}, now=now)
        imports.redraw(session, number, now=now, urgent=True)


def _refused(session: Session, work: Work, why: str, *, now: int) -> None:
    one = session.get_one(Capture, work.subject_id)
    if one.state == CaptureState.READING:
        one.state, one.why = CaptureState.UNREADABLE.value, why[:200]
    _over(session, work, now=now)


def _over(session: Session, work: Work, *, now: int) -> None:
    session.flush()
    jobs.keep_on(session, work, Progress(0, 1, over=True), now=now)
    redraw(session, work.subject_id, now=now)


def failed(session: Session, work: Work, *, now: int) -> None:
    """Reading broke for good: its owner may type instead."""
    one = session.get(Capture, work.subject_id)
    if one is not None and one.state == CaptureState.READING:
        one.state, one.why = CaptureState.UNREADABLE.value, "it cannot be read"
        session.flush()
        redraw(session, one.id, now=now)
