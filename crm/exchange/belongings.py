"""Belongings: every row of the database that is about one person, whichever piece of the product wrote it, found by what rows name."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table, or_, select
from sqlalchemy.orm import Session

from crm.base.history import DomainEvent
from crm.base.table import Base
from crm.people.contacts import family_of

NAMED: Mapping[str, str] = {
    "contact_id": "contacts",
    "identity_id": "identities",
    "conversation_id": "conversations",
    "message_id": "messages",
    "lead_id": "leads",
    "deal_id": "deals",
    "document_id": "documents",
    "order_id": "orders",
    "attachment_id": "attachments",
    "delivery_id": "deliveries",
    "enrollment_id": "enrollments",
    "project_id": "projects",
}
SUBJECTS: Mapping[str, str] = {
    "contact": "contacts",
    "identity": "identities",
    "conversation": "conversations",
    "message": "messages",
    "lead": "leads",
    "deal": "deals",
    "document": "documents",
    "order": "orders",
    "payment": "payments",
    "task": "tasks",
    "delivery": "deliveries",
    "note": "notes",
    "project": "projects",
    "rating": "ratings",
}
# Found by a number of another kind, of machinery, or made for somebody of the staff.
_NOT = frozenset(
    ("contacts", "domain_events", "findables", "import_rows", "notices", "link_tokens", "rep_messages", "shares", "suggestions", "links", "field_values")
)
IDS_MOST = 500


@dataclass(frozen=True, slots=True)
class Belongings:
    """The numbers of the rows about a person, by table; their contacts are among them."""

    ids: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def of(self, table: str) -> Sequence[int]:
        """The numbers of one table."""
        return self.ids.get(table, ())


def belongings_of(session: Session, contact_id: int) -> Belongings:
    """What there is about a person, all that they were found to be."""
    return all_of(session, family_of(session, contact_id))


def all_of(session: Session, contacts: Collection[int]) -> Belongings:
    """What there is about any of these contacts."""
    found: dict[str, list[int]] = {"contacts": sorted(contacts)}
    before: dict[str, list[int]] = {}
    while before != found:  # not every table that names another says so to the engine, so that there is no order to go by
        before = dict(found)
        for table in Base.metadata.sorted_tables:
            if table.name not in _NOT and "id" in table.columns and (ids := _ids(session, table, found)):
                found[table.name] = ids
    return Belongings(found)


def _ids(session: Session, table: Table, found: Mapping[str, Sequence[int]]) -> list[int]:
    ids: set[int] = set()
    for name, numbers in _naming(table, found):
        for some in parts(numbers):
            ids |= set(session.scalars(select(table.c.id).where(table.c[name].in_(some))))
    return sorted(ids)


def _naming(table: Table, found: Mapping[str, Sequence[int]]) -> Iterator[tuple[str, Sequence[int]]]:
    """The columns of a table that name something of theirs."""
    for column in table.columns:
        if column.name in NAMED and found.get(NAMED[column.name]) and NAMED[column.name] != table.name:
            yield column.name, found[NAMED[column.name]]


def parts(numbers: Sequence[int], most: int = IDS_MOST) -> Iterator[Sequence[int]]:
    """Numbers in lists that every engine takes."""
    for first in range(0, len(numbers), most):
        yield numbers[first : first + most]


def rows_of(session: Session, table: str, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Rows of a table by their numbers, as they are kept."""
    about = Base.metadata.tables[table]
    found = [dict(row._mapping) for some in parts(ids) for row in session.execute(select(about).where(about.c.id.in_(some)))]
    return sorted(found, key=lambda row: int(row["id"]))


def events_of(session: Session, what: Belongings) -> list[int]:
    """The numbers of what is on record about a person and their things."""
    found: set[int] = set()
    for subject, table in SUBJECTS.items():
        for some in parts(what.of(table)):
            found |= set(session.scalars(select(DomainEvent.id).where(DomainEvent.subject == subject, DomainEvent.subject_id.in_(some))))
    return sorted(found)


def values_about(session: Session, what: Belongings) -> list[int]:
    """The numbers of what the firm's own fields say of them and of their deals; a subject's number alone does not tell of which kind it is."""
    fields, values = Base.metadata.tables["fields"], Base.metadata.tables["field_values"]
    found: set[int] = set()
    for about, table in (("contact", "contacts"), ("deal", "deals")):
        for some in parts(what.of(table)):
            own = select(fields.c.id).where(fields.c.about == about)
            found |= set(session.scalars(select(values.c.id).where(values.c.field_id.in_(own), values.c.subject_id.in_(some))))
    return sorted(found)


def either(table: Table, names: Sequence[str], ids: Sequence[int]) -> Any:
    """The condition that one of several columns is among these."""
    return or_(*(table.c[name].in_(ids) for name in names))
