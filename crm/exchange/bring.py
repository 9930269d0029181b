"""Bring: writes what the plan of a chunk says, with a handful of statements, and beside each row what it made, for the way back."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm.base.actors import Actor, Rep
from crm.base.fold import fold
from crm.base.history import Change, record_many
from crm.base.masks import hushed
from crm.base.rows import Rows, add, add_new, among, ask, change, take_ids
from crm.base.settings import Company as Firm
from crm.base.text import clean_name
from crm.exchange.cells import Person
from crm.exchange.imports import ImportRow, Outcome
from crm.exchange.plan import Deed
from crm.people import suggestions
from crm.people.companies import NAME_MOST, Company, sound
from crm.people.consents import EVERYWHERE, MARKETING, Consent
from crm.people.contacts import Contact, ContactPoint, Proof, heard_by, root_of
from crm.people.fields import FieldValue
from crm.people.tags import Tag
from crm.sales.deals import NewDeal, add_deal
from crm.sales.pipelines import fitting, steps_named

_COMPANIES = select(Company.id, Company.folded).where(among(Company.folded, "names"), Company.active == 1)


@dataclass(slots=True)
class Chunk:
    """What a chunk writes; `made` is by the row's number."""

    contacts: Rows = field(default_factory=list)
    points: Rows = field(default_factory=list)
    values: Rows = field(default_factory=list)
    consents: Rows = field(default_factory=list)
    tags: Rows = field(default_factory=list)
    names: Rows = field(default_factory=list)
    firms: Rows = field(default_factory=list)
    answers: Rows = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    made: dict[int, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))


@dataclass(frozen=True, slots=True)
class Bringing:
    """Who brings what list into which firm."""

    import_id: int
    actor: Actor
    firm: Firm
    name: str

    @property
    def cause(self) -> str:
        """What every change of it is on record with."""
        return f"import:{self.import_id}"


def bring(session: Session, deeds: Sequence[Deed], rows: dict[int, int], what: Bringing, *, now: int) -> None:
    """Write a chunk; `rows` are the ids of the import's rows by their numbers."""
    chunk, who = Chunk(), _numbers(session, deeds)
    companies = _companies(session, deeds, chunk, what, now)
    for deed in deeds:
        if deed.outcome in (Outcome.NEW, Outcome.FILLED):
            _write(session, deed, who, companies, chunk, what, now)
    add(session, Contact, chunk.contacts)
    add_new(session, ContactPoint, chunk.points)
    add_new(session, FieldValue, chunk.values)
    add(session, Consent, chunk.consents)
    add_new(session, Tag, chunk.tags)
    change(session, Contact, "id", chunk.names)
    change(session, Contact, "id", chunk.firms)
    change(session, Contact, "id", chunk.answers)
    session.expire_all()
    _deals(session, deeds, who, chunk, what, now)
    record_many(session, chunk.changes, now=now)
    told = [_row(deed, rows, who, chunk) for deed in deeds]
    change(session, ImportRow, "id", told)
    gone = [rows[deed.person.number] for deed in deeds if deed.outcome is Outcome.ERASED]
    session.execute(update(ImportRow).where(ImportRow.id.in_(gone)).values(cells="[]", why=""), execution_options={"synchronize_session": False})
    for deed in deeds:
        number = who.get(-deed.person.number) if deed.outcome is Outcome.NEW else who.get(deed.contact_id or 0, deed.contact_id)
        if deed.doubt and number and deed.outcome in (Outcome.NEW, Outcome.FILLED):
            suggestions.look(session, number, deed.person.points, now=now)


def titled(person: Person, what: "Bringing") -> str:
    """What a deal is called: never by a phone or an e-mail, which not everybody may read."""
    found = next((one for one in (person.deal, person.name) if one and hushed(one) == one), "")
    return found or clean_name(what.name, NAME_MOST)


def _row(deed: Deed, rows: dict[int, int], who: dict[int, int], chunk: Chunk) -> dict[str, Any]:
    number = deed.person.number
    why = "; ".join((*deed.person.troubles, *(f"#{who.get(one, one)}" for one in deed.others)))[:500]
    about = who.get(-number) if deed.outcome is Outcome.NEW else who.get(deed.contact_id or 0, deed.contact_id)
    return {"id": rows[number], "outcome": deed.outcome.value, "why": why, "contact_id": about, "made": json.dumps(chunk.made.get(number, {}))}


def _numbers(session: Session, deeds: Sequence[Deed]) -> dict[int, int]:
    """The ids of those who are made: by the negative number of the row that makes them."""
    fresh = [deed for deed in deeds if deed.outcome is Outcome.NEW]
    ids = take_ids(session, len(fresh))
    return {-deed.person.number: next(ids) for deed in fresh}


def _companies(session: Session, deeds: Sequence[Deed], chunk: Chunk, what: Bringing, now: int) -> dict[str, int]:
    """The companies that are named, found by sound or made."""
    named: dict[str, Deed] = {sound(deed.company): deed for deed in reversed(deeds) if deed.company and deed.outcome in (Outcome.NEW, Outcome.FILLED)}
    named.pop("", None)
    if not named:
        return {}
    found: dict[str, int] = {row.folded: row.id for row in ask(session, _COMPANIES, {"names": sorted(named)})}
    fresh = [heard for heard in named if heard not in found]
    for heard, number in zip(fresh, take_ids(session, len(fresh)), strict=True):
        deed, name = named[heard], clean_name(named[heard].company, NAME_MOST)
        add(session, Company, [{"id": number, "name": name, "folded": heard, "created_at": now}])
        chunk.made[deed.person.number]["company_made"] = number
        chunk.changes.append(Change("company", number, "imported", what.actor, after={"name": name}, cause=what.cause))
        found[heard] = number
    return found


def _write(session: Session, deed: Deed, who: dict[int, int], companies: dict[str, int], chunk: Chunk, what: Bringing, now: int) -> None:
    person, made = deed.person, chunk.made[deed.person.number]
    company = companies.get(sound(deed.company)) if deed.company else None
    if deed.outcome is Outcome.NEW:
        number = who[-person.number]
        _contact(deed, number, company, chunk, what, now)
    else:
        assert deed.contact_id is not None
        number = who.get(deed.contact_id, deed.contact_id)
        made["contact"] = number
        _fill(deed, number, company, chunk, what, now)
    ids = take_ids(session, len(deed.points) + len(deed.values) + len(deed.tags) + 1)
    points = [
        {"id": next(ids), "contact_id": number, "kind": kind, "value": value, "proof": Proof.IMPORTED.value, "message_id": None, "at": now}
        for kind, value in deed.points
    ]
    rep_id = what.actor.id if isinstance(what.actor, Rep) else None
    values = [{"id": next(ids), "field_id": of, "subject_id": number, "value": value, "at": now, "rep_id": rep_id} for of, value in deed.values]
    chunk.points += points
    chunk.values += values
    made["points"], made["values"] = [row["id"] for row in points], [[row["id"], row["value"]] for row in values]
    if deed.tags:
        made["tags"] = [next(ids) for _ in deed.tags]
        chunk.tags += [{"id": of, "contact_id": number, "word": word, "at": now, "rep_id": rep_id} for of, word in zip(made["tags"], deed.tags, strict=True)]
    if deed.agrees and person.agreed:
        made["consent"] = consent_id = next(ids)
        shown = f"{person.agreed.source} ({what.name})"
        about = {"purpose": MARKETING, "scope": EVERYWHERE, "granted": int(person.agreed.granted), "shown": shown, "source": "import", "message_id": None}
        chunk.consents.append({"id": consent_id, "contact_id": number, **about, "at": person.agreed.at})
        chunk.answers.append({"id": number, "marketing": 1 if person.agreed.granted else -1})
        after = {"purpose": MARKETING, "granted": person.agreed.granted, "source": "import"}
        chunk.changes.append(Change("contact", number, "consent", what.actor, after=after, cause=what.cause))


def _contact(deed: Deed, number: int, company: int | None, chunk: Chunk, what: Bringing, now: int) -> None:
    language = deed.person.language or what.firm.languages[0]
    row = {"id": number, "root_id": number, "name": deed.name, "language": language, "zone": what.firm.zone, "created_at": now}
    chunk.contacts.append({**row, "kind": deed.person.kind or "customer", "company_id": company, "preferred_id": None})
    chunk.made[deed.person.number]["made"] = number
    chunk.changes.append(Change("contact", number, "imported", what.actor, after={"name": deed.name}, cause=what.cause))


def _fill(deed: Deed, number: int, company: int | None, chunk: Chunk, what: Bringing, now: int) -> None:
    """Write into what was empty; on record as if somebody had typed it, so that a merge that is undone tells it again."""
    made = chunk.made[deed.person.number]
    if deed.name:
        chunk.names.append({"id": number, "name": deed.name})
        made["name"] = deed.name
        chunk.changes.append(Change("contact", number, "renamed", what.actor, {"name": ""}, {"name": deed.name}, heard_by(number)))
    if company is not None:
        chunk.firms.append({"id": number, "company_id": company})
        made["company"] = company
        chunk.changes.append(Change("contact", number, "company", what.actor, {"company": None}, {"company": company}, heard_by(number)))
    for kind, value in deed.points:
        after = {kind: value, "proof": Proof.IMPORTED.value}
        chunk.changes.append(Change("contact", number, kind, what.actor, after=after, cause=heard_by(number)))
    chunk.changes += [Change("contact", number, "tagged", what.actor, after={"tag": word}, cause=heard_by(number)) for word in deed.tags]
    chunk.changes.append(Change("contact", number, "filled", what.actor, after={"import": what.import_id}, cause=what.cause))


def _deals(session: Session, deeds: Sequence[Deed], who: dict[int, int], chunk: Chunk, what: Bringing, now: int) -> None:
    opening = [deed for deed in deeds if deed.deal]
    if not opening:
        return
    stages = steps_named(session)
    rep_id = what.actor.id if isinstance(what.actor, Rep) else None
    for deed in opening:
        person = deed.person
        number = who.get(-person.number) if deed.outcome is Outcome.NEW else who.get(deed.contact_id or 0, deed.contact_id)
        assert number is not None
        title = titled(person, what)
        place = fitting(stages.get(fold(person.stage), ()), root_of(session, number).kind) if person.stage else None
        new = NewDeal(number, title, person.currency or what.firm.currency, person.amount, rep_id=rep_id, stage_id=place, once=deed.deal)
        chunk.made[person.number]["deal"] = add_deal(session, what.actor, new, what.firm.languages[0], now=now).id
