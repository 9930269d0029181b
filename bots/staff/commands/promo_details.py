"""Whom a promotion is for by the firm's own fields: a choice or a yes and no, and which of their values are wanted."""

from collections.abc import Sequence

from bots.staff import menus
from bots.staff.commands.promo_people import MARK, TAGS, Desk, Plan
from bots.staff.details import mark, marked
from bots.staff.posts import Post
from bots.staff.words import MORE
from crm.base.db import Session
from crm.base.errors import Expired
from crm.base.i18n import N_button
from crm.base.text import clean_name, isolated
from crm.people.field_words import NO, YES
from crm.people.fields import About, FieldKind, FieldView, fields_of, shown_value

BACK, DONE = N_button("Back"), N_button("Done")
PAGE, VALUES = 5, 6


def usable(session: Session) -> list[FieldView]:
    """The fields by which people can be chosen."""
    return [field for field in fields_of(session, About.CONTACT) if field.kind in (FieldKind.CHOICE, FieldKind.YES_NO)]


def fields_post(desk: Desk, fields: Sequence[FieldView], page: int) -> Post:
    """Which field is to be asked for."""
    tr = desk.tr
    page = page if 0 <= page * PAGE < len(fields) else 0
    keys = [desk.key(tr.button(TAGS), "tags")]
    keys += [desk.key(clean_name(field.label, 24), f"field:{field.id}") for field in fields[page * PAGE : (page + 1) * PAGE]]
    if len(fields) > PAGE:
        keys.append(desk.key(tr.button(MORE), f"fields:{(page + 1) % -(-len(fields) // PAGE)}"))
    words = (
        tr("By which field shall the people be chosen?")
        if fields
        else tr("There is no field to choose by: a manager makes a choice or a yes and no with /fields.")
    )
    return Post(words, menus.in_rows([*keys, desk.key(tr.button(DONE), "people")]))


def values_post(desk: Desk, plan: Plan, field: FieldView, page: int) -> Post:
    """Which of its values are wanted; what is chosen is ticked."""
    tr, values = desk.tr, values_of(field)
    page = page if 0 <= page * VALUES < len(values) else 0
    chosen = {value for number, _, value in plan.wanted if number == str(field.id)}
    room = VALUES if len(values) <= VALUES else VALUES - 1
    keys = []
    for at in range(page * room, min(len(values), (page + 1) * room)):
        label = shown_value(field, values[at], tr)
        keys.append(desk.key(f"✓ {label}" if values[at] in chosen else label, f"value:{field.id}:{mark(values[at])}:{page}"))
    if len(values) > room:
        keys.append(desk.key(tr.button(MORE), f"field:{field.id}:{(page + 1) % -(-len(values) // room)}"))
    ends = [desk.key(tr.button(BACK), "fields"), desk.key(tr.button(DONE), "people")]
    return Post(tr("{field}: which? Nothing chosen means it does not matter.", field=isolated(field.label)), menus.in_rows([*keys, *ends]))


def values_of(field: FieldView) -> tuple[str, ...]:
    """What a field may say."""
    return (YES, NO) if field.kind is FieldKind.YES_NO else field.choices


def field_at(session: Session, number: str) -> FieldView:
    """A field of those people can be chosen by."""
    found = next((field for field in usable(session) if str(field.id) == number), None)
    if found is None:
        raise Expired
    return found


def toggled(plan: Plan, field: FieldView, known: str) -> tuple[str, ...]:
    """The details of a plan after the value that a button stands for was added or taken away; pure."""
    number, value = str(field.id), marked(values_of(field), known)
    rest = [one for one in plan.wanted if (one[0], one[2]) != (number, value)]
    after = rest if len(rest) < len(plan.details) else [*rest, (number, field.label, value)]
    return tuple(MARK.join(one) for one in after)
