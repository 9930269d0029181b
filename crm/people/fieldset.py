"""Fieldset: the fields a firm keeps, as a manager makes, names, orders, hides and archives them."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm.base.actors import Actor
from crm.base.errors import Expired, Invalid, NotFound
from crm.base.history import Change, DomainEvent, record
from crm.base.i18n import N_
from crm.base.policy import Action
from crm.base.rows import add_new, take_ids
from crm.base.template import NEUTRAL
from crm.people.field_words import About, BadValue, FieldKind, FieldView, choices_of, label_of, name_for
from crm.people.fields import Field, FieldValue, field_row, fields_of, viewed
from crm.people.reps import authorise

FIELDS_MOST = 50
# Texts have places of these names, and stages of a pipeline may demand these besides fields of a deal.
RESERVED = frozenset({*NEUTRAL, "amount", "expected", "company"})
FULL = N_("There are {most} fields already. Archive one that is not used.")
TWICE = N_("There is a field “{label}” already.")


@dataclass(frozen=True, slots=True)
class Draft:
    """A field to be made; a choice needs its choices, one per line as they were typed."""

    about: About
    kind: FieldKind
    label: str
    choices: str = ""


def make_field(session: Session, actor: Actor, draft: Draft, *, now: int) -> FieldView:
    """Make a field; `BadValue` says what is wrong with its label or its choices."""
    authorise(session, actor, Action.SET_FIELDS)
    known = fields_of(session, draft.about, archived=True)
    label = _free(known, draft.label, 0)
    choices = choices_of(draft.choices) if draft.kind is FieldKind.CHOICE else ()
    if sum(field.active for field in known) >= FIELDS_MOST:
        raise BadValue(FULL, most=FIELDS_MOST)
    number, name = next(take_ids(session, 1)), name_for(label, {*(field.name for field in known), *RESERVED})
    row = {"id": number, "about": draft.about.value, "name": name, "label": label, "kind": draft.kind.value, "created_at": now}
    place = max((field.place for field in known), default=0) + 1
    if not add_new(session, Field, [{**row, "choices": json.dumps(choices, ensure_ascii=False), "place": place}]):
        raise Expired("somebody made such a field meanwhile")
    record(session, Change("field", number, "made", actor, after={"about": draft.about.value, "name": name, "label": label, "kind": draft.kind.value}), now=now)
    return viewed(field_row(session, number))


def rename_field(session: Session, actor: Actor, field_id: int, label: str, *, now: int) -> FieldView:
    """Call a field otherwise; the name that templates and imports use stays."""
    field = _field(session, actor, field_id)
    return _set(session, actor, field, "renamed", {"label": _free(fields_of(session, About(field.about), archived=True), label, field.id)}, now=now)


def set_choices(session: Session, actor: Actor, field_id: int, typed: str, *, now: int) -> FieldView:
    """Give a choice other choices; values that are none of them any more stand as they are."""
    field = _field(session, actor, field_id)
    if field.kind != FieldKind.CHOICE:
        raise Invalid("only a choice has choices")
    return _set(session, actor, field, "choices", {"choices": json.dumps(choices_of(typed), ensure_ascii=False)}, now=now)


def show_field(session: Session, actor: Actor, field_id: int, shown: bool, *, now: int) -> FieldView:
    """Have a field on the cards, or only among the details."""
    field = _field(session, actor, field_id)
    return _set(session, actor, field, "shown" if shown else "hidden", {"shown": int(shown)}, now=now)


def archive_field(session: Session, actor: Actor, field_id: int, archived: bool, *, now: int) -> FieldView:
    """Use a field no more, its values kept; or bring it back."""
    field = _field(session, actor, field_id)
    if not archived and not field.active and len(fields_of(session, About(field.about))) >= FIELDS_MOST:
        raise BadValue(FULL, most=FIELDS_MOST)
    return _set(session, actor, field, "archived" if archived else "brought_back", {"active": int(not archived)}, now=now)


def move_field(session: Session, actor: Actor, field_id: int, step: int, *, now: int) -> FieldView:
    """Put a field one place up (-1) or down (1); at the end it stays where it is."""
    field = _field(session, actor, field_id)
    listed = fields_of(session, About(field.about))
    at = next((place for place, one in enumerate(listed) if one.id == field.id), -1)
    to = at + (1 if step > 0 else -1)
    if at < 0 or not 0 <= to < len(listed):
        return viewed(field)
    listed[at], listed[to] = listed[to], listed[at]
    before = field.place
    for place, one in enumerate(listed, 1):
        field_row(session, one.id).place = place
    session.flush()
    record(session, Change("field", field.id, "moved", actor, {"place": before}, {"place": field.place}), now=now)
    return viewed(field)


def last_edit(session: Session, field_id: int) -> int:
    """The number of the newest change of a field on record (0 = there was none)."""
    wanted = select(func.max(DomainEvent.id)).where(DomainEvent.subject == "field", DomainEvent.subject_id == field_id)
    return session.scalar(wanted) or 0


def undo_edit(session: Session, actor: Actor, field_id: int, change_id: int, *, now: int) -> FieldView:
    """Undo that a field was made, named, hidden, shown, archived, brought back, or given other choices; raises `Expired` when it was changed since."""
    field, change = _field(session, actor, field_id), session.get(DomainEvent, change_id)
    if change is None or (change.subject, change.subject_id) != ("field", field.id):
        raise NotFound("no such change")
    if change.kind == "made":
        return archive_field(session, actor, field.id, True, now=now)
    before, after = json.loads(change.before or "{}"), json.loads(change.after or "{}")
    if change.kind == "moved" or any(getattr(field, name) != value for name, value in after.items()):
        raise Expired("this was changed again since")
    return _set(session, actor, field, "undone", before, now=now)


def filled(session: Session, field_id: int) -> int:
    """How many values of a field are kept."""
    wanted = select(func.count()).select_from(FieldValue).where(FieldValue.field_id == field_id, FieldValue.value != "")
    return session.scalar(wanted) or 0


def _set(session: Session, actor: Actor, field: Field, kind: str, values: dict[str, Any], *, now: int) -> FieldView:
    before = {name: getattr(field, name) for name in values}
    if before == values:
        return viewed(field)
    for name, value in values.items():
        setattr(field, name, value)
    session.flush()
    record(session, Change("field", field.id, kind, actor, before, values), now=now)
    return viewed(field)


def _free(known: list[FieldView], label: str, own_id: int) -> str:
    """A label that no other field of the same things has."""
    wanted = label_of(label)
    if any(field.active and field.id != own_id and field.label.casefold() == wanted.casefold() for field in known):
        raise BadValue(TWICE, label=wanted)
    return wanted


def _field(session: Session, actor: Actor, field_id: int) -> Field:
    authorise(session, actor, Action.SET_FIELDS)
    return field_row(session, field_id)
