"""Making documents: drafted from what is known, issued under a number, corrected by a further version, withdrawn with the number kept."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.base.actors import Actor
from crm.base.errors import Invalid
from crm.base.history import Change, DomainEvent, record
from crm.base.i18n import LANGUAGES, translator
from crm.base.policy import Action
from crm.base.pricing import Line, totals
from crm.base.rows import add_new, take_ids
from crm.base.settings import Company
from crm.base.time import local
from crm.documents import sheet
from crm.documents.documents import CORRECTED, STANDING, Document, DocumentState, Kind, document_at, held
from crm.documents.layouts import FIRM, days_of, words_for
from crm.documents.numbers import next_number
from crm.people.contacts import root_of
from crm.people.reps import authorise


@dataclass(frozen=True, slots=True)
class Draft:
    """What a document is to be: about whom, in which language, of what; `company` is the buyer where they buy for a firm ("" = for themselves).

    `replaces` is the version that it corrects; `once` keeps one cause from making two.
    """

    kind: Kind
    contact_id: int
    language: str
    currency: str
    lines: tuple[Line, ...]
    company: str = ""
    deal_id: int | None = None
    rep_id: int | None = None
    replaces: int | None = None
    once: str | None = None


def draft(session: Session, actor: Actor, new: Draft, firm: Company, *, now: int) -> Document:
    """Make a draft, which has no number yet; the same `once` answers the same. Raises `Invalid` where there is nothing to put on it."""
    authorise(session, actor, Action.MAKE_DOCUMENTS)
    before = session.scalar(select(Document).where(Document.once == new.once)) if new.once else None
    if before is not None:
        return before
    if new.replaces is not None and document_at(session, new.replaces).state not in CORRECTED:
        raise Invalid("this document is not good any more")
    number = next(take_ids(session, 1))
    row = {name: getattr(new, name) for name in ("contact_id", "deal_id", "rep_id", "currency", "once")}
    row |= {"kind": new.kind.value, "replaces_id": new.replaces, "created_at": now, **_written(session, new, firm, now=now)}
    if not add_new(session, Document, [{"id": number, **row}]):
        return session.scalars(select(Document).where(Document.once == new.once)).one()
    paper = document_at(session, number)
    record(session, Change("document", number, "drafted", actor, after=told(paper)), now=now)
    return paper


def redraft(session: Session, actor: Actor, document_id: int, new: Draft, firm: Company, *, now: int) -> Document:
    """Write a draft anew: in another language, or since something has changed."""
    authorise(session, actor, Action.MAKE_DOCUMENTS)
    paper = held(session, document_id)
    if paper.state != DocumentState.DRAFT:
        raise Invalid("this document is issued: it is corrected by a further version")
    for name, value in _written(session, new, firm, now=now).items():
        setattr(paper, name, value)
    paper.currency, paper.created_at = new.currency, now
    session.flush()
    record(session, Change("document", paper.id, "drafted", actor, after=told(paper)), now=now)
    return paper


def _written(session: Session, new: Draft, firm: Company, *, now: int) -> dict[str, Any]:
    """What the words and sums of a document are, as columns."""
    if not new.lines or new.language not in LANGUAGES:
        raise Invalid("there is nothing to put on it")
    root, today = root_of(session, new.contact_id), local(now, firm.zone).date()
    days = days_of(session, new.kind, new.language)
    due = today + timedelta(days=days) if days else None
    facts = sheet.Facts(
        new.kind,
        new.language,
        new.currency,
        new.lines,
        firm.name,
        root.name or root.platform_name,
        today,
        new.company,
        due,
        words_for(session, FIRM, new.language),
        words_for(session, new.kind.value, new.language),
    )
    sums = totals(new.lines, new.currency)
    words = {"data": packed(sheet.sheet(facts)), "language": new.language, "due_on": due.isoformat() if due else ""}
    return {**words, "net": sums.net, "tax": sums.tax, "total": sums.gross}


def issue(session: Session, actor: Actor, document_id: int, zone: str, *, now: int) -> Document:
    """Give a draft its number and seal its words; a correction takes the number of what it corrects, which is good no more. Again changes nothing."""
    authorise(session, actor, Action.MAKE_DOCUMENTS)
    paper = held(session, document_id)
    if paper.state in STANDING:
        return paper
    if paper.state != DocumentState.DRAFT:
        raise Invalid("this document is not good any more")
    older = _superseded(session, actor, paper, now=now)
    kind, tr = Kind(paper.kind), translator(paper.language)
    paper.number, paper.version = (older.number, older.version + 1) if older else (next_number(session, kind, zone, now=now), 1)
    today, drafted = local(now, zone).date(), local(paper.created_at, zone).date()
    due = date.fromisoformat(paper.due_on) + (today - drafted) if paper.due_on else None
    words = sheet.issued(json.loads(paper.data), str(paper.number), paper.version, sheet.dated(kind, today, due, tr), tr)
    paper.data, paper.due_on = packed(words), due.isoformat() if due else ""
    paper.seal = hashlib.sha256(paper.data.encode()).hexdigest()
    paper.state, paper.issued_at = DocumentState.ISSUED.value, now
    session.flush()
    record(session, Change("document", paper.id, "issued", actor, {"state": DocumentState.DRAFT.value}, told(paper)), now=now)
    return paper


def _superseded(session: Session, actor: Actor, paper: Document, *, now: int) -> Document | None:
    """The version that this one corrects, good no more from now on (None = it corrects none); raises `Invalid` where it is not the newest."""
    if paper.replaces_id is None:
        return None
    older = held(session, paper.replaces_id)
    if older.state not in CORRECTED:
        raise Invalid("this document is not good any more")
    after = {**told(older), "state": DocumentState.SUPERSEDED.value}
    record(session, Change("document", older.id, "superseded", actor, {"state": older.state}, after), now=now)
    older.state = DocumentState.SUPERSEDED.value
    session.flush()
    return older


def withdraw(session: Session, actor: Actor, document_id: int, *, now: int) -> Document:
    """Cancel a document: its number stays its own, its buttons say so; what is paid stays. Again changes nothing."""
    authorise(session, actor, Action.MAKE_DOCUMENTS)
    paper = held(session, document_id)
    if paper.state == DocumentState.CANCELLED:
        return paper
    if paper.paid_at or paper.state == DocumentState.SUPERSEDED:
        raise Invalid("this document is paid, or replaced")
    before, paper.state = paper.state, DocumentState.CANCELLED.value
    session.flush()
    record(session, Change("document", paper.id, "cancelled", actor, {"state": before}, told(paper)), now=now)
    return paper


def bring_back(session: Session, actor: Actor, document_id: int, *, now: int) -> Document:
    """Undo that a document was cancelled: it stands where it stood."""
    authorise(session, actor, Action.MAKE_DOCUMENTS)
    paper = held(session, document_id)
    if paper.state != DocumentState.CANCELLED:
        return paper
    if paper.replaces_id and paper.number is None and document_at(session, paper.replaces_id).state not in CORRECTED:
        raise Invalid("this document is not good any more")
    stood = _stood(session, paper)
    record(session, Change("document", paper.id, "brought_back", actor, {"state": paper.state}, {**told(paper), "state": stood.value}), now=now)
    paper.state = stood.value
    session.flush()
    return paper


def _stood(session: Session, paper: Document) -> DocumentState:
    """Where a document stood before it was cancelled, as it is on record; an erasure takes that away."""
    about = (DomainEvent.subject == "document", DomainEvent.subject_id == paper.id, DomainEvent.kind == "cancelled")
    last = session.scalar(select(DomainEvent.before).where(*about).order_by(DomainEvent.id.desc()).limit(1))
    plain = DocumentState.SENT if paper.sent_at else DocumentState.ISSUED if paper.issued_at else DocumentState.DRAFT
    return DocumentState(json.loads(last)["state"]) if last else plain


def told(paper: Document) -> dict[str, Any]:
    """What stands on record of a document."""
    names = ("kind", "number", "version", "state", "deal_id", "contact_id", "currency", "total", "seal")
    return {name.removesuffix("_id"): value for name in names if (value := getattr(paper, name)) not in (None, "")}


def packed(words: dict[str, Any]) -> str:
    """The words of a document as they are kept and sealed."""
    return json.dumps(words, ensure_ascii=False, sort_keys=True)
