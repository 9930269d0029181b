"""Import: somebody's own list brought in: how it is read, what its columns are, how far it came, and what each of its rows did."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, func, select, true
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base import jobs
from crm.base.actors import Actor, Rep
from crm.base.asked import plain
from crm.base.errors import Expired, Invalid, NotFound
from crm.base.files import display_name
from crm.base.history import Change, record
from crm.base.policy import Action
from crm.base.rows import add, take_ids
from crm.base.table import Row
from crm.exchange.synonyms import MANY, TARGETS, known
from crm.outbox.notices import Notice, NoticeKind, tell
from crm.people.field_words import About
from crm.people.fields import fields_of
from crm.people.reps import authorise
from crm.people.sight import Sight, sight_of

READ, TRY, RUN, UNDO = "import.read", "import.try", "import.run", "import.undo"
SAMPLES, LISTED = 3, 8
FIELD = "field:"
LEFT_OUT = "-"
CHATS, BY_HAND = "chats", "capture"
"""What an import is, where it is no list of people: old chats, or one thing that was handed to the bot."""


class ImportState(StrEnum):
    """Where an import stands: `asked` = its columns are to be looked at, `ready` = it was tried and nothing is written yet."""

    READING = "reading"
    UNREADABLE = "unreadable"
    ASKED = "asked"
    TRYING = "trying"
    READY = "ready"
    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"
    LEFT = "left"


class Outcome(StrEnum):
    """What a row did, or would do."""

    NEW = "new"
    FILLED = "filled"
    SAME = "same"
    UNCLEAR = "unclear"
    NOBODY = "nobody"
    ERASED = "erased"
    UNDONE = "undone"
    KEPT = "kept"


class Import(Row):
    """A list brought in; `header`, `mapping` (what each column is), `samples` ("" = emptied) and `counts` are JSON, `shape` is the header's hash.

    `kind` tells a list of people from old chats and from what was captured by hand; `about` is what was said of old chats (JSON).
    """

    __tablename__ = "imports"
    rep_id: Mapped[int | None]
    name: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="reading")
    how: Mapped[str] = mapped_column(server_default="")
    header: Mapped[str] = mapped_column(server_default="[]")
    shape: Mapped[str] = mapped_column(server_default="", index=True)
    mapping: Mapped[str] = mapped_column(server_default="[]")
    samples: Mapped[str] = mapped_column(server_default="[]")
    counts: Mapped[str] = mapped_column(server_default="{}")
    rows: Mapped[int] = mapped_column(server_default="0")
    report_id: Mapped[int | None]
    why: Mapped[str] = mapped_column(server_default="")
    kind: Mapped[str] = mapped_column(server_default="people")
    about: Mapped[str] = mapped_column(server_default="{}")
    created_at: Mapped[int]
    ended_at: Mapped[int] = mapped_column(server_default="0")


class ImportRow(Row):
    """A row of it: its cells, what became of it (`outcome`, "" = nothing yet), whom it is about, and what it `made`, for the way back; JSON."""

    __tablename__ = "import_rows"
    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"))
    number: Mapped[int]
    cells: Mapped[str]
    outcome: Mapped[str] = mapped_column(server_default="")
    why: Mapped[str] = mapped_column(server_default="")
    contact_id: Mapped[int | None] = mapped_column(index=True)
    made: Mapped[str] = mapped_column(server_default="{}")
    __table_args__ = (UniqueConstraint("import_id", "number"), Index("import_rows_outcome", "import_id", "outcome"))


@dataclass(frozen=True, slots=True)
class Sheet:
    """An import as everybody reads it; `fields` says how people call the firm's own fields, by what a column may be."""

    id: int
    name: str
    state: ImportState
    how: str
    header: tuple[str, ...]
    mapping: tuple[str, ...]
    samples: tuple[tuple[str, ...], ...]
    counts: Mapping[str, int]
    rows: int
    report_id: int | None
    why: str
    rep_id: int | None
    created_at: int
    done: int = 0
    total: int = 0
    kind: str = ""
    about: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)


def receive(session: Session, actor: Actor, name: str, source: Mapping[str, Any], *, now: int) -> int:
    """Take a list; it is read behind this. `source` is where its bytes are: {"ref": …} at the staff bot, {"text": …}, or {"path": …} on this machine."""
    authorise(session, actor, Action.IMPORT)
    number = next(take_ids(session, 1))
    rep_id = actor.id if isinstance(actor, Rep) else None
    add(session, Import, [{"id": number, "rep_id": rep_id, "name": display_name(name), "created_at": now}])
    record(session, Change("import", number, "received", actor, after={"name": display_name(name)}), now=now)
    jobs.begin(session, actor, READ, number, now=now, facts=source)
    return number


def import_at(session: Session, actor: Actor, import_id: int) -> Import:
    """An import, for one who may import."""
    authorise(session, actor, Action.IMPORT)
    found = session.get(Import, import_id, with_for_update=True, populate_existing=True)
    return _theirs(session, actor, found)


def looked_at(session: Session, actor: Actor, import_id: int) -> Import:
    """An import that is only looked at: a snapshot locks nothing."""
    authorise(session, actor, Action.IMPORT)
    return _theirs(session, actor, session.get(Import, import_id))


def shown(session: Session, actor: Actor, import_id: int) -> Sheet:
    """An import as it stands, with how far its job came."""
    return as_read(sheet_of(session, looked_at(session, actor, import_id)), sight_of(session, actor, Action.IMPORT))


def _all(session: Session, actor: Actor) -> bool:
    """Whether an actor works with everybody's lists: who sees everything in full; others with their own."""
    sight = sight_of(session, actor, Action.IMPORT)
    return sight.reps is None and sight.points


def _theirs(session: Session, actor: Actor, found: Import | None) -> Import:
    mine = isinstance(actor, Rep) and found is not None and found.rep_id == actor.id
    if found is None or not (mine or _all(session, actor)):
        raise NotFound("no such import")
    return found


def sheet_of(session: Session, one: Import) -> Sheet:
    """A row as everybody reads it."""
    job = _job(session, one)
    return Sheet(
        one.id,
        one.name,
        ImportState(one.state),
        one.how,
        tuple(json.loads(one.header)),
        tuple(json.loads(one.mapping)),
        tuple(tuple(row) for row in json.loads(one.samples or "[]")),
        json.loads(one.counts),
        one.rows,
        one.report_id,
        one.why,
        one.rep_id,
        one.created_at,
        job.done if job else 0,
        job.total if job else 0,
        one.kind,
        json.loads(one.about),
        {FIELD + known.name: known.label for known in fields_of(session, About.CONTACT)},
    )


def as_read(sheet: Sheet, sight: Sight) -> Sheet:
    """A sheet as its reader may have it: cells and whoever wrote in an old chat may be a phone or an e-mail; pure."""
    if sight.points:
        return sheet

    def told(words: str) -> str:
        return sight.told(sight.named(words), points=True)

    samples = tuple(tuple(told(one) for one in row) for row in sheet.samples)
    chats = [
        {**chat, "title": told(chat["title"]), "customer": told(chat["customer"]), "senders": [told(one) for one in chat["senders"]]}
        for chat in sheet.about.get("chats", ())
    ]
    return replace(sheet, samples=samples, about={**sheet.about, **({"chats": chats} if chats else {})})


def work_of(one: Import, kind: str) -> str:
    """The kind of job that does a piece of work: old chats go their own way as soon as they are read."""
    return kind if one.kind != CHATS or kind == READ else kind.replace("import.", "past.")


def _job(session: Session, one: Import) -> jobs.Job | None:
    kind = {"reading": READ, "trying": TRY, "running": RUN, "undoing": UNDO}.get(one.state)
    return jobs.job_of(session, work_of(one, kind), one.id) if kind else None


def latest(session: Session, actor: Actor) -> list[Sheet]:
    """The newest imports that were not left, of those one may see."""
    authorise(session, actor, Action.IMPORT)
    mine = true() if _all(session, actor) else Import.rep_id == (actor.id if isinstance(actor, Rep) else None)
    found = select(Import).where(mine, Import.kind != BY_HAND, Import.state.not_in([ImportState.LEFT.value, ImportState.UNREADABLE.value]))
    return [sheet_of(session, one) for one in session.scalars(found.order_by(Import.id.desc()).limit(LISTED))]


def shape_of(header: Sequence[str]) -> str:
    """What two lists have in common that came out of the same program."""
    return hashlib.sha256("\x1f".join(map(plain, header)).encode()).hexdigest()[:32]


def guessed(session: Session, header: Sequence[str]) -> list[str]:
    """What each column is: as somebody said of the same header before, or else by its name."""
    before = select(Import.mapping).where(Import.shape == shape_of(header), Import.state.in_(["done", "undone", "stopped"])).order_by(Import.id.desc()).limit(1)
    remembered = session.scalar(before)
    if remembered:
        found: list[str] = json.loads(remembered)
        if len(found) == len(header):
            return found
    own = {plain(name): FIELD + field.name for field in fields_of(session, About.CONTACT) for name in (field.name, field.label)}
    return _once([known(plain(name)) or own.get(plain(name), LEFT_OUT) for name in header])


def _once(targets: Sequence[str]) -> list[str]:
    """Only phones and e-mails may be in several columns; of others the first one counts."""
    seen: set[str] = set()
    found: list[str] = []
    for target in targets:
        found.append(target if target in MANY or target not in seen else LEFT_OUT)
        seen.add(target)
    return found


def targets(session: Session) -> list[str]:
    """What a column may be."""
    return [*TARGETS, *(FIELD + field.name for field in fields_of(session, About.CONTACT)), LEFT_OUT]


def choose(session: Session, actor: Actor, import_id: int, column: int, target: str, *, now: int) -> Import:
    """Say what a column is; another column that was the same is left out, unless there may be several."""
    one = import_at(session, actor, import_id)
    stands(one, ImportState.ASKED, ImportState.READY)
    mapping = json.loads(one.mapping)
    if not 0 <= column < len(mapping) or target not in targets(session):
        raise Invalid("no such column")
    if target not in MANY:
        mapping = [LEFT_OUT if known == target else known for known in mapping]
    mapping[column] = target
    one.mapping, one.state = json.dumps(mapping), ImportState.ASKED.value
    session.flush()
    return one


def check(session: Session, actor: Actor, import_id: int, *, now: int) -> None:
    """Try it: what each row would do is told, and nothing is written."""
    one = import_at(session, actor, import_id)
    stands(one, ImportState.ASKED, ImportState.READY)
    if one.kind != CHATS and not MANY & set(json.loads(one.mapping)):
        raise Invalid("no column is a phone or an e-mail")
    if not all(chat["sided"] or chat["customer"] for chat in json.loads(one.about).get("chats", ())):
        raise Invalid("nobody has said whose words are whose")
    _begin(session, actor, one, ImportState.TRYING, TRY, now=now)


def run(session: Session, actor: Actor, import_id: int, *, now: int) -> None:
    """Bring it in; one that was stopped goes on."""
    one = import_at(session, actor, import_id)
    stands(one, ImportState.READY, ImportState.STOPPED)
    _begin(session, actor, one, ImportState.RUNNING, RUN, now=now)
    record(session, Change("import", one.id, "run", actor, after={"rows": one.rows}), now=now)


def undo(session: Session, actor: Actor, import_id: int, *, now: int) -> None:
    """Take back what it made and changed, where nobody has changed it since."""
    one = import_at(session, actor, import_id)
    stands(one, ImportState.DONE, ImportState.STOPPED)
    _begin(session, actor, one, ImportState.UNDOING, UNDO, now=now)
    record(session, Change("import", one.id, "undo", actor), now=now)


def stop(session: Session, actor: Actor, import_id: int, *, now: int) -> ImportState:
    """Leave it, or stop it where it is; answers how it stands then."""
    one = import_at(session, actor, import_id)
    if job := _job(session, one):
        jobs.cancel(session, actor, job.id, now=now)
    after = {"running": ImportState.STOPPED, "undoing": ImportState.STOPPED, "trying": ImportState.ASKED}.get(one.state, ImportState.LEFT)
    if one.state in (ImportState.DONE, ImportState.UNDONE, ImportState.STOPPED):
        raise Expired
    one.state = after.value
    session.flush()
    record(session, Change("import", one.id, "stopped", actor), now=now)
    return after


def stands(one: Import, *states: ImportState) -> None:
    """Raise `Expired` unless an import stands in one of these ways."""
    if ImportState(one.state) not in states:
        raise Expired("this import stands otherwise by now")


def _begin(session: Session, actor: Actor, one: Import, state: ImportState, kind: str, *, now: int) -> None:
    one.state = state.value
    session.flush()
    jobs.begin(session, actor, work_of(one, kind), one.id, now=now, total=one.rows)


def counted(session: Session, import_id: int) -> dict[str, int]:
    """How many rows did what."""
    found = session.execute(select(ImportRow.outcome, func.count()).where(ImportRow.import_id == import_id).group_by(ImportRow.outcome))
    return {row[0]: row[1] for row in found if row[0]}


def redraw(session: Session, import_id: int, *, now: int, urgent: bool = False) -> None:
    """Have the import's post drawn again for who began it."""
    tell(session, [Notice(NoticeKind.IMPORT, import_id, f"import:{import_id}", urgent=urgent)], now=now)
