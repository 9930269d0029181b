"""Erasing: the long work of an erasure: files first, then bytes of platforms, then every row; at the end a certificate."""

import asyncio
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path

from sqlalchemy import LargeBinary, bindparam, column, exists, select, table, update
from sqlalchemy.orm import Session

from crm.base import jobs, seals
from crm.base.actors import System
from crm.base.db import Order, Store
from crm.base.history import Change, record
from crm.base.jobs import Progress, Work
from crm.base.table import Base
from crm.exchange import erasure
from crm.exchange.belongings import Belongings, belongings_of, events_of, parts
from crm.exchange.exports import hand_over, stamp
from crm.exchange.imports import Import, ImportRow, Outcome
from crm.exchange.made import MadeFiles, write_down
from crm.exchange.naming import listed, named
from crm.outbox.deliveries import Delivery, State
from crm.people.contacts import Contact, ContactPoint, Identity, PointKind
from crm.sales.ledger import Payment

PAGE, LISTED, CHUNK = 200, 1_000, 250
STAFF = "staff"
# It was allowed when it was asked for; who is dismissed meanwhile stops it no more, since half an erasure is worse than either end.
MACHINE = System("erasure")
_ORIGINAL = re.compile(rb"[0-9a-f]{32}")
_SHORTEST = 5
# The inbox stands above us and is never imported: its two tables are named, not mapped.
_EVENTS = table("raw_events", column("id"), column("account"))
_BODIES = table("raw_bodies", column("event_id"), column("body", LargeBinary))
_WAITING = table("waiting", column("event_id"), column("desk"), column("parked"))
_STILL = exists().where(_WAITING.c.event_id == _BODIES.c.event_id, _WAITING.c.desk == 1, _WAITING.c.parked == 0)
_BLANK = update(_BODIES).where(_BODIES.c.event_id == bindparam("event"), ~_STILL).values(body=b"")
CERTIFICATE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Certificate of erasure</title>
<style>body{{font:16px/1.5 sans-serif;max-width:40em;margin:3em auto;padding:0 1em}}td{{padding:0 1em 0 0}}</style></head><body>
<h1>Certificate of erasure</h1>
<p>{firm} has erased what it kept about one person, under the number {number}. Begun {begun}, ended {ended}, by order of {actor}.</p>
<table>{rows}</table>
<p>Emptied or removed: names, addresses, phones, e-mails, the words of messages, notes and tasks, files, letters, bytes of platforms that name the person,
posts to the staff and what the staff typed where they hold an address, a phone, an e-mail or the whole name of the person, rows of lists that hold a phone or
an e-mail of theirs, fields, links to files, entries of search, and the values of changes on record. What remains are numbers and instants without a name,
which the books need, and hashes by which a list would not bring the person back; nobody can turn them into addresses without the firm's key.</p>
<p>Not reached: copies (backups) made before this day, which are kept for their own time; messages that stand at the person's own platform and in the chats of
the staff; words about the person that name them in no such way; what other firms were sent.</p>
</body></html>
"""


class Erasing:
    """Does erasures; `folder` is the data folder, `firm` the company's name, `key` the one tombstones are made with."""

    def __init__(self, store: Store, folder: Path, firm: str, key: bytes, made: MadeFiles, clock: Callable[[], int]) -> None:
        self._store, self._folder, self._firm, self._key, self._made, self._clock = store, folder, firm, key, made, clock

    async def erase(self, work: Work) -> None:
        """Erase a person; one that was cut off is done again from the start, which changes nothing that is gone already."""
        begun = self._clock()
        words = await self._store.read(partial(words_of, contact_id=work.subject_id))
        await self._files(work)
        work = await self._bodies(work, words)
        work = await self._posts(work, words)
        work = await self._lists(work, words)
        done, work = await self._large(work)
        last = partial(_forgotten, work=work, key=self._key, done=done, media=self._folder / "media", now=self._clock())
        counts, work = await self._store.write(last, Order.CHUNK)
        with self._made.making() as path:
            ended = self._clock()
            rows = "".join(f"<tr><td>{escape(name)}</td><td>{count}</td></tr>" for name, count in sorted(counts.items()))
            actor = "the machine's owner" if work.rep_id is None else f"member {work.rep_id}"
            facts = {"firm": escape(self._firm), "number": work.subject_id, "begun": stamp(begun), "ended": stamp(ended), "actor": actor, "rows": rows}
            path.write_text(CERTIFICATE.format(**facts), encoding="utf-8")
            await self._store.write(partial(_certified, work=work, path=path, now=ended))

    async def _files(self, work: Work) -> None:
        """The files they sent, and those sent to them: gone from the disk before their rows say so."""
        names = await self._store.read(partial(_paths, contact_id=work.subject_id))
        for name in names:
            await asyncio.to_thread((self._folder / "media" / name).unlink, missing_ok=True)

    async def _bodies(self, work: Work, words: "Words") -> Work:
        """The bytes of platforms and of the staff's chats that name them, the letters those name, parts of texts that wait for the rest."""
        place = 0
        while words.at and (found := await self._store.read(partial(_page, accounts=sorted(words.at), after=place))):
            hit = [row for row in found if row[2] and any(named(word, row[2]) for word in words.at[row[1]])]
            for _, _, body in hit:
                for name in set(_ORIGINAL.findall(body)):
                    (self._folder / "mail" / f"{name.decode()}.eml").unlink(missing_ok=True)
            place = found[-1][0]
            work = await self._went(work, partial(_emptied, numbers=[row[0] for row in hit]), len(hit))
        for path in (self._folder / "smpp").rglob("*") if (self._folder / "smpp").is_dir() else ():
            if path.is_file() and any(named(word, path.read_bytes()) for word in words.all):
                path.unlink(missing_ok=True)
        return work

    async def _posts(self, work: Work, words: "Words") -> Work:
        """Posts to the staff that belong to no conversation and name them."""
        place = 0
        while words.desk and (found := await self._store.read(partial(_posted, after=place))):
            hit = [number for number, payload in found if any(named(word, payload.encode()) for word in words.desk)]
            place = found[-1][0]
            work = await self._went(work, partial(_unposted, numbers=hit), len(hit))
        return work

    async def _lists(self, work: Work, words: "Words") -> Work:
        """Rows of lists that tell of them, also of lists that were only read, tried or left."""
        place = 0
        while (words.phones or words.emails) and (found := await self._store.read(partial(_listed, after=place))):
            hit = await asyncio.to_thread(_hit, found, words)
            place = found[-1][0]
            work = await self._went(work, partial(_unlisted, numbers=hit), len(hit))
        return work

    async def _large(self, work: Work) -> tuple[dict[str, frozenset[int]], Work]:
        """What there may be thousands of, a chunk at a time, so that nothing else waits for it; answers what needs no second look."""
        what = await self._store.read(partial(belongings_of, contact_id=work.subject_id))
        done = await self._store.read(partial(_settled, what=what))
        for name, numbers in done.items():
            for some in parts(sorted(numbers), CHUNK):
                deed = partial(_recorded, ids=some, now=self._clock()) if name == RECORD else partial(_blanked, table=name, ids=some)
                work = await self._went(work, deed, len(some))
        return done, work

    async def _went(self, work: Work, deed: Callable[[Session], None], count: int) -> Work:
        """Write a chunk, unless there is nothing to write."""
        return await self._store.write(partial(_went_on, work=work, deed=deed, count=count, now=self._clock()), Order.CHUNK) if count else work


@dataclass(frozen=True, slots=True)
class Words:
    """What names a person: at each account, in the staff's chats, everywhere; their phones as digits, their e-mails in small letters."""

    at: Mapping[str, Sequence[bytes]]
    desk: Sequence[bytes]
    phones: Sequence[str]
    emails: Sequence[str]

    @property
    def all(self) -> Sequence[bytes]:
        """Every word at any account."""
        return sorted({word for words in self.at.values() for word in words})


def words_of(session: Session, contact_id: int) -> Words:
    """What names a person anywhere; too short a word names everybody."""
    what = belongings_of(session, contact_id)
    contacts = what.of("contacts")
    addresses = session.execute(select(Identity.account, Identity.external_id).where(Identity.id.in_(what.of("identities")))).all()
    points = session.execute(select(ContactPoint.kind, ContactPoint.value).where(ContactPoint.contact_id.in_(contacts))).all()
    phones = sorted({row.value.lstrip("+") for row in points if row.kind == PointKind.PHONE})
    emails = sorted({row.value.lower() for row in points if row.kind == PointKind.EMAIL})
    at: dict[str, list[bytes]] = {row.account: _long([*phones, *emails]) for row in addresses}
    for row in addresses:
        if not row.external_id.startswith(f"{erasure.GONE}:"):
            at[row.account] += _long([row.external_id])
    called = select(Contact.name, Contact.platform_name, Contact.greeting_name).where(Contact.id.in_(contacts))
    names = [name for row in session.execute(called) for name in row]
    desk = sorted({*_long([*phones, *emails, *names]), *(word for words in at.values() for word in words)})
    at[STAFF] = [*at.get(STAFF, []), *desk]
    paid = select(Payment.account, Payment.number).where(Payment.id.in_(what.of("payments")), Payment.account != "")
    for row in session.execute(paid):  # what told of their money names them by what they pay for
        at.setdefault(row.account, []).extend(_long([row.number, *phones, *emails, *names]))
    return Words({account: words for account, words in at.items() if words}, desk, phones, emails)


def _long(words: Sequence[str]) -> list[bytes]:
    return [word.encode() for word in words if len(word) >= _SHORTEST]


def _posted(session: Session, after: int) -> list[tuple[int, str]]:
    found = select(Delivery.id, Delivery.payload).where(Delivery.desk == 1, Delivery.id > after, Delivery.payload.is_not(None))
    return [(row.id, row.payload or "") for row in session.execute(found.order_by(Delivery.id).limit(PAGE))]


def _unposted(session: Session, numbers: Sequence[int]) -> None:
    erasure.unsent(session, numbers)
    gone = update(Delivery).where(Delivery.id.in_(numbers), Delivery.state != State.SENDING.value).values(payload=None)
    session.execute(gone, execution_options={"synchronize_session": False})


def _listed(session: Session, after: int) -> list[tuple[int, str]]:
    found = select(ImportRow.id, ImportRow.cells).where(ImportRow.id > after).order_by(ImportRow.id).limit(LISTED)
    return [(row.id, row.cells) for row in session.execute(found)]


def _hit(found: Sequence[tuple[int, str]], words: Words) -> list[int]:
    return [number for number, cells in found if listed(json.loads(cells), words.phones, words.emails)]


def _unlisted(session: Session, numbers: Sequence[int]) -> None:
    """Empty rows; what somebody else's row made stays beside it, for the way back."""
    mine = ImportRow.id.in_(numbers)
    rest = {"synchronize_session": False}
    lists = select(ImportRow.import_id).where(mine)
    session.execute(update(Import).where(Import.id.in_(lists)).values(samples="[]"), execution_options=rest)
    undone = ImportRow.outcome.not_in([Outcome.NEW.value, Outcome.FILLED.value])
    session.execute(update(ImportRow).where(mine, undone).values(outcome=erasure.GONE), execution_options=rest)
    session.execute(update(ImportRow).where(mine).values(cells="[]", why=""), execution_options=rest)


RECORD = "on record"
LARGE = ("messages", "mails", "calls", "planned_replies", "tasks", "notes")


def _settled(session: Session, what: Belongings) -> dict[str, frozenset[int]]:
    """What nobody writes any more; a delivery on its way is left for the end, when its chat is nobody's."""
    found = {name: frozenset(what.of(name)) for name in LARGE if what.of(name)}
    flying: set[int] = set()
    for some in parts(what.of("deliveries")):
        on = Delivery.state.in_([State.QUEUED.value, State.SENDING.value])
        flying |= set(session.scalars(select(Delivery.id).where(Delivery.id.in_(some), on)))
    settled = frozenset(what.of("deliveries")) - flying
    return {**found, **({"deliveries": settled} if settled else {}), RECORD: frozenset(events_of(session, what))}


def _blanked(session: Session, table: str, ids: Sequence[int]) -> None:
    erasure.blank(session, table, ids)


def _recorded(session: Session, ids: Sequence[int], *, now: int) -> None:
    seals.redact(session, MACHINE, ids, now=now)


def _went_on(session: Session, work: Work, deed: Callable[[Session], None], count: int, *, now: int) -> Work:
    jobs.held(session, work)
    deed(session)
    return jobs.keep_on(session, work, Progress(work.place, work.done + count), now=now)


def _paths(session: Session, contact_id: int) -> list[str]:
    about = Base.metadata.tables["attachments"]
    what = belongings_of(session, contact_id)
    return [path for some in parts(what.of("attachments")) for path in session.scalars(select(about.c.path).where(about.c.id.in_(some))) if path]


def _page(session: Session, accounts: Sequence[str], after: int) -> list[tuple[int, str, bytes]]:
    found = select(_EVENTS.c.id, _EVENTS.c.account, _BODIES.c.body).join(_BODIES, _BODIES.c.event_id == _EVENTS.c.id, isouter=True)
    wanted = found.where(_EVENTS.c.account.in_(accounts), _EVENTS.c.id > after).order_by(_EVENTS.c.id).limit(PAGE)
    return [(row[0], row[1], bytes(row[2] or b"")) for row in session.execute(wanted)]


def _emptied(session: Session, numbers: Sequence[int]) -> None:
    for number in numbers:
        session.execute(_BLANK, {"event": number})


def _forgotten(session: Session, work: Work, key: bytes, done: Mapping[str, frozenset[int]], media: Path, *, now: int) -> tuple[dict[str, int], Work]:
    jobs.held(session, work)
    for name in _paths(session, work.subject_id):  # a file that came since the others went
        (media / name).unlink(missing_ok=True)
    counts = erasure.forget(session, MACHINE, work.subject_id, key, now=now, done=done)
    return counts, jobs.keep_on(session, work, Progress(work.place, work.done), now=now)


def _certified(session: Session, work: Work, path: Path, *, now: int) -> None:
    number = write_down(session, work.rep_id, path, f"erasure-{work.subject_id}.html", "text/html", now=now)
    jobs.keep_on(session, work, Progress(work.place, work.done, over=True, file=number), now=now)
    record(session, Change("contact", work.subject_id, "erased", MACHINE, after={"certificate": number, "by": work.rep_id or 0}), now=now)
    hand_over(session, work.rep_id, number, now=now)
