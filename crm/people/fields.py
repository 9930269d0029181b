"""Field: what a firm wants to know besides what everybody wants to know, typed, and its values with who wrote them and when.

How a value is read and shown is in `field_words`, how fields are made and changed in `fieldset`.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import ForeignKey, Index, Select, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from crm.base.actors import Actor, Rep
from crm.base.errors import Expired, Invalid, NotFound
from crm.base.history import Change, DomainEvent, record
from crm.base.i18n import translator
from crm.base.policy import Action
from crm.base.rows import add_new, among, ask, take_ids
from crm.base.table import Row
from crm.people.companies import Company
from crm.people.contacts import Contact, heard_by, root_of
from crm.people.field_words import About, BadValue, FieldKind, FieldView, is_kept, parse_value, shown_value
from crm.people.reps import authorise

__all__ = [
    "About",
    "BadValue",
    "Field",
    "FieldKind",
    "FieldValue",
    "FieldView",
    "Kept",
    "field_at",
    "fields_of",
    "is_kept",
    "kept_of",
    "last_change",
    "own_values",
    "parse_value",
    "set_value",
    "shown_value",
    "template_names",
    "undo_value",
    "values_of",
]

KIND = "field"
"""What a change of a value is called on record; its subject is the contact, the deal or the company."""
MAY = {About.CONTACT: Action.CHANGE_PERSON, About.COMPANY: Action.CHANGE_PERSON, About.DEAL: Action.CHANGE_DEAL}


class Field(Row):
    """A field of a contact, a deal or a company; `name` is how templates, imports and conditions call it, `label` what people read, `choices` a JSON list."""

    __tablename__ = "fields"
    about: Mapped[str]
    name: Mapped[str]
    label: Mapped[str]
    kind: Mapped[str]
    choices: Mapped[str] = mapped_column(server_default="[]")
    place: Mapped[int]
    shown: Mapped[int] = mapped_column(server_default="1")
    active: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[int]
    __table_args__ = (UniqueConstraint("about", "name"),)


class FieldValue(Row):
    """What a field says of one thing, as stored: a number as decimal words, money in hundredths and its currency, a date as YYYY-MM-DD, a choice by name.

    An empty value was taken away: of a person who came twice the newest word counts, and that may be that nothing is known.
    """

    __tablename__ = "field_values"
    field_id: Mapped[int] = mapped_column(ForeignKey("fields.id"))
    subject_id: Mapped[int]
    value: Mapped[str]
    at: Mapped[int]
    rep_id: Mapped[int | None]
    __table_args__ = (UniqueConstraint("field_id", "subject_id"), Index("field_values_value", "field_id", "value"))


@dataclass(frozen=True, slots=True)
class Kept:
    """A value with when it was written and by whom (None = not by a member of staff)."""

    value: str
    at: int
    rep_id: int | None


_ROOTS = select(Contact.id, Contact.root_id).where(among(Contact.id, "ids"))
_KIN = select(Contact.id, Contact.root_id).where(among(Contact.root_id, "roots"))
_VALUES = select(FieldValue.id, FieldValue.field_id, FieldValue.subject_id, FieldValue.value, FieldValue.at, FieldValue.rep_id).where(
    among(FieldValue.field_id, "fields"), among(FieldValue.subject_id, "subjects")
)


def fields_of(session: Session, about: About, *, archived: bool = False) -> list[FieldView]:
    """The fields of contacts, deals or companies in their order; with `archived` also those that are used no more, which come last."""
    question = select(Field).where(Field.about == about.value).order_by(Field.active.desc(), Field.place, Field.id)
    return [viewed(field) for field in session.scalars(question if archived else question.where(Field.active == 1))]


def field_at(session: Session, field_id: int) -> FieldView:
    """A field by its number, archived or not; raises `NotFound`."""
    return viewed(field_row(session, field_id))


def field_row(session: Session, field_id: int) -> Field:
    """The row of a field."""
    found = session.get(Field, field_id)
    if found is None:
        raise NotFound("no such field")
    return found


def viewed(field: Field) -> FieldView:
    """A row as everybody reads it."""
    kind, choices = FieldKind(field.kind), tuple(json.loads(field.choices))
    return FieldView(field.id, About(field.about), field.name, field.label, kind, choices, field.place, bool(field.shown), bool(field.active))


def values_of(session: Session, about: About, subject_ids: Collection[int], *, archived: bool = False) -> dict[int, dict[int, str]]:
    """What is known of each of these, by field; of a person who came several times the newest word counts. Nothing known = an empty dict."""
    numbers = [field.id for field in fields_of(session, about, archived=archived)]
    found = kept_of(session, about, subject_ids, numbers)
    return {subject: {number: kept.value for number, kept in values.items() if kept.value} for subject, values in found.items()}


def kept_of(session: Session, about: About, subject_ids: Collection[int], field_ids: Iterable[int]) -> dict[int, dict[int, Kept]]:
    """The newest word on each of these fields for each of these, also that something was taken away."""
    kin = _family(session, subject_ids) if about is About.CONTACT else {number: (number,) for number in subject_ids}
    everybody = sorted({one for family in kin.values() for one in family})
    numbers = sorted(set(field_ids))
    if not (everybody and numbers):
        return {subject: {} for subject in subject_ids}
    newest: dict[int, dict[int, Kept]] = {}
    rows = ask(session, _VALUES, {"fields": numbers, "subjects": everybody})
    for row in sorted(rows, key=lambda row: (row.at, row.id)):
        newest.setdefault(row.subject_id, {})[row.field_id] = Kept(row.value, row.at, row.rep_id)
    return {subject: _merged([newest[one] for one in family if one in newest]) for subject, family in kin.items()}


def _merged(sides: Iterable[Mapping[int, Kept]]) -> dict[int, Kept]:
    """The newest of what was written down for each side of one person; pure."""
    found: dict[int, Kept] = {}
    for side in sides:
        for number, kept in side.items():
            if number not in found or kept.at > found[number].at:
                found[number] = kept
    return found


def _family(session: Session, contact_ids: Collection[int]) -> dict[int, tuple[int, ...]]:
    """Each of these contacts with all that are the same person."""
    roots = {row.id: row.root_id for row in ask(session, _ROOTS, {"ids": sorted(set(contact_ids))})} if contact_ids else {}
    kin: dict[int, list[int]] = {}
    for row in ask(session, _KIN, {"roots": sorted(set(roots.values()))}) if roots else ():
        kin.setdefault(row.root_id, []).append(row.id)
    return {number: tuple(sorted(kin.get(roots.get(number, number), [number]))) for number in contact_ids}


def template_names(session: Session) -> frozenset[str]:
    """The names of the fields that a text to people may ask for."""
    return frozenset(field.name for field in fields_of(session, About.CONTACT))


def own_values(session: Session, names: Collection[str], people: Mapping[int, str]) -> dict[int, dict[str, str]]:
    """What texts say of each of these people, by the names of the fields; `people` are contacts with the language they read."""
    asked = [field for field in fields_of(session, About.CONTACT) if field.name in names] if names and people else []
    found = kept_of(session, About.CONTACT, list(people), [field.id for field in asked]) if asked else {}
    said: dict[int, dict[str, str]] = {}
    for contact_id, values in found.items():
        tr = translator(people[contact_id])
        said[contact_id] = {field.name: shown_value(field, values[field.id].value, tr) for field in asked if field.id in values}
    return said


def set_value(session: Session, actor: Actor, field: FieldView, subject_id: int, stored: str | None, *, now: int) -> bool:
    """Write down what a field says of one thing, or take it away (None); `stored` is what `parse_value` made. Answers whether anything changed.

    Whether the thing is within the actor's reach is the caller's to see to (`crm/sales/details.py`): a person's conversations are not known here.
    """
    authorise(session, actor, MAY[field.about])
    if stored is not None and not is_kept(field, stored):
        raise Invalid(f"not a value of the field {field.name!r}")
    if not field_at(session, field.id).active:
        raise NotFound("this field is archived")
    return _write(session, actor, field, subject_id, stored or "", now=now)


def _write(session: Session, actor: Actor, field: FieldView, subject_id: int, value: str, *, now: int) -> bool:
    owner, cause = _subject(session, field.about, subject_id)
    row = session.scalar(_row_of(field.id, subject_id))
    if row is None:
        add_new(session, FieldValue, [{"id": next(take_ids(session, 1)), "field_id": field.id, "subject_id": subject_id, "value": "", "at": 0, "rep_id": None}])
        row = session.scalars(_row_of(field.id, subject_id)).one()
    before = kept_of(session, field.about, [subject_id], [field.id])[subject_id].get(field.id, Kept("", 0, None))
    if before.value == value:
        return False
    # Of one person's two sides the newest counts, so that what is written now is newer than either, whatever a clock says.
    row.value, row.at, row.rep_id = value, max(now, before.at + 1), actor.id if isinstance(actor, Rep) else None
    session.flush()
    said = {"field": field.name, "value": before.value}, {"field": field.name, "value": value}
    record(session, Change(field.about.value, owner, KIND, actor, *said, cause=cause), now=now)
    return True


def _row_of(field_id: int, subject_id: int) -> Select[FieldValue]:
    return select(FieldValue).where(FieldValue.field_id == field_id, FieldValue.subject_id == subject_id).with_for_update()


def _subject(session: Session, about: About, subject_id: int) -> tuple[int, str]:
    """Under which number a change goes on record, and which of a person's contacts it was heard of."""
    if about is About.CONTACT:
        return root_of(session, subject_id).id, heard_by(subject_id)
    if about is About.COMPANY and session.get(Company, subject_id) is None:
        raise NotFound("no such company")
    return subject_id, ""


def last_change(session: Session, about: About, subject_id: int) -> int:
    """The number of the newest change of a value of one thing on record, by which it can be undone (0 = there was none)."""
    owner, _ = _subject(session, about, subject_id)
    wanted = select(DomainEvent.id).where(DomainEvent.subject == about.value, DomainEvent.subject_id == owner, DomainEvent.kind == KIND)
    return session.scalar(wanted.order_by(DomainEvent.id.desc()).limit(1)) or 0


def undo_value(session: Session, actor: Actor, about: About, subject_id: int, change_id: int, *, now: int) -> FieldView:
    """Write back what stood there before a change; raises `Expired` when the value was changed again since."""
    authorise(session, actor, MAY[about])
    owner, _ = _subject(session, about, subject_id)
    change = session.get(DomainEvent, change_id)
    if change is None or (change.subject, change.subject_id, change.kind) != (about.value, owner, KIND):
        raise NotFound("no such change")
    before, after = json.loads(change.before), json.loads(change.after)
    field = next((one for one in fields_of(session, about) if one.name == after["field"]), None)
    if field is None:
        raise NotFound("this field is archived")
    now_there = values_of(session, about, [subject_id])[subject_id].get(field.id, "")
    if now_there != after["value"]:
        raise Expired("this was changed again since")
    _write(session, actor, field, subject_id, before["value"], now=now)
    return field
