"""History of anything: what changed, who did it, from what to what, newest first, a page at a time, within the reader's sight; read-only."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, literal, select, union_all
from sqlalchemy.orm import Session, aliased

from crm.base.actors import Rep
from crm.base.errors import NotFound, Taken
from crm.base.history import DomainEvent, behind
from crm.base.policy import Action
from crm.conversations.threads import Conversation, Message
from crm.documents.documents import Document
from crm.outreach import persons
from crm.people import contacts
from crm.people.companies import Company
from crm.people.contacts import Contact, PointKind
from crm.people.fields import Field
from crm.people.reps import Member, authorise
from crm.people.sight import Sight, sight_of
from crm.people.teams import TeamRow
from crm.projects.projects import Project
from crm.sales.deals import Deal
from crm.sales.leads import Lead
from crm.sales.ledger import Payment
from crm.sales.orders import Order
from crm.sales.pipelines import Pipeline, Reason, Stage
from crm.sales.products import Product
from crm.sales.tasks import Task

PAGE = 8
POINTS = frozenset({PointKind.PHONE.value, PointKind.EMAIL.value})
FAMILY_MOST = 400
# What happens by itself and often, and tells a reader nothing.
DULL = ("came_by", "plan", "week", "web_link", "called")


@dataclass(frozen=True, slots=True)
class Turned:
    """One value of a change: what it is of, what it was and is, in plain values with names in the place of numbers ("" = nothing)."""

    key: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class Told:
    """One change; `author` is rep, customer, bot or system, `who` their name; `title` is what the thing is called."""

    id: int
    at: int
    subject: str
    subject_id: int
    title: str
    kind: str
    author: str
    who: str
    turned: tuple[Turned, ...]
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Past:
    """A page of changes; `name` is whose or what's they are, `next` the last one shown, to go on from (0 = these are the oldest)."""

    name: str
    rows: tuple[Told, ...]
    next: int = 0


def of_person(session: Session, actor: Rep, contact_id: int, *, before: int = 0, limit: int = PAGE) -> Past:
    """Everything about a person: themselves, their conversations, leads, deals and tasks; raises `Taken` by whoever has a conversation of theirs."""
    sight = sight_of(session, actor, Action.SEE_HISTORY)
    root = contacts.root_of(session, contact_id)
    persons.reach(session, actor, root.id)
    family = contacts.family_of(session, root.id)[:FAMILY_MOST]
    threads = select(Conversation.id).where(Conversation.contact_id.in_(family))
    about: Mapping[str, Select[Any]] = {
        "contact": select(Contact.id).where(Contact.id.in_(family)),
        "conversation": threads,
        "lead": select(Lead.id).where(Lead.contact_id.in_(family), sight.rows(Lead.rep_id)),
        "deal": select(Deal.id).where(Deal.contact_id.in_(family), sight.rows(Deal.rep_id)),
        "order": select(Order.id).where(Order.contact_id.in_(family), sight.rows(Order.rep_id)),
        "payment": select(Payment.id).where(Payment.contact_id.in_(family), sight.rows(Payment.rep_id)),
        "task": select(Task.id).where(Task.contact_id.in_(family), sight.rows(Task.rep_id)),
    }
    ids = {subject: list(session.scalars(question.limit(FAMILY_MOST))) for subject, question in about.items()}
    return _page(session, sight, sight.named(root.name or root.platform_name), ids, before, limit)


def of_thing(session: Session, actor: Rep, subject: str, number: int, *, before: int = 0, limit: int = PAGE) -> Past:
    """Everything about one deal, task, lead or company, or about a member for one who steers the team; `Taken` by whoever has it beyond one's sight."""
    if subject == "rep":
        authorise(session, actor, Action.STEER_TEAM)
        member = session.get(Member, number)
        if member is None:
            raise NotFound
        return _page(session, Sight(), member.name, {"rep": [number]}, before, limit)
    sight = sight_of(session, actor, Action.SEE_HISTORY)
    table = _THINGS.get(subject)
    found = session.get(table, number) if table else None
    if found is None:
        raise NotFound
    owner = getattr(found, "rep_id", None)
    if not sight.covers(owner) and owner is not None:
        raise Taken(_names(session, Member, {owner}).get(owner, ""))
    title = getattr(found, "title", "") or getattr(found, "name", "") or getattr(found, "text", "") or getattr(found, "number", "") or ""
    return _page(session, sight, sight.named(title), {subject: [number]}, before, limit)


_THINGS: Mapping[str, type[Any]] = {
    "order": Order,
    "payment": Payment,
    "project": Project,
    "document": Document,
    "deal": Deal,
    "task": Task,
    "lead": Lead,
    "company": Company,
    "product": Product,
}


def _page(session: Session, sight: Sight, name: str, ids: Mapping[str, Sequence[int]], before: int, limit: int) -> Past:
    """The newest changes of these things that are older than `before`; each kind of thing is read in the order of one index."""
    asked = [_of(subject, numbers, before, limit) for subject, numbers in ids.items() if numbers]
    if not asked:
        return Past(name, ())
    together = union_all(*(select(one.subquery()) for one in asked)).subquery()
    rows = session.execute(select(together).order_by(together.c.id.desc()).limit(limit + 1)).all()
    return Past(name, _told(session, sight, rows[:limit]), rows[limit - 1].id if len(rows) > limit else 0)


def _of(subject: str, numbers: Sequence[int], before: int, limit: int) -> Select[Any]:
    columns = [getattr(DomainEvent, name) for name in ("id", "at", "subject", "subject_id", "kind", "actor", "rep_id", "before", "after", "cause", "once")]
    wanted = select(*columns).where(DomainEvent.subject == literal(subject), DomainEvent.subject_id.in_(numbers), DomainEvent.kind.not_in(DULL))
    if before:
        wanted = wanted.where(DomainEvent.id < before)
    return wanted.order_by(DomainEvent.id.desc()).limit(limit + 1)


def _told(session: Session, sight: Sight, rows: Sequence[Any]) -> tuple[Told, ...]:
    """The rows with names in the place of numbers; a query for each kind of name on the page, none for each row."""
    values = [(_values(row.before), _values(row.after)) for row in rows]
    named: dict[str, Mapping[Any, str]] = {key: _names(session, table, _numbers(key, values)) for key, table in _NAMED.items()}
    named["field"] = _labels(session, {new["field"] for _, new in values if isinstance(new.get("field"), str)})
    doers = _names(session, Member, {row.rep_id for row in rows if row.rep_id})
    titles = _titles(session, rows)
    told = []
    for row, (old, new) in zip(rows, values, strict=True):
        author = row.actor.partition(":")[0]
        author = "rep" if row.rep_id else author if author in ("customer", "bot") else "system"
        turned = tuple(Turned(key, _named(sight, named, key, old.get(key)), _named(sight, named, key, new.get(key))) for key in _keys(old, new))
        who, title = doers.get(row.rep_id or 0, ""), sight.named(titles.get((row.subject, row.subject_id), ""))
        told.append(Told(row.id, row.at, row.subject, row.subject_id, title, row.kind, author, who, turned, behind(row, "rule") or row.cause))
    return tuple(told)


def _values(packed: str) -> dict[str, Any]:
    found = json.loads(packed) if packed else {}
    return found if isinstance(found, dict) else {}


def _keys(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What can be told of a change: everything but numbers of rows that nobody knows by number."""
    return [key for key in dict.fromkeys((*old, *new)) if key in _KEPT or (key not in _HIDDEN and old.get(key) != new.get(key))]


_KEPT = frozenset({"currency", "field"})
"""What a value cannot be read without, though it is the same before and after."""
_HIDDEN = frozenset(
    {
        "link",
        "score",
        "identity",
        "note",
        "message",
        "entry",
        "import",
        "session",
        "duties",
        "tasks",
        "once",
        "chat",
        "hash",
        "place",
        "version",
        "batch",
        "event",
    }
)
_NAMED: Mapping[str, type[Any]] = {
    "rep": Member,
    "stage": Stage,
    "pipeline": Pipeline,
    "contact": Contact,
    "company": Company,
    "reason": Reason,
    "team": TeamRow,
}


def _numbers(key: str, values: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> set[int]:
    return {one[key] for pair in values for one in pair if type(one.get(key)) is int}


def _names(session: Session, table: type[Any], numbers: Iterable[int]) -> dict[int, str]:
    wanted = sorted(numbers)
    if not wanted:
        return {}
    if table is Contact:
        own, root = aliased(Contact), aliased(Contact)
        rows = session.execute(select(own.id, root.name, root.platform_name).join(root, root.id == own.root_id).where(own.id.in_(wanted)))
        return {row.id: row.name or row.platform_name for row in rows}
    return {row.id: row.name for row in session.execute(select(table.id, table.name).where(table.id.in_(wanted)))}


def _labels(session: Session, names: set[str]) -> dict[str, str]:
    """What the firm's own fields are called."""
    return {row.name: row.label for row in session.execute(select(Field.name, Field.label).where(Field.name.in_(sorted(names))))} if names else {}


def _named(sight: Sight, named: Mapping[str, Mapping[Any, str]], key: str, value: Any) -> object:
    """A value as it is shown: a name for a number, masks where the reader sees them."""
    if key in named and type(value) is int:
        return sight.named(named[key].get(value, "?"))
    if key == "field":
        return named[key].get(value, value)
    if key in POINTS and isinstance(value, str):
        return sight.shown(key, value)
    return sight.named(value) if isinstance(value, str) else "" if value is None else value


def _titles(session: Session, rows: Sequence[Any]) -> dict[tuple[str, int], str]:
    """What deals and tasks are called; people and conversations are the page's own."""
    found: dict[tuple[str, int], str] = {}
    for subject, column in (("deal", Deal.title), ("task", Task.text), ("message", Message.text)):
        wanted = {row.subject_id for row in rows if row.subject == subject}
        table = _THINGS.get(subject, Message)
        if wanted:
            found |= {(subject, row[0]): row[1] for row in session.execute(select(table.id, column).where(table.id.in_(wanted)))}
    return found
