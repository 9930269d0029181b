"""Undo: takes back what a chunk of an import made and changed, exactly, and leaves alone, by name, what somebody has changed since."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Select, Table, delete, select
from sqlalchemy.orm import Session

from crm.base.actors import Actor
from crm.base.history import Change, DomainEvent, record_many
from crm.base.rows import among, ask, change
from crm.base.table import Base
from crm.exchange.imports import ImportRow, Outcome
from crm.people.companies import Company
from crm.people.consents import Consent
from crm.people.contacts import Contact, ContactPoint, PointKind, Proof, heard_by
from crm.people.fields import FieldValue
from crm.people.suggestions import Suggestion, SuggestionState
from crm.people.tags import Tag
from crm.sales.deals import Deal, DealContact, StageStay

# What follows from a person by itself, and goes with them: nobody decided anything there.
_DERIVED = frozenset({"import_rows", "captures"})


@dataclass(frozen=True, slots=True)
class Made:
    """What one row of the import made, as it was written beside it."""

    row_id: int
    number: int
    contact_id: int | None
    facts: Mapping[str, Any]


def take_back(session: Session, actor: Actor, import_id: int, rows: Sequence[Any], *, now: int) -> None:
    """Take a chunk of rows back, the last first."""
    cause = f"import:{import_id}"
    made = [Made(row.id, row.number, row.contact_id, json.loads(row.made)) for row in rows]
    kept: dict[int, list[str]] = {one.row_id: [] for one in made}
    changes: list[Change] = []
    _deals(session, made, kept, changes, actor, cause)
    for one in made:
        if "made" not in one.facts:
            _unfill(session, one, kept[one.row_id], changes, actor)
    _people(session, made, kept, changes, actor, cause)
    _companies(session, made, kept, changes, actor, cause)
    record_many(session, changes, now=now)
    told = [
        {"id": one.row_id, "outcome": (Outcome.KEPT if kept[one.row_id] else Outcome.UNDONE).value, "why": "; ".join(kept[one.row_id])[:500]} for one in made
    ]
    change(session, ImportRow, "id", told)


def _deals(session: Session, made: Sequence[Made], kept: dict[int, list[str]], changes: list[Change], actor: Actor, cause: str) -> None:
    """Deals that nobody has touched go; what became of the others is their own."""
    of = {one.facts["deal"]: one for one in made if one.facts.get("deal")}
    if not of:
        return
    ids = sorted(of)
    touched = set(
        session.scalars(select(DomainEvent.subject_id).where(DomainEvent.subject == "deal", DomainEvent.subject_id.in_(ids), DomainEvent.kind != "opened"))
    )
    touched |= named_by(session, "deals", "deal_id", ids, frozenset({"stage_stays"}))
    for number in ids:
        if number in touched:
            kept[of[number].row_id].append("deal")
    gone = [number for number in ids if number not in touched]
    for table in (StageStay, DealContact):
        session.execute(delete(table).where(table.deal_id.in_(gone)))
    session.execute(delete(Deal).where(Deal.id.in_(gone)))
    changes += [Change("deal", number, "import undone", actor, cause=cause) for number in gone]


def _unfill(session: Session, one: Made, kept: list[str], changes: list[Change], actor: Actor) -> None:
    """A person who was known before: what was filled is empty again where it still says the same."""
    facts = one.facts
    number = facts.get("contact")
    contact = session.get(Contact, number) if number else None
    if contact is None:
        return
    if "name" in facts:
        if contact.name == facts["name"]:
            contact.name = ""
            changes.append(Change("contact", contact.id, "renamed", actor, {"name": facts["name"]}, {"name": ""}, heard_by(contact.id)))
        else:
            kept.append("name")
    if "company" in facts:
        if contact.company_id == facts["company"]:
            contact.company_id = None
            changes.append(Change("contact", contact.id, "company", actor, {"company": facts["company"]}, {"company": None}, heard_by(contact.id)))
        else:
            kept.append("company")
    session.flush()
    _unpoint(session, facts, kept)
    _unanswer(session, contact, facts, kept)


def _unpoint(session: Session, facts: Mapping[str, Any], kept: list[str]) -> None:
    points = list(facts.get("points", ()))
    gone = session.scalars(delete(ContactPoint).where(ContactPoint.id.in_(points), ContactPoint.proof == Proof.IMPORTED.value).returning(ContactPoint.id)).all()
    kept += ["phone or e-mail"] * (len(points) - len(gone))
    session.execute(delete(Tag).where(Tag.id.in_(facts.get("tags", ()))))
    for number, value in facts.get("values", ()):
        if not session.scalars(delete(FieldValue).where(FieldValue.id == number, FieldValue.value == value).returning(FieldValue.id)).all():
            kept.append("field")


def _unanswer(session: Session, contact: Contact, facts: Mapping[str, Any], kept: list[str]) -> None:
    consent = facts.get("consent")
    if not consent:
        return
    later = session.scalar(select(Consent.id).where(Consent.contact_id == contact.id, Consent.id > consent).limit(1))
    if later is not None:
        kept.append("consent")
        return
    session.execute(delete(Consent).where(Consent.id == consent))
    contact.marketing = 0
    session.flush()


def _people(session: Session, made: Sequence[Made], kept: dict[int, list[str]], changes: list[Change], actor: Actor, cause: str) -> None:
    """Those the import made go whole, or stay whole."""
    of = {one.facts["made"]: one for one in made if "made" in one.facts}
    if not of:
        return
    ids, own = sorted(of), {number for one in made for number in one.facts.get("points", ())}
    others = (DomainEvent.cause != cause, DomainEvent.kind != "suggested")  # that somebody may be the same is no work of anybody's
    touched = set(session.scalars(select(DomainEvent.subject_id).where(DomainEvent.subject == "contact", DomainEvent.subject_id.in_(ids), *others)))
    touched |= named_by(session, "contacts", "contact_id", ids, frozenset({"contact_points", "consents", "suggestions", "tags"}))
    touched |= set(session.scalars(select(Contact.root_id).where(Contact.root_id.in_(ids), Contact.root_id != Contact.id)))
    touched |= set(session.scalars(select(Contact.id).where(Contact.id.in_(ids), Contact.root_id != Contact.id)))
    points = session.execute(select(ContactPoint.id, ContactPoint.contact_id, ContactPoint.kind, ContactPoint.proof).where(ContactPoint.contact_id.in_(ids)))
    touched |= {row.contact_id for row in points if row.kind != PointKind.NAME and (row.id not in own or row.proof != Proof.IMPORTED)}
    answers = {one.facts.get("consent") for one in made}
    touched |= {row[1] for row in session.execute(select(Consent.id, Consent.contact_id).where(Consent.contact_id.in_(ids))) if row[0] not in answers}
    touched |= set(_changed_values(session, of))
    for number in touched & set(ids):
        kept[of[number].row_id].append("person")
    gone = [number for number in ids if number not in touched]
    _remove(session, gone)
    changes += [Change("contact", number, "import undone", actor, cause=cause) for number in gone]


def _changed_values(session: Session, of: Mapping[int, Made]) -> Iterator[int]:
    expected = {number: value for one in of.values() for number, value in one.facts.get("values", ())}
    there = session.execute(select(FieldValue.id, FieldValue.subject_id, FieldValue.value).where(FieldValue.id.in_(sorted(expected)))).all()
    yield from (row.subject_id for row in there if row.value != expected[row.id])


def _remove(session: Session, gone: Sequence[int]) -> None:
    """Take people away, with what follows from them by itself."""
    open_still = Suggestion.state == SuggestionState.OPEN.value
    session.execute(delete(Suggestion).where(open_still, Suggestion.contact_id.in_(gone) | Suggestion.other_id.in_(gone)))
    session.execute(delete(ContactPoint).where(ContactPoint.contact_id.in_(gone)))
    session.execute(delete(FieldValue).where(FieldValue.subject_id.in_(gone)))
    session.execute(delete(Tag).where(Tag.contact_id.in_(gone)))
    session.execute(delete(Consent).where(Consent.contact_id.in_(gone)))
    session.execute(delete(Contact).where(Contact.id.in_(gone)))


def _companies(session: Session, made: Sequence[Made], kept: dict[int, list[str]], changes: list[Change], actor: Actor, cause: str) -> None:
    """A company goes when nobody is of it any more; one that another row still needs is tried again with that row's chunk."""
    of = {one.facts["company_made"]: one for one in made if "company_made" in one.facts}
    if not of:
        return
    ids = sorted(of)
    used = named_by(session, "companies", "company_id", ids, frozenset())
    events = select(DomainEvent.subject_id).where(DomainEvent.subject == "company", DomainEvent.subject_id.in_(ids), DomainEvent.cause != cause)
    used |= set(session.scalars(events))
    for number in used & set(ids):
        kept[of[number].row_id].append("company")
    gone = [number for number in ids if number not in used]
    session.execute(delete(Company).where(Company.id.in_(gone)))
    changes += [Change("company", number, "import undone", actor, cause=cause) for number in gone]


def named_by(session: Session, table: str, column: str, ids: Sequence[int], but: frozenset[str]) -> set[int]:
    """Which of these rows any other table names, whichever pieces of the product have one."""
    return {row[0] for question in _questions(table, column, but) for row in ask(session, question, {"ids": list(ids)})}


@cache
def _questions(table: str, column: str, but: frozenset[str]) -> tuple[Select[Any], ...]:
    """The questions to each column that may name a row of a table; written once, since writing them takes longer than asking."""
    others = [other for other in Base.metadata.tables.values() if other.name not in but | _DERIVED]
    return tuple(select(one).where(among(one, "ids")).distinct() for other in others for one in _naming(other, table, column))


def _naming(other: Table, table: str, column: str) -> Iterator[Any]:
    for one in other.columns:
        points_there = any(key.target_fullname == f"{table}.id" for key in one.foreign_keys)
        if (points_there or one.name == column) and not (other.name == table and one.name in ("id", "root_id")):
            yield one


def rows_to_undo(session: Session, import_id: int, before: int, size: int) -> Sequence[Any]:
    """The last rows that wrote something and were not taken back, of those before a number (0 = of all)."""
    wrote = [Outcome.NEW.value, Outcome.FILLED.value]
    found = select(ImportRow.id, ImportRow.number, ImportRow.contact_id, ImportRow.made)
    found = found.where(ImportRow.number < before) if before else found
    return session.execute(found.where(ImportRow.import_id == import_id, ImportRow.outcome.in_(wrote)).order_by(ImportRow.number.desc()).limit(size)).all()
